"""On recorded data (the folder BANDITGEN_DATA): reference solutions pass, and verdicts agree with the recorded ones."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from banditgen.sandbox.base import Sandbox
from experiments.sandbox import recorded

DATA = recorded.folder()
pytestmark = [pytest.mark.slow, pytest.mark.skipif(DATA is None, reason="BANDITGEN_DATA names no folder of recorded generations")]


@pytest.mark.parametrize(("dataset", "count"), [("HumanEval", 82), ("MBPP-sanitized", 219)])
def test_reference_solutions_pass(sandbox: Sandbox, dataset: str, count: int) -> None:
    assert DATA is not None
    rows = [row for row in recorded.tasks(DATA).values() if row["dataset"] == dataset]
    with ThreadPoolExecutor(2) as threads:
        runs = list(threads.map(lambda row: sandbox.run(recorded.canonical(row), recorded.to_task(row, 10.0)), rows))
    assert [row["task_id"] for row, run in zip(rows, runs, strict=True) if not run.passed] == []
    assert len(runs) == count


def test_verdicts_agree_with_the_recorded_ones(sandbox: Sandbox) -> None:
    assert DATA is not None
    rows = recorded.generations(DATA, 2000, seed=1)
    known = {name: recorded.to_task(row) for name, row in recorded.tasks(DATA).items()}
    with ThreadPoolExecutor(2) as threads:
        runs = list(threads.map(lambda row: sandbox.run(row["code"], known[row["task_id"]]), rows))
    different = [
        (row["gen_id"], row["rerun_status"], run.error) for row, run in zip(rows, runs, strict=True) if run.passed != row["passed_rerun"]
    ]
    assert different == []
