"""Running sufficient statistics: sums kept in the transactions that write results, equal to the fold of the log.

The stored sums are a GROUP BY of the log.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from banditgen.arm import plain_model
from banditgen.history import schema as t
from banditgen.history.base import Changes, Cursor
from banditgen.history.patterns import read_pattern, variant_column
from banditgen.history.sums import ALL, MEASURES, OWN, PATTERNS, SOFT, Key, Running, Sums, add_measures, add_race, soft_sums
from banditgen.result import RATING

GENERATION = "statistics_generation"  # the meta row that counts rebuilds: readers then forget what they had
RELATIVE = 1e-9  # how far a sum may be from the log's: the order of additions


TABLES = tuple(running.table for running in ALL)
RESULT_COLUMNS = tuple(
    t.results.c[name]
    for name in (
        *("id", "race_id", "task_type", "arm_id", "model", "digest", "prompt_version", "passed", "informative", "failure"),
        *("quality", "speed", "seconds", "tokens", "price", "created_at"),
    )
)  # what the sums of a result are made of, but those of its measures
MEASURED_COLUMNS = (*RESULT_COLUMNS, t.results.c.result)  # which are in here: a server reads into no JSON that holds \u0000


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
        self._upserts = [(running, _upsert(insert(running.table), running.sums, stamp)) for running in ALL]

    def additions(self, sums: Sums, shard: int) -> list[tuple[Any, list[dict[str, Any]]]]:
        """What adds these sums to the stored ones: statements with their rows.

        The rows are in one order: two writers of one shard must not wait for each other in a ring.
        """
        made = []
        for running, upsert in self._upserts:
            rows, names = sums.of(running), (*running.key, *running.sums)
            made.append((upsert, [dict(zip(names, (*key, *rows[key]), strict=True), shard=shard) for key in sorted(rows)]))
            if running is OWN:
                for key, row in zip(sorted(rows), made[-1][1], strict=True):
                    row["last_at"] = sums.last_at[key]
        return made

    def add(self, connection: sa.Connection, sums: Sums, shard: int) -> None:
        """Add these sums to the stored ones."""
        for statement, rows in self.additions(sums, shard):
            if rows:
                connection.execute(statement, rows)


def told(connection: sa.Connection, *where: sa.ColumnElement[bool]) -> Iterator[tuple[Mapping[str, Any], str, float]]:
    """The soft evidence that is in the log, and meets some conditions, for `soft_sums`."""
    r, e = t.results.c, t.soft_evidence.c
    query = sa.select(*RESULT_COLUMNS, e.kind, e.value).join_from(t.soft_evidence, t.results, r.id == e.result_id).where(*where)
    return ((row, row["kind"], row["value"]) for row in map(dict, connection.execute(query).mappings()))


def rated(connection: sa.Connection, *where: sa.ColumnElement[bool]) -> Iterator[tuple[Mapping[str, Any], str, float]]:
    """The ratings of those results that meet some conditions, for `soft_sums`: one of each, the mean of each person's latest."""
    r, f = t.results.c, t.feedback.c
    both = (f.result_id == r.id) & (f.race_id == r.race_id)
    query = sa.select(*RESULT_COLUMNS, f.satisfaction, f.who).join_from(t.results, t.feedback, both).where(*where)
    rows, held = dict[str, Mapping[str, Any]](), defaultdict[str, dict[str | None, float]](dict)
    for row in connection.execute(query.order_by(f.created_at, f.id)).mappings():
        rows[row["id"]] = dict(row)
        held[row["id"]][row["who"]] = row["satisfaction"]
    return ((rows[own], RATING, math.fsum(said.values()) / len(said)) for own, said in held.items())


def fold(connection: sa.Connection) -> Sums:
    """The sums of the whole log."""
    sums, r = soft_sums(itertools.chain(told(connection), rated(connection))), t.results.c
    _fold_own(connection, sums)
    for row in connection.execute(sa.select(*MEASURED_COLUMNS).where(r.informative, r.passed)).mappings():
        add_measures(sums, dict(row))
    races = sa.select(*RESULT_COLUMNS).where(r.race_id.is_not(None)).order_by(r.race_id)
    for _, rows in itertools.groupby(connection.execute(races).mappings(), key=lambda row: str(row["race_id"])):
        add_race(sums, [dict(row) for row in rows])
    return sums


def _fold_own(connection: sa.Connection, sums: Sums) -> None:
    r, total = t.results.c, sa.func.sum
    said = sa.case((sa.not_(r.informative), -1), (r.passed, 1), else_=0)
    key = (r.task_type, r.arm_id, r.model, variant_column(r), said, sa.func.coalesce(r.failure, ""))
    q, s = r.quality, r.speed
    spent = (total(one) for one in (r.seconds, sa.func.coalesce(r.tokens, 0), sa.func.coalesce(r.price, 0.0)))
    values = (sa.func.count(), total(q), total(s), total(q * q), total(q * s), total(s * s), *spent)
    for row in connection.execute(sa.select(*key, *values, sa.func.max(r.created_at)).group_by(*key)):
        task_type, arm, model, *rest = row[: len(key)]
        sums.add(OWN, (task_type, arm, plain_model(model), *rest), [float(value) for value in row[len(key) : -1]], row[-1])


def stored(connection: sa.Connection) -> Sums:
    """The stored sums, all shards together."""
    sums = Sums()
    for running in ALL:
        last_at = ("last_at",) if running is OWN else ()
        width = len(running.key)
        for row in connection.execute(_columns(running, *last_at)):
            values = row[width : width + len(running.sums)]
            sums.add(running, tuple(row[:width]), values, row[-1] if last_at else 0.0)
    return sums


