"""What a picture shows, without saying how it is drawn: panels with axes, and marks in them. `svg` and `figure` draw it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Literal

Numbers = Sequence[float]

GREY = -1  # the colour of what is not told apart by colour
COLOURS = 8  # that people who see colours differently still tell apart, also beside each other

Kind = Literal["number", "count", "share", "seconds", "time", "names"]
Dash = Literal["solid", "dashed"]


@dataclasses.dataclass(frozen=True)
class Axis:
    """An axis: its title with the unit, what its values are, and where it begins and ends (None: where the marks do).

    A "count" has ticks at whole numbers alone, a "share" is in [0, 1] and shown in percent, a "time" in Unix seconds; "names" are those
    in `names`, at 0, 1, 2 and so on, the first of them on top.
    """

    title: str
    kind: Kind = "number"
    low: float | None = None
    high: float | None = None
    names: Sequence[str] = ()


@dataclasses.dataclass(frozen=True)
class Line:
    """A line through points; where `low` and `high` are given, with a band around it."""

    name: str
    x: Numbers
    y: Numbers
    colour: int = GREY
    low: Numbers | None = None
    high: Numbers | None = None
    dash: Dash = "solid"
    steps: bool = False  # it stays where it is until the next point


@dataclasses.dataclass(frozen=True)
class Points:
    """Points, each with a text for who points at it, and where given with an interval in x or y, and with a label."""

    name: str
    x: Numbers
    y: Numbers
    said: Sequence[str]
    colours: Sequence[int]
    x_low: Numbers | None = None
    x_high: Numbers | None = None
    y_low: Numbers | None = None
    y_high: Numbers | None = None
    labels: Sequence[str] = ()
    hollow: Sequence[bool] = ()


@dataclasses.dataclass(frozen=True)
class Bars:
    """Bars from x to `to` in the row y, each with a text for who points at it. Those of one name have one look."""

    name: str
    x: Numbers
    to: Numbers
    y: Numbers
    said: Sequence[str]
    colours: Sequence[int]
    hatched: bool = False


@dataclasses.dataclass(frozen=True)
class Links:
    """Lines from (x, y) to (to_x, to_y)."""

    x: Numbers
    y: Numbers
    to_x: Numbers
    to_y: Numbers


Mark = Line | Points | Bars | Links


@dataclasses.dataclass(frozen=True)
class Panel:
    """Marks in one pair of axes. `legend` says whether the marks' names are listed; else lines carry theirs at their ends."""

    marks: Sequence[Mark]
    x: Axis
    y: Axis
    title: str = ""
    legend: bool = False
    whole: bool = False  # it takes the whole width


@dataclasses.dataclass(frozen=True)
class Chart:
    """Panels one below the other, or side by side where there is room; `said` is what a reader who cannot see it is told."""

    title: str
    panels: Sequence[Panel]
    said: str = ""
