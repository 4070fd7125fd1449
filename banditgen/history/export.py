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
from banditgen.history.column_types import ESCAPED, Text, as_given
from banditgen.history.database import Database
from banditgen.history.lookup import by_key, fetch, raw

AT_ONCE = 2000  # candidates
CHUNK_BYTES = 16 << 20  # what candidates of one chunk should not take; where they are large, fewer are read at once
_OTHERS_AT_ONCE = 2000

_ESCAPED = encode_basestring_ascii(ESCAPED)[1:-1]


class CandidateRow(NamedTuple):
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
class Stretch:
    """Candidates in the order of the log, with what belongs to them.

    `rows` hold what `CandidateRow` names. `contents` is code and text by hash, where they are kept. `races` is the record of a race and
    its decision as JSON text, by race id, for those whose first candidate is here. `also` has as many lists of other records
    as there are rows.
    """

    rows: list[tuple[Any, ...]]
    contents: dict[str, str]
    races: dict[str, str]
    also: list[list[str]]


def chunks(database: Database, task_type: str | None = None) -> Iterator[Stretch]:
    """Every candidate that is there when the reading starts, up to `AT_ONCE` at a time, and all other records spread over them.

    With a task type, the candidates of that type with their races and what was said of them.
    """
    r = t.results.c
    of_type = [] if task_type is None else [r.task_type == task_type]
    bounds = sa.select(sa.func.count(), sa.func.max(r.seq)).where(*of_type)
    total, last = database.run(lambda connection: connection.execute(bounds).one())
    if not total:
        return
    others = other_records(database, task_type)
    share = max(1, math.ceil(_most_others(database) / total))
    columns = [t.results.c[name] for name in CandidateRow._fields]
    query = sa.select(*map(raw, columns)).where(r.seq <= last, *of_type).order_by(r.seq)
    after, contents, at_once = -1, dict[str, str](), 500
    while rows := fetch(database, query.where(r.seq > after).limit(at_once)):
        after = rows[-1][0]
        contents = _contents(database, rows, contents)
        races = _races(database, [row[2] for row in rows if row[3] == 0 and row[2] is not None])
        taken = list(itertools.islice(others, share * len(rows)))
        yield Stretch(rows, contents, races, [taken[start : start + share] for start in range(0, share * len(rows), share)])
        size = sum(len(row[-1]) for row in rows) + sum(map(len, contents.values()))
        at_once = min(AT_ONCE, max(1, CHUNK_BYTES * len(rows) // size))


def lines(database: Database, task_type: str | None = None) -> Iterator[str]:
    """The history as JSON lines, many to a string; where there is no candidate at all, one line of other records alone."""
    empty = True
    for chunk in chunks(database, task_type):
        empty = False
        yield "".join(_lines(chunk))
    if empty and (others := list(other_records(database, task_type))):
        yield f'{{"record": "history", "also": [{", ".join(others)}]}}\n'


def _lines(chunk: Stretch) -> list[str]:
    races = chunk.races
    contents: dict[str | None, str] = {key: encode_basestring_ascii(content) for key, content in chunk.contents.items()}
    contents[None] = '""'
    texts: dict[str | None, str] = {None: "null"}
    times: dict[float, str] = {}  # those of one race have one
    made = []
    for (_, created_at, race_id, position, task_type, code_hash, text_hash, result), also in zip(chunk.rows, chunk.also, strict=True):
        code = contents.get(code_hash) or _dropped("code", code_hash)
        text = contents.get(text_hash) or _dropped("text", text_hash)
        race = texts.get(race_id) or texts.setdefault(race_id, _text(race_id))
        at = times.get(created_at) or times.setdefault(created_at, repr(created_at))
        of_type = texts.get(task_type) or texts.setdefault(task_type, _text(task_type))
        extra = f', "race": {races[race_id]}' if position == 0 and race_id in races else ""
        if also:
            extra += f', "also": [{", ".join(also)}]'
        made.append(
            f'{{"record": "candidate", "created_at": {at}, "race_id": {race}, "position": {position}, '
            f'"task_type": {of_type}, "code": {code}, "text": {text}{extra}, {result[1:]}\n'
        )
    return made


def _dropped(name: str, key: str) -> str:
    """A content that retention has dropped: what it hashed to stays."""
    return f'null, "{name}_hash": {encode_basestring_ascii(key)}'


def other_records(database: Database, task_type: str | None = None) -> Iterator[str]:
    """What no candidate leads to, as JSON texts: arms, strategies, feedback, weights, races without candidates, and so on."""
    for kind, table, where in _others(task_type):
        columns, key = _columns(table), next(iter(table.primary_key))
        query = sa.select(*map(raw, columns)).where(*where).order_by(key).limit(_OTHERS_AT_ONCE)
        record, position = _recorder(kind, columns), columns.index(key)
        rows = fetch(database, query)
        while rows:
            if kind == "race":
                yield from _races(database, [row[position] for row in rows]).values()
            else:
                yield from map(record, rows)
            rows = fetch(database, query.where(raw(key) > rows[-1][position])) if len(rows) == _OTHERS_AT_ONCE else []


def _others(task_type: str | None) -> list[tuple[str, sa.Table, list[sa.ColumnElement[bool]]]]:
    """Kind, table and condition of the records that stand beside candidates."""
    r, d = t.results.c, t.decisions.c
    no_first = ~sa.exists().where(r.race_id == t.races.c.id, r.position == 0)
    raceless = ~sa.exists().where(t.races.c.id == d.id)
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
        ("soft_evidence", t.soft_evidence, []),
    ]
    if task_type is None:
        return everything
    typed = sa.select(r.id).where(r.task_type == task_type)
    only: dict[str, sa.ColumnElement[bool]] = {"feedback": t.feedback.c.result_id.in_(typed)}
    only |= {"preference": t.preferences.c.better_id.in_(typed), "soft_evidence": t.soft_evidence.c.result_id.in_(typed)}
    only |= {kind: table.c.task_type == task_type for kind, table, _ in everything if "task_type" in table.c}
    return [(kind, table, [*where, only[kind]] if kind in only else where) for kind, table, where in everything if kind != "weights"]


def _most_others(database: Database) -> int:
    """No more than so many records stand beside candidates; how many exactly takes longer to find out than to export them."""
    counts = [sa.select(sa.func.count()).select_from(table) for _, table, _ in _others(None)]
    return sum(database.run(lambda connection: [connection.scalar(count) or 0 for count in counts]))


def _contents(database: Database, rows: Sequence[tuple[Any, ...]], before: dict[str, str]) -> dict[str, str]:
    """Codes and texts by hash; many candidates are the same and near each other, which is why those of the rows before are given."""
    hashes = dict.fromkeys(itertools.chain.from_iterable(row[5:7] for row in rows))
    hashes.pop(None, None)
    known = {key: before[key] for key in hashes if key in before}
    new = by_key(database, [t.codes.c.hash, t.codes.c.content], [key for key in hashes if key not in known])
    return known | {key: str(content, "utf-8", "surrogatepass") for key, content in new}


def _races(database: Database, race_ids: Sequence[str]) -> dict[str, str]:
    """The JSON texts of races with their decisions, by the id as it is stored."""
    races, decisions = _columns(t.races), _columns(t.decisions)
    of_race, of_decision = _recorder("race", races), _recorder("decision", decisions)
    found = {row[0]: of_race(row) for row in by_key(database, races, race_ids)}
    for row in by_key(database, decisions, list(found)):
        found[row[0]] = f'{found[row[0]][:-1]}, "decision": {of_decision(row)}}}'
    return found


def _columns(table: sa.Table) -> list[sa.Column[Any]]:
    """What of a table is exported: all but what is worked out from the rest."""
    return [column for column in table.c if column.name != "answered"]


def _recorder(kind: str, columns: Sequence[sa.Column[Any]]) -> Callable[[Sequence[Any]], str]:
    """What makes a JSON text of a row of these columns."""
    values = ", ".join(f'"{column.name}": %s' for column in columns)
    template = f'{{"record": "{kind}", {values}}}'
    quoted = [position for position, column in enumerate(columns) if isinstance(column.type, Text)]
    nullable = [position for position, column in enumerate(columns) if column.nullable]

    def made(row: Sequence[Any], quote: Callable[[str], str]) -> str:
        cells = list(row)
        for position in quoted:
            if cells[position] is not None:
                cells[position] = quote(cells[position])
        for position in nullable:
            if cells[position] is None:
                cells[position] = "null"
        return template % tuple(cells)

    def record(row: Sequence[Any]) -> str:
        text = made(row, encode_basestring_ascii)
        return made(row, _text) if _ESCAPED in text else text

    return record


def _text(stored: str) -> str:
    return encode_basestring_ascii(as_given(stored))
