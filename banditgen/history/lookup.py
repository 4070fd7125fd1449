"""Rows as the driver gives them, by their keys: fast where they were written near each other, as those of one stretch of the log are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from banditgen.history.column_types import Code, Text
from banditgen.history.database import Database

SAMPLES = 32  # keys whose places say where the others may be
WASTE = 4  # rows read for one that is wanted, at most: beyond that looking each up by its key is faster
_FEW = 4 * SAMPLES
_AT_ONCE = 10_000  # keys in a statement, below what any database takes


def fetch(database: Database, query: sa.Select[Any]) -> list[Any]:
    """Rows as the driver gives them: no type of ours is applied."""

    def work(connection: sa.Connection) -> list[Any]:
        cursor = connection.execute(query).cursor
        assert cursor is not None
        return list(cursor.fetchall())

    return database.run(work)


def raw(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """A column as it is stored, JSON as its text."""
    if isinstance(column.type, sa.JSON):
        return sa.cast(column, sa.Text)
    if isinstance(column.type, Text):
        return sa.type_coerce(column, sa.Text)
    return sa.type_coerce(column, sa.LargeBinary) if isinstance(column.type, Code) else column


def by_key(database: Database, columns: Sequence[sa.Column[Any]], keys: Sequence[str]) -> list[Any]:
    """The rows of a table that have these keys, in any order.

    Args:
        database: of the history.
        columns: of one table, the first its key.
        keys: each once, in the order of the log as far as that is known.
    """
    query = sa.select(*map(raw, columns))
    found: list[Any] = []
    if database.numbered and len(keys) > _FEW:
        found = _stretch(database, query, columns[0], keys)
        if len(found) == len(keys):
            return found
        there = {row[0] for row in found}
        keys = [key for key in keys if key not in there]
    ordered = sorted(keys)  # in the order of the index they are found twice as fast
    for start in range(0, len(ordered), _AT_ONCE):
        found += _with_keys(database, query, columns[0], ordered[start : start + _AT_ONCE])
    return found


def _stretch(database: Database, query: sa.Select[Any], key: sa.Column[Any], keys: Sequence[str]) -> list[Any]:
    """Those of the rows that lie between a few of them in the table, if that is not much more than what is wanted."""
    number = sa.literal_column("rowid", sa.Integer)
    samples = {keys[0], keys[-1], *keys[:: len(keys) // SAMPLES]}
    places = [row[0] for row in _with_keys(database, sa.select(number).select_from(key.table), key, sorted(samples))]
    if not places or max(places) - min(places) > WASTE * len(keys):
        return []
    wanted = set(keys)
    return [row for row in fetch(database, query.where(number.between(min(places), max(places)))) if row[0] in wanted]


def _with_keys(database: Database, query: sa.Select[Any], key: sa.Column[Any], keys: Sequence[str]) -> list[Any]:
    """SQLAlchemy's own IN costs more for each value than all else that is done with a row."""

    def work(connection: sa.Connection) -> list[Any]:
        dialect = connection.dialect
        mark = "?" if dialect.paramstyle == "qmark" else "%s"
        sql = f"{query.compile(dialect=dialect)} WHERE {key.compile(dialect=dialect)} IN ({', '.join([mark] * len(keys))})"
        cursor = connection.exec_driver_sql(sql, tuple(keys)).cursor
        assert cursor is not None
        return list(cursor.fetchall())

    return database.run(work)