def rebuild(connection: sa.Connection, writer: Writer) -> None:
    """Replace the stored sums by those of the log; the caller keeps other writers out."""
    log = fold(connection)
    for table in TABLES:
        connection.execute(sa.delete(table))
    writer.add(connection, log, 0)
    generation = int(connection.scalar(sa.select(t.meta.c.value).where(t.meta.c.key == GENERATION)) or 0)
    connection.execute(sa.delete(t.meta).where(t.meta.c.key == GENERATION))
    connection.execute(t.meta.insert().values(key=GENERATION, value=str(generation + 1)))


def differences(kept: Sums, log: Sums) -> list[Difference]:
    """Where the stored sums aren't the log's: counts exactly, sums to `RELATIVE` of the larger and of 1."""
    found = []
    for running in ALL:
        ours, theirs = kept.of(running), log.of(running)
        for key in sorted(ours.keys() | theirs.keys()):
            nothing = [0.0] * len(running.sums)
            a, b = ours.get(key), theirs.get(key)
            if all(map(_close, a or nothing, b or nothing)) and (a or nothing)[0] == (b or nothing)[0]:
                continue
            both = [None if values is None else dict(zip(running.sums, values, strict=True)) for values in (a, b)]
            found.append(Difference(running.table.name, dict(zip(running.key, key, strict=True)), *both))
    return found


def changes(
    connection: sa.Connection, horizon: sa.ColumnElement[Any], arms: Collection[str], models: Collection[str], since: Cursor | None
) -> Changes:
    """See `HistoryStore.evidence`; `horizon` is SQL for the least stamp that a row changed after this moment can have."""
    # the cursor is read first: what is committed meanwhile is then read now and once more, and never missed
    next_stamp, generation = connection.execute(_moment(horizon)).one()
    again = since is None or since.generation != (generation or "0")
    start = 0 if since is None or again else since.stamp
    of_these = {"arms": list(arms), "models": list(models), "start": start}

    def changed(running: Running) -> Iterator[tuple[Key, tuple[float, ...]]]:
        width = len(running.key) + 1
        for row in connection.execute(_questions(start > 0)[running], of_these):
            yield tuple(row[:width]), tuple(row[width:])

    # what is made of several arms before their own rows, which are then there for each of them
    soft = {key: values[0] for key, values in changed(SOFT)}
    patterns = {}
    for (task_type, _, pattern, shard), (count,) in changed(PATTERNS):
        read = read_pattern(pattern)
        if any(arm in arms for arm, _, _ in read):
            patterns[task_type, read, shard] = count
    measures = dict(changed(MEASURES))
    return Changes(dict(changed(OWN)), patterns, soft, Cursor(generation or "0", next_stamp or 0), again, measures)


@functools.cache
def _moment(horizon: sa.ColumnElement[Any]) -> sa.Select[Any]:
    """Asks for the horizon, and for how often the sums were rebuilt."""
    generation = sa.select(t.meta.c.value).where(t.meta.c.key == GENERATION).scalar_subquery()
    return sa.select(horizon, generation)


@functools.cache
def _questions(since_then: bool) -> dict[Running, sa.Select[Any]]:
    """What `changes` asks each table for: of some "arms" and "models", and stamped since "start" or at any time.

    They are built once: to build them costs more than the answers of a small history.
    """
    arms: sa.BindParameter[Any] = sa.bindparam("arms", expanding=True)
    models: sa.BindParameter[Any] = sa.bindparam("models", expanding=True)
    questions = {}
    for running in ALL:
        c = running.table.c
        of_these: sa.ColumnElement[bool] = sa.true() if running is PATTERNS else c.arm_id.in_(arms)
        if running is OWN:
            of_these = sa.or_(of_these, c.model.in_(models))
        query = _columns(running, "shard", *(("last_at",) if running is OWN else ())).where(of_these)
        start: sa.ColumnElement[Any] = sa.bindparam("start", type_=sa.BigInteger)
        # SQLite's stamp is the last result's number, which soft evidence does not move on
        questions[running] = query.where(c.stamp >= (start - 1 if running is SOFT else start)) if since_then else query
    return questions


def _upsert(statement: Any, sums: Sequence[str], stamp: sa.ColumnElement[Any]) -> Any:
    table, new = statement.table, statement.excluded
    changed: dict[str, Any] = {name: table.c[name] + new[name] for name in sums} | {"stamp": new.stamp}
    if "last_at" in table.c:
        changed["last_at"] = sa.case((new.last_at > table.c.last_at, new.last_at), else_=table.c.last_at)
    given: dict[str, Any] = {column.name: sa.bindparam(column.name) for column in table.c if column.name != "stamp"}
    return statement.values(given | {"stamp": stamp}).on_conflict_do_update(index_elements=list(table.primary_key), set_=changed)


def _columns(running: Running, *extra: str) -> sa.Select[Any]:
    """Key, extra columns that belong to the key ("shard"), sums, and "last_at" where it is asked for."""
    head = [name for name in extra if name != "last_at"]
    tail = [name for name in extra if name == "last_at"]
    names: Iterable[str] = (*running.key, *head, *running.sums, *tail)
    return sa.select(*(running.table.c[name] for name in names))


def _close(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=RELATIVE, abs_tol=RELATIVE)
