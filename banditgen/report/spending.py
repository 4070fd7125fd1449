"""What was spent, by whom and when."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from banditgen.bandit.arrays import Floats
from banditgen.report.chart import Axis, Bars, Chart, Line, Panel
from banditgen.report.colours import FAILED, MUTE, PASSED
from banditgen.report.source import Source
from banditgen.report.table import Column, count, number, share
from banditgen.report.view import View, nothing
from banditgen.result import FailureKind

MOST = 20  # arms in the picture
VERDICTS = ((1, "passed", PASSED), (0, "failed", FAILED), (-1, "taught nothing", MUTE))
_AT_ONCE = 60.0  # results that were written within so many seconds have no course in time


def view(source: Source) -> View:
    """Seconds of the models by arm and verdict, and as time went on; tokens and money beside them."""
    title, log = "What was spent", source.log
    spent = (log.arm >= 0) & np.array([kind != FailureKind.INFRASTRUCTURE for kind in log.failure], bool)
    arm = log.arm[spent]
    n = np.bincount(arm, minlength=len(source.arms))
    met = np.flatnonzero(n > 0)
    if len(met) == 0:
        return nothing("spending", title, "Nothing was generated yet.")

    def total(values: Floats) -> Floats:
        summed: Floats = np.bincount(arm, np.nan_to_num(values[spent]), minlength=len(source.arms))[met].astype(float)
        return summed

    by_verdict = [total(np.where(log.verdict == verdict, log.seconds, 0.0)) for verdict, _, _ in VERDICTS]
    seconds = np.sum(by_verdict, axis=0)
    order = np.argsort(-seconds, kind="stable")
    names = [source.names[i] for i in met[order].tolist()]
    unit, divisor = _unit(float(seconds.max()))
    bars, begin = [], np.zeros(len(order))
    for (_, word, colour), part in zip(VERDICTS, by_verdict, strict=True):
        end = begin + part[order] / divisor
        told = [f"{name}: {value / divisor:,.2f} {unit} on candidates that {word}" for name, value in zip(names, part[order], strict=True)]
        rows = [i for i in range(min(MOST, len(order))) if part[order][i] > 0]
        bars.append(
            Bars(word, begin[rows].tolist(), end[rows].tolist(), [float(i) for i in rows], [told[i] for i in rows], [colour] * len(rows))
        )
        begin = end
    panels = [Panel(bars, Axis(f"model time, {unit}", low=0.0), Axis("", "names", names=names[:MOST]), "By arm", legend=True)]
    if (line := _course(source, spent)) is not None:
        panels.append(line)
    tokens, price = total(log.tokens), total(log.price)
    table = {
        "arm": Column("arm", names),
        "generations": Column("generations", n[met][order].tolist(), count),
        "model_seconds": Column("model seconds", seconds[order].tolist(), number(1)),
        **{
            f"{word.replace(' ', '_')}_seconds": Column(f"… that {word}", part[order].tolist(), number(1))
            for (_, word, _), part in zip(VERDICTS, by_verdict, strict=True)
        },
        "tokens": Column("tokens", tokens[order].tolist(), count),
        "price": Column("price", price[order].tolist(), number(4)),
    }
    well_spent = share(by_verdict[0].sum() / max(seconds.sum(), 1e-9))
    said = f"{seconds.sum() / divisor:,.1f} {unit} of models in all, {well_spent} on candidates that passed"
    return View(
        "spending",
        Chart(title, panels, said),
        table,
        "Seconds that models spent on reading prompts and writing, by arm and by what came of it. Infrastructure's failures are left out. "
        "Tokens are read and written ones; the price is in the strategy's money, 0 where it has none.",
        "Seconds of models that ran side by side add up, so that they can be more than the clock's. Where a backend names no tokens "
        "they count as 0.",
    )


def _unit(most: float) -> tuple[str, float]:
    return ("hours", 3600.0) if most >= 7200 else ("minutes", 60.0) if most >= 300 else ("seconds", 1.0)


def _course(source: Source, spent: NDArray[np.bool_]) -> Panel | None:
    """Model time as the clock went on; None where all was written at once."""
    log = source.log
    at, course = log.created_at, np.where(spent, log.seconds, 0.0).cumsum()
    if len(at) < 2 or at[-1] - at[0] < _AT_ONCE:
        return None
    unit, divisor = _unit(float(course[-1]))
    when = np.linspace(at[0], at[-1], 100)
    by_then = np.concatenate([[0.0], course])[np.searchsorted(at, when, side="right")] / divisor
    line = Line("", when.tolist(), by_then.tolist(), 0, steps=True)
    return Panel([line], Axis("date (UTC)", "time"), Axis(f"model time so far, {unit}", low=0.0), "As time went on")
