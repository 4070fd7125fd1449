"""The demo's comparison, on planted truth and on planted nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from banditgen.demo.catalogue import TASK_TYPES, catalogue
from banditgen.demo.comparison import compare, matrix, plot, recordings, verdict
from banditgen.generators.extract import extract_code
from banditgen.generators.recordings import Recording
from banditgen.result import Timings
from banditgen.sandbox.default import shared_sandbox


def planted(rates: Mapping[str, Sequence[float]], samples: int = 5) -> list[Recording]:
    """Recordings in which arm i passes with the rate planted for it and the task's type."""
    rng = np.random.default_rng(7)
    rows = []
    for entry in catalogue():
        assert entry.task.task_type
        for i, rate in enumerate(rates[entry.task.task_type]):
            for sample in range(samples):
                passed = bool(rng.random() < rate)
                rows.append(Recording(entry.task.name or "", "p", f"m{i}", 0.5, "", Timings(wall=1.0), sample, passed=passed))
    return rows


def alike(rates: tuple[float, ...]) -> dict[str, tuple[float, ...]]:
    return dict.fromkeys(TASK_TYPES, rates)


@pytest.mark.slow
def test_a_planted_difference_by_task_type_is_found() -> None:
    """Another arm is good at each type: the bandit beats one arm for all and uniform choice, and the verdict says so."""
    rates = {task_type: [0.6 if i == j else 0.05 for i in range(6)] for j, task_type in enumerate(TASK_TYPES)}
    rows = compare(planted(rates), rounds=60, seeds=60)
    by_name = {row.name.partition(" ×")[0]: row for row in rows}
    assert [by_name[name].generations for name in ("bandit", "thompson", "best fixed arm", "uniform", "all arms")] == [3, 3, 3, 3, 6]
    assert by_name["best fixed arm"].gain[1] > 0.05
    assert by_name["uniform"].gain[1] > 0.05
    assert by_name["bandit in waves"].generations <= 3.03
    assert by_name["bandit in waves"].gain[2] < 0  # solves more, though it spends no more
    assert verdict(rows).startswith("Learning pays here")


@pytest.mark.slow
def test_planted_nothing_is_called_nothing() -> None:
    """All arms alike: no gain of a point over uniform choice, and no verdict that learning pays."""
    rows = compare(planted(alike((0.3,) * 6)), rounds=60, seeds=60)
    uniform = next(row for row in rows if row.name == "uniform")
    assert abs(uniform.gain[0]) < 0.03
    assert not verdict(rows).startswith("Learning pays here")


def test_the_matrix_is_full_and_in_order() -> None:
    rows = planted(alike((1.0, 0.0)), samples=2)
    arms, outcomes = matrix(rows)
    assert [arm.name for arm in arms] == ["m0_t0.5", "m1_t0.5"]
    assert sum(table.shape[1] for table in outcomes.values()) == len(catalogue())
    for table in outcomes.values():
        assert (table[0] == 1).all()
        assert (table[1] == 0).all()


@pytest.mark.slow
def test_the_plot_is_an_image(tmp_path: Path) -> None:
    plot(compare(planted(alike((0.3,) * 6)), rounds=10, seeds=5), tmp_path / "c.png")
    assert (tmp_path / "c.png").read_bytes().startswith(b"\x89PNG")


def test_the_shipped_recordings_are_a_full_matrix() -> None:
    """Six arms on every task, three samples each, with verdicts and timings, in less than 2 MB."""
    rows = recordings()
    arms, outcomes = matrix(rows)
    assert len(arms) == 6
    assert len(outcomes) >= 4
    assert sum(table.shape[1] for table in outcomes.values()) == len(catalogue()) >= 40
    assert not any(np.isnan(table).any() for table in outcomes.values())
    assert len(rows) == 6 * len(catalogue()) * 3
    assert all(row.timings.eval and row.digest for row in rows)
    assert (resources.files("banditgen.demo") / "recordings.jsonl.gz").stat().st_size < 2_000_000  # type: ignore[attr-defined]


@pytest.mark.slow
def test_recorded_verdicts_hold_when_the_code_runs_again() -> None:
    tasks = {entry.task.name: entry.task for entry in catalogue()}
    rows = recordings()
    sandbox = shared_sandbox()
    for index in np.random.default_rng(3).choice(len(rows), 60, replace=False):
        row = rows[index]
        code = extract_code(row.text, tasks[row.prompt_id].entry_point)
        passed = bool(code) and sandbox.run(code, tasks[row.prompt_id]).passed
        assert passed == row.passed, row.text
