"""How weights moved as people said what they think, and what moved them."""

from __future__ import annotations

from typing import Any

from banditgen._text import one_line
from banditgen.report.chart import COLOURS, Axis, Chart, Line, Panel, Points
from banditgen.report.source import Source
from banditgen.report.table import Column, moment, number, share
from banditgen.report.view import View, nothing

MOST = 6  # scopes in the picture


def view(source: Source) -> View:
    """The share of quality in quality and speed after each opinion, for each strategy and task type whose weights learned."""
    title = "Weights that learned from people"
    scopes = source.history.weight_scopes()
    steps = {scope: source.history.weight_steps(*scope) for scope in scopes}
    if not any(step["feedback_id"] for some in steps.values() for step in some):
        return nothing("weights", title, "Nobody has rated or preferred a candidate yet (`banditgen feedback`).")
    words = _opinions(source)
    rows = [(scope, step) for scope, some in steps.items() for step in some]
    said = [words.get(step["feedback_id"], "an opinion") if step["feedback_id"] else "to start from" for _, step in rows]
    table = {
        "scope": Column("strategy and starting weights", [_plain(scope[0]) for scope, _ in rows]),
        "task_type": Column("task type", [scope[1] or "all" for scope, _ in rows]),
        "at": Column("when (UTC)", [step["created_at"] for _, step in rows], moment),
        "quality": Column("quality", [step["quality"] for _, step in rows], number(3)),
        "speed": Column("speed", [step["speed"] for _, step in rows], number(3)),
        "evidence": Column("moved by", said),
    }
    drawn = sorted(steps, key=lambda scope: -len(steps[scope]))[:MOST]
    lines: list[Line | Points] = []
    for place, scope in enumerate(drawn):
        x = [float(step["created_at"]) for step in steps[scope]]
        y = [_quality(step) for step in steps[scope]]
        name = f"{_plain(scope[0])}, {scope[1] or 'all tasks'}"
        told = [words.get(step["feedback_id"], "to start from") for step in steps[scope]]
        said_of = [f"{name}: {share(at)} quality after: {text}" for at, text in zip(y, told, strict=True)]
        colour = place % COLOURS
        lines += [Line(name, x, y, colour, steps=True), Points("", x, y, said_of, [colour] * len(x))]
    y_axis = Axis("share of quality in quality and speed", "share", 0.0, 1.0)
    last = steps[drawn[0]]
    return View(
        "weights",
        Chart(
            title,
            [Panel(lines, Axis("date (UTC)", "time"), y_axis)],
            f"From {share(_quality(last[0]))} to {share(_quality(last[-1]))} quality",
        ),
        table,
        "The weight of quality as a share of both weights, after each rating or preference that it learned from; the first point of a line "
        "is where it started.",
        "A step says what one person thought of one result. Few opinions move weights as they come; `banditgen tune` asks whether other "
        "weights predict people better beyond noise.",
    )


def _plain(scope: str) -> str:
    """A scope as people read it: the strategy, and where its weights began."""
    name, _, start = scope.rpartition(":")
    return f"{name} (from {start})" if name else scope


def _quality(step: dict[str, Any]) -> float:
    whole = step["quality"] + step["speed"]
    return float(step["quality"] / whole) if whole > 0 else 0.5


def _opinions(source: Source) -> dict[str, str]:
    """Each opinion in words, by its id."""
    said = {one.id: _said(f"rated {one.satisfaction:g}", one.who, one.why) for one in source.history.feedback()}
    held = [one.preference for one in source.history.preferences()]
    return said | {one.id: _said("preferred one of two candidates", one.who, one.why) for one in held}


def _said(what: str, who: str | None, why: str | None) -> str:
    return one_line(f"{who or 'someone'} {what}" + (f": {why}" if why else ""))
