"""Whether what was said to be likely came about that often: intervals of arms' means, and what stood in for tests."""

from __future__ import annotations

import dataclasses
import itertools
from typing import NamedTuple

import numpy as np
from scipy.special import betaincinv

from banditgen.arm import arm_id, plain_model
from banditgen.bandit.arrays import Floats
from banditgen.bandit.measured import known_weights
from banditgen.report.chart import COLOURS, GREY, Axis, Chart, Line, Panel, Points
from banditgen.report.source import Source
from banditgen.report.table import Column, Table, count, share
from banditgen.report.view import View, nothing
from banditgen.result import CONFIDENCE, LEVELS

LEAST = 5  # verdicts of an arm between two moments, for its mean there to be held against what was believed
CREDIBILITIES = (0.5, 0.8, 0.95)
LEAST_SAID = 3  # things said at a level, for it to be drawn


@dataclasses.dataclass(frozen=True)
class Held:
    """Of `tried` intervals of a credibility `held` had the later mean in them: a share with its 95 % interval."""

    credibility: float
    tried: int
    held: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """Of them."""
        return self.held / self.tried

    @property
    def fault(self) -> str:
        """Whether they are "narrow" or "wide": where the share that held is not what was promised, beyond doubt (99 %); else ""."""
        low, high = _interval(self.held, self.tried, 0.99)
        return "narrow" if high < self.credibility else "wide" if low > self.credibility else ""


class Stated(NamedTuple):
    """Something stated, how often, and the share of times that it came about, with its 95 % interval."""

    kind: str
    stated: float
    cases: int
    observed: float
    low: float
    high: float


def view(source: Source) -> View:
    """How often credible intervals held what came next; and of soft evidence and stated confidence how often it was right."""
    title = "Are the numbers honest?"
    intervals, levels = held(source), said(source)
    if not intervals and not levels:
        return nothing("calibration", title, f"It takes an arm with {LEAST} verdicts after others of its own.")
    panels = [_intervals(intervals)] if intervals else []
    if levels:
        panels.append(_levels(levels))
    rows = [Stated("intervals", one.credibility, one.tried, one.share, one.low, one.high) for one in intervals] + levels
    table: Table = {
        "what": Column("what", [row.kind for row in rows]),
        "stated": Column("stated", [row.stated for row in rows], share),
        "cases": Column("cases", [row.cases for row in rows], count),
        "observed": Column("came about", [row.observed for row in rows], share),
        "low": Column("95 % from", [row.low for row in rows], share),
        "high": Column("to", [row.high for row in rows], share),
    }
    told = next((one for one in intervals if one.credibility == CREDIBILITIES[-1]), None)
    words = f"{told.held} of {told.tried} intervals of 95 % held" if told else "what was said beside verdicts, against them"
    return View(
        "calibration",
        Chart(title, panels, words),
        table,
        f"At {len(source.moments)} moments the log up to then gave each arm an interval for the mean reward of its next outcomes, at least "
        f"{LEAST} of them: how often that mean was in it. On the diagonal intervals are honest. Beside it, where there is any, what soft "
        "evidence or a stated confidence said, against the share that passed a test, or people's ratings. Bars are 95 % intervals.",
        "Intervals assume that an arm stays as it is: where a model or the tasks change, fewer hold. Those of one arm at different moments "
        "count as if they were different arms'. Confidence can only be held against what was rated, and people rate what they use.",
    )


def held(source: Source) -> list[Held]:
    """How often intervals of each credibility held the mean reward of an arm's outcomes up to the next moment."""
    places = np.array(places_of(source))
    if len(places) == 0:
        return []
    found = []
    for credibility in CREDIBILITIES:
        n, inside = len(places), int((np.abs(places - 0.5) <= credibility / 2).sum())
        found.append(Held(credibility, n, inside, *_interval(inside, n)))
    return found


