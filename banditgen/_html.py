"""What notebooks show: small tables and texts, escaped, whoever wrote them. No script, no style but the notebook's own."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import Any

from banditgen._text import printable


def escaped(value: Any) -> str:
    """A value as HTML text, without control and formatting characters."""
    return html.escape(printable(str(value)))


def table(headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table; every cell is text."""
    head = "".join(f"<th>{escaped(heading)}</th>" for heading in headings)
    body = "".join(f"<tr>{''.join(f'<td>{escaped(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def code(text: str) -> str:
    """Code or other text of several lines."""
    return f"<pre>{escaped(text)}</pre>"
