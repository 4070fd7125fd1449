"""Two codes side by side, line by line, with what differs marked."""

from __future__ import annotations

import difflib
from typing import NamedTuple

from banditgen._text import printable

MOST_LINES = 400  # of each; comparing takes the product of both
MOST_WIDE = 400  # characters of a line


class LinePair(NamedTuple):
    """A line of the comparison: the lines' numbers (None where there is none), their texts, and whether they differ."""

    left_number: int | None
    left: str
    right_number: int | None
    right: str
    differs: bool


def lines_of(code: str) -> list[str]:
    """The code's lines, fit to show, at most `MOST_LINES` of at most `MOST_WIDE` characters; the last says what was left out."""
    lines = printable(code).splitlines()
    kept = [line if len(line) <= MOST_WIDE else line[:MOST_WIDE] + " …" for line in lines[:MOST_LINES]]
    return kept if len(lines) <= MOST_LINES else [*kept, f"… {len(lines) - MOST_LINES} more lines"]


def compared(left: str, right: str) -> list[LinePair]:
    """Both codes, aligned; what stands on one side alone has an empty other side."""
    one, other = lines_of(left), lines_of(right)
    rows = []
    for kind, a, b, c, d in difflib.SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        for i in range(max(b - a, d - c)):
            here, there = a + i < b, c + i < d
            numbers = (a + i + 1 if here else None, c + i + 1 if there else None)
            rows.append(LinePair(numbers[0], one[a + i] if here else "", numbers[1], other[c + i] if there else "", kind != "equal"))
    return rows
