"""The whole history as JSON lines, one candidate a line. The format: docs/reference/history_lines.md."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from json.encoder import encode_basestring_ascii
from typing import Any, NamedTuple

import sqlalchemy as sa

from banditgen.history import schema as t
from banditgen.history.columns import ESCAPED, Code, Text, as_given
from banditgen.history.database import Database

AT_ONCE = 2000  # candidates
_OTHERS_AT_ONCE = 500

_ESCAPED = encode_basestring_ascii(ESCAPED)[1:-1]

Encode = Callable[[Any], str]


class Row(NamedTuple):
    """A candidate as the driver gives it; `result` is the JSON text of all its fields but code and text."""

    seq: int
    created_at: float
    race_id: str | None
    position: int
    task_type: str
    code_hash: str | None
    text_hash: str | None
    result: str


@dataclasses.dataclass(frozen=True)
class Chunk:
    """Candidates in the order of the log, with what belongs to them.

    `contents` is code and text by hash, where they are kept. `races` is the record of a race and its decision as JSON
    text, by race id, for those whose first candidate is here. `also` has as many lists of other records as there are rows.
    """

    rows: list[Row]
    contents: dict[str, str]
    races: dict[str, str]
    also: list[list[str]]


def chunks(database: Database, task_type: str | None = None) -> Iterator[Chunk]:
    """Every candidate that is there when the reading starts, `AT_ONCE` at a time, and all other records spread over them.

    With a task type, the candidates of that type with their races and what was said of them.
    """
    r = t.results.c
    of_type = [] if task_type is None else [r.task_type == task_type]
    bounds = sa.select(sa.func.count(), sa.func.max(r.seq)).where(*of_type)
    total, last = database.run(lambda connection: connection.execute(bounds).one())
    if not total:
        return
    others = other_records(database, task_type)
    share = math.ceil(_count_others(database, task_type) / total)
    columns = [t.results.c[name] for name in Row._fields]
    query = sa.select(*map(_raw, columns)).where(r.seq <= last, *of_type).order_by(r.seq).limit(AT_ONCE)
    after, contents = -1, dict[str, str]()
    while True:
        rows = [Row._make(row) for row in _fetch(database, query.where(r.seq > after))]
        if not rows:
            return
        after = rows[-1].seq
        hashes = {key for row in rows for key in (row.code_hash, row.text_hash) if key is not None}
        known = {key: contents[key] for key in hashes if key in contents}  # many candidates are the same, and near each other
        contents = known | _contents(database, sorted(hashes - known.keys()))
        races = _races(database, sorted(row.race_id for row in rows if row.position == 0 and row.race_id is not None))
        yield Chunk(rows, contents, races, [list(itertools.islice(others, share)) for _ in rows])


def lines(database: Database, task_type: str | None = None) -> Iterator[str]:
    """The history as JSON lines, many to a string; where there is no candidate at all, one line of other records alone."""
    empty = True
    for chunk in chunks(database, task_type):
        empty = False
        yield "".join(_lines(chunk))
    if empty and (others := list(other_records(database, task_type))):
        yield f'{{"record": "history", "also": [{", ".join(others)}]}}\n'


def _lines(chunk: Chunk) -> Iterator[str]:
    quoted, contents, races = encode_basestring_ascii, chunk.contents, chunk.races
    for (_, created_at, race_id, position, task_type, code_hash, text_hash, result), also in zip(chunk.rows, chunk.also, strict=True):
        code = '""' if code_hash is None else quoted(contents[code_hash]) if code_hash in contents else _dropped("code", code_hash)
        text = '""' if text_hash is None else quoted(contents[text_hash]) if text_hash in contents else _dropped("text", text_hash)
        extra = f', "race": {races[race_id]}' if position == 0 and race_id in races else ""
        if also:
            extra += f', "also": [{", ".join(also)}]'
        race = "null" if race_id is None else _text(race_id)
        yield (
            f'{{"record": "candidate", "created_at": {created_at!r}, "race_id": {race}, "position": {position}, '
            f'"task_type": {_text(task_type)}, "code": {code}, "text": {text}{extra}, {result[1:]}\n'
        )


def _dropped(name: str, key: str) -> str:
    """A content that retention has dropped: what it hashed to stays."""
    return f'null, "{name}_hash": {encode_basestring_ascii(key)}'


def other_records(database: Database, task_type: str | None = None) -> Iterator[str]:
    """What no candidate leads to, as JSON texts: arms, strategies, feedback, weights, races without candidates, and so on."""
    for kind, table, where in _others(task_type):
        key = next(iter(table.primary_key))
        query = sa.select(*map(_raw, _columns(table))).where(*where).order_by(key).limit(_OTHERS_AT_ONCE)
        columns = _columns(table)
        encoders, position = _encoders(kind, columns), columns.index(key)
        rows = _fetch(database, query)
        while rows:
            yield from (_record(encoders, row) for row in rows)
            rows = _fetch(database, query.where(_raw(key) > rows[-1][position])) if len(rows) == _OTHERS_AT_ONCE else []


def _others(task_type: str | None) -> list[tuple[str, sa.Table, list[sa.ColumnElement[bool]]]]:
    """Kind, table and condition of the records that stand beside candidates."""
    r, d = t.results.c, t.decisions.c
    no_first = ~sa.exists().where(r.race_id == t.races.c.id, r.position == 0)
    raceless = ~sa.exists().where(t.races.c.id == d.id) | sa.exists().where(t.races.c.id == d.id, no_first)
    everything: list[tuple[str, sa.Table, list[sa.ColumnElement[bool]]]] = [
        ("arm", t.arms, []),
        ("arm_event", t.arm_events, []),
        ("strategy", t.strategies, []),
        ("decision", t.decisions, [raceless]),
        ("race", t.races, [no_first]),
        ("feedback", t.feedback, []),
        ("preference", t.preferences, []),
        ("selection", t.selections, []),
        ("weights", t.weights, []),
    ]
    if task_type is None:
        return everything
    typed = sa.select(r.id).where(r.task_type == task_type)
    only = {"feedback": t.feedback.c.result_id.in_(typed), "preference": t.preferences.c.better_id.in_(typed)}
    only |= {kind: table.c.task_type == task_type for kind, table, _ in everything if "task_type" in table.c}
    return [(kind, table, [*where, only[kind]] if kind in only else where) for kind, table, where in everything if kind != "weights"]


def _count_others(database: Database, task_type: str | None) -> int:
    counts = [sa.select(sa.func.count()).select_from(table).where(*where) for _, table, where in _others(task_type)]
    return sum(database.run(lambda connection: [connection.scalar(count) or 0 for count in counts]))


def _contents(database: Database, hashes: Sequence[str]) -> dict[str, str]:
    """Codes and texts by hash; in the order of the index they are found twice as fast as by a join."""
    rows = _fetch_by_key(database, sa.select(*map(_raw, t.codes.c)), t.codes.c.hash, hashes)
    return {key: bytes(content).decode("utf-8", "surrogatepass") for key, content in rows}


def _races(database: Database, race_ids: Sequence[str]) -> dict[str, str]:
    """The JSON texts of races with their decisions, by the id as it is stored."""
    races, decisions = _columns(t.races), _columns(t.decisions)
    race_encoders, decision_encoders = _encoders("race", races), _encoders("decision", decisions)
    columns = [*map(_raw, races), *(_raw(column).label(f"decision_{column.name}") for column in decisions)]
    both = sa.select(*columns).select_from(t.races.outerjoin(t.decisions, t.decisions.c.id == t.races.c.id))
    key, start = races.index(t.races.c.id), len(races)
    decided = start + decisions.index(t.decisions.c.id)
    found = {}
    for row in _fetch_by_key(database, both, t.races.c.id, race_ids):
        race = _record(race_encoders, row[:start])
        if row[decided] is not None:
            race = f'{race[:-1]}, "decision": {_record(decision_encoders, row[start:])}}}'
        found[row[key]] = race
    return found


def _fetch_by_key(database: Database, query: sa.Select[Any], key: sa.Column[Any], values: Sequence[str]) -> list[Any]:
    """The rows that have these keys. SQLAlchemy's own IN costs more for each value than all else that is done with a row."""

    def work(connection: sa.Connection) -> list[Any]:
        dialect = connection.dialect
        mark = "?" if dialect.paramstyle == "qmark" else "%s"
        sql = f"{query.compile(dialect=dialect)} WHERE {key.compile(dialect=dialect)} IN ({', '.join([mark] * len(values))})"
        cursor = connection.exec_driver_sql(sql, tuple(values)).cursor
        assert cursor is not None
        return list(cursor.fetchall())

    return database.run(work) if values else []


