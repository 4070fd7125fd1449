"""A bench: every arm on every task, nothing twice, whatever stops it; and all of it evidence."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from banditgen import BanditGenerator, GeneratorConfig, Task
from banditgen.bench.allowance import Allowance
from banditgen.bench.document import document, matrix_by_id, matrix_from
from banditgen.bench.earlier import earlier
from banditgen.bench.run import bench
from banditgen.errors import BackendError, HistoryError, TaskError, UsageError
from banditgen.history.store import History
from banditgen.strategy import Strategy
from tests.clients import BAD, GOOD, Client

ARMS = tuple(GeneratorConfig(name, name, 0.1) for name in ("good", "bad"))
TASKS = [Task("Write double(x).", tests=f"assert double({i}) == {2 * i}", name=f"d{i}", task_type="t") for i in range(1, 4)]
ANSWERS: dict[str, str | Exception] = {"good": GOOD, "bad": BAD}


def opened(path: Path, client: Any = None) -> BanditGenerator:
    return BanditGenerator.open(Strategy("s", arms=ARMS, k=2), backend=client or Client(ANSWERS), history=path / "h.db")


@pytest.mark.slow
def test_a_bench_goes_on_with_what_is_missing_and_does_nothing_twice(tmp_path: Path) -> None:
    client = Client(ANSWERS)
    with opened(tmp_path, client) as bandit:
        first = bench(bandit, TASKS, samples=2, budget=Allowance.read("5 generations"))
        assert (len(client.calls), first.left) == (4, 8)  # whole races, so that all arms meet the same tasks
        second = bench(bandit, TASKS, samples=2)
        assert (len(client.calls), second.left) == (12, 0)
        again = bench(bandit, TASKS, samples=2)
        assert len(client.calls) == 12
        assert np.array_equal(again.findings.matrix.outcomes, np.stack([np.ones((3, 2)), np.zeros((3, 2))]))
        assert bandit.history.count()["results"] == 12
        more = bench(bandit, [*TASKS, Task("Write double(x).", tests="assert double(9) == 18", name="d9", task_type="t")], samples=2)
        assert len(client.calls) == 16  # a new task is raced, the others are known
        assert more.plan.id != second.plan.id
        anew = bench(bandit, TASKS, samples=1, seed=1)
        assert (len(client.calls), anew.findings.rows[0].samples) == (22, 3)


def test_tasks_may_be_a_folder_of_files(tmp_path: Path) -> None:
    text = '[d1]\nprompt = "Write double(x)."\ntests = "assert double(1) == 2"\n'
    (tmp_path / "t.toml").write_text(text, encoding="utf-8")
    with opened(tmp_path) as bandit:
        assert bench(bandit, tmp_path, samples=1).findings.rows[0].task_type == "t"
        with pytest.raises(TaskError, match="cannot read the tasks"):
            bench(bandit, str(tmp_path / "none"), samples=1)


def test_what_a_race_brought_before_it_was_killed_is_not_asked_for_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    arms = [GeneratorConfig(f"{name}{i}", name, 0.1 * i) for name in ("good", "bad") for i in range(3)]
    client = Client(ANSWERS)
    with BanditGenerator.open(Strategy("s", arms=tuple(arms)), backend=client, history=tmp_path / "h.db") as bandit:
        keep = bandit.history.add_race
        monkeypatch.setattr(bandit.history, "add_race", lambda *_: (_ for _ in ()).throw(HistoryError("killed")))
        with pytest.raises(HistoryError, match="killed"):
            bench(bandit, TASKS[:1], samples=1)
        assert len(client.calls) == 6
        [journal] = tmp_path.glob("banditgen/bench/*.jsonl")
        with journal.open("a") as file:
            file.write('{"race": "cut off')
        lines = journal.read_text().splitlines()
        journal.write_text("\n".join(lines[:4] + lines[6:]))  # two had not finished
        monkeypatch.setattr(bandit.history, "add_race", keep)
        done = bench(bandit, TASKS[:1], samples=1)
        assert (len(client.calls), done.left, done.budget.generations) == (8, 0, 2)
        [race] = bandit.history.races()
        assert len({result.arm_id for result in race.results}) == len(race.results) == 6
        assert not journal.exists()


@pytest.mark.slow
def test_what_failed_by_no_fault_of_an_arm_is_tried_again_the_next_time(tmp_path: Path) -> None:
    class Failing(Client):
        def generate(self, *, model: str, prompt: str, temperature: float, max_tokens: int) -> str:
            if model == "bad":
                raise OSError("no route to host")
            return super().generate(model=model, prompt=prompt, temperature=temperature, max_tokens=max_tokens)

    with opened(tmp_path, Failing(ANSWERS)) as bandit:
        first = bench(bandit, TASKS, samples=1)
        assert first.left == 3
        assert any("bad could not be raced everywhere" in sentence for sentence in document(first)["sentences"])
    client = Client(ANSWERS)
    with opened(tmp_path, client) as bandit:
        assert bench(bandit, TASKS, samples=1).left == 0
        assert {call["model"] for call in client.calls} == {"bad"}
    with (
        opened(tmp_path, Client(dict.fromkeys(ANSWERS, OSError("down")))) as bandit,
        pytest.raises(BackendError, match="no arm could be raced"),
    ):
        bench(bandit, TASKS, samples=2)


def test_its_races_are_full_matrix_evidence(tmp_path: Path) -> None:
    with opened(tmp_path) as bandit:
        bench(bandit, TASKS, samples=2)
        for race in bandit.history.races():
            decision = bandit.history.decision(race.id)
            assert decision is not None
            assert decision.propensities == {"good": 1.0, "bad": 1.0}
            assert {result.generator_name for result in race.results} == {"good", "bad"}
        best = bandit.recommend("t")[0]
        assert (best.name, best.passes, best.fails) == ("good", 6, 0)


@pytest.mark.slow
def test_flaky_tests_are_found_where_the_same_code_has_both_verdicts(tmp_path: Path) -> None:
    flaky = Task(
        "Write double(x).",
        tests="import os\nassert double(1) == 2 and os.urandom(1)[0] % 2",
        name="coin",
        task_type="t",
        channel="cooperative",
    )
    with opened(tmp_path) as bandit:
        found = bench(bandit, [TASKS[0], flaky], samples=2, reruns=20)  # all alike once in two million
        assert [one.task.name for one in found.flaky] == ["coin"]
        assert "1 task with flaky tests" in "\n".join(document(found)["sentences"])
        assert bandit.history.count()["results"] == 8  # trying again is no evidence


@pytest.mark.slow
def test_a_bench_is_found_again_by_its_document_its_id_and_its_history(tmp_path: Path) -> None:
    with opened(tmp_path) as bandit:
        done = bench(bandit, TASKS, samples=2)
        own = matrix_by_id(done)
        (tmp_path / "old.json").write_text(json.dumps(document(done)))
        with contextlib.closing(History("sqlite://")) as empty:
            for store, old in (
                (empty, str(tmp_path / "old.json")),
                (bandit.history, done.plan.id[:9]),
                (empty, str(tmp_path / "h.db")),
                (empty, f"sqlite:///{tmp_path / 'h.db'}"),
            ):
                found = earlier(store, old)
                assert (found.arms, found.tasks, found.types) == (own.arms, own.tasks, own.types)
                assert np.array_equal(found.outcomes, own.outcomes)
            for wrong in ("bench-0", "nothing.json", "sqlite:///nothing.db"):
                with pytest.raises(UsageError, match=f"cannot compare with {wrong}"):
                    earlier(empty, wrong)


@pytest.mark.parametrize(
    "data", [None, [], {}, {"table": []}, {"table": [{}], "bench": {"tasks": [1]}}, {"bench": {"tasks": []}, "table": []}]
)
def test_a_document_that_is_none_is_refused(data: Any) -> None:
    with pytest.raises(UsageError, match="no bench"):
        matrix_from(data)


def test_what_no_bench_can_be_made_of_is_refused_before_anything_is_generated(tmp_path: Path) -> None:
    client = Client(ANSWERS)
    with opened(tmp_path, client) as bandit:
        for tasks, said in (
            ([], "needs tasks"),
            ([Task("Write x.", name="x")], "has no tests"),
            ([Task("Write double(x).", tests="assert double(1) == 2")], "a name for each"),
            ([TASKS[0], TASKS[0]], "two tasks"),
        ):
            with pytest.raises(TaskError, match=said):
                bench(bandit, tasks)
        with pytest.raises(UsageError, match="samples"):
            bench(bandit, TASKS, samples=0)
        assert not client.calls


def test_budgets_are_amounts_with_a_unit() -> None:
    told: Mapping[str, tuple[float, str]] = {
        "300": (300, "generations"),
        "600 seconds": (600, "seconds"),
        "600s": (600, "seconds"),
        "2e5 tokens": (2e5, "tokens"),
        "12 generations": (12, "generations"),
    }
    for text, (amount, unit) in told.items():
        assert (Allowance.read(text).amount, Allowance.read(text).unit) == (amount, unit)
    for wrong in ("", "0", "-1", "ten", "5 miles", "inf", "nan", "1e999", "s"):
        with pytest.raises(UsageError, match="a budget must be"):
            Allowance.read(wrong)


def test_types_take_turns_and_all_tasks_come_before_a_second_sample(tmp_path: Path) -> None:
    tasks = [Task("Write double(x).", tests="assert double(1) == 2", name=f"{kind}{i}", task_type=kind) for kind in "ab" for i in range(4)]
    with opened(tmp_path) as bandit:
        cells = bench(bandit, tasks, samples=2, budget=Allowance(1.0), reruns=0).cells
        assert [cell.sample for cell in cells] == [0] * 8 + [1] * 8
        assert all({one.task.context, other.task.context} == {"a", "b"} for one, other in zip(cells[::2], cells[1::2], strict=True))


def test_the_page_of_the_document_names_all_its_keys(tmp_path: Path) -> None:
    """`banditgen report` and other programs read it by that page."""
    page = (Path(__file__).parents[2] / "docs/reference/bench.md").read_text()
    with opened(tmp_path) as bandit:
        found = json.loads(json.dumps(document(bench(bandit, TASKS, samples=1, reruns=0))))
    assert set(found) == {"table", "recommended", "routing_pays", "sentences", "bench"}
    tables = (found, found["table"][0], found["recommended"], found["bench"], found["bench"]["tasks"][0], found["bench"]["routing"])
    assert [key for table in tables for key in table if f"`{key}`" not in page] == []
