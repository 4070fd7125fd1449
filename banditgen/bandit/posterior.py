"""Sufficient statistics per (arm, task type): everything a policy knows, as a fold over results.

Only raw outcomes are kept, never the combined score, so weights retuned later need no relearning: with u = (passed·quality,
passed·speed) the reward is wᵀu, and its sums and squares follow exactly from those of u.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from banditgen.arm import GeneratorConfig, arm_id, plain_model
from banditgen.bandit import measured
from banditgen.bandit.arrays import Floats, Ints
from banditgen.bandit.base import State
from banditgen.bandit.patterns import Patterns
from banditgen.bandit.soft import soft_outcomes
from banditgen.errors import UsageError
from banditgen.result import LEVELS

MEASURES = 2  # quality, speed

Pattern = tuple[tuple[int, int, float], ...]  # of one race: arm, 1 passed or 0 failed, and what that still counts for, in this order


class Statistics:
    """What was seen of every arm in every task type. Arms and task types are known by their ids and appear as they are met.

    Arrays (T, A) over task types and arms, (…, 2) over measures.

    passes, fails: counts; `sums[stratum]` (T, A, 2) Σx and `products[stratum]` (T, A, 2, 2) Σxxᵀ, stratum 0 failed, 1 passed.
    censored: (T, A) outcomes that taught nothing.
    soft: by kind of soft evidence (T, A, levels, 3), how often it stood beside a fail, a pass, or no verdict.
    measured: by further measure (5, T, A), see `bandit.measured`.
    patterns: for each task type by its position, what its races of more than one outcome showed, and how many showed that.
    """

    def __init__(self) -> None:
        self.arms: dict[str, int] = {}
        self.task_types: dict[str, int] = {}
        self.patterns: dict[int, dict[Pattern, float]] = {}
        self._tables: dict[int, tuple[Ints, Floats, Floats, Floats]] = {}  # the patterns as arrays, until they change
        self._allocate(0, 0)

    def _allocate(self, types: int, arms: int) -> None:
        self.passes = np.zeros((types, arms))
        self.fails = np.zeros((types, arms))
        self.censored = np.zeros((types, arms))
        self.sums = np.zeros((2, types, arms, MEASURES))
        self.products = np.zeros((2, types, arms, MEASURES, MEASURES))
        self.soft: dict[str, Floats] = {}
        self.measured: dict[str, Floats] = {}

    def fold(
        self,
        arms: Sequence[str],
        task_types: Sequence[str],
        passed: ArrayLike,
        measures: ArrayLike,
        races: Sequence[Any] | None = None,
    ) -> None:
        """Add N outcomes; order does not matter, but the outcomes of one race must come in one call to count as a pattern.

        Args:
            arms: (N,) ids.
            task_types: (N,) ids.
            passed: (N,), 1 passed, 0 failed, NaN taught nothing: cancelled, infrastructure, not verified.
            measures: (N, 2), quality and speed in [0, 1]; ignored where `passed` is NaN.
            races: (N,), any hashable label of the race each outcome belongs to; None is one race of them all.

        Raises:
            UsageError: lengths that differ, values that are not finite numbers in range; nothing was changed.
        """
        ok, x = _checked(len(arms), len(task_types), passed, measures)
        if races is not None and len(races) != len(arms):
            raise UsageError(f"{len(races)} race labels for {len(arms)} outcomes")
        a, t = self._indices(self.arms, arms), self._indices(self.task_types, task_types)
        self._grow()
        race = np.zeros(len(arms), np.int64) if races is None else self._indices({}, races)
        verdict = np.where(np.isnan(ok), -1, ok).astype(np.int64)
        self._add(a, t, verdict, np.ones(len(a)), x, x[:, :, None] * x[:, None, :])
        found: dict[tuple[int, int], list[tuple[int, int, float]]] = {}
        for i in np.flatnonzero(verdict >= 0).tolist():
            found.setdefault((int(t[i]), int(race[i])), []).append((int(a[i]), int(verdict[i]), 1.0))
        for (task_type, _), outcomes in found.items():
            self._add_pattern(task_type, outcomes, 1.0)

    def add(self, arms: Sequence[str], task_types: Sequence[str], verdicts: Ints, counts: Floats, sums: Floats, products: Floats) -> None:
        """Add outcomes that were summed up before.

        Args:
            arms: (N,) ids.
            task_types: (N,) ids.
            verdicts: (N,), 1 passed, 0 failed, -1 taught nothing.
            counts: (N,) how many outcomes; fractions discount them, negative numbers take them back.
            sums: (N, 2) Σx over them.
            products: (N, 2, 2) Σxxᵀ.
        """
        a, t = self._indices(self.arms, arms), self._indices(self.task_types, task_types)
        self._grow()
        self._add(a, t, verdicts, counts, sums, products)

    def add_soft(self, arms: Sequence[str], task_types: Sequence[str], said: Sequence[tuple[str, int, int]], counts: Floats) -> None:
        """Add soft evidence.

        Args:
            arms: (N,) ids.
            task_types: (N,) ids.
            said: (N,), its kind, its level, and the verdict that it stands beside: 1 passed, 0 failed, -1 none.
            counts: (N,), how often; fractions discount, negative numbers take back.
        """
        a, t = self._indices(self.arms, arms), self._indices(self.task_types, task_types)
        self._grow()
        for arm, task_type, (kind, level, verdict), count in zip(a, t, said, counts, strict=True):
            if kind not in self.soft:
                self.soft[kind] = np.zeros((len(self.task_types), len(self.arms), LEVELS + 1, 3))
            self.soft[kind][task_type, arm, level, verdict] += count  # the last place is none's

    def add_measures(self, arms: Sequence[str], task_types: Sequence[str], names: Sequence[str], sums: Floats) -> None:
        """Add sums of further measures.

        Args:
            arms: (N,) ids.
            task_types: (N,) ids.
            names: (N,), the measures.
            sums: (N, 5), of passing candidates that have it: how many, Σm, Σm², Σm·quality, Σm·speed.
        """
        a, t = self._indices(self.arms, arms), self._indices(self.task_types, task_types)
        self._grow()
        for arm, task_type, name, values in zip(a, t, names, sums, strict=True):
            if name not in self.measured:
                self.measured[name] = np.zeros((measured.SUMS, *self.passes.shape))
            self.measured[name][:, task_type, arm] += values

    def add_patterns(self, task_types: Sequence[str], patterns: Sequence[Sequence[tuple[str, bool, float]]], counts: ArrayLike) -> None:
        """Add what races showed, equal ones summed up before; the outcomes themselves are added by `add`.

        Args:
            task_types: (N,) ids.
            patterns: N times the outcomes of one race that taught something, in any order: the arm's id, whether it passed, and what
                the outcome counts for (1, or less where its model has changed since).
            counts: (N,), how many races showed each; negative numbers take them back, as when a late outcome joins a race.
        """
        for task_type, pattern, count in zip(task_types, patterns, np.asarray(counts, float).tolist(), strict=True):
            (here,) = self._indices(self.task_types, [task_type])
            arms = self._indices(self.arms, [arm for arm, _, _ in pattern])
            outcomes = [(int(arm), int(passed), float(worth)) for arm, (_, passed, worth) in zip(arms, pattern, strict=True)]
            self._add_pattern(int(here), outcomes, count)
        self._grow()

    def _add_pattern(self, task_type: int, outcomes: list[tuple[int, int, float]], count: float) -> None:
        if len(outcomes) < 2:  # an outcome that was alone is in the counts
            return
        known, key = self.patterns.setdefault(task_type, {}), tuple(sorted(outcomes))
        known[key] = known.get(key, 0.0) + count
        if known[key] == 0:
            del known[key]
        self._tables.pop(task_type, None)

    def _table(self, task_type: int) -> tuple[Ints, Floats, Floats, Floats]:
        """The patterns of a task type as arrays: arms (P, m), -1 where there are fewer; passed, weights (P, m); counts (P,)."""
        if task_type not in self._tables:
            known = self.patterns.get(task_type, {})
            arms = np.full((len(known), max(map(len, known), default=0)), -1, np.int64)
            passed, weights = np.full(arms.shape, np.nan), np.ones(arms.shape)
            length = np.fromiter(map(len, known), np.int64, len(known))
            cells = np.arange(arms.shape[1]) < length[:, None]
            arms[cells], passed[cells], weights[cells] = np.array([outcome for key in known for outcome in key]).reshape(-1, 3).T
            self._tables[task_type] = arms, passed, weights, np.fromiter(known.values(), float, len(known))
        return self._tables[task_type]

    def _add(self, a: Ints, t: Ints, verdict: Ints, counts: Floats, sums: Floats, products: Floats) -> None:
        cell = t * len(self.arms) + a
        for value, table in ((-1, self.censored), (0, self.fails), (1, self.passes)):
            chosen = verdict == value
            _add(table, cell[chosen], counts[chosen])
            if value < 0:
                continue
            for i in range(MEASURES):
                _add(self.sums[value, :, :, i], cell[chosen], sums[chosen, i])
                for j in range(MEASURES):
                    _add(self.products[value, :, :, i, j], cell[chosen], products[chosen, i, j])

    def state(
        self,
        arms: Sequence[GeneratorConfig],
        task_type: str,
        weights: tuple[float, float],
        *,
        pending: Mapping[str, int] | None = None,
        priors: Mapping[str, tuple[float, float]] | None = None,
        measures: Mapping[str, float] | None = None,
    ) -> State:
        """The policy's view of these arms in one task type.

        Args:
            arms: the K eligible arms.
            task_type: the context.
            weights: of quality and speed, at least 0, their sum at most 1.
            pending: arm id to the number of races it is in that are not yet told.
            priors: arm id to (mean reward, strength) where a born arm starts.
            measures: of further measures, their sum with the weights at most 1; one of which nothing was seen is left out.

        Raises:
            UsageError: weights out of range.
        """
        w = np.asarray(weights, float)
        if w.shape != (MEASURES,) or not np.isfinite(w).all() or (w < 0).any() or w.sum() > 1 + 1e-9:
            raise UsageError(f"weights must be two numbers of at least 0 that sum to at most 1, not {weights!r}")
        ids = [arm_id(arm) for arm in arms]
        rows = np.array([self.arms.get(i, -1) for i in ids], np.int64)
        here = self.task_types.get(task_type, -1)
        prior = np.array([(priors or {}).get(i, (0.5, 0.0)) for i in ids], float).reshape(-1, 2)
        models: dict[str, int] = {}
        model = np.array([models.setdefault(plain_model(arm.model), len(models)) for arm in arms], np.int64)
        w, further = measured.known_weights(self.measured, w, measures or {})
        ww = w[:, None] * w
        more, more_square = measured.rewarded(self.measured, self.passes, self.sums[1], w, further)
        worth = self.sums[1] @ w + more
        return State(
            passes=_take(self.passes, here, rows),
            fails=_take(self.fails, here, rows),
            total=_take(worth, here, rows),
            square=(_take(self.products[1], here, rows) * ww).sum((-1, -2)) + _take(more_square, here, rows),
            weight=np.array([float(arm.weight) for arm in arms]),
            model=model,
            pending=np.array([[float((pending or {}).get(i, 0)) for i in ids]]),
            prior_mean=prior[:, 0],
            prior_strength=prior[:, 1],
            patterns=self._patterns(here, rows, model),
            other_count=_take_others(self.passes, here, rows) + _take_others(self.fails, here, rows),
            other_total=_take_others(worth, here, rows),
            varies=varies(arms),
        )

    def with_soft(self, state: State, arms: Sequence[GeneratorConfig], task_type: str) -> State:
        """A state of these arms in this task type with what soft evidence counts for; its passes are worth what the arm's others are."""
        if not self.soft:
            return state
        here, rows = self.task_types.get(task_type, -1), np.array([self.arms.get(arm_id(arm), -1) for arm in arms], np.int64)
        untested = {kind: _take(told[..., -1], here, rows)[0] for kind, told in self.soft.items()}
        beside = {kind: told.sum((0, 1))[:, :2] for kind, told in self.soft.items()}
        passes, fails = soft_outcomes(untested, beside, state.count[0])
        worth = _worth(state)
        return dataclasses.replace(
            state,
            passes=state.passes + passes,
            fails=state.fails + fails,
            total=state.total + passes * worth,
            square=state.square + passes * worth**2,
            soft=np.broadcast_to(passes + fails, state.passes.shape),
            soft_passes=np.broadcast_to(passes, state.passes.shape),
        )

    def _patterns(self, here: int, rows: Ints, model: Ints) -> Patterns:
        """The patterns of a task type among these arms."""
        patterns = Patterns(1, model)
        arms, passed, weights, counts = self._table(here)
        if len(arms):
            place = np.full(len(self.arms) + 1, -1)
            place[rows] = np.arange(len(rows))
            place[-1] = -1
            patterns.add(np.zeros(len(arms), np.int64), place[arms], passed, counts, weights)
        return patterns

    @staticmethod
    def _indices(known: dict[Any, int], labels: Sequence[Any]) -> Ints:
        return np.fromiter((known.setdefault(label, len(known)) for label in labels), np.int64, len(labels))

    def _grow(self) -> None:
        types, arms = len(self.task_types), len(self.arms)
        old_types, old_arms = self.passes.shape
        if (types, arms) == (old_types, old_arms):
            return
        old = self.__dict__.copy()
        self._allocate(types, arms)
        for name in ("passes", "fails", "censored"):
            getattr(self, name)[:old_types, :old_arms] = old[name]
        for name in ("sums", "products"):
            getattr(self, name)[:, :old_types, :old_arms] = old[name]
        for kind, told in old["soft"].items():
            self.soft[kind] = np.zeros((types, arms, *told.shape[2:]))
            self.soft[kind][:old_types, :old_arms] = told
        for name, summed in old["measured"].items():
            self.measured[name] = np.zeros((measured.SUMS, types, arms))
            self.measured[name][:, :old_types, :old_arms] = summed


