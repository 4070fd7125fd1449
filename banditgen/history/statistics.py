"""Running sufficient statistics: sums kept in the transactions that write results, equal to the fold of the log.

Every row only adds up, so the order of writers doesn't matter, and the stored sums are a GROUP BY of the log.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from banditgen.arm import plain_model
from banditgen.history import schema as t
from banditgen.history.base import Cursor, Evidence

OWN_KEY = ("task_type", "arm_id", "model", "digest", "verdict")
OWN_SUMS = ("count", "quality", "speed", "quality_quality", "quality_speed", "speed_speed")
PAIR_KEY = ("task_type", "arm_id", "digest", "other_id", "other_digest")
PAIR_SUMS = (
    *("count", "quality", "speed", "other_quality", "other_speed"),
    *("quality_quality", "quality_speed", "speed_quality", "speed_speed"),
)
GENERATION = "statistics_generation"  # the meta row that counts rebuilds: readers then forget what they had
RELATIVE = 1e-9  # how far a sum may be from the log's: the order of additions

Key = tuple[Any, ...]


@dataclasses.dataclass
class Sums:
    """Sums by key, in the order of `OWN_SUMS` and `PAIR_SUMS`, and when each own key's newest result was written."""

    own: dict[Key, list[float]] = dataclasses.field(default_factory=dict)
    pairs: dict[Key, list[float]] = dataclasses.field(default_factory=dict)
    last_at: dict[Key, float] = dataclasses.field(default_factory=dict)

    def add_own(self, key: Key, values: Sequence[float], last_at: float) -> None:
        """Add to a key of one arm."""
        _add(self.own, key, values)
        self.last_at[key] = max(last_at, self.last_at.get(key, last_at))

    def add_pair(self, key: Key, values: Sequence[float]) -> None:
        """Add to a key of two arms."""
        _add(self.pairs, key, values)


@dataclasses.dataclass(frozen=True)
class Difference:
    """A statistic that isn't what the log says: `stored` and `log` are its sums by name, None where it isn't there."""

    table: str
    key: dict[str, Any]
    stored: dict[str, float] | None
    log: dict[str, float] | None


class Writer:
    """Adds the sums of new results within the transaction that appends them.

    Args:
        insert: the dialect's `insert`, which knows ON CONFLICT.
        stamp: SQL that numbers the running transaction: see `schema.statistics`.
    """

    def __init__(self, insert: Any, stamp: sa.ColumnElement[Any]) -> None:
        self._own = _upsert(insert(t.statistics), OWN_KEY, OWN_SUMS, stamp)
        self._pairs = _upsert(insert(t.pair_statistics), PAIR_KEY, PAIR_SUMS, stamp)

    def additions(self, sums: Sums, shard: int) -> list[tuple[Any, list[dict[str, Any]]]]:
        """What adds these sums to the stored ones: statements with their rows.

        The rows are in one order: two writers of one shard must not wait for each other in a ring.
        """
        own, pairs = (*OWN_KEY, "shard", *OWN_SUMS, "last_at"), (*PAIR_KEY, "shard", *PAIR_SUMS)
        return [
            (self._own, [_named(own, (*key, shard), (*sums.own[key], sums.last_at[key])) for key in sorted(sums.own)]),
            (self._pairs, [_named(pairs, (*key, shard), sums.pairs[key]) for key in sorted(sums.pairs)]),
        ]

    def add(self, connection: sa.Connection, sums: Sums, shard: int) -> None:
        """Add these sums to the stored ones."""
        for statement, rows in self.additions(sums, shard):
            if rows:
                connection.execute(statement, rows)


