"""Plans: which arms to try on a task, in which order, until one passes; the same arm may stand in one several times."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from itertools import combinations_with_replacement
from math import comb

import numpy as np

from banditgen.bandit.arrays import Floats, Ints
from banditgen.offline.matrix.outcomes import Matrix
from banditgen.offline.matrix.rates import all_fail

MOST_PLANS = 200_000  # that are looked at; with more arms plans are shorter
LEAST_GAIN = 0.01  # what a further try has to add to the share of tasks solved to be worth its place


@dataclasses.dataclass(frozen=True)
class Plans:
    """N plans of at most k tries, without their order.

    Args:
        arms: (N, k), positions.
        times: (N, k), how often that arm is tried; 0 where the place is empty or counted before.
        size: (N,), how many tries.
        distinct: (N,), how many arms.
    """

    arms: Ints
    times: Ints
    size: Ints
    distinct: Ints

    @classmethod
    def of(cls, arms: int, most: int, repeats: int) -> Plans:
        """All plans of at most `most` tries of so many arms, each at most `repeats` times; shorter ones where they are too many."""
        while most > 1 and comb(arms + most, most) > MOST_PLANS:
            most -= 1
        rows, times = [], []
        for size in range(1, most + 1):
            found = np.array(list(combinations_with_replacement(range(arms), size)), np.int64)
            count = np.zeros((len(found), most), np.int64)
            for place in range(size):  # each arm is counted where it stands last
                last = np.ones(len(found), bool) if place == size - 1 else found[:, place + 1] != found[:, place]
                count[:, place] = (found == found[:, [place]]).sum(1) * last
            rows.append(np.pad(found, ((0, 0), (0, most - size))))
            times.append(count)
        arms_, times_ = np.concatenate(rows), np.concatenate(times)
        kept = times_.max(1) <= repeats
        return cls(arms_[kept], times_[kept], times_[kept].sum(1), (times_[kept] > 0).sum(1))

    def fail(self, chances: Floats, rows: Ints | slice) -> Floats:
        """(len(rows), T): the chance that a plan solves a task not."""
        fails = np.ones((len(self.arms[rows]), chances.shape[2]))
        for place in range(self.arms.shape[1]):
            fails *= chances[self.times[rows, place], self.arms[rows, place]]
        return fails

    def tries(self, row: int) -> list[int]:
        """The tries of a plan, in no order."""
        return [int(arm) for arm, times in zip(self.arms[row], self.times[row], strict=True) for _ in range(times)]


def failing(matrix: Matrix, depth: int) -> Floats:
    """(depth + 1, K, T): the chance that so many samples of an arm all fail on a task, unbiased; of no sample it is 1."""
    return np.stack([all_fail(matrix.passed, matrix.tried, k) for k in range(depth + 1)])


def ordered(tries: Sequence[int], chances: Floats, seconds: Floats) -> tuple[int, ...]:
    """The tries in the order in which they solve most the soonest, on tasks with these chances (depth + 1, K, T); of equals the faster."""
    left, order = list(tries), list[int]()
    while left:
        best = min(dict.fromkeys(left), key=lambda arm: (round(_fail([*order, arm], chances).mean(), 9), seconds[arm]))
        left.remove(best)
        order.append(best)
    return tuple(order)


def spent(order: tuple[int, ...], chances: Floats) -> Floats:
    """(T,): expected generations of a plan that ends with the first pass."""
    return np.asarray(np.sum([_fail(order[:i], chances) for i in range(len(order))], axis=0))


def solved(order: tuple[int, ...], chances: Floats) -> Floats:
    """(T,): the chance that a plan solves a task."""
    return 1 - _fail(order, chances)


def _fail(order: Sequence[int], chances: Floats) -> Floats:
    fails = np.ones(chances.shape[2])
    for arm in set(order):
        fails = fails * chances[order.count(arm), arm]
    return fails
