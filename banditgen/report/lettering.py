"""How much room a text takes in a picture, and where texts go so that none lies on another."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from banditgen._text import flat

SIZE = 12.0  # of letters, in pixels
LINE = 15.0  # from one line to the next
_NARROW = frozenset(" .,:;'|!()[]{}/\\ijltfrI-")
_BROAD = frozenset("mwMW@%—")

Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""


def room(text: str, size: float = SIZE) -> float:
    """About how many pixels a text is wide, in the sans-serif letters that systems have; rather too many."""
    units = 0.0
    for character in text:
        if unicodedata.east_asian_width(character) in "WF":
            units += 1.05
        else:
            units += 0.42 if character in _NARROW else 0.97 if character in _BROAD else 0.7 if character.isupper() else 0.63
    return units * size


def fitting(text: str, most: float, size: float = SIZE, *, tail: int = 0) -> str:
    """As much of a text as there is room for, on one line, with a sign for the rest.

    Of names that differ at their ends, `tail` characters there are kept, and what is left out is before them.
    """
    text = flat(text)
    if room(text, size) <= most:
        return text
    end = text[-tail:] if tail and room(f"…{text[-tail:]}", size) < most else ""
    head = text[: len(text) - len(end)]
    while head and room(f"{head}…{end}", size) > most:
        head = head[:-1] if len(head) < 64 else head[: len(head) // 2]
    return f"{head}…{end}"


def spread(places: Sequence[float], low: float, high: float, apart: float = LINE) -> list[float]:
    """Places as near as can be to these, in their order, `apart` from each other and between the ends where there is room."""
    order = sorted(range(len(places)), key=lambda i: places[i])
    moved = [0.0] * len(places)
    above = low - apart
    for i in order:
        moved[i] = above = max(places[i], above + apart)
    below = high + apart
    for i in reversed(order):
        moved[i] = below = min(moved[i], below - apart)
    return moved


class Free:
    """What is free of a rectangle in which marks and texts are placed one after another."""

    def __init__(self, whole: Box) -> None:
        self._whole = whole
        self._taken: list[Box] = []

    def take(self, box: Box) -> None:
        """Something lies there."""
        self._taken.append(box)

    def place(self, x: float, y: float, text: str, away: float = 8.0) -> tuple[float, float, str] | None:
        """Where a text can stand beside a point: x, y of its base line and its anchor; None where there is no room."""
        width, half = room(text), LINE / 2
        left, top, right, bottom = self._whole
        for x0, y0, anchor in (
            (x + away - 2, y - away - 2, "start"),
            (x - away + 2 - width, y - away - 2, "end"),
            (x + away, y, "start"),
            (x - away - width, y, "end"),
            (x - width / 2, y - away - half, "middle"),
            (x - width / 2, y + away + half, "middle"),
            (x + away, y - LINE, "start"),
            (x + away, y + LINE, "start"),
            (x - away - width, y - LINE, "end"),
            (x - away - width, y + LINE, "end"),
        ):
            box = (x0, y0 - half, x0 + width, y0 + half)
            inside = box[0] >= left and box[2] <= right and box[1] >= top and box[3] <= bottom
            if inside and not any(_overlap(box, taken) for taken in self._taken):
                self.take(box)
                at = {"start": x0, "end": x0 + width, "middle": x0 + width / 2}[anchor]
                return at, y0 + SIZE * 0.35, anchor
        return None


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
