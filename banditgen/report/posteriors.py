"""What is believed of each arm, by type of task."""

from __future__ import annotations

from banditgen.learning.learner import Recommendation
from banditgen.report.chart import Axis, Chart, Panel, Points
from banditgen.report.source import Source
from banditgen.report.table import Column, count, number, share
from banditgen.report.view import View, nothing

MOST = 15  # arms of a task type in the picture; the table has all


def view(source: Source) -> View:
    """Expected reward of every arm with its 95 % credible interval, one panel for each task type."""
    title = "What is expected of each arm"
    if not source.task_types:
        return nothing("posteriors", title, "No test or other evidence has judged a candidate yet.")
    found = {kind: source.learner.recommend(kind, source.criteria(kind)) for kind in source.task_types}
    rows = [(kind, row) for kind, some in found.items() for row in some]
    table = {
        "task_type": Column("task type", [kind for kind, _ in rows]),
        "arm": Column("arm", [row.name for _, row in rows]),
        "expected_reward": Column("expected reward", [row.expected_reward for _, row in rows], number()),
        "low": Column("95 % from", [row.low for _, row in rows], number()),
        "high": Column("to", [row.high for _, row in rows], number()),
        "chance_best": Column("chance to be the best", [row.chance_best for _, row in rows], share),
        "passes": Column("passed", [row.passes for _, row in rows], count),
        "fails": Column("failed", [row.fails for _, row in rows], count),
        "soft": Column("soft evidence", [row.soft for _, row in rows], number(1)),
    }
    said = "; ".join(f"{kind}: {some[0].name} {some[0].expected_reward:.2f}" for kind, some in found.items())
    left = max(len(some) for some in found.values()) - MOST
    more = f" The {MOST} best of each type are drawn; the table has all." if left > 0 else ""
    return View(
        "posteriors",
        Chart(title, [_panel(source, kind, some[:MOST]) for kind, some in found.items()], f"Highest expected: {said}"),
        table,
        "The mean reward expected of one candidate (0 where it fails, else its weighted quality and speed), with the 95 % credible "
        f"interval of that mean; hollow where no verdict is known.{more}",
        "The interval is of the arm's mean, not of one candidate. Evidence from before a model changed counts a tenth, so numbers of "
        "outcomes can be fractions. Arms that race less are known less. All arms that the history knows are "
        "compared; `recommend` compares those that may race now, and says the same where these are all.",
    )


def _panel(source: Source, kind: str, rows: list[Recommendation]) -> Panel:
    points = Points(
        name="",
        x=[row.expected_reward for row in rows],
        y=list(range(len(rows))),
        said=[_said(row) for row in rows],
        colours=[source.colours[row.name] for row in rows],
        x_low=[row.low for row in rows],
        x_high=[row.high for row in rows],
        hollow=[row.outcomes == 0 for row in rows],
    )
    x = Axis("expected reward, 0 to 1, with 95 % interval", low=0.0, high=1.0)
    return Panel([points], x, Axis("", "names", names=[row.name for row in rows]), kind)


def _said(row: Recommendation) -> str:
    interval = f"{row.expected_reward:.2f} ({row.low:.2f} to {row.high:.2f})"
    return f"{row.name}: {interval} after {row.passes:g} passed and {row.fails:g} failed; best with chance {row.chance_best:.0%}"
