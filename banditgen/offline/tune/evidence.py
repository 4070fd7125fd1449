"""What people said, as arrays: candidates with their objectives, ratings of them, preferences between them."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from banditgen.bandit.arrays import Floats, Ints
from banditgen.errors import UsageError
from banditgen.evaluators.default import WEIGHTS
from banditgen.history.base import HistoryStore
from banditgen.history.judged import Measured
from banditgen.racing.compared import AGREED
from banditgen.result import CONFIDENCE
from banditgen.scoring import (
    EXECUTION_SCALE_SECONDS,
    EXECUTION_SHARE,
    GENERATION_SCALE_SECONDS,
    GENERATION_SHARE,
    SelectionCriteria,
    speed_score,
)

OBJECTIVES = ("quality", "speed")
NO_GOALS = {*OBJECTIVES, CONFIDENCE, AGREED}  # how likely one is right is no matter of taste
TIMES = ("generation_time", "execution_time")
USUAL_SCALES = (GENERATION_SCALE_SECONDS, EXECUTION_SCALE_SECONDS)  # of the speeds in `Evidence.values`


@dataclasses.dataclass(frozen=True)
class Evidence:
    """N passing candidates and what was said of them. Failing ones are left out: no weights decide between them and others.

    Args:
        names: the M objectives: quality, speed, then measures that every candidate has.
        values: (N, M), each in [0, 1].
        times: (N, 2), seconds of generation and of execution; NaN where they are not known.
        types: the T task types; `type_of` (N,) is each candidate's.
        rated: (n,), positions of rated candidates; one may be rated by several people.
        satisfaction, weight: (n,), the ratings in [0, 1], and what each counts.
        group: (n,), whose ratings share a level of their own: one person's on one task type.
        better, worse: (m,), positions of the candidates of each preference.
        left_out: ratings and preferences that say nothing of weights: of candidates that failed.
    """

    names: tuple[str, ...]
    values: Floats
    times: Floats
    types: tuple[str, ...]
    type_of: Ints
    rated: Ints
    satisfaction: Floats
    weight: Floats
    group: Ints
    better: Ints
    worse: Ints
    left_out: int = 0

    @classmethod
    def build(
        cls,
        ratings: Sequence[tuple[str, Mapping[str, Any], float, float, str | None]] = (),
        preferences: Sequence[tuple[str, Mapping[str, Any], Mapping[str, Any]]] = (),
    ) -> Evidence:
        """From rows of plain data.

        Args:
            ratings: (task type, candidate, satisfaction, what it counts, who).
            preferences: (task type, the preferred candidate, the other).

        A candidate is a mapping with `quality` and `speed` in [0, 1], and where they are known `generation_time`,
        `execution_time` (seconds), `test_passed` and `measures`.

        Raises:
            UsageError: a value that cannot be.
        """
        kept = [row for row in ratings if row[1].get("test_passed", True)]
        pairs = [row for row in preferences if row[1].get("test_passed", True) and row[2].get("test_passed", True)]
        rows = [(row[0], row[1]) for row in kept] + [(t, c) for t, b, w in pairs for c in (b, w)]
        names = (*OBJECTIVES, *_measures([candidate for _, candidate in rows]))
        types = tuple(sorted({t for t, _ in rows}))
        values = np.array([[_value(c, name) for name in names] for _, c in rows], float).reshape(-1, len(names))
        if not ((values >= 0) & (values <= 1)).all():
            raise UsageError("objectives of rated candidates must be numbers in [0, 1]")
        satisfaction = np.array([row[2] for row in kept], float)
        if not ((satisfaction >= 0) & (satisfaction <= 1)).all():
            raise UsageError("satisfaction must be a number in [0, 1]")
        groups: dict[Any, int] = {}
        first = len(kept) + 2 * np.arange(len(pairs))
        return cls(
            names=names,
            values=values,
            times=np.array(
                [[_seconds(c, key) for key in TIMES] for _, c in rows],
                float,
            ).reshape(-1, 2),
            types=types,
            type_of=np.array([types.index(t) for t, _ in rows], np.int64),
            rated=np.arange(len(kept)),
            satisfaction=satisfaction,
            weight=np.array([row[3] for row in kept], float),
            group=np.array([groups.setdefault((row[0], row[4]), len(groups)) for row in kept], np.int64),
            better=first,
            worse=first + 1,
            left_out=len(ratings) - len(kept) + len(preferences) - len(pairs),
        )

    @property
    def size(self) -> int:
        """Ratings and preferences."""
        return len(self.rated) + len(self.better)

    def of_type(self, task_type: str) -> Evidence:
        """What was said of one task type alone."""
        here = self.types.index(task_type) if task_type in self.types else -1
        keep, pairs = self.type_of[self.rated] == here, self.type_of[self.better] == here
        rated, better, worse = self.rated[keep], self.better[pairs], self.worse[pairs]
        used = np.unique(np.concatenate([rated, better, worse]))
        return dataclasses.replace(
            self,
            values=self.values[used],
            times=self.times[used],
            types=(task_type,),
            type_of=np.zeros(len(used), np.int64),
            rated=np.searchsorted(used, rated),
            satisfaction=self.satisfaction[keep],
            weight=self.weight[keep],
            group=np.unique(self.group[keep], return_inverse=True)[1],
            better=np.searchsorted(used, better),
            worse=np.searchsorted(used, worse),
        )

    @property
    def fingerprint(self) -> str:
        """8 hex digits over all of it: a study's trials are comparable on the same evidence alone."""
        digest = hashlib.sha256(repr((self.names, self.types)).encode())
        for field in dataclasses.fields(self):
            array = getattr(self, field.name)
            if isinstance(array, np.ndarray):
                digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()[:8]


