"""How sure it was, as evidence came in, which arm is best."""

from __future__ import annotations

import numpy as np

from banditgen.bandit.arrays import Floats
from banditgen.report.chart import GREY, Axis, Chart, Line, Panel
from banditgen.report.source import Past, Source
from banditgen.report.table import Column, count, moment, share
from banditgen.report.view import View, nothing

MOST = 6  # arms with a line of their own in each panel


def view(source: Source) -> View:
    """Each arm's chance to have the best mean reward, at moments of the past, by task type."""
    title = "Which arm was the best, and how sure that was"
    told = {kind: list(some) for kind in source.task_types if (some := _grown(source, kind).values())}
    if not told:
        return nothing("best", title, "No test has judged a candidate yet.")
    chances = {kind: np.stack([past.chance_best for past in some]) for kind, some in told.items()}
    at = source.log.created_at
    rows = [
        (kind, float(at[past.until - 1]), name, past.outcomes.sum(), chance)
        for kind, some in told.items()
        for past, row in zip(some, chances[kind].tolist(), strict=True)
        for name, chance, own in zip(source.names, row, past.outcomes, strict=True)
        if own > 0 or chance >= 0.01
    ]
    table = {
        "task_type": Column("task type", [row[0] for row in rows]),
        "at": Column("when (UTC)", [row[1] for row in rows], moment),
        "arm": Column("arm", [row[2] for row in rows]),
        "outcomes": Column("verdicts by then", [float(row[3]) for row in rows], count),
        "chance_best": Column("chance to be the best, by own outcomes", [row[4] for row in rows], share),
    }
    panels = [_panel(source, kind, told[kind], chances[kind]) for kind in told]
    now = ", ".join(f"{kind}: {source.names[int(some[-1].argmax())]} {some[-1].max():.0%}" for kind, some in chances.items())
    return View(
        "best",
        Chart(title, panels, f"By own outcomes, now: {now}"),
        table,
        "The posterior chance that an arm's mean reward is the highest of all, by its own outcomes alone, after so many verdicts on tasks "
        f"of that type. Up to {MOST} arms, those that are or were most likely, have a line; the others are added up.",
        "Each arm is judged by its own outcomes here, without what races showed together: arms that ran in later waves, where others had "
        "failed, look worse than they are, and chances differ from those in the sentences and of what is expected of each arm, which go by "
        "everything. A chance that is looked at again and again crosses any line sooner or later: for what is certain see the sentences.",
    )


def _grown(source: Source, kind: str) -> dict[float, Past]:
    """A task type's past by its number of verdicts."""
    return {float(past.outcomes.sum()): past for past in source.past if past.task_type == kind}


def _panel(source: Source, kind: str, told: list[Past], chances: Floats) -> Panel:
    verdicts = [float(past.outcomes.sum()) for past in told]
    order = np.argsort(-np.maximum(chances.max(0) * 0.999, chances[-1]), kind="stable")
    coloured = [i for i in order.tolist() if source.colours[source.names[i]] != GREY][:MOST]
    shown = np.array(coloured, np.int64)
    rest = np.setdiff1d(order, shown)
    lines = [Line(source.names[i], verdicts, chances[:, i].tolist(), source.colours[source.names[i]]) for i in shown.tolist()]
    if len(rest):
        lines.append(Line(f"{len(rest)} others", verdicts, chances[:, rest].sum(1).tolist(), GREY, dash="dashed"))
    x, y = Axis("verdicts so far", "count", low=0.0), Axis("chance to be the best, by own outcomes", "share", 0.0, 1.0)
    return Panel(lines, x, y, kind)
