"""What races showed, race by race: which arms passed and which failed on one and the same task.

A race that stops early is no random sample of tasks: who comes second meets what the first could not do. Counts of an arm's passes
cannot say so, the race's outcome pattern can. A pattern is all that is kept of a race; equal ones add up, in any order.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from banditgen.bandit.arrays import Floats, Ints


class Patterns:
    """The outcomes of races that showed more than one. An outcome that was alone in its race needs no pattern: it is in the counts.

    Outcomes of one model in one race make a group; an outcome without siblings there is `lone`.

    Args:
        batch: rows of the state that these belong to.
        model: (K,), which model each arm runs, numbered from 0.
    """

    def __init__(self, batch: int, model: Ints) -> None:
        self.model = model
        self.shared_models = len(model) > int(model.max(initial=-1)) + 1  # whether any model has several arms
        self.covered = np.zeros((batch, 2, len(model)))  # fails and passes of each arm that stand in a pattern
        self.fits: dict[Any, Any] = {}  # what was last made of them, for the next fit to start from
        self.again_passed = np.zeros((batch, len(model)))  # of each arm's second answers in a race, after its first had failed
        self._lone, self._siblings, self._again = _Entries(), _Entries(), _Entries()
        self._race, self._count = _Column(np.int32), _Column()  # of each group; of each race

    def add(self, rows: Ints, arms: Ints, passed: Floats, counts: Floats | None = None, weights: Floats | None = None) -> None:
        """Add n patterns.

        Args:
            rows: (n,), the state's row of each.
            arms: (n, m), positions of the arms, -1 where there are fewer; an arm that ran twice stands twice, its fails before its pass.
            passed: (n, m), 1, 0, or NaN where the outcome taught nothing.
            counts: (n,), how many races showed each; 1 by default.
            weights: (n, m), what each outcome still counts for after its model changed; 1 by default.
        """
        seen = (arms >= 0) & ~np.isnan(passed)
        seen &= seen.sum(1, keepdims=True) > 1
        race, place = np.nonzero(seen)
        if len(race) == 0:
            return
        arm = arms[race, place]
        if self.shared_models:
            order = np.lexsort((self.model[arm], race))
            race, place, arm = race[order], place[order], arm[order]
        verdict = (passed[race, place] > 0).astype(np.int64)
        times = np.ones(len(rows)) if counts is None else counts
        weight = np.ones(len(arm)) if weights is None else weights[race, place]
        np.add.at(self.covered, (rows[race], verdict, arm), weight * times[race])
        once = self._first(rows, race, arm, verdict, weight, times)
        race, arm, verdict, weight = race[once], arm[once], verdict[once], weight[once]
        cell = (rows[race] * 2 + verdict) * len(self.model) + arm
        starts = np.flatnonzero(np.r_[True, race[1:] != race[:-1]])
        number = np.cumsum(np.r_[True, race[1:] != race[:-1]]) - 1
        if self.shared_models:
            model = self.model[arm]
            first = np.r_[True, (race[1:] != race[:-1]) | (model[1:] != model[:-1])]
            group = np.cumsum(first) - 1
            lone = np.bincount(group)[group] == 1
            self._siblings.extend(cell[~lone], weight[~lone], np.unique(group[~lone], return_counts=True)[1])
            self._race.extend(len(self._count.values) + number[first & ~lone])
            self._lone.extend(cell[lone], weight[lone], np.bincount(number[lone], minlength=len(starts)))
        else:
            self._lone.extend(cell, weight, np.bincount(number))
        self._count.extend(times[race[starts]])

    def _first(self, rows: Ints, race: Ints, arm: Ints, verdict: Ints, weight: Floats, times: Floats) -> Any:
        """Which outcomes are the first of their arm in their race; what the second ones say is kept apart."""
        order = np.lexsort((verdict, arm, race))
        same = np.r_[False, (race[order][1:] == race[order][:-1]) & (arm[order][1:] == arm[order][:-1])]
        second = order[same & ~np.r_[False, same[:-1]]]
        number = np.cumsum(np.r_[True, race[1:] != race[:-1]]) - 1
        np.add.at(self.again_passed, (rows[race[second]], arm[second]), (verdict * weight * times[race])[second])
        cell = (rows[race] * 2 + verdict) * len(self.model) + arm
        self._again.extend(cell[second], weight[second], np.bincount(number[second], minlength=number[-1] + 1))
        once = np.ones(len(race), bool)
        once[order[same]] = False
        return once

    @property
    def count(self) -> Floats:
        """(P,), how many races showed each pattern."""
        counts: Floats = self._count.values
        return counts

    @property
    def race(self) -> Ints:
        """(G,), the pattern that each group of siblings belongs to."""
        races: Ints = self._race.values
        return races

    @property
    def lone(self) -> csr_matrix:
        """(P, batch·2·K): the weight of each (row, verdict, arm) in each pattern, without siblings."""
        return self._lone.matrix(self.covered.size)

    @property
    def siblings(self) -> csr_matrix:
        """(G, batch·2·K): the same for each group of siblings."""
        return self._siblings.matrix(self.covered.size)

    @property
    def again(self) -> csr_matrix:
        """(P, batch·2·K): the weight of each (row, verdict, arm) of second answers, where the first had failed."""
        return self._again.matrix(self.covered.size)

    @property
    def grouping(self) -> csr_matrix:
        """(P, G): which groups of siblings each pattern holds."""
        shape = len(self.count), len(self.race)
        return csr_matrix((np.ones(shape[1]), np.arange(shape[1]), np.searchsorted(self.race, np.arange(shape[0] + 1))), shape=shape)


class _Column:
    """An array that grows at its end."""

    def __init__(self, kind: Any = np.float64) -> None:
        self._array, self._length = np.zeros(64, kind), 0

    @property
    def values(self) -> Any:
        return self._array[: self._length]

    def extend(self, values: Any) -> None:
        end = self._length + len(values)
        if end > len(self._array):
            self._array = np.concatenate([self.values, np.zeros(2 * end, self._array.dtype)])
        self._array[self._length : end] = values
        self._length = end


class _Entries:
    """Rows of a sparse matrix, which only grows."""

    def __init__(self) -> None:
        self.cell, self.weight, self._end = _Column(np.int32), _Column(), _Column(np.int32)
        self._end.extend([0])

    def extend(self, cell: Ints, weight: Floats, lengths: Ints) -> None:
        self._end.extend(len(self.cell.values) + np.cumsum(lengths))
        self.cell.extend(cell)
        self.weight.extend(weight)

    def matrix(self, columns: int) -> csr_matrix:
        ends = self._end.values
        return csr_matrix((self.weight.values, self.cell.values, ends), shape=(len(ends) - 1, columns))