def evidence_of(history: HistoryStore) -> Evidence:
    """Every rating and preference of a history that holds."""
    return Evidence.build(
        [(row.task_type, _candidate(row.result), row.feedback.satisfaction, 1.0, row.feedback.who) for row in history.ratings()],
        [(row.task_type, _candidate(row.better), _candidate(row.worse)) for row in history.preferences()],
    )


def _candidate(measured: Measured) -> dict[str, Any]:
    return vars(measured)


def _measures(candidates: Sequence[Mapping[str, Any]]) -> list[str]:
    """Measures that every candidate has and that are not alike in all; what our evaluator's quality is made of is in that already."""
    if not candidates:
        return []
    shared = set.intersection(*(set(candidate.get("measures") or {}) for candidate in candidates)) - NO_GOALS
    if {"structure", "clean_run"} <= shared:  # ours: also where ruff was not there
        shared -= WEIGHTS.keys() - {"documentation"}  # which is a measure by itself, too
    return sorted(name for name in shared if np.ptp([candidate["measures"][name] for candidate in candidates]) > 1e-9)


def _value(candidate: Mapping[str, Any], name: str) -> float:
    if name == "speed" and not np.isnan(times := [_seconds(candidate, key) for key in TIMES]).any():
        return speed_score(*times)  # its race may have had scales of its own
    return float(candidate[name] if name in OBJECTIVES else candidate["measures"][name])


def _seconds(candidate: Mapping[str, Any], key: str) -> float:
    value = candidate.get(key)
    return np.nan if value is None else float(value)


@dataclasses.dataclass(frozen=True)
class Settings:
    """C ways to score: weights (C, T, M) that sum to 1, scales (C, T, 2) in seconds, limits (C, T, 3).

    A scale is the seconds of generation or execution that score 0. Limits are the least quality and the most seconds of each,
    0 and infinity where there are none.
    """

    weights: Floats
    scales: Floats
    limits: Floats

    @classmethod
    def of(cls, criteria: Sequence[SelectionCriteria], names: Sequence[str]) -> Settings:
        """The one way that these criteria, one for each task type, score."""
        weights = []
        for one in criteria:
            extra = dict(one.measure_weights)
            row = np.array([one.quality_weight, one.speed_weight, *(extra.get(name, 0.0) for name in names[2:])])
            weights.append(row / row.sum())
        return cls(
            np.array([weights]),
            np.array([[(one.generation_scale, one.execution_scale) for one in criteria]], float),
            np.array(
                [[(one.min_quality_score, one.max_generation_time or np.inf, one.max_execution_time or np.inf) for one in criteria]], float
            ),
        )

    @property
    def count(self) -> int:
        """C."""
        return max(len(self.weights), len(self.scales), len(self.limits))

    def part(self, rows: slice) -> Settings:
        """Some of the C."""
        return Settings(*(array[rows] if len(array) > 1 else array for array in (self.weights, self.scales, self.limits)))

    def scores(self, evidence: Evidence) -> Floats:
        """(C, N): combined scores, 0 outside the limits: what the bandit is rewarded with."""
        scores = np.zeros((self.count, len(evidence.values)))
        for t in range(len(evidence.types)):
            here = np.flatnonzero(evidence.type_of == t)
            values, times = evidence.values[here], evidence.times[here]
            weights, scales, limits = self.weights[:, t], self.scales[:, t], self.limits[:, t]
            own = weights @ values.T
            if (scales != USUAL_SCALES).any():
                own = own + weights[:, 1:2] * (_speeds(values[:, 1], times, scales) - values[:, 1])
            outside = (values[:, 0] < limits[:, :1]) | (times[:, 0] > limits[:, 1:2]) | (times[:, 1] > limits[:, 2:])
            scores[:, here] = np.where(outside, 0.0, own)
        return scores


def _speeds(known: Floats, times: Floats, scales: Floats) -> Floats:
    """(C, N): the speed score under each pair of scales; the one that is known where times are not."""
    generation = np.maximum(0.0, 1 - times[:, 0] / scales[:, :1])
    execution = np.maximum(0.0, 1 - times[:, 1] / scales[:, 1:])
    return np.where(np.isnan(times).any(1), known, GENERATION_SHARE * generation + EXECUTION_SHARE * execution)
