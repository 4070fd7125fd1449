"""Sufficient statistics per (arm, task type): everything a policy knows, as a fold over results.

Only raw outcomes are kept, never the combined score, so weights retuned later need no relearning: with u = (passed·quality,
passed·speed) the reward is wᵀu, and its sums, squares and pair products follow exactly from those of u.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from banditgen.arm import arm_id, plain_model
from banditgen.bandit.base import Floats, Ints, State
from banditgen.bandit.features import log_size
from banditgen.errors import UsageError

MEASURES = 2  # quality, speed
KEEP = 0.1  # what evidence from before a model's weights changed counts for


class Statistics:
    """What was seen of every arm in every task type. Arms and task types are known by their ids and appear as they are met.

    Arrays (T, A) over task types and arms, (…, 2) over measures:
        passes, fails; sums[stratum] (T, A, 2) Σx and products[stratum] (T, A, 2, 2) Σxxᵀ, stratum 0 failed, 1 passed;
        pair_count (T, A, A), pair_sum (T, A, A, 2) Σu of the row arm, pair_product (T, A, A, 2, 2) Σ u_row u_columnᵀ over
        races that held both, the diagonal being the arm's own outcomes; censored (T, A) outcomes that taught nothing.
    """

    def __init__(self) -> None:
        self.arms: dict[str, int] = {}
        self.task_types: dict[str, int] = {}
        self._allocate(0, 0)

    def _allocate(self, types: int, arms: int) -> None:
        self.passes = np.zeros((types, arms))
        self.fails = np.zeros((types, arms))
        self.censored = np.zeros((types, arms))
        self.sums = np.zeros((2, types, arms, MEASURES))
        self.products = np.zeros((2, types, arms, MEASURES, MEASURES))
        self.pair_count = np.zeros((types, arms, arms))
        self.pair_sum = np.zeros((types, arms, arms, MEASURES))
        self.pair_product = np.zeros((types, arms, arms, MEASURES, MEASURES))

    def fold(
        self,
        arms: Sequence[str],
        task_types: Sequence[str],
        passed: ArrayLike,
        measures: ArrayLike,
        races: Sequence[Any] | None = None,
    ) -> None:
        """Add N outcomes; order does not matter, but the outcomes of one race must come in one call to count as a pair.

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
        seen = verdict >= 0
        self._fold_pairs(a[seen], t[seen], race[seen], x[seen] * ok[seen, None])

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

    def add_pairs(
        self,
        task_types: Sequence[str],
        arms: Sequence[str],
        others: Sequence[str],
        counts: Floats,
        sums: Floats,
        other_sums: Floats,
        products: Floats,
    ) -> None:
        """Add races that held two arms' verdicts, summed up before, each pair once.

        Args:
            task_types: (N,) ids.
            arms: (N,) ids.
            others: (N,) ids.
            counts: (N,) how many races, as in `add`.
            sums: (N, 2) Σu of the arm.
            other_sums: (N, 2) of the other.
            products: (N, 2, 2) Σ u_arm u_otherᵀ.
        """
        a, b, t = self._indices(self.arms, arms), self._indices(self.arms, others), self._indices(self.task_types, task_types)
        self._grow()
        for rows, columns, first, product in ((a, b, sums, products), (b, a, other_sums, products.swapaxes(-1, -2))):
            self._add_pairs(t, rows, columns, counts, first, product)

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
        seen, passed = verdict >= 0, (verdict == 1).astype(float)
        self._add_pairs(t[seen], a[seen], a[seen], counts[seen], (sums * passed[:, None])[seen], (products * passed[:, None, None])[seen])

    def _add_pairs(self, t: Ints, rows: Ints, columns: Ints, counts: Floats, sums: Floats, products: Floats) -> None:
        cell = (t * len(self.arms) + rows) * len(self.arms) + columns
        _add(self.pair_count, cell, counts)
        for m in range(MEASURES):
            _add(self.pair_sum[..., m], cell, sums[:, m])
            for n in range(MEASURES):
                _add(self.pair_product[..., m, n], cell, products[:, m, n])

    def _fold_pairs(self, a: Ints, t: Ints, race: Ints, u: Floats) -> None:
        """What the outcomes of one race say of each other; what each says of itself is in `_add`."""
        order = np.argsort(race, kind="stable")
        a, t, race, u = a[order], t[order], race[order], u[order]
        starts = np.flatnonzero(np.r_[True, race[1:] != race[:-1]]) if len(race) else np.zeros(0, np.int64)
        sizes = np.diff(np.r_[starts, len(race)])
        for size in np.unique(sizes):
            first = starts[sizes == size]
            for i in range(size):
                for j in range(size):
                    if i != j:
                        p, q = first + i, first + j
                        self._add_pairs(t[p], a[p], a[q], np.ones(len(p)), u[p], u[p, :, None] * u[q, None, :])

    def forget(self, arm: str, keep: float = KEEP) -> None:
        """Multiply an arm's evidence by `keep`, in every task type: its model's digest changed.

        Raises:
            UsageError: `keep` outside [0, 1].
        """
        if not 0 <= keep <= 1:
            raise UsageError(f"keep must be in [0, 1], not {keep!r}")
        i = self.arms.get(arm)
        if i is None:
            return
        self.passes[:, i] *= keep
        self.fails[:, i] *= keep
        self.sums[:, :, i] *= keep
        self.products[:, :, i] *= keep
        pairs: tuple[NDArray[np.float64], ...] = (self.pair_count, self.pair_sum, self.pair_product)
        for table in pairs:
            own = table[:, i, i] * keep
            table[:, i, :] *= keep
            table[:, :, i] *= keep
            table[:, i, i] = own

    def state(
        self,
        arms: Sequence[Any],
        task_type: str,
        weights: tuple[float, float],
        *,
        pending: Mapping[str, int] | None = None,
        priors: Mapping[str, tuple[float, float]] | None = None,
    ) -> State:
        """The policy's view of these arms (objects with an arm's attributes) in one task type.

        Args:
            arms: the K eligible arms.
            task_type: the context.
            weights: of quality and speed, at least 0, their sum at most 1.
            pending: arm id to the number of races it is in that are not yet told.
            priors: arm id to (mean reward, strength) where a born arm starts.

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
        ww = w[:, None] * w
        return State(
            passes=_take(self.passes, here, rows),
            fails=_take(self.fails, here, rows),
            total=_take(self.sums[1], here, rows) @ w,
            square=(_take(self.products[1], here, rows) * ww).sum((-1, -2)),
            weight=np.array([float(getattr(arm, "weight", 1.0)) for arm in arms]),
            model=np.array([models.setdefault(plain_model(arm.model), len(models)) for arm in arms], np.int64),
            temperature=np.array([float(arm.temperature) for arm in arms]),
            size=np.array([log_size(arm.model) for arm in arms]),
            pending=np.array([[float((pending or {}).get(i, 0)) for i in ids]]),
            prior_mean=prior[:, 0],
            prior_strength=prior[:, 1],
            pair_count=_take_pairs(self.pair_count, here, rows),
            pair_total=_take_pairs(self.pair_sum, here, rows) @ w,
            pair_product=(_take_pairs(self.pair_product, here, rows) * ww).sum((-1, -2)),
            other_count=_take_others(self.passes, here, rows) + _take_others(self.fails, here, rows),
            other_total=_take_others(self.sums[1], here, rows) @ w,
        )

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
        for name in ("pair_count", "pair_sum", "pair_product"):
            getattr(self, name)[:old_types, :old_arms, :old_arms] = old[name]


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


def _take_pairs(table: Floats, here: int, rows: Ints) -> Floats:
    """(1, K, K, …) of a table (T, A, A, …)."""
    taken = np.zeros((len(rows), len(rows), *table.shape[3:]))
    known = np.flatnonzero(rows >= 0)
    if here >= 0:
        taken[np.ix_(known, known)] = table[here][np.ix_(rows[known], rows[known])]
    return taken[None]
