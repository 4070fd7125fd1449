"""Which arms were bred from which, and what that brought."""

from __future__ import annotations

from collections.abc import Sequence

from banditgen.evolution.lineage import Member, family
from banditgen.report.chart import Axis, Chart, Links, Panel, Points
from banditgen.report.source import Source
from banditgen.report.table import Column, count, number, share
from banditgen.report.view import View, nothing

MOST = 40  # arms in the picture: those that were bred or have children first


def view(source: Source) -> View:
    """Bred arms with their parents, by generation, each with its gain over the better parent."""
    title = "Who came from whom"
    members = family(source.history, source.strategy.name, source.criteria) if any(arm.parents for arm in source.history.arms()) else []
    parents = {parent for member in members for parent in member.parents}
    kin = [member for member in members if member.parents or member.arm_id in parents]
    if not kin:
        return nothing("lineage", title, "No arm was bred yet (`banditgen evolve`, or a strategy with [evolution]).")
    names = {member.arm_id: member.name for member in members}
    gains = [member.gain for member in kin]
    table = {
        "arm": Column("arm", [member.name for member in kin]),
        "parents": Column("parents", [", ".join(names[parent] for parent in member.parents) or "–" for member in kin]),
        "change": Column("change", [str(member.detail.get("change") or "–") for member in kin]),
        "status": Column("status", [member.status for member in kin]),
        "passes": Column("passed", [member.passes for member in kin], count),
        "outcomes": Column("of", [member.outcomes for member in kin], count),
        "gain": Column("gain over the better parent", [gain and gain.expected for gain in gains], number()),
        "low": Column("95 % from", [gain and gain.low for gain in gains], number()),
        "high": Column("to", [gain and gain.high for gain in gains], number()),
        "chance": Column("chance that it is better", [gain and gain.chance for gain in gains], share),
    }
    better = sum(gain is not None and gain.low > 0 for gain in gains)
    bred = sum(bool(member.parents) for member in kin)
    return View(
        "lineage",
        Chart(title, [_panel(source, kin[:MOST])], f"{bred} arms were bred, {better} of them better than their better parent beyond doubt"),
        table,
        "Arms by generation, from left to right, each linked to its parents; filled where it is better than its better parent with 97.5 % "
        "credibility (its 95 % interval lies above 0). The gain is in expected reward.",
        "A child is bred from winners, and winners look better than they are: the interval has the parents' doubt in it, but not that. "
        "Of many children some look better by luck.",
    )


def _panel(source: Source, kin: Sequence[Member]) -> Panel:
    there = {member.arm_id: place for place, member in enumerate(kin)}
    depth: dict[str, int] = {}
    for member in kin:  # parents come before their children
        depth[member.arm_id] = 1 + max((depth.get(parent, 0) for parent in member.parents if parent in there), default=-1)
    links = [
        (depth[parent], there[parent], depth[member.arm_id], there[member.arm_id])
        for member in kin
        for parent in member.parents
        if parent in there
    ]
    from_x, from_y, to_x, to_y = ([float(link[i]) for link in links] for i in range(4))
    points = Points(
        name="",
        x=[float(depth[member.arm_id]) for member in kin],
        y=[float(place) for place in range(len(kin))],
        said=[_said(member) for member in kin],
        colours=[source.colours.get(member.name, -1) for member in kin],
        hollow=[not (member.gain is not None and member.gain.low > 0) for member in kin],
    )
    deepest = max(depth.values())
    x = Axis("generation", "count", low=0.0, high=float(max(1, deepest)))
    return Panel([Links(from_x, from_y, to_x, to_y), points], x, Axis("", "names", names=[member.name for member in kin]))


def _said(member: Member) -> str:
    told = f"{member.name}: {member.passes} of {member.outcomes} passed, {member.status}"
    if member.gain is not None:
        told += f"; gain {member.gain.expected:+.2f} ({member.gain.low:+.2f} to {member.gain.high:+.2f})"
    return told
