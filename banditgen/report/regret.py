"""What choosing has cost: how far the arms that raced stayed behind the best ones, as far as is known now."""

from __future__ import annotations

import dataclasses

import numpy as np

from banditgen.bandit.arrays import Floats, Ints
from banditgen.report.chart import GREY, Axis, Chart, Line, Panel
from banditgen.report.source import LoggedChoices, Past, Source
from banditgen.report.table import Column, count, number
from banditgen.report.view import View, nothing


@dataclasses.dataclass(frozen=True)
class Regret:
    """At so many generations: what the choices lost, and what even choices would have; means with 95 % intervals (M,)."""

    generations: Ints
    own: Floats
    low: Floats
    high: Floats
    even: Floats
    even_low: Floats
    even_high: Floats


def view(source: Source) -> View:
    """Reward lost by generations, against racing the best arms of each task type every time."""
    title = "What choosing has cost"
    found = regret(source)
    if found is None:
        return nothing("regret", title, "It takes two arms with verdicts on tasks of one type.")
    generations = found.generations.astype(float).tolist()
    lines = [
        Line("arms chosen evenly", generations, found.even.tolist(), GREY, found.even_low.tolist(), found.even_high.tolist(), "dashed"),
        Line("as chosen", generations, found.own.tolist(), 0, found.low.tolist(), found.high.tolist()),
    ]
    titles = {"own": "as chosen", "low": "95 % from", "high": "to"}
    titles |= {"even": "chosen evenly", "even_low": "95 % from (evenly)", "even_high": "to (evenly)"}
    table = {"generations": Column("generations", found.generations.tolist(), count)}
    names = {"own": "regret", "low": "low", "high": "high"} | {name: name for name in ("even", "even_low", "even_high")}
    table |= {name: Column(titles[field], getattr(found, field).tolist(), number(1)) for field, name in names.items()}
    said = f"{found.own[-1]:.1f} ({found.low[-1]:.1f} to {found.high[-1]:.1f}) lost over {generations[-1]:.0f} generations"
    y = Axis("reward lost, summed up", low=0.0)
    return View(
        "regret",
        Chart(title, [Panel(lines, Axis("generations", "count", low=0.0), y)], said),
        table,
        "Summed up over races: the mean reward of as many of the best arms as ran, less that of the arms that ran (regret). Both by what "
        "each arm's own outcomes say of it now, with 95 % credible intervals; the dashed line is what racing all arms equally "
        "often would have lost.",
        "Which arms were best is itself only believed: the interval has that in it. Arms are counted one by one, not as sets that "
        "make up for each other, and arms that came later count as if they had always been there.",
    )


def regret(source: Source) -> Regret | None:
    """The regret of the history's choices at each moment; None where there was nothing to choose."""
    latest = {past.task_type: past for past in source.past}
    moments, log = source.moments, source.log
    parts = [part for kind in source.task_types if kind in latest for part in [_of_type(log, moments, latest[kind])] if part is not None]
    if not parts:
        return None
    own, even, generations = (np.sum([part[i] for part in parts], axis=0) for i in range(3))
    own, even = own.round(9) + 0.0, even.round(9) + 0.0  # where nothing was lost an axis would show the noise of sums
    low, high = np.quantile(own, [0.025, 0.975], axis=1)
    even_low, even_high = np.quantile(even, [0.025, 0.975], axis=1)
    return Regret(generations.astype(np.int64), own.mean(1), low, high, even.mean(1), even_low, even_high)


def _of_type(log: LoggedChoices, moments: Ints, past: Past) -> tuple[Floats, Floats, Floats] | None:
    """(M, S), (M, S) and (M,): what was lost on a task type by each moment, for each draw; even choices' loss; the generations."""
    here = (log.task_type == log.task_types.index(past.task_type)) & (log.arm >= 0) & (log.race >= 0)
    met = np.flatnonzero(past.outcomes > 0)
    if not here.any() or len(met) < 2:
        return None
    draws = past.draws[:, met]
    column = np.full(past.draws.shape[1] + 1, -1)
    column[met] = np.arange(len(met))
    at = np.flatnonzero(here & (column[log.arm] >= 0))
    size = np.bincount(log.race[at], minlength=len(log.races))  # of each race
    size = np.minimum(size[log.race[at]], len(met))
    best = np.cumsum(-np.sort(-draws, axis=1), axis=1) / np.arange(1, len(met) + 1)  # (S, K): the mean of the k best
    step = np.searchsorted(moments, at, side="right")
    width = len(met) + 1
    ran, sizes = np.zeros((len(moments), width)), np.zeros((len(moments), width))
    np.add.at(ran, (step, column[log.arm[at]]), 1.0)
    np.add.at(sizes, (step, size), 1.0)
    ran, sizes = ran.cumsum(0)[:, :-1], sizes.cumsum(0)[:, 1:]
    ideal = sizes @ best.T
    return ideal - ran @ draws.T, ideal - sizes.sum(1)[:, None] * draws.mean(1), sizes.sum(1)
