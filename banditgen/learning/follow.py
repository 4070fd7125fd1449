"""From a history's running sums to the statistics that policies read, followed as the log grows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from banditgen.arm import GeneratorConfig, arm_id, model_key, named_arm_id, plain_model
from banditgen.bandit import KEEP, Statistics, measured
from banditgen.bandit.arrays import Floats
from banditgen.bandit.discount import worth
from banditgen.history.base import Changes, Cursor, Pattern
from banditgen.history.patterns import FAILED, PASSED, parted
from banditgen.racing.success import TOLD
from banditgen.result import FailureKind

SUMS, COSTS = 9, (0, 6, 7, 8)  # of a row of `Changes.own`: how many sums it has, and the places of generations, seconds, tokens and price

Key = tuple[Any, ...]
Rows = dict[Any, tuple[float, ...]]
Running = Mapping[str, Collection[str]]
"""By model (`arm.model_key`), the digests that it has where it may run next; several where hosts differ."""


class EvidenceSource(Protocol):
    """What can be followed: the part of a `HistoryStore` that tells its sums."""

    def evidence(self, arms: Collection[str], models: Collection[str], since: Cursor | None = None) -> Changes:
        """See `HistoryStore.evidence`."""
        ...


class Follower:
    """Keeps statistics equal to a log's sums over its arms.

    Evidence under a digest other than those that run next counts `keep` of itself, whenever it came (`bandit.discount`). Where nobody
    says which these are, it is the model's newest: the one whose latest result was written last. So does evidence under another version
    of the words around the prompt than the model's newest.

    Args:
        log: the event log; other processes may write to it too.
        arms: whose evidence is followed; outcomes recorded under a bare name count for the arm of that name.
        keep: in [0, 1].
    """

    def __init__(self, log: EvidenceSource, arms: Sequence[GeneratorConfig], keep: float = KEEP) -> None:
        self._log = log
        self._keep = keep
        self._by_name: dict[str, str] = {named_arm_id(arm.name): arm_id(arm) for arm in arms}
        self._ids = {*self._by_name, *self._by_name.values()}
        self._models = {plain_model(arm.model) for arm in arms}
        self._cursor: Cursor | None = None
        self._forget_all()

    def _forget_all(self) -> None:
        self._own: Rows = {}
        self._patterns: dict[tuple[str, Pattern, int], float] = {}
        self._soft: Rows = {}
        self._measures: Rows = {}
        self._seen_at: dict[str, dict[str, float]] = {}  # model -> digest -> when last
        self._worded_at: dict[str, dict[str, float]] = {}  # model -> version of the words around its prompts -> when last
        self._running: dict[str, Collection[str]] = {}
        self._words: dict[str, Collection[str]] = {}
        self._model_of: dict[Key, str] = {}  # (arm, digest) -> model
        self._statistics = Statistics()

    def read(self, running: Running | None = None) -> Statistics:
        """The statistics as the log has them now, for a race under these digests; not to be changed."""
        new = self._log.evidence(self._ids, self._models, self._cursor)
        if new.again:
            self._forget_all()
        self._cursor = new.cursor
        for (_, arm, model, counted, *_), values in new.own.items():
            self._model_of[arm, counted] = model
            for kind, name in zip((self._seen_at, self._worded_at), parted(counted), strict=True):
                if name:
                    seen = kind.setdefault(model, {})
                    seen[name] = max(values[-1], seen.get(name, values[-1]))
        own = {key: values[:-1] for key, values in new.own.items() if key[1] in self._ids}
        now = {model: (running or {}).get(model_key(model)) or {_newest(seen)} for model, seen in self._seen_at.items()}
        words: dict[str, Collection[str]] = {model: {_newest(seen)} for model, seen in self._worded_at.items()}
        changed = _differ(self._running, now) or _differ(self._words, words)
        self._running, self._words = now, words
        patterns = new.patterns
        soft: Rows = {key: (count,) for key, count in new.soft.items()}
        measures: Rows = dict(new.measures)
        if changed:  # what each outcome is worth has changed: all of them again
            own, patterns, soft = self._own | own, self._patterns | patterns, self._soft | soft
            measures = self._measures | measures
            self._own, self._patterns, self._soft, self._measures, self._statistics = {}, {}, {}, {}, Statistics()
        self._add_own(own, self._own)
        self._add_patterns(patterns)
        self._add_soft(soft)
        self._add_measures(measures)
        self._own |= own
        self._patterns |= patterns
        self._soft |= soft
        self._measures |= measures
        return self._statistics

    def spent(self, task_type: str) -> dict[str, tuple[float, ...]]:
        """By arm: generations, model-seconds, tokens, price; on a task type, as of the last `read`, infrastructure's failures left out."""
        sums: dict[str, tuple[float, ...]] = {}
        for (kind, own, _, _, _, failure, _), values in self._own.items():
            if kind == task_type and failure != FailureKind.INFRASTRUCTURE:
                arm = self._by_name.get(own, own)
                before = sums.get(arm, (0.0,) * len(COSTS))
                sums[arm] = tuple(one + values[place] for one, place in zip(before, COSTS, strict=True))
        return sums

    def _add_own(self, rows: Rows, before: Rows) -> None:
        gain = _gain(rows, before, SUMS)
        if len(gain) == 0:
            return
        gain *= np.array([self._worth(key[2], key[3]) for key in rows])[:, None]
        arms, verdicts = [self._by_name.get(key[1], key[1]) for key in rows], np.array([key[4] for key in rows], np.int64)
        products = gain[:, [3, 4, 4, 5]].reshape(-1, 2, 2)
        self._statistics.add(arms, [key[0] for key in rows], verdicts, gain[:, 0], gain[:, 1:3], products)

    def _add_patterns(self, patterns: Mapping[tuple[str, Pattern, int], float]) -> None:
        gain = {key: count - self._patterns.get(key, 0.0) for key, count in patterns.items()}
        grown = [key for key, more in gain.items() if more]
        self._statistics.add_patterns([key[0] for key in grown], [self._known(key[1]) for key in grown], [gain[key] for key in grown])

    def _add_soft(self, rows: Rows) -> None:
        rows = {key: count for key, count in rows.items() if key[4] != TOLD}  # a verdict of its own, or one that counts already
        if rows:
            gain = _gain(rows, self._soft, 1)[:, 0] * np.array([self._worth(key[2], key[3]) for key in rows])
            arms, types = [self._by_name.get(key[1], key[1]) for key in rows], [key[0] for key in rows]
            self._statistics.add_soft(arms, types, [(kind, level, verdict) for _, _, _, _, kind, level, verdict, _ in rows], gain)

    def _add_measures(self, rows: Rows) -> None:
        gain = _gain(rows, self._measures, measured.SUMS) * np.array([self._worth(key[2], key[3]) for key in rows]).reshape(-1, 1)
        arms, types = [self._by_name.get(key[1], key[1]) for key in rows], [key[0] for key in rows]
        self._statistics.add_measures(arms, types, [key[4] for key in rows], gain)

    def _known(self, pattern: Pattern) -> list[tuple[str, bool, float]]:
        """A pattern's verdicts on the arms that are followed, and what each is worth."""
        verdicts = [(arm, digest, said) for arm, digest, said in pattern if arm in self._ids and said in (PASSED, FAILED)]
        models = self._model_of
        return [
            (self._by_name.get(arm, arm), said == PASSED, self._worth(models.get((arm, digest), ""), digest))
            for arm, digest, said in verdicts
        ]

    def _worth(self, model: str, counted: str) -> float:
        digest, words = parted(counted)
        return min(worth(digest, self._running.get(model, ()), self._keep), worth(words, self._words.get(model, ()), self._keep))


def _differ(before: Mapping[str, Collection[str]], now: Mapping[str, Collection[str]]) -> bool:
    """Whether what runs has changed for a model that ran before."""
    return any(set(before.get(model, names)) != set(names) for model, names in now.items())


def _newest(seen: Mapping[str, float]) -> str:
    return max(seen, key=lambda digest: (seen[digest], digest))


def _gain(rows: Mapping[Key, tuple[float, ...]], before: Mapping[Key, tuple[float, ...]], width: int) -> Floats:
    """(N, width): what each row has grown by."""
    nothing = (0.0,) * width
    after = np.array([*rows.values()], float).reshape(-1, width)
    gain: Floats = after - np.array([before.get(key, nothing) for key in rows], float).reshape(-1, width)
    return gain
