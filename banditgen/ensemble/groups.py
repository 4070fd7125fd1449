"""What candidates' behaviour says of which of them are right: groups that behave alike, and their features."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from banditgen.ensemble.behaviour import VARIES, Outcome
from banditgen.ensemble.inputs import Said

Floats = NDArray[np.float64]
FEATURES = (
    *("reliability", "behind", "size", "crowd", "models", "errors", "written", "preferred", "meets", "misses"),
    *("none", "any", "unheard"),
)
UNSURE = 0.02  # no arm's reliability counts as nearer to 0 or 1


@dataclasses.dataclass(frozen=True)
class Groups:
    """Groups of candidates that behave alike, and `features` (groups + 1, features), the last row for "none of them is right"."""

    members: list[list[int]]
    features: Floats
    has_values: bool  # whether any candidate returned anything


def weigh_up(
    behaviours: Sequence[tuple[Outcome, ...]],
    codes: Sequence[str],
    calls: Sequence[str],
    reliabilities: Floats,
    models: Sequence[str],
    written: Said,
    shown: Said,
) -> Groups:
    """Group candidates by what they do, and describe each group.

    The features of a group, in the order of `FEATURES`: the log-odds that the most reliable of its arms is right; how far these are
    behind those of the best arm of all, times the logarithm of how many candidates there are, as the more there are, the more wrong ones
    agree; the logarithm of how many are in the group, the same times the log-odds of the best arm of all, and the logarithm of how many
    models they come from; the share of inputs that it answers with an error or not in time, where anybody has a value; whether a model
    wrote asserts, and the logarithm of the group's share of their votes for any candidate's outcome, half a vote for and half a vote
    against added, in the mean over calls that have such votes; whether it meets all of the prompt's examples, and the share of them that
    it misses. Those of "none of them": 1, how far the arms' reliabilities alone speak for any (minus the logarithm of the chance that
    none is right, were they independent), and whether asserts were written of which none has a vote for any of them.

    Args:
        behaviours: (n) of each candidate, an outcome for each call.
        codes: (n) their source; what varies from run to run is alike only where the source is.
        calls: (m).
        reliabilities: (n) of their arms, in [0, 1].
        models: (n) of their arms.
        written: what a model wrote that comes out.
        shown: what the prompt shows.
    """
    alike: dict[tuple[Outcome, ...], list[int]] = {}
    for i, does in enumerate(behaviours):
        alike.setdefault((*does, codes[i]) if VARIES in does else does, []).append(i)
    groups = list(alike.values())
    answered = [c for c in range(len(calls)) if any(does[c][0] == "=" for does in behaviours)]
    trusted = np.clip(reliabilities, UNSURE, 1 - UNSURE)
    odds = np.log(trusted) - np.log1p(-trusted)
    told = any(call in written for call in calls)
    spoken = {c: said for c, call in enumerate(calls) if (said := _among(written.get(call, Counter()), {does[c] for does in behaviours}))}
    rows = np.zeros((len(groups) + 1, len(FEATURES)))
    for row, group in zip(rows, groups, strict=False):
        does = behaviours[group[0]]
        met, shown_in_all = votes(does, calls, shown)
        row[:] = (
            odds[group].max(),
            (odds.max() - odds[group].max()) * np.log(len(codes)),
            np.log(len(group)),
            np.log(len(group)) * odds.max(),
            np.log(len({models[i] for i in group})),
            np.mean([does[c][0] != "=" for c in answered]) if answered else 1.0,
            told,
            np.mean([np.log((said[does[c]] + 0.5) / (said.total() + 1)) for c, said in spoken.items()]) if spoken else 0.0,
            0 < shown_in_all == met,
            1 - met / shown_in_all if shown_in_all else 0.0,
            *(0.0, 0.0, 0.0),
        )
    rows[-1, -3:] = 1.0, -np.log1p(-trusted).sum(), told and not spoken
    return Groups(groups, rows, bool(answered))


def _among(said: Counter[Outcome], outcomes: Collection[Outcome]) -> Counter[Outcome]:
    """The votes for these outcomes alone."""
    return Counter({outcome: said[outcome] for outcome in outcomes if said[outcome]})


def votes(does: tuple[Outcome, ...], calls: Sequence[str], said: Said) -> tuple[float, float]:
    """How many votes there are for what a candidate does, and how many in all."""
    told = [(said[call][outcome], said[call].total()) for call, outcome in zip(calls, does, strict=True) if call in said]
    return sum(won for won, _ in told), sum(total for _, total in told)
