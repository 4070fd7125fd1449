"""Column types that keep any text on any database."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa

ESCAPED = "\ufdd0"  # a noncharacter: what follows is the text as JSON


class Text(sa.TypeDecorator[str]):
    """Text with every code point: NUL, which PostgreSQL refuses, and lone surrogates, which none takes, are escaped.

    Compared and ordered by code points, as Python does it, on every database.
    """

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        """SQLite compares by bytes anyway; PostgreSQL does so in its "C" collation."""
        return dialect.type_descriptor(sa.Text(collation="C") if dialect.name == "postgresql" else sa.Text())

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        """Escape what cannot be stored."""
        del dialect
        return value if value is None or _plain(value) else ESCAPED + json.dumps(value)

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> str | None:
        """Undo the escape."""
        del dialect
        return None if value is None else as_given(value)


def as_given(stored: str) -> str:
    """The text that is kept as `stored`."""
    return str(json.loads(stored[1:])) if stored.startswith(ESCAPED) else stored


class Code(sa.TypeDecorator[str]):
    """Text as its bytes in UTF-8, lone surrogates included."""

    impl = sa.LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> bytes | None:
        """To bytes."""
        del dialect
        return None if value is None else value.encode("utf-8", "surrogatepass")

    def process_result_value(self, value: bytes | None, dialect: sa.Dialect) -> str | None:
        """From bytes."""
        del dialect
        return None if value is None else bytes(value).decode("utf-8", "surrogatepass")


def _plain(value: str) -> bool:
    if value.isascii():
        return "\0" not in value
    if "\0" in value or value.startswith(ESCAPED):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
