"""The matrix: who passed what, how often, and what it took."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from banditgen.bandit.arrays import Floats, Ints
from banditgen.errors import UsageError
from banditgen.offline.replay import checked_outcomes

MOST_TASKS = 0.8  # a depth of samples is used where so large a share of the tasks that all arms were tried on has it


@dataclasses.dataclass(frozen=True)
class Matrix:
    """Outcomes of K arms on T tasks, n samples each.

    Args:
        arms: K names, all different.
        tasks: T names, all different.
        types: (T,), each task's type.
        outcomes: (K, T, n), 1 passed, 0 failed, NaN where there is no verdict. Samples of an arm on a task are exchangeable.
        seconds: (K, T, n), what each sample took its model, in seconds, or NaN; None where nobody knows.
        prices: (K, T, n), in money, likewise.

    Raises:
        UsageError: shapes that do not fit, names that stand twice, an outcome that is neither 0, 1 nor NaN.
    """

    arms: tuple[str, ...]
    tasks: tuple[str, ...]
    types: tuple[str, ...]
    outcomes: Floats
    seconds: Floats | None = None
    prices: Floats | None = None

    def __post_init__(self) -> None:
        outcomes = checked_outcomes(self.outcomes, len(self.arms))
        if outcomes.shape[1] != len(self.tasks) or len(self.types) != len(self.tasks):
            raise UsageError(f"a matrix needs a name and a type for each of its {outcomes.shape[1]} tasks")
        if not np.isin(outcomes[~np.isnan(outcomes)], (0.0, 1.0)).all():
            raise UsageError("the outcomes of a matrix must be 0, 1 or NaN")
        for what, names in (("arms", self.arms), ("tasks", self.tasks)):
            if len(set(names)) < len(names):
                raise UsageError(f"the {what} of a matrix need names of their own")
        for what, values in (("seconds", self.seconds), ("prices", self.prices)):
            if values is not None and values.shape != outcomes.shape:
                raise UsageError(f"the {what} of a matrix must have its outcomes' shape {outcomes.shape}, not {values.shape}")
        object.__setattr__(self, "outcomes", outcomes)

    @property
    def passed(self) -> Ints:
        """(K, T): how many samples passed."""
        return np.asarray(np.nan_to_num(self.outcomes).sum(2), np.int64)

    @property
    def tried(self) -> Ints:
        """(K, T): how many samples have a verdict."""
        return np.asarray((~np.isnan(self.outcomes)).sum(2), np.int64)

    @property
    def rates(self) -> Floats:
        """(K, T): the share of samples that passed, NaN where there is no verdict."""
        tried = self.tried
        return np.asarray(np.divide(self.passed, tried, out=np.full(tried.shape, np.nan), where=tried > 0))

    def some(self, arms: Sequence[int] | Ints | None = None, tasks: Sequence[int] | Ints | None = None) -> Matrix:
        """The same of these arms and tasks alone, by position."""
        rows = np.arange(len(self.arms)) if arms is None else np.asarray(arms, np.int64)
        columns = np.arange(len(self.tasks)) if tasks is None else np.asarray(tasks, np.int64)

        def cut(values: Floats | None) -> Floats | None:
            return None if values is None else values[np.ix_(rows, columns)]

        names, asked, types = (
            tuple(texts[i] for i in chosen) for texts, chosen in ((self.arms, rows), (self.tasks, columns), (self.types, columns))
        )
        return Matrix(names, asked, types, self.outcomes[np.ix_(rows, columns)], cut(self.seconds), cut(self.prices))

    def of_type(self, task_type: str) -> Matrix:
        """The same of the tasks of one type alone."""
        return self.some(tasks=np.flatnonzero([own == task_type for own in self.types]))

    def comparable(self, most: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_], int]:
        """What sets of arms can be compared on: (K,) which arms, (T,) which tasks, and how many samples of each, at most `most`.

        An arm that has no verdict on most of the tasks that were raced is left out; the depth is the largest that most of the other arms'
        tasks have.
        """
        tried = self.tried
        raced = (tried > 0).any(0)
        arms = (tried[:, raced] > 0).sum(1) > (1 - MOST_TASKS) * raced.sum()
        least = tried[arms].min(0) if arms.any() else np.zeros(len(self.tasks), np.int64)
        known = int((least > 0).sum())
        depth = max((d for d in range(1, most + 1) if known and (least >= d).sum() >= MOST_TASKS * known), default=0)
        return arms, least >= max(depth, 1), depth

    def mean_seconds(self) -> Floats:
        """(K,): mean seconds of a generation, NaN where nobody knows."""
        return _means(self.seconds, len(self.arms))

    def mean_prices(self) -> Floats:
        """(K,): mean price of a generation, NaN where nobody knows."""
        return _means(self.prices, len(self.arms))


def _means(values: Floats | None, arms: int) -> Floats:
    if values is None:
        return np.full(arms, np.nan)
    flat = values.reshape(arms, -1)
    count = (~np.isnan(flat)).sum(1)
    return np.asarray(np.divide(np.nansum(flat, 1), count, out=np.full(arms, np.nan), where=count > 0))
