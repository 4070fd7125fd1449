"""What the next arm would add to a race, given what the race has shown and who is chosen already."""

from __future__ import annotations

import dataclasses

import numpy as np

from banditgen.bandit.again import after
from banditgen.bandit.arrays import Floats, Ints
from banditgen.bandit.base import State
from banditgen.bandit.responses import Arms

TINY = 1e-12  # least likelihood of an outcome at a node


class Coverage:
    """Draws of arms, and for each draw a race: what it says of the task, and how good its best is expected to be.

    Args:
        arms: what is believed of all K.
        draws: (size, K), abilities.
        worth: (size, K), what a pass is worth; None is 1.
        state: whose arms these are; one row, or `size`.
        candidates: (size, C), those that can be chosen in each draw.
        cost: (1 or size, K), what each arm costs, above 0; None is 1 for all.
        first: (size,), candidates that are next while nobody stands in the race; None is the best.
    """

    def __init__(
        self,
        arms: Arms,
        draws: Floats,
        worth: Floats | None,
        state: State,
        candidates: Ints,
        cost: Floats | None = None,
        first: Ints | None = None,
    ) -> None:
        size = len(draws)
        rows = self._rows = np.arange(size)
        self._arms, self._draws, self._models, self._candidates = arms, draws, state.model, candidates
        self._task, self._node = arms.nodes
        self._chances = self._at(candidates)
        self._given = self._chances @ self._node  # (size, C, Q): chance to pass given z and what the model's arms have shown
        self._worth = None if worth is None else worth[rows[:, None], candidates]
        self._value = state.weight[candidates]
        if cost is not None:
            self._value = self._value / np.broadcast_to(cost, draws.shape)[rows[:, None], candidates]
        self._free = state.weight[candidates] > 0
        self._by_model = np.ones((size, int(state.model.max()) + 1, len(self._task), len(self._node)))  # likelihood of what it showed
        self._open = np.broadcast_to(self._task, (size, len(self._task))).copy()  # × chance that nothing has passed
        self._first = first
        self._varies, self._fails = np.broadcast_to(state.varies, draws.shape[1:]), np.zeros(draws.shape)
        self._left = np.ones(candidates.shape)  # of each candidate's chance, once it has failed
        self._best: list[tuple[Floats, Floats]] = []  # (size,) rewards that may be the best so far, and (size, Q) their chances

    def next(self) -> tuple[Ints, Floats]:
        """(size,) each: the arm that adds most for its cost, and what it adds to the best reward expected, times preference, by cost."""
        gain = (self._given @ self._open[..., None])[..., 0] * self._left
        if self._worth is not None:
            gain = gain * self._worth
            for value, chance in self._best:
                more = np.maximum(self._worth - value[:, None], 0.0)
                gain += more * (self._given @ chance[..., None])[..., 0] * self._left
        gain = np.where(self._free, gain * self._value, -np.inf)
        self._column = gain.argmax(1) if self._first is None else (self._candidates == self._first[:, None]).argmax(1)
        return np.asarray(self._candidates[self._rows, self._column], np.int64), gain[self._rows, self._column]

    def take(self) -> None:
        """Put the next arm beside those that are in the race already, its outcome unknown."""
        column, self._first = self._column, None
        left = self._left[self._rows, column]
        passes = self._given[self._rows, column] * left[:, None]
        better = self._open * passes
        self._open = self._open - better
        if self._worth is not None:
            worth = self._worth[self._rows, column]
            for i, (value, chance) in enumerate(self._best):
                beaten = chance * passes * (worth > value)[:, None]
                better = better + beaten
                self._best[i] = value, chance - beaten
            self._best.append((worth, better))
        self._free[self._rows, column] = False
        self._learn(self._models[self._candidates[self._rows, column]], 1 - self._chances[self._rows, column] * left[:, None, None])

    def saw(self, arm: Ints, passed: Floats, best: Floats) -> None:
        """One more arm of each race has run.

        Args:
            arm: (1 or size,), positions, -1 where none ran.
            passed: (1 or size,), 1, 0, or NaN where the outcome taught nothing.
            best: (1 or size,), the best reward of the race up to then, 0 where nothing has passed.
        """
        size, self._first = len(self._rows), None
        arm, passed, best = np.broadcast_to(arm, size), np.broadcast_to(passed, size), np.broadcast_to(best, size)
        same = self._candidates == arm[:, None]
        known, arm = (arm >= 0) & ~np.isnan(passed), np.maximum(arm, 0)
        again = known & (passed == 0) & self._varies[arm]  # it may run once more
        self._free &= ~same | again[:, None]
        if not known.any():
            return
        share: Floats = np.broadcast_to(self._arms.again, self._draws.shape)[self._rows, arm]
        chance = self._at(arm[:, None])[:, 0] * after(share, self._fails[self._rows, arm])[:, None, None]
        self._fails[self._rows, arm] += again
        self._left = np.where(same & again[:, None], after(share, self._fails[self._rows, arm])[:, None], self._left)
        likelihood = np.where((passed > 0)[:, None, None], chance, 1 - chance)
        likelihood = np.where(known[:, None, None], np.maximum(likelihood, TINY), 1.0)
        model = self._models[arm]
        before = self._by_model[self._rows, model] * self._node
        task = self._open + sum(chance for _, chance in self._best)
        task = task * np.einsum("nqu,nqu->nq", before, likelihood) / np.einsum("nqu->nq", before)
        task /= task.sum(1, keepdims=True)
        some = (best > 0)[:, None]
        self._open, self._best = task * ~some, [(best, task * some)] if some.any() else []
        self._learn(model, likelihood)

    def _learn(self, model: Ints, likelihood: Floats) -> None:
        """An arm of the model (size,) showed what had this likelihood (size, Q, U)."""
        if len(self._node) == 1:
            return
        self._by_model[self._rows, model] *= np.maximum(likelihood, TINY)
        known = self._by_model[self._rows, model] * self._node
        known /= np.einsum("nqu->nq", known)[..., None]
        row, sibling = np.nonzero(self._models[self._candidates] == model[:, None])
        self._given[row, sibling] = np.einsum("nqu,nqu->nq", self._chances[row, sibling], known[row])  # five times as fast as sums

    def _at(self, positions: Ints) -> Floats:
        """(size, n, Q, U): the drawn chances to pass of the arms at these positions (size, n)."""
        rows = self._rows[:, None]
        loading = np.broadcast_to(self._arms.loading, self._draws.shape)[rows, positions]
        return dataclasses.replace(self._arms, loading=loading).chances(self._draws[rows, positions])


class Ranking:
    """A race down the ranking of a policy that has no opinion of what a race shows, until something passes.

    Args:
        ranked: (size, n), positions of the arms, best first.
    """

    def __init__(self, ranked: Ints) -> None:
        self._ranked, self._rows, self._passed = ranked, np.arange(len(ranked)), np.zeros(len(ranked), bool)
        self._free = np.ones(ranked.shape, bool)

    def next(self) -> tuple[Ints, Floats]:
        """As `Coverage.next`; the gain is 1, and -1 once something has passed."""
        self._column = self._free.argmax(1)
        return self._ranked[self._rows, self._column], np.where(self._passed | ~self._free.any(1), -1.0, 1.0)

    def take(self) -> None:
        """As `Coverage.take`."""
        self._free[self._rows, self._column] = False

    def saw(self, arm: Ints, passed: Floats, best: Floats) -> None:  # noqa: ARG002 - as Coverage
        """As `Coverage.saw`."""
        self._free &= self._ranked != np.broadcast_to(arm, len(self._rows))[:, None]
        self._passed = np.broadcast_to(best > 0, len(self._rows))