def sums_of(rows: Sequence[Mapping[str, Any]]) -> Sums:
    """The sums of new rows of the results table; those of one race must come together."""
    sums = Sums()
    races: dict[str, list[tuple[str, str, int, float, float, str]]] = {}
    for position, row in enumerate(rows):
        digest, q, s = row["digest"] or "", row["quality"], row["speed"]
        verdict = (1 if row["passed"] else 0) if row["informative"] else -1
        key = (row["task_type"], row["arm_id"], plain_model(row["model"]), digest, verdict)
        sums.add_own(key, (1, q, s, q * q, q * s, s * s), row["created_at"])
        if row["race_id"] is not None and row["informative"]:
            entry = (row["arm_id"], digest, position, q * verdict, s * verdict, row["task_type"])
            races.setdefault(row["race_id"], []).append(entry)
    for race in races.values():
        race.sort()
        for i, (arm, digest, _, q, s, task_type) in enumerate(race):
            for other, other_digest, _, oq, os, _ in race[i + 1 :]:
                sums.add_pair((task_type, arm, digest, other, other_digest), (1, q, s, oq, os, q * oq, q * os, s * oq, s * os))
    return sums


def fold(connection: sa.Connection) -> Sums:
    """The sums of the whole log."""
    sums, r = Sums(), t.results.c
    key = (r.task_type, r.arm_id, r.model, sa.func.coalesce(r.digest, ""), _verdict(r))
    q, s = r.quality, r.speed
    total = sa.func.sum
    measures = (total(q), total(s), total(q * q), total(q * s), total(s * s))
    for row in connection.execute(sa.select(*key, sa.func.count(), *measures, sa.func.max(r.created_at)).group_by(*key)):
        task_type, arm, model, digest, verdict, *values, last_at = row
        sums.add_own((task_type, arm, plain_model(model), digest, verdict), values, last_at)
    a, b = t.results.alias("a").c, t.results.alias("b").c
    ours, others = (a.arm_id, sa.func.coalesce(a.digest, "")), (b.arm_id, sa.func.coalesce(b.digest, ""))
    first = sa.tuple_(*ours, a.seq) < sa.tuple_(*others, b.seq)
    u, v = _earned(a), _earned(b)
    products = (total(x * y) for x in u for y in v)
    pairs = (
        sa.select(a.task_type, *ours, *others, sa.func.count(), *map(total, (*u, *v)), *products)
        .where(a.race_id == b.race_id, a.informative, b.informative, first)
        .group_by(a.task_type, *ours, *others)
    )
    for row in connection.execute(pairs):
        sums.add_pair(tuple(row[:5]), row[5:])
    return sums


def stored(connection: sa.Connection) -> Sums:
    """The stored sums, all shards together."""
    sums = Sums()
    for row in connection.execute(_columns(t.statistics, (*OWN_KEY, *OWN_SUMS, "last_at"))):
        sums.add_own(tuple(row[: len(OWN_KEY)]), row[len(OWN_KEY) : -1], row[-1])
    for row in connection.execute(_columns(t.pair_statistics, (*PAIR_KEY, *PAIR_SUMS))):
        sums.add_pair(tuple(row[: len(PAIR_KEY)]), row[len(PAIR_KEY) :])
    return sums


def rebuild(connection: sa.Connection, writer: Writer) -> None:
    """Replace the stored sums by those of the log; the caller keeps other writers out."""
    log = fold(connection)
    connection.execute(sa.delete(t.statistics))
    connection.execute(sa.delete(t.pair_statistics))
    writer.add(connection, log, 0)
    generation = int(connection.scalar(sa.select(t.meta.c.value).where(t.meta.c.key == GENERATION)) or 0)
    connection.execute(sa.delete(t.meta).where(t.meta.c.key == GENERATION))
    connection.execute(t.meta.insert().values(key=GENERATION, value=str(generation + 1)))


