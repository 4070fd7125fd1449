"""What the running sums are: of what they are, how a result, a race and soft evidence add to them, and what a log told race by race makes.

Every row only adds up, so the order of writers doesn't matter.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from banditgen._checks import is_measure
from banditgen.arm import plain_model
from banditgen.history import schema as t
from banditgen.history.base import Changes, Cursor, SoftEvidence
from banditgen.history.patterns import pattern_hash, pattern_of, read_pattern, variant
from banditgen.result import LEVELS, RATING, FailureKind
from banditgen.scoring import QUALITY

Key = tuple[Any, ...]


@dataclasses.dataclass(frozen=True)
class Running:
    """A table of running sums: the columns that say of what (the shard left out), and those that add up, "count" first."""

    table: sa.Table
    key: tuple[str, ...]
    sums: tuple[str, ...] = ("count",)


OWN = Running(
    t.statistics,
    ("task_type", "arm_id", "model", "digest", "verdict", "failure"),
    ("count", "quality", "speed", "quality_quality", "quality_speed", "speed_speed", "seconds", "tokens", "price"),
)
PATTERNS = Running(t.patterns, ("task_type", "hash", "pattern"))
SOFT = Running(t.soft_statistics, ("task_type", "arm_id", "model", "digest", "kind", "level", "verdict"))
MEASURES = Running(
    t.measure_statistics,
    ("task_type", "arm_id", "model", "digest", "measure"),
    ("count", "value", "value_value", "quality_value", "speed_value"),
)
ALL = (OWN, PATTERNS, SOFT, MEASURES)


class Sums:
    """Sums by table and key, and when each own key's newest result was written."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[Key, list[float]]] = {running.table.name: {} for running in ALL}
        self.last_at: dict[Key, float] = {}

    def of(self, running: Running) -> dict[Key, list[float]]:
        """Those of a table."""
        return self.tables[running.table.name]

    def add(self, running: Running, key: Key, values: Sequence[float], last_at: float = 0.0) -> None:
        """Add to a key."""
        table = self.of(running)
        old = table.get(key)
        table[key] = list(values) if old is None else [a + b for a, b in zip(old, values, strict=True)]
        if running is OWN:
            self.last_at[key] = max(last_at, self.last_at.get(key, last_at))

    def include(self, other: Sums, sign: int = 1) -> None:
        """Add what another has; with -1 take it back."""
        for running in ALL:
            for key, values in other.of(running).items():
                self.add(running, key, [sign * value for value in values], other.last_at.get(key, 0.0))

    def take_back(self, other: Sums) -> None:
        """Subtract what another has, of keys that are here, too."""
        self.include(other, -1)


def sums_of(rows: Sequence[Mapping[str, Any]]) -> Sums:
    """The sums of new rows of the results table; those of one race must come together."""
    sums = Sums()
    races: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        q, s = row["quality"], row["speed"]
        own = (*_of_arm(row), verdict(row), row["failure"] or "")
        values = (1, q, s, q * q, q * s, s * s, row["seconds"], row["tokens"] or 0, row["price"] or 0.0)
        sums.add(OWN, own, values, row["created_at"])
        add_measures(sums, row)
        if row["race_id"] is not None:
            races[row["race_id"]].append(row)
    for race in races.values():
        add_race(sums, race)
    return sums


def add_measures(sums: Sums, row: Mapping[str, Any]) -> None:
    """Add the further measures of a row of the results table, where it passed and teaches something."""
    if verdict(row) != 1:
        return
    # rows without either are added to be taken back, for the pattern of their race
    q, s, given = row["quality"], row["speed"], row.get("measures") or (row.get("result") or {}).get("measures") or {}
    unpaid = q == s == 0.0  # see `scoring.paid`: what passed has quality
    for name, m in given.items():
        if name != QUALITY and is_measure(m):
            m = 0.0 if unpaid else float(m)  # noqa: PLW2901
            sums.add(MEASURES, (*_of_arm(row), name), (1, m, m * m, q * m, s * m))


def add_race(sums: Sums, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add the pattern of a race, of which these are all rows."""
    task_type, pattern = rows[0]["task_type"], pattern_of(rows)
    sums.add(PATTERNS, (task_type, pattern_hash(pattern), pattern), (1,))


def soft_sums(told: Iterable[tuple[Mapping[str, Any], str, float]]) -> Sums:
    """The sums of soft evidence: rows of the results table, each with a kind and a value.

    What failed by no fault of its arm says nothing of the arm, whatever else is said of it.
    """
    sums = Sums()
    for row, kind, value in told:
        if row["failure"] is None or FailureKind(row["failure"]).moves_posterior:
            sums.add(SOFT, (*_of_arm(row), kind, round(LEVELS * value), verdict(row)), (1,))
    return sums


def verdict(row: Mapping[str, Any]) -> int:
    """1 passed, 0 failed, -1 taught nothing."""
    return int(row["passed"]) if row["informative"] else -1


def _of_arm(row: Mapping[str, Any]) -> Key:
    return row["task_type"], row["arm_id"], plain_model(row["model"]), variant(row["digest"], row["prompt_version"])


class Fold:
    """The sums of a log that is told race by race, for those who ask what was known at a moment; one reader follows it."""

    def __init__(self) -> None:
        self._sums = Sums()
        self._new = Sums()
        self._rows: dict[str, Mapping[str, Any]] = {}
        self._ratings: dict[str, float] = {}

    def add(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add rows of the results table (`rows.summed_row`), those of one race together."""
        self._rows.update((row["id"], row) for row in rows)
        self._include(sums_of(rows))

    def add_soft(self, evidence: SoftEvidence) -> None:
        """Add soft evidence of a result that was added before; a rating takes the place of the result's last one."""
        row = self._rows.get(evidence.result_id)
        if row is None:
            return
        new = soft_sums([(row, evidence.kind, evidence.value)])
        if evidence.kind == RATING:
            if evidence.result_id in self._ratings:
                new.take_back(soft_sums([(row, RATING, self._ratings[evidence.result_id])]))
            self._ratings[evidence.result_id] = evidence.value
        self._include(new)

    def _include(self, new: Sums) -> None:
        self._sums.include(new)
        for running in ALL:
            self._new.of(running).update({key: [] for key in new.of(running)})

    def evidence(self, arms: Collection[str], models: Collection[str], since: Cursor | None = None) -> Changes:
        """What has changed since it was asked last; see `HistoryStore.evidence`."""
        sums, new, self._new = self._sums, self._new, Sums()

        def changed(running: Running) -> dict[Key, tuple[float, ...]]:
            return {(*key, 0): tuple(sums.of(running)[key]) for key in new.of(running)}

        own = {key: (*values, sums.last_at[key[:-1]]) for key, values in changed(OWN).items() if key[1] in arms or key[2] in models}
        patterns = {(key[0], read_pattern(key[2]), 0): values[0] for key, values in changed(PATTERNS).items()}
        soft = {key: values[0] for key, values in changed(SOFT).items() if key[1] in arms}
        measures = {key: values for key, values in changed(MEASURES).items() if key[1] in arms}
        return Changes(own, patterns, soft, Cursor("fold", 0), since is None, measures)