def _fetch(database: Database, query: sa.Select[Any]) -> list[Any]:
    """Rows as the driver gives them: no type of ours is applied."""

    def work(connection: sa.Connection) -> list[Any]:
        cursor = connection.execute(query).cursor
        assert cursor is not None
        return list(cursor.fetchall())

    return database.run(work)


def _raw(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """A column as it is stored, JSON as its text."""
    if isinstance(column.type, sa.JSON):
        return sa.cast(column, sa.Text)
    if isinstance(column.type, Text):
        return sa.type_coerce(column, sa.Text)
    return sa.type_coerce(column, sa.LargeBinary) if isinstance(column.type, Code) else column


def _columns(table: sa.Table) -> list[sa.Column[Any]]:
    """What of a table is exported: all but what is worked out from the rest."""
    return [column for column in table.c if column.name != "answered"]


def _encoders(kind: str, columns: Sequence[sa.Column[Any]]) -> list[tuple[str, Encode]]:
    """For each column the text before its value, and what makes JSON of a value that is there."""
    encoders: list[tuple[str, Encode]] = []
    for column in columns:
        before = f'{{"record": "{kind}", ' if not encoders else ", "
        encode: Encode = encode_basestring_ascii if isinstance(column.type, Text) else str if isinstance(column.type, sa.JSON) else repr
        encoders.append((f'{before}"{column.name}": ', encode))
    return encoders


def _record(encoders: Sequence[tuple[str, Encode]], row: Sequence[Any]) -> str:
    text = "".join([before + encode(value) if value is not None else before + "null" for (before, encode), value in zip(encoders, row)])  # noqa: B905
    if _ESCAPED in text:
        careful = [(before, _text if encode is encode_basestring_ascii else encode) for before, encode in encoders]
        text = "".join([before + encode(value) if value is not None else before + "null" for (before, encode), value in zip(careful, row)])  # noqa: B905
    return text + "}"


def _text(stored: str) -> str:
    return encode_basestring_ascii(as_given(stored))
