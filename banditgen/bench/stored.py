"""What a history holds of a bench."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np

from banditgen.arm import arm_id
from banditgen.bench.plan import BenchPlan, race_id, task_id
from banditgen.history.base import HistoryStore, RaceRecord
from banditgen.offline.matrix.outcomes import Matrix
from banditgen.result import FailureKind, GenerationResult
from banditgen.task import Task


@dataclasses.dataclass
class Cell:
    """One sample of every arm on a task.

    Args:
        task, sample: which.
        results: by arm id, those with a verdict.
        attempts: how many races there have been.
        faults: what kept the other arms from one, when they were last raced.
    """

    task: Task
    sample: int
    results: dict[str, GenerationResult] = dataclasses.field(default_factory=dict)
    attempts: int = 0
    faults: dict[str, str] = dataclasses.field(default_factory=dict)

    def take(self, results: Sequence[GenerationResult]) -> None:
        """Take in a race."""
        self.attempts += 1
        for result in results:
            if result.moves_posterior:
                self.results[result.arm_id] = result
                self.faults.pop(result.arm_id, None)
            elif result.failure is not FailureKind.CANCELLED:
                self.faults[result.arm_id] = result.error or str(result.failure)


def read(history: HistoryStore, plan: BenchPlan) -> list[Cell]:
    """What was done of it, in the order in which it is done."""
    key, cells = plan.key, [Cell(task, sample) for task, sample in plan.cells()]
    for cell in cells:
        for race in races(history, key, task_id(cell.task), cell.sample):
            cell.take(race.results)
    return cells


def races(history: HistoryStore, key: str, task: str, sample: int) -> Iterator[RaceRecord]:
    """The races of one sample of a task; see `race_id`."""
    attempt = 0
    while (race := history.race(race_id(key, task, sample, attempt))) is not None:
        yield race
        attempt += 1


def matrix_of(plan: BenchPlan, cells: list[Cell]) -> Matrix:
    """The outcomes of a bench; NaN where there is no verdict."""
    arms, tasks = {arm_id(arm): i for i, arm in enumerate(plan.arms)}, {id(task): i for i, task in enumerate(plan.tasks)}
    outcomes, seconds, prices = (np.full((len(arms), len(tasks), plan.samples), np.nan) for _ in range(3))
    for cell in cells:
        for own, result in cell.results.items():
            place = arms[own], tasks[id(cell.task)], cell.sample
            outcomes[place], seconds[place] = result.test_passed, result.generation_time
            prices[place] = np.nan if result.price is None else result.price
    names, types = tuple(str(arm.name) for arm in plan.arms), tuple(task.context for task in plan.tasks)
    return Matrix(names, tuple(plan.labels), types, outcomes, seconds, None if np.isnan(prices).all() else prices)
