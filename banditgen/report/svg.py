"""A chart as SVG that needs nothing else: elements with classes that a style sheet colours, texts that nobody's name can leave.

Elements are a tree until they are written, so that what is written is escaped, whoever made it.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable, Sequence
from xml.etree.ElementTree import Element, SubElement

from banditgen._text import printable
from banditgen.report.chart import Axis, Bars, Chart, Line, Links, Panel, Points
from banditgen.report.lettering import LINE, SIZE, Free, fitting, room, spread
from banditgen.report.ticks import ticks

ROW = 22.0  # of an axis of names
TAIL = 8  # characters at the ends of names, where arms of one model differ
NAMES = 0.45  # of a panel's width, at most
GAP = 28.0  # between panels
WIDEST = 780.0  # of a panel of lines or points
SIDE_BY_SIDE = 640.0  # from this width on
_SIZES = {"panel": 15.0, "title": 18.0}  # of letters, in pixels; bold ones take more room than `room` says
# what is told apart by colour is told apart by shape, too
_SHAPES = (
    "M-4.5,0a4.5,4.5 0 1,0 9,0a4.5,4.5 0 1,0 -9,0Z",
    "M-4,-4H4V4H-4Z",
    "M0,-5.5L5.5,0L0,5.5L-5.5,0Z",
    "M0,-5L5,4H-5Z",
    "M0,5L5,-4H-5Z",
    "M-5,-2H-2V-5H2V-2H5V2H2V5H-2V2H-5Z",
    "M-5,-3L-3,-5L0,-2L3,-5L5,-3L2,0L5,3L3,5L0,2L-3,5L-5,3L-2,0Z",
    "M0,-5.5L5,-1.5L3,4.5H-3L-5,-1.5Z",
)


def svg(chart: Chart, width: float, *, alone: bool = False) -> Element:
    """A chart as an SVG element of that width in pixels; `alone` where it is a file of its own and brings its title."""
    half = (width - GAP) / 2
    columns = (
        2 if width >= SIDE_BY_SIDE and len(chart.panels) > 1 and all(panel.whole or _fits(panel, half) for panel in chart.panels) else 1
    )
    each = half if columns == 2 else width
    if len(chart.panels) == 1 and chart.panels[0].y.kind != "names":
        each = min(each, WIDEST)
    root = Element("svg", {"role": "img", "aria-label": printable(f"{chart.title}. {chart.said}".strip())})
    top = 0.0
    if alone:
        root.set("xmlns", "http://www.w3.org/2000/svg")
        _text(root, 0, 18, chart.title, "title", most=width)
        top = 30.0
    for some in _rows(chart.panels, columns):
        row = [_Drawing(panel, width if panel.whole else each) for panel in some]
        height = max((drawing.height for drawing in row), default=0.0)
        for place, drawing in enumerate(row):
            drawing.draw(SubElement(root, "g", {"transform": f"translate({place * (each + GAP):.0f},{top:.0f})"}))
        top += height + GAP
    height = max(top - GAP, 1.0)
    root.set("viewBox", f"0 0 {width:.0f} {height:.0f}")
    if alone:
        root.set("width", f"{width:.0f}")
        root.set("height", f"{height:.0f}")
    return root


def _rows(panels: Sequence[Panel], columns: int) -> list[list[Panel]]:
    rows: list[list[Panel]] = []
    for panel in panels:
        if rows and len(rows[-1]) < columns and not panel.whole and not rows[-1][-1].whole:
            rows[-1].append(panel)
        else:
            rows.append([panel])
    return rows


def _fits(panel: Panel, width: float) -> bool:
    """Whether its names leave room for what they name."""
    return panel.y.kind != "names" or max((room(name) for name in panel.y.names), default=0.0) <= NAMES * width


@dataclasses.dataclass(frozen=True)
class _Scale:
    """From values to pixels."""

    low: float
    high: float
    begin: float
    end: float

    def __call__(self, value: float) -> float:
        return self.begin + (value - self.low) / (self.high - self.low) * (self.end - self.begin)


class _Drawing:
    """One panel of a width: what surrounds the axes is measured first, then all is drawn."""

    def __init__(self, panel: Panel, width: float) -> None:
        self.panel, self.width = panel, width
        lines = [mark for mark in panel.marks if isinstance(mark, Line) and mark.name]
        self._ended = [] if panel.legend or width < 520 else lines
        keys = {mark.name: mark for mark in panel.marks if not isinstance(mark, Links) and mark.name and mark not in self._ended}
        self._keys = list(keys.values()) if panel.legend or lines else []
        top = (LINE + 6 if panel.title else 0) + self._legend_rows() * (LINE + 3)
        top += LINE + 6 if panel.y.title else 6
        names = panel.y.kind == "names"
        self._x_ends, self._y_ends = _ends(panel, "x"), _ends(panel, "y")
        most_ticks = max(2, int((width - 60) / 76))
        self._x_ticks = ticks(*self._x_ends, most_ticks, panel.x.kind)
        self._y_ticks = [] if names else ticks(*self._y_ends, 5, panel.y.kind)
        labels = list(panel.y.names) if names else [text for _, text in self._y_ticks]
        left = min(max((room(label) for label in labels), default=0.0) + 10, width * (NAMES if names else 0.3))
        right = 10.0
        if self._ended:
            right = min(max(room(line.name) for line in self._ended) + 16, width * 0.34)
        elif self._x_ticks:
            right = max(right, room(self._x_ticks[-1][1]) / 2 + 2)
        inner = max(1, len(panel.y.names)) * ROW if names else min(max(width * 0.5, 170), 260)
        self.height = top + inner + (LINE * 2 + 14 if panel.x.title else LINE + 10)
        self._box = left, top, width - right, top + inner
        self._x = _Scale(*_open(self._x_ends, panel.x), self._box[0], self._box[2])
        rows = max(1, len(panel.y.names))
        self._y = _Scale(-0.5, rows - 0.5, top, top + inner) if names else _Scale(*_open(self._y_ends, panel.y), top + inner, top)

    def _legend_rows(self) -> int:
        rows, used = (1, 0.0) if self._keys else (0, 0.0)
        for mark in self._keys:
            wide = min(room(mark.name) + 34, self.width)
            if used and used + wide > self.width:
                rows, used = rows + 1, 0.0
            used += wide
        return rows

    def draw(self, into: Element) -> None:
        """Draw it all."""
        if self.panel.title:
            _text(into, 0, LINE, self.panel.title, "panel", most=self.width)
        self._draw_legend(into)
        self._draw_axes(into)
        left, top, right, bottom = self._box
        self._free = Free((left, top - 4, right + 8, bottom))
        for mark in self.panel.marks:
            if isinstance(mark, Line):
                self._draw_line(into, mark)
            elif isinstance(mark, Bars):
                self._draw_bars(into, mark)
            elif isinstance(mark, Links):
                self._draw_links(into, mark)
        for mark in self.panel.marks:
            if isinstance(mark, Points):
                self._draw_points(into, mark)
        self._draw_ends(into)

    def _draw_legend(self, into: Element) -> None:
        x, y = 0.0, (LINE + 6 if self.panel.title else 0) + LINE
        for mark in self._keys:
            name = fitting(mark.name, self.width - 34)
            wide = room(name) + 34
            if x and x + wide > self.width:
                x, y = 0.0, y + LINE + 3
            colour = mark.colour if isinstance(mark, Line) else mark.colours[0] if mark.colours else -1
            if isinstance(mark, Line):
                SubElement(into, "path", {"class": f"line {_stroke(colour)}{_dashed(mark)}", "d": f"M{x:.0f},{y - 4:.0f}h18"})
            elif isinstance(mark, Bars):
                kind = f"bar {_fill(colour)}{' faint' if mark.hatched else ''}"
                SubElement(into, "rect", {"class": kind, "x": f"{x + 3:.0f}", "y": f"{y - 10:.0f}", "width": "12", "height": "12"})
            else:
                _shape(into, x + 9, y - 4, colour, hollow=bool(mark.hollow and mark.hollow[0]))
            _text(into, x + 23, y, name, "key")
            x += wide

    def _draw_axes(self, into: Element) -> None:
        left, top, right, bottom = self._box
        grid = SubElement(into, "g", {"class": "grid"})
        for at, text in self._x_ticks:
            x = self._x(at)
            SubElement(grid, "path", {"d": f"M{x:.1f},{top:.1f}V{bottom:.1f}"})
            _text(into, x, bottom + LINE + 1, text, "tick", anchor="middle")
        if self.panel.y.kind == "names":
            for row, name in enumerate(self.panel.y.names):
                _text(into, left - 8, self._y(row) + 4, name, "name", anchor="end", most=left - 8, tail=TAIL)
        for at, text in self._y_ticks:
            y = self._y(at)
            SubElement(grid, "path", {"d": f"M{left:.1f},{y:.1f}H{right:.1f}"})
            _text(into, left - 6, y + 4, text, "tick", anchor="end")
        SubElement(into, "path", {"class": "axis", "d": f"M{left:.1f},{top:.1f}V{bottom:.1f}H{right:.1f}"})
        if self.panel.y.title:
            _text(into, 0, top - 8, self.panel.y.title, "axis-title", most=self.width)
        if self.panel.x.title:
            _text(into, right, bottom + LINE * 2 + 6, self.panel.x.title, "axis-title", anchor="end", most=self.width)

    def _draw_line(self, into: Element, line: Line) -> None:
        points = [(self._x(x), self._y(y)) for x, y in zip(line.x, line.y, strict=True) if math.isfinite(y)]
        if line.low is not None and line.high is not None and len(points) > 1:
            there = [i for i, y in enumerate(line.y) if math.isfinite(y)]
            high = [(self._x(line.x[i]), self._y(line.high[i])) for i in there]
            low = [(self._x(line.x[i]), self._y(line.low[i])) for i in reversed(there)]
            SubElement(into, "path", {"class": f"band {_fill(line.colour)}", "d": f"M{_joined(high + low)}Z"})
        if not points:
            return
        if len(points) == 1:
            one = SubElement(into, "g")
            _shape(one, *points[0], line.colour, hollow=False)
            _say(one, line.name)
            return
        if line.steps:
            points = [point for a, b in itertools.pairwise(points) for point in (a, (b[0], a[1]))] + points[-1:]
        path = SubElement(into, "path", {"class": f"line {_stroke(line.colour)}{_dashed(line)}", "d": f"M{_joined(points)}"})
        _say(path, line.name)

    def _draw_ends(self, into: Element) -> None:
        ends = [(line, [(x, y) for x, y in zip(line.x, line.y, strict=True) if math.isfinite(y)]) for line in self._ended]
        found = [(line, points[-1]) for line, points in ends if points]
        places = spread([self._y(y) for _, (_, y) in found], self._box[1], self._box[3])
        for (line, (x, y)), place in zip(found, places, strict=True):
            at = self._box[2] + 14
            leader = f"M{self._x(x):.1f},{self._y(y):.1f}L{at - 3:.1f},{place:.1f}"
            SubElement(into, "path", {"class": f"leader {_stroke(line.colour)}", "d": leader})
            _text(into, at, place + 4, line.name, "end", most=self.width - at, tail=TAIL)

    def _draw_points(self, into: Element, points: Points) -> None:
        named = self.panel.y.kind == "names"
        for i, (x, y) in enumerate(zip(points.x, points.y, strict=True)):
            at, up, colour = self._x(x), self._y(y), points.colours[i]
            one = SubElement(into, "g")
            if points.x_low is not None and points.x_high is not None:
                d = f"M{self._x(points.x_low[i]):.1f},{up:.1f}H{self._x(points.x_high[i]):.1f}"
                SubElement(one, "path", {"class": f"interval {_stroke(colour)}", "d": d})
            if points.y_low is not None and points.y_high is not None:
                d = f"M{at:.1f},{self._y(points.y_low[i]):.1f}V{self._y(points.y_high[i]):.1f}"
                SubElement(one, "path", {"class": f"interval {_stroke(colour)}", "d": d})
            _shape(one, at, up, 0 if named else colour, hollow=bool(points.hollow and points.hollow[i]), colour=colour)
            _say(one, points.said[i])
            self._free.take((at - 5, up - 5, at + 5, up + 5))
        for i, label in enumerate(points.labels):
            text = fitting(label, self.width * 0.4, tail=TAIL)
            place = self._free.place(self._x(points.x[i]), self._y(points.y[i]), text) if label else None
            if place is not None:
                _text(into, place[0], place[1], text, "label", anchor=place[2])

    def _draw_bars(self, into: Element, bars: Bars) -> None:
        half = ROW * 0.34
        for x, to, y, said, colour in zip(bars.x, bars.to, bars.y, bars.said, bars.colours, strict=True):
            begin, end = self._x(x), self._x(to)
            rect = {
                "x": f"{begin:.1f}",
                "y": f"{self._y(y) - half:.1f}",
                "width": f"{max(end - begin, 0.8):.1f}",
                "height": f"{2 * half:.1f}",
            }
            _say(SubElement(into, "rect", {"class": f"bar {_fill(colour)}{' faint' if bars.hatched else ''}", **rect}), said)

    def _draw_links(self, into: Element, links: Links) -> None:
        for x, y, to_x, to_y in zip(links.x, links.y, links.to_x, links.to_y, strict=True):
            a, b, c, d = self._x(x), self._y(y), self._x(to_x), self._y(to_y)
            middle = (a + c) / 2
            SubElement(into, "path", {"class": "link", "d": f"M{a:.1f},{b:.1f}C{middle:.1f},{b:.1f} {middle:.1f},{d:.1f} {c:.1f},{d:.1f}"})


def _ends(panel: Panel, which: str) -> tuple[float, float]:
    """Where an axis begins and ends."""
    axis: Axis = panel.x if which == "x" else panel.y
    values = [value for mark in panel.marks for value in _values(mark, which) if math.isfinite(value)]
    low = axis.low if axis.low is not None else min(values, default=0.0)
    high = axis.high if axis.high is not None else max(values, default=1.0)
    return (low, high) if high > low else (low, low + 1.0)


def _values(mark: Line | Points | Bars | Links, which: str) -> list[float]:
    fields = {
        Line: ("x",) if which == "x" else ("y", "low", "high"),
        Points: (which, f"{which}_low", f"{which}_high"),
        Bars: ("x", "to") if which == "x" else ("y",),
        Links: (which, f"to_{which}"),
    }[type(mark)]
    return [float(value) for field in fields for value in getattr(mark, field) or ()]


def _open(ends: tuple[float, float], axis: Axis) -> tuple[float, float]:
    """The ends with a little room beyond those that only the marks give."""
    beyond = 0.03 * (ends[1] - ends[0])
    return ends[0] - (beyond if axis.low is None else 0.0), ends[1] + (beyond if axis.high is None else 0.0)


def _joined(points: Sequence[tuple[float, float]]) -> str:
    return "L".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _text(
    into: Element, x: float, y: float, text: str, kind: str, *, anchor: str = "start", most: float | None = None, tail: int = 0
) -> None:
    shown = printable(text).replace("\n", " ") if most is None else fitting(text, most, _SIZES.get(kind, SIZE), tail=tail)
    element = SubElement(into, "text", {"class": kind, "x": f"{x:.1f}", "y": f"{y:.1f}"})
    if anchor != "start":
        element.set("text-anchor", anchor)
    element.text = shown
    if most is not None and "…" in shown:
        _say(element, text)


def _say(element: Element, text: str) -> None:
    """What who points at an element is told."""
    if text:
        title = Element("title")
        title.text = printable(text)
        if element.text:
            title.tail, element.text = element.text, None
        element.insert(0, title)


def _shape(into: Element, x: float, y: float, shape: int, *, hollow: bool, colour: int | None = None) -> None:
    tint = shape if colour is None else colour
    look: Callable[[int], str] = _stroke if hollow else _fill
    kind = f"point {look(tint)}{' hollow' if hollow else ''}"
    SubElement(into, "path", {"class": kind, "d": _SHAPES[max(shape, 0) % len(_SHAPES)], "transform": f"translate({x:.1f},{y:.1f})"})


def _stroke(colour: int) -> str:
    return f"s{colour}" if colour >= 0 else "sg"


def _fill(colour: int) -> str:
    return f"f{colour}" if colour >= 0 else "fg"


def _dashed(line: Line) -> str:
    return " dash" if line.dash == "dashed" else ""
