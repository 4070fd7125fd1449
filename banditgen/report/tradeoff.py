"""Quality against speed: which arms no other beats in both."""

from __future__ import annotations

import numpy as np

from banditgen._objectives import pareto
from banditgen.bandit.arrays import Floats
from banditgen.report.chart import GREY, Axis, Chart, Line, Panel, Points
from banditgen.report.source import Source
from banditgen.report.table import Column, count, number, share
from banditgen.report.view import View, nothing

MANY = 12  # arms, from which on only the most telling ones have intervals and names


def view(source: Source) -> View:
    """Each arm's mean quality and speed over its verdicts, failures being 0 in both, and the Pareto front."""
    title, log = "Quality against speed", source.log
    counted = (log.verdict >= 0) & (log.arm >= 0)
    arm, passed = log.arm[counted], log.verdict[counted] > 0
    n = np.bincount(arm, minlength=len(source.arms)).astype(float)
    met = np.flatnonzero(n > 0)
    if len(met) == 0:
        return nothing("tradeoff", title, "No test has judged a candidate yet.")

    def mean(values: Floats) -> Floats:
        means: Floats = np.bincount(arm, values, minlength=len(source.arms))[met] / n[met]
        return means

    quality, speed = np.where(passed, log.quality[counted], 0.0), np.where(passed, log.speed[counted], 0.0)
    q, s, rate = mean(quality), mean(speed), mean(passed.astype(float))
    halves = [1.96 * np.sqrt(np.maximum(mean(v * v) - m * m, 0.0) / n[met]) for v, m in ((quality, q), (speed, s))]
    front = pareto(np.stack([q, s], axis=1).tolist())
    names = [source.names[i] for i in met.tolist()]
    said = [
        f"{name}: quality {a:.2f} ± {da:.2f}, speed {b:.2f} ± {db:.2f}; {share(p)} of {c:.0f} passed" + ("; on the front" if on else "")
        for name, a, da, b, db, p, c, on in zip(names, q, halves[0], s, halves[1], rate, n[met], front, strict=True)
    ]
    drawn = np.array([len(names) <= MANY or on or source.colours[name] != GREY for name, on in zip(names, front, strict=True)], float)
    points = Points(
        name="",
        x=s.tolist(),
        y=q.tolist(),
        said=said,
        colours=[source.colours[name] for name in names],
        x_low=np.maximum(s - drawn * halves[1], 0).tolist(),
        x_high=np.minimum(s + drawn * halves[1], 1).tolist(),
        y_low=np.maximum(q - drawn * halves[0], 0).tolist(),
        y_high=np.minimum(q + drawn * halves[0], 1).tolist(),
        labels=[name if on or len(names) <= MANY else "" for name, on in zip(names, front, strict=True)],
        hollow=[not on for on in front],
    )
    ahead = sorted((float(x), float(y)) for x, y, on in zip(s, q, front, strict=True) if on)
    line = Line("no other is better in both", [x for x, _ in ahead], [y for _, y in ahead], GREY, dash="dashed")
    table = {
        "arm": Column("arm", names),
        "quality": Column("quality", q.tolist(), number()),
        "quality_half": Column("± quality (95 %)", halves[0].tolist(), number()),
        "speed": Column("speed", s.tolist(), number()),
        "speed_half": Column("± speed (95 %)", halves[1].tolist(), number()),
        "passed": Column("passed", rate.tolist(), share),
        "outcomes": Column("verdicts", n[met].tolist(), count),
        "on_front": Column("on the front", list(front), lambda on: "yes" if on else "no"),
    }
    best = [name for name, on in zip(names, front, strict=True) if on]
    few = "" if len(names) <= MANY else " Of many arms, only those with a colour or on the front have their intervals drawn."
    x, y = Axis("speed score, 0 to 1 (mean)"), Axis("quality score, 0 to 1 (mean)")
    return View(
        "tradeoff",
        Chart(
            title,
            [Panel([line, points], x, y, legend=True)],
            f"On the front: {', '.join(best[:5])}" + (" and others" if len(best) > 5 else ""),
        ),
        table,
        "Means over all verdicts, a failed candidate being worth 0 in both; bars are 95 % intervals of the mean. Filled arms are on the "
        f"Pareto front: no other is as good in both and better in one.{few}",
        "Arms met different tasks: those that ran after others had failed, or only on some types, met harder or easier ones. Arms whose "
        "intervals overlap may change places.",
    )