def varies(arms: Sequence[GeneratorConfig]) -> NDArray[np.bool_]:
    """(K,): whether an arm's second answer to a task may differ from its first: not at temperature 0."""
    return np.array([float(arm.temperature) > 0 for arm in arms], bool)


def _worth(state: State) -> Floats:
    """(B, K): what a pass of each arm is worth in the mean, that of all arms where it has none, and 1 where nobody has."""
    everybody = state.passes.sum(-1, keepdims=True)
    mean = np.divide(state.total.sum(-1, keepdims=True), everybody, out=np.ones_like(everybody), where=everybody > 0)
    worth: Floats = np.divide(state.total, state.passes, out=np.broadcast_to(mean, state.total.shape).copy(), where=state.passes > 0)
    return worth


def _checked(arms: int, types: int, passed: ArrayLike, measures: ArrayLike) -> tuple[Floats, Floats]:
    try:
        ok = np.array(passed, float)
        x = np.array(measures, float)
    except (TypeError, ValueError) as error:
        raise UsageError(f"outcomes must be numbers: {error}") from None
    if ok.shape != (arms,) or arms != types or x.shape != (arms, MEASURES):
        raise UsageError(f"{arms} arms need as many task types, verdicts and (quality, speed) rows, not {types}, {ok.shape}, {x.shape}")
    seen = ~np.isnan(ok)
    if not np.isin(ok[seen], (0.0, 1.0)).all():
        raise UsageError("passed must be 1, 0, or NaN where the outcome teaches nothing")
    bad = ~((x >= 0) & (x <= 1)) & seen[:, None]
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise UsageError(f"outcome {row}: {('quality', 'speed')[column]} must be a finite number in [0, 1], not {x[row, column]!r}")
    x[~seen] = 0.0
    return ok, x


def _add(table: Floats, cell: Ints, values: Floats) -> None:
    """Add values to the flat cells of a table of any strides."""
    if len(cell) < math.prod(table.shape):
        np.add.at(table, np.unravel_index(cell, table.shape), values)
    else:
        table += np.bincount(cell, values, minlength=math.prod(table.shape)).reshape(table.shape)


def _take(table: Floats, here: int, rows: Ints) -> Floats:
    """(1, K, …) of a table (T, A, …): zeros for what was never seen (index -1)."""
    taken = np.zeros((len(rows), *table.shape[2:]))
    known = np.flatnonzero(rows >= 0)
    if here >= 0:
        taken[known] = table[here, rows[known]]
    return taken[None]


def _take_others(table: Floats, here: int, rows: Ints) -> Floats:
    """(1, L, K, …) of a table (T, A, …): every task type but `here`."""
    others = np.delete(np.arange(len(table)), [here] if here >= 0 else [])
    taken = np.zeros((len(others), len(rows), *table.shape[2:]))
    known = np.flatnonzero(rows >= 0)
    taken[:, known] = table[np.ix_(others, rows[known])]
    return taken[None]
