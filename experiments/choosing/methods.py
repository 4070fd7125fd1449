"""The methods that `choose` is measured against, on the same candidates and outcomes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from experiments.choosing.world import Draw

NEVER, ALWAYS = 0.02, 0.98  # no reliability is nearer to 0 or 1


def _groups(draw: Draw) -> list[list[int]]:
    groups: dict[tuple[str, ...], list[int]] = {}
    for i, one in enumerate(draw.candidates):
        groups.setdefault(draw.of.outcomes[one.code], []).append(i)
    return list(groups.values())


def _first(draw: Draw, group: list[int]) -> int:
    return max(group, key=lambda i: float(draw.reliabilities[i]))


def best_arm(draw: Draw) -> int:
    return int(np.argmax(draw.reliabilities))


def largest_group(draw: Draw) -> int:
    return _first(draw, max(_groups(draw), key=lambda group: (len(group), max(draw.reliabilities[group]))))


def soft_agreement(draw: Draw) -> int:
    """Each candidate's agreement with all others, weighed by their reliability and its own."""
    does = [draw.of.outcomes[one.code] for one in draw.candidates]
    agree = np.array([[np.mean([a == b for a, b in zip(ours, theirs, strict=True)]) for theirs in does] for ours in does])
    return int(np.argmax(agree @ draw.reliabilities * draw.reliabilities))


def log_odds(draw: Draw) -> int:
    trusted = np.clip(draw.reliabilities, NEVER, ALWAYS)
    odds = np.log(trusted / (1 - trusted))
    return _first(draw, max(_groups(draw), key=lambda group: float(odds[group].sum())))


def codet(draw: Draw) -> int:
    """CodeT (Chen et al. 2022): the votes of asserts that a group passes, times its reliability."""
    calls, written = draw.of.calls, draw.of.written

    def worth(group: list[int]) -> float:
        does = draw.of.outcomes[draw.candidates[group[0]].code]
        votes = sum(written[call][outcome] for call, outcome in zip(calls, does, strict=True) if call in written)
        return float((votes + 1e-3) * draw.reliabilities[group].sum() * draw.reliabilities[group].max())

    return _first(draw, max(_groups(draw), key=worth))


METHODS: dict[str, Callable[[Draw], int]] = {
    "best arm": best_arm,
    "largest group": largest_group,
    "soft agreement × reliability": soft_agreement,
    "groups by log-odds": log_odds,
    "CodeT × reliability": codet,
}