def differences(kept: Sums, log: Sums) -> list[Difference]:
    """Where the stored sums aren't the log's: counts exactly, sums to `RELATIVE` of the larger and of 1."""
    found = []
    for table, key_names, sum_names, ours, theirs in (
        (t.statistics.name, OWN_KEY, OWN_SUMS, kept.own, log.own),
        (t.pair_statistics.name, PAIR_KEY, PAIR_SUMS, kept.pairs, log.pairs),
    ):
        for key in sorted(ours.keys() | theirs.keys()):
            a, b = ours.get(key), theirs.get(key)
            if a is None or b is None or a[0] != b[0] or not all(map(_close, a, b)):
                both = [None if values is None else dict(zip(sum_names, values, strict=True)) for values in (a, b)]
                found.append(Difference(table, dict(zip(key_names, key, strict=True)), *both))
    return found


def changes(
    connection: sa.Connection, horizon: sa.ColumnElement[Any], arms: Collection[str], models: Collection[str], since: Cursor | None
) -> Evidence:
    """See `HistoryStore.evidence`; `horizon` is SQL for the least stamp that a row changed after this moment can have."""
    # the cursor is read first: what is committed meanwhile is then read now and once more, and never missed
    next_stamp = connection.scalar(sa.select(horizon)) or 0
    generation = connection.scalar(sa.select(t.meta.c.value).where(t.meta.c.key == GENERATION)) or "0"
    again = since is None or since.generation != generation
    start = 0 if since is None or again else since.stamp
    own, pairs = t.statistics.c, t.pair_statistics.c
    own_query = _columns(t.statistics, (*OWN_KEY, "shard", *OWN_SUMS, "last_at"))
    pair_query = _columns(t.pair_statistics, (*PAIR_KEY, "shard", *PAIR_SUMS))
    own_query = own_query.where(sa.or_(own.arm_id.in_(arms), own.model.in_(models)))
    pair_query = pair_query.where(pairs.arm_id.in_(arms), pairs.other_id.in_(arms))
    if start > 0:
        own_query, pair_query = own_query.where(own.stamp >= start), pair_query.where(pairs.stamp >= start)
    # pairs before their arms' own rows, which are then there for each of them
    pair_rows = {tuple(row[:6]): tuple(row[6:]) for row in connection.execute(pair_query)}
    own_rows = {tuple(row[:6]): tuple(row[6:]) for row in connection.execute(own_query)}
    return Evidence(own_rows, pair_rows, Cursor(generation, next_stamp), again)


def _verdict(r: Any) -> sa.ColumnElement[int]:
    return sa.case((sa.not_(r.informative), -1), (r.passed, 1), else_=0)


def _earned(r: Any) -> tuple[sa.ColumnElement[float], sa.ColumnElement[float]]:
    return sa.case((r.passed, r.quality), else_=0.0), sa.case((r.passed, r.speed), else_=0.0)


def _upsert(statement: Any, key: Sequence[str], sums: Sequence[str], stamp: sa.ColumnElement[Any]) -> Any:
    table, new = statement.table, statement.excluded
    changed: dict[str, Any] = {name: table.c[name] + new[name] for name in sums} | {"stamp": new.stamp}
    if "last_at" in table.c:
        changed["last_at"] = sa.case((new.last_at > table.c.last_at, new.last_at), else_=table.c.last_at)
    given: dict[str, Any] = {column.name: sa.bindparam(column.name) for column in table.c if column.name != "stamp"}
    return statement.values(given | {"stamp": stamp}).on_conflict_do_update(index_elements=[*key, "shard"], set_=changed)


def _columns(table: sa.Table, names: Iterable[str]) -> sa.Select[Any]:
    return sa.select(*(table.c[name] for name in names))


def _named(names: Sequence[str], key: Key, values: Sequence[float]) -> dict[str, Any]:
    return dict(zip(names, (*key, *values), strict=True))


def _add(table: dict[Key, list[float]], key: Key, values: Sequence[float]) -> None:
    old = table.get(key)
    table[key] = list(values) if old is None else [a + b for a, b in zip(old, values, strict=True)]


def _close(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=RELATIVE, abs_tol=RELATIVE)
