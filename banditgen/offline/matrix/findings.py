"""All that a matrix says: of each arm on each type of task, of sets of arms, and of tasks that nobody solves."""

from __future__ import annotations

import dataclasses

import numpy as np

from banditgen.bandit.arrays import Floats
from banditgen.errors import UsageError
from banditgen.offline.matrix.outcomes import Matrix
from banditgen.offline.matrix.rates import difference_interval, mean_interval, pass_all, pass_at
from banditgen.offline.matrix.routing import WORTHWHILE, Routing, route


@dataclasses.dataclass(frozen=True)
class ArmRow:
    """An arm on a type of task.

    Args:
        arm, task_type: which.
        passed, samples: candidates that passed, and those that have a verdict.
        rate: the mean over tasks of the share that passed, with its 95 % interval `low` to `high`; NaN where there is no verdict.
        pass_at: k -> pass@k, the chance that at least one of k samples passes, as far as there are so many of a task.
        pass_all: k -> pass^k, the chance that all of k samples pass.
        seconds: mean of a generation; None where nobody knows.
        price: mean of a generation, in money, likewise.
    """

    arm: str
    task_type: str
    passed: int
    samples: int
    rate: float
    low: float
    high: float
    pass_at: dict[int, float]
    pass_all: dict[int, float]
    seconds: float | None
    price: float | None


@dataclasses.dataclass(frozen=True)
class Findings:
    """What a matrix says.

    Args:
        matrix: it.
        k: tries of a task that were thought of, at most.
        rows: of each arm on each type of task, the best first in each type.
        overall: of each arm on all tasks, likewise; their type is "".
        routing: of all tasks; None where nothing can be compared.
        by_type: of the tasks of each type, where there are several types.
        unsolved: tasks that every arm was tried on and none has passed.
        as_good: arms that are as good as the best one alone, one try each, within noise.
        quick: one of them that takes less than `QUICK` of its seconds, the quickest; None where there is none.
        missing: arms left out of comparisons, for want of verdicts.
    """

    matrix: Matrix
    k: int
    rows: list[ArmRow]
    overall: list[ArmRow]
    routing: Routing | None
    by_type: dict[str, Routing | None]
    unsolved: list[str]
    as_good: list[str]
    quick: str | None
    missing: list[str]


QUICK = 0.8


def analyse(matrix: Matrix, k: int = 3, *, worthwhile: float = WORTHWHILE) -> Findings:
    """All that a matrix says, if a task may have at most k tries.

    Args:
        matrix: the outcomes.
        k: at least 1.
        worthwhile: the share of tasks that routing has to bring if it is to be worth its trouble, in (0, 1].

    Raises:
        UsageError: a k below 1, or a share out of range.
    """
    if k < 1 or not 0 < worthwhile <= 1:
        raise UsageError(f"k must be at least 1 and worthwhile in (0, 1], not {k!r} and {worthwhile!r}")
    types = list(dict.fromkeys(matrix.types))
    rows = [row for kind in types for row in _rows(matrix.of_type(kind), kind)]
    routing = route(matrix, k, worthwhile=worthwhile)
    some = {kind: route(matrix.of_type(kind), k, confidence=1 - 0.05 / len(types), worthwhile=worthwhile) for kind in types}
    tried, passed = matrix.tried, matrix.passed
    unsolved = [task for i, task in enumerate(matrix.tasks) if tried[:, i].all() and not passed[:, i].any()]
    as_good, quick = ([], None) if routing is None else _as_good(matrix, matrix.arms.index(routing.single.arms[0]))
    kept = matrix.comparable(k)[0]
    missing = [arm for arm, has in zip(matrix.arms, kept, strict=True) if not has]
    return Findings(matrix, k, rows, _rows(matrix, ""), routing, some if len(types) > 1 else {}, unsolved, as_good, quick, missing)


def _rows(matrix: Matrix, task_type: str) -> list[ArmRow]:
    passed, tried, rates = matrix.passed, matrix.tried, matrix.rates
    seconds, prices = matrix.mean_seconds(), matrix.mean_prices()
    rows = []
    for i, arm in enumerate(matrix.arms):
        most = int(tried[i].max(initial=0))
        samples = float(tried[i][tried[i] > 0].mean()) if most else 1.0
        at, every = ({k: _mean(estimate(passed[i], tried[i], k)) for k in range(1, most + 1)} for estimate in (pass_at, pass_all))
        found = mean_interval(rates[i], samples)
        told = (None if np.isnan(values[i]) else float(values[i]) for values in (seconds, prices))
        rows.append(ArmRow(arm, task_type, int(passed[i].sum()), int(tried[i].sum()), *found, at, every, *told))
    return sorted(rows, key=lambda row: -np.nan_to_num(row.rate))


def _mean(values: Floats) -> float:
    return float(np.nanmean(values))


def _as_good(matrix: Matrix, best: int) -> tuple[list[str], str | None]:
    rates, seconds = matrix.rates, matrix.mean_seconds()
    others = [i for i in range(len(matrix.arms)) if i != best and difference_interval(rates[best] - rates[i]).low <= 0]
    others.sort(key=lambda i: -np.nan_to_num(np.nanmean(rates[i])) if (~np.isnan(rates[i])).any() else 0.0)
    quick = [i for i in others if seconds[i] < QUICK * seconds[best]]
    return [matrix.arms[i] for i in others], matrix.arms[min(quick, key=lambda i: seconds[i])] if quick else None
