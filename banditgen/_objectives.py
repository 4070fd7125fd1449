"""Several goals at once: whom no other beats in all of them, and in what order to take the rest. More is better in each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from banditgen._checks import check_amount, unit_interval
from banditgen.errors import UsageError

OBJECTIVES = ("quality", "speed")  # that every candidate has; further measures go by their names
STEPS = 2  # decimals to which "lexicographic" compares
SELECT = ("weighted_sum", "knee", "lexicographic", "threshold")
"""The ways to choose among candidates that qualify."""

Rows = Sequence[Sequence[float]]
Values = Mapping[str, float]
"""What a candidate reached, by objective."""


class Choosing(Protocol):
    """What `scoring.SelectionCriteria` says of how to choose."""

    @property
    def select(self) -> str:
        """One of `SELECT`."""
        ...

    @property
    def order(self) -> Sequence[str]:
        """Objectives, the most important first; empty is by falling weight."""
        ...

    @property
    def shares(self) -> tuple[tuple[float, float], dict[str, float]]:
        """The weights of quality and speed, and those of measures."""
        ...

    @property
    def thresholds(self) -> Values | tuple[tuple[str, float], ...]:
        """The least of objectives, by their names."""
        ...

    @property
    def measures(self) -> Sequence[str]:
        """The measures that count beside quality and speed."""
        ...


def preferences(candidates: Sequence[Values], how: Choosing) -> list[tuple[float, ...]]:
    """What candidates are ordered by before their weighted sums, the least first."""
    if how.select == "knee":
        rows = shared(candidates, (*OBJECTIVES, *how.measures))
        return [(not on, -reach) for on, reach in zip(pareto(rows), bulge(rows), strict=True)]
    if how.select == "lexicographic":
        return [tuple(-round(value, STEPS) for value in row) for row in shared(candidates, _by_importance(how))]
    if how.select == "threshold":
        return [(_short(candidate, dict(how.thresholds)),) for candidate in candidates]
    return [()] * len(candidates)


def in_words(best: Values, how: Choosing) -> str:
    """Why the first in the order of `preferences` is the first."""
    if how.select == "knee":
        return "is the knee of their Pareto front"
    if how.select == "lexicographic":
        return f"is the first by {', then '.join(_by_importance(how))}"
    return (
        "is the best that reaches the thresholds"
        if not _short(best, dict(how.thresholds))
        else "comes nearest to the thresholds, which none reaches"
    )


def _by_importance(how: Choosing) -> tuple[str, ...]:
    own, further = how.shares
    weights = dict(zip(OBJECTIVES, own, strict=True)) | further
    return tuple(how.order) or tuple(sorted(weights, key=lambda name: -weights[name]))


def _short(candidate: Values, least: Values) -> float:
    """How far a candidate stays below thresholds, all together; what it does not have counts as 0."""
    return sum(max(0.0, low - candidate.get(name, 0.0)) for name, low in least.items())


def shared(candidates: Sequence[Values], objectives: Iterable[str]) -> list[list[float]]:
    """Of the objectives those that every candidate has, in their order."""
    names = [name for name in objectives if all(name in candidate for candidate in candidates)]
    return [[candidate[name] for name in names] for candidate in candidates]


def check_measure_weights(weights: Any) -> tuple[tuple[str, float], ...]:
    """Weights of measures by name as sorted pairs, refused unless finite and at least 0 (UsageError); those of 0 are dropped."""
    try:
        pairs = dict(weights).items()
    except (TypeError, ValueError):
        raise UsageError(f"measure weights must be numbers by name, not {weights!r}") from None
    for name, value in pairs:
        if not isinstance(name, str) or not name or name in OBJECTIVES:
            raise UsageError(f"a measure needs a name of its own, not {name!r}")
        check_amount(f"the weight of {name}", value)
    return tuple(sorted((name, float(value)) for name, value in pairs if value > 0))


def check_order(order: Any) -> tuple[str, ...]:
    """Names, each once (UsageError)."""
    names = tuple(order) if isinstance(order, list | tuple) else (order,)
    if not all(isinstance(name, str) and name for name in names) or len(set(names)) < len(names):
        raise UsageError(f"order must be names of objectives, each once, not {order!r}")
    return names


def check_thresholds(thresholds: Any) -> tuple[tuple[str, float], ...]:
    """Numbers in [0, 1] by name, as sorted pairs (UsageError)."""
    try:
        pairs = dict(thresholds).items()
    except (TypeError, ValueError):
        raise UsageError(f"thresholds must be numbers by name, not {thresholds!r}") from None
    return tuple(sorted((str(name), unit_interval(f"the threshold of {name}", value)) for name, value in pairs))


def pareto(rows: Rows) -> list[bool]:
    """Whether each of N rows of M objectives is on the Pareto front: no other is as good in all of them and better in one."""
    return [not any(_dominates(other, row) for other in rows) for row in rows]


def _dominates(one: Sequence[float], other: Sequence[float]) -> bool:
    return all(a >= b for a, b in zip(one, other, strict=True)) and any(a > b for a, b in zip(one, other, strict=True))


def bulge(rows: Rows) -> list[float]:
    """How far each of N rows reaches beyond the front's ends; the front's knee reaches farthest.

    Each objective is scaled so that the front's worst is 0 and its best 1, and they are added up: with two objectives that orders
    rows by their distance from the line through the front's two ends. I. Das, "On characterizing the knee of the Pareto curve", 1999.
    An objective that is the same all along the front says nothing.
    """
    front = [row for row, on in zip(rows, pareto(rows), strict=True) if on]
    ends = [(min(column), max(column)) for column in zip(*front, strict=True)]
    return [sum((value - low) / (high - low) for value, (low, high) in zip(row, ends, strict=True) if high > low) for row in rows]