def places_of(source: Source) -> list[float]:
    """Where each arm's next mean reward lay in what was believed of it, from 0 (below all of it) to 1; even where beliefs are honest.

    What is believed of the next mean is a draw of the arm's mean with the noise of so many outcomes.
    """
    log, places, rng = source.log, [], np.random.default_rng(0)
    ends = source.moments.tolist()
    after = dict(itertools.pairwise(ends))
    for past in source.past:
        until = after.get(past.until)
        if until is None:
            continue
        kind = log.task_types.index(past.task_type)
        here = np.arange(past.until, until)
        here = here[(log.task_type[here] == kind) & (log.verdict[here] >= 0) & (log.arm[here] >= 0)]
        weights, further = source.criteria(past.task_type).shares
        quality, speed = known_weights({}, np.array(weights), further)[0]  # `past` knows no further measures
        reward = np.where(log.verdict[here] > 0, quality * log.quality[here] + speed * log.speed[here], 0.0)
        n = np.bincount(log.arm[here], minlength=len(source.arms))
        total = np.bincount(log.arm[here], reward, minlength=len(source.arms))
        for arm in np.flatnonzero((n >= LEAST) & (past.outcomes >= LEAST)).tolist():
            noise = rng.standard_normal(len(past.draws)) * np.sqrt(past.variance[arm] / n[arm])
            next_means = past.draws[:, arm] + noise
            places.append(float((next_means < total[arm] / n[arm]).mean()))
    return places


def said(source: Source) -> list[Stated]:
    """Of soft evidence beside verdicts, and of stated confidence beside ratings."""
    changes = source.history.evidence({arm_id(arm) for arm in source.arms}, {plain_model(arm.model) for arm in source.arms})
    right: dict[str, Floats] = {}
    for (_, _, _, _, kind, level, verdict, _), n in changes.soft.items():
        if verdict >= 0:
            right.setdefault(f"{kind}, against tests", np.zeros((LEVELS + 1, 2)))[level, verdict] += n
    for rated in source.history.ratings():
        confidence = rated.result.measures.get(CONFIDENCE)
        if confidence is not None and 0 <= confidence <= 1:
            row = right.setdefault("confidence, against ratings", np.zeros((LEVELS + 1, 2)))[round(LEVELS * confidence)]
            row += (1 - rated.feedback.satisfaction, rated.feedback.satisfaction)
    return [
        Stated(kind, level / LEVELS, round(n), float(row[1] / n), *_interval(float(row[1]), n))
        for kind, table in sorted(right.items())
        for level, row in enumerate(table)
        if (n := float(row.sum())) >= LEAST_SAID
    ]


def _interval(passes: float, n: float, confidence: float = 0.95) -> tuple[float, float]:
    """An interval of a share (Jeffreys')."""
    tail = (1 - confidence) / 2
    low, high = betaincinv(passes + 0.5, n - passes + 0.5, [tail, 1 - tail])
    return float(low), float(high)


def _diagonal() -> Line:
    return Line("as stated", [0.0, 1.0], [0.0, 1.0], GREY, dash="dashed")


def _intervals(intervals: list[Held]) -> Panel:
    points = Points(
        name="intervals",
        x=[one.credibility for one in intervals],
        y=[one.share for one in intervals],
        said=[f"{one.held} of {one.tried} intervals of {one.credibility:.0%} held" for one in intervals],
        colours=[0] * len(intervals),
        y_low=[one.low for one in intervals],
        y_high=[one.high for one in intervals],
    )
    axes = Axis("credibility stated", "share", 0.0, 1.0), Axis("intervals that held", "share", 0.0, 1.0)
    return Panel([_diagonal(), points], *axes, "Intervals of arms' means", legend=True)


def _levels(levels: list[Stated]) -> Panel:
    marks: list[Line | Points] = [_diagonal()]
    for place, kind in enumerate(dict.fromkeys(row.kind for row in levels)):
        some = [row for row in levels if row.kind == kind]
        words = [f"{kind}: said {row.stated:.0%}, came about {row.observed:.0%} of {row.cases} times" for row in some]
        low, high = [row.low for row in some], [row.high for row in some]
        x, y = [row.stated for row in some], [row.observed for row in some]
        marks.append(Points(kind, x, y, words, [place % COLOURS] * len(some), y_low=low, y_high=high))
    axes = Axis("what was said", "share", 0.0, 1.0), Axis("what came about", "share", 0.0, 1.0)
    return Panel(marks, *axes, "Soft evidence and confidence", legend=True)
