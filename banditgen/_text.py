"""Text made fit to show: hostile text without control or format characters (escape codes, bidi), of bounded length; numbers of things."""

from __future__ import annotations

from typing import Any


def one_line(text: object, limit: int = 200) -> str:
    """`text` as one line of at most `limit` characters: white space folded, what cannot be printed removed."""
    spaced = " ".join(str(text)[: limit * 20].split())
    return clipped("".join(character for character in spaced if character.isprintable()), limit)


def flat(text: str) -> str:
    """`text` with a space in the place of each character that cannot be printed, line ends too: places in it stay."""
    return text if text.isprintable() else "".join(character if character.isprintable() else " " for character in text)


def printable(text: str) -> str:
    """Text of several lines, with a mark in the place of each character that cannot be printed."""
    return "".join(character if character.isprintable() or character in "\n\t" else "\N{REPLACEMENT CHARACTER}" for character in text)


def last_line(text: str) -> str:
    """The last line that says something."""
    return next((line for line in reversed(text.splitlines()) if line.strip()), "")


def shown(value: Any, limit: int = 80) -> str:
    """A refused value as a message repeats it: its repr, at most `limit` characters and a sign for the rest."""
    try:
        return clipped(repr(value), limit)
    except ValueError:  # an integer of more digits than Python writes
        return f"a number of {value.bit_length()} bits" if isinstance(value, int) else type(value).__name__


def clipped(text: str, limit: int) -> str:
    """At most `limit` characters of it, the last one a sign where there was more."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def counted(number: int, what: str) -> str:
    """A number of things."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"
