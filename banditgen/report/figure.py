"""A chart as a plotly Figure. Names of arms, tasks and people are text in it, never plotly's markup."""

from __future__ import annotations

import datetime as dt
import html
import math
from typing import TYPE_CHECKING, Any

from banditgen._text import flat
from banditgen.report.chart import Axis, Bars, Chart, Line, Links, Panel, Points
from banditgen.report.colours import hexadecimal
from banditgen.report.table import installed

if TYPE_CHECKING:
    import plotly.graph_objects as go

ROW, PLAIN = 24, 320  # pixels of height, of a row of names and of another panel
_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "triangle-down", "cross", "x", "pentagon")


def figure(chart: Chart) -> go.Figure:
    """The chart; empty, with the reason in it, where it has no panels.

    Raises:
        UsageError: plotly is not installed.
    """
    plotly, subplots = installed("plotly.graph_objects"), installed("plotly.subplots")
    heights = [ROW * max(3, len(panel.y.names)) + 60 if panel.y.kind == "names" else PLAIN for panel in chart.panels]
    if not chart.panels:
        empty: go.Figure = plotly.Figure(layout={"title": {"text": _plain(chart.title)}})
        empty.add_annotation(text=_plain(chart.said), showarrow=False, xref="paper", yref="paper", x=0.5, y=0.5)
        return empty
    made: go.Figure = subplots.make_subplots(
        rows=len(heights),
        cols=1,
        subplot_titles=[_plain(panel.title) for panel in chart.panels],
        row_heights=heights,
        vertical_spacing=min(0.3, 70 / max(sum(heights), 1)) if len(heights) > 1 else 0,
    )
    named: set[str] = set()
    for row, panel in enumerate(chart.panels, 1):
        for mark in panel.marks:
            for trace in _traces(mark, named, panel, plotly):
                made.add_trace(trace, row=row, col=1)
        made.update_xaxes(_axis(panel.x), row=row, col=1)
        made.update_yaxes(_axis(panel.y), row=row, col=1)
    made.update_layout(title={"text": _plain(chart.title)}, height=sum(heights) + 120, template="plotly_white", barmode="overlay")
    return made


def _traces(mark: Line | Points | Bars | Links, named: set[str], panel: Panel, plotly: Any) -> list[Any]:
    if isinstance(mark, Links):
        pairs = list(zip(mark.x, mark.to_x, mark.y, mark.to_y, strict=True))
        xs = [value for x, to_x, _, _ in pairs for value in (x, to_x, None)]
        ys = [value for _, _, y, to_y in pairs for value in (y, to_y, None)]
        return [plotly.Scatter(x=xs, y=ys, mode="lines", line={"color": hexadecimal(-1), "width": 1}, showlegend=False, hoverinfo="skip")]
    first = mark.name not in named
    named.add(mark.name)
    about: dict[str, Any] = {"name": _plain(mark.name), "legendgroup": _plain(mark.name), "showlegend": first and bool(mark.name)}
    if isinstance(mark, Line):
        return _line(mark, about, panel, plotly)
    if isinstance(mark, Points):
        error = {
            f"error_{axis}": {
                "type": "data",
                "symmetric": False,
                "array": [h - v for h, v in zip(getattr(mark, f"{axis}_high"), getattr(mark, axis), strict=True)],
                "arrayminus": [v - low for low, v in zip(getattr(mark, f"{axis}_low"), getattr(mark, axis), strict=True)],
            }
            for axis in ("x", "y")
            if getattr(mark, f"{axis}_low") is not None
        }
        symbols = [_SYMBOLS[colour % len(_SYMBOLS)] + ("-open" if hollow else "") for colour, hollow in _looks(mark)]
        marker = {"color": [hexadecimal(colour) for colour in mark.colours], "symbol": symbols, "size": 9}
        labels = {"mode": "markers+text", "textposition": "middle right", "text": [_plain(label) for label in mark.labels]}
        said = [_lines(text) for text in mark.said]
        more = error | (labels if mark.labels else {"mode": "markers"})
        return [
            plotly.Scatter(x=_values(mark.x, panel.x), y=list(mark.y), marker=marker, hovertext=said, hoverinfo="text", **about, **more)
        ]
    wide = [to - x for x, to in zip(mark.x, mark.to, strict=True)]
    tint = {"color": [hexadecimal(colour) for colour in mark.colours], "opacity": 0.35 if mark.hatched else 1.0}
    hover = {"hovertext": [_lines(text) for text in mark.said], "hoverinfo": "text"}
    return [plotly.Bar(x=wide, base=list(mark.x), y=list(mark.y), orientation="h", marker=tint, width=0.68, **about, **hover)]


def _looks(points: Points) -> list[tuple[int, bool]]:
    hollow = points.hollow or [False] * len(points.colours)
    return list(zip(points.colours, hollow, strict=True))


def _line(line: Line, about: dict[str, Any], panel: Panel, plotly: Any) -> list[Any]:
    x, colour = _values(line.x, panel.x), hexadecimal(line.colour)
    made = []
    if line.low is not None and line.high is not None:
        there = [i for i, y in enumerate(line.y) if math.isfinite(y)]
        around = [x[i] for i in there] + [x[i] for i in reversed(there)]
        edge = [line.high[i] for i in there] + [line.low[i] for i in reversed(there)]
        band = {"fill": "toself", "fillcolor": colour, "opacity": 0.18, "line": {"width": 0}, "hoverinfo": "skip", "mode": "lines"}
        made.append(plotly.Scatter(x=around, y=edge, **band, legendgroup=about["legendgroup"], showlegend=False))
    style = {"color": colour, "dash": "dash" if line.dash == "dashed" else "solid", "shape": "hv" if line.steps else "linear"}
    made.append(plotly.Scatter(x=x, y=list(line.y), mode="lines", line=style, **about))
    return made


def _axis(axis: Axis) -> dict[str, Any]:
    made: dict[str, Any] = {"title": {"text": _plain(axis.title)}}
    if axis.kind == "names":
        return made | {
            "tickvals": list(range(len(axis.names))),
            "ticktext": [_plain(name) for name in axis.names],
            "range": [max(1, len(axis.names)) - 0.5, -0.5],
        }
    if axis.kind == "share":
        made["tickformat"] = ".0%"
    if axis.low is not None and axis.high is not None:
        beyond = 0.02 * (axis.high - axis.low)
        made["range"] = [axis.low - beyond, axis.high + beyond]
    return made


def _values(values: Any, axis: Axis) -> list[Any]:
    return [dt.datetime.fromtimestamp(value, dt.UTC) for value in values] if axis.kind == "time" else list(values)


def _plain(text: str) -> str:
    """A text that plotly shows as it is."""
    return html.escape(flat(text), quote=False)


def _lines(text: str) -> str:
    return "<br>".join(_plain(line) for line in text.splitlines())
