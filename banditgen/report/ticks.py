"""Where an axis has its ticks, and what stands there."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence

from banditgen.report.chart import Kind

_DAY = 86400.0
# seconds between ticks of a time axis, and how such a tick is written
_TIMES = (
    *((n, "%H:%M:%S") for n in (1.0, 5.0, 15.0, 30.0)),
    *((60.0 * n, "%H:%M") for n in (1, 5, 15, 30, 60, 180, 360, 720)),
    *((_DAY * n, "%d %b") for n in (1, 2, 7, 14)),
    *((_DAY * n, "%b %Y") for n in (30, 91, 182)),
    *((_DAY * 365 * n, "%Y") for n in (1, 2, 5, 10, 50)),
)


def ticks(low: float, high: float, most: int, kind: Kind = "number") -> list[tuple[float, str]]:
    """At most about so many places between two numbers, at round values, each with its text."""
    if not high > low:
        return [(low, shown(low, kind))]
    if kind == "time":
        step, form = next((pair for pair in _TIMES if (high - low) / pair[0] <= most), _TIMES[-1])
        places = _multiples(low, high, step) or [low]
        return [(at, f"{dt.datetime.fromtimestamp(at, dt.UTC):{form}}") for at in places]
    step = max(_step((high - low) / max(most, 1)), 1.0 if kind == "count" else 0.0)
    return [(at, shown(at, kind, step)) for at in _multiples(low, high, step)]


def _step(least: float) -> float:
    """The least of 1, 2, 5, 10 and so on that is not below."""
    scale = 10.0 ** math.floor(math.log10(least))
    return next(scale * n for n in (1, 2, 5, 10) if scale * n >= least * (1 - 1e-9))


def _multiples(low: float, high: float, step: float) -> Sequence[float]:
    first = math.ceil(low / step - 1e-9)
    return [n * step for n in range(first, math.floor(high / step + 1e-9) + 1)]


def shown(value: float, kind: Kind, step: float = 0.0) -> str:
    """A value as an axis shows it; with as many decimals as the step between ticks needs."""
    if kind == "share":
        return f"{value:.{max(0, -2 - math.floor(math.log10(step) + 1e-9)) if step else 0}%}".replace("%", " %")
    decimals = max(0, -math.floor(math.log10(step) + 1e-9)) if step else 2
    text = f"{abs(value):,.{decimals}f}"
    return f"−{text}" if value < 0 and float(text.replace(",", "")) else text
