"""Soft evidence: what an outcome without a verdict says of its arm, by what such witnesses were worth where a verdict was there, too.

A witness is a kind of soft evidence (it ran, it agreed with others, what an evaluator or a person made of it); its levels are its values
in tenths. Each level says how likely the candidate would have passed, from even odds: by careful odds to begin with, and the more by those
seen, the more often it stood beside passes and fails. An arm's mean of these chances is what the witness says of it. It counts for as much
as it sets the arm apart: wholly where it is certain, for nothing at even odds; and never for as much as a verdict. What people say
sets an arm apart sooner than what machines say, and takes the place of that: they have seen the code.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from banditgen.bandit.arrays import Floats
from banditgen.bandit.priors import CAP
from banditgen.result import LEVELS, RATING

RATED, WITNESSED = 0.9, 0.4  # of a verdict, at most: what a rating counts for, which adds up without end, and all other kinds together
APART = {RATING: 1}  # the power of |2·mean − 1| that an arm's mean counts by; 2 for all other kinds
SURE = 3.9  # log odds at which a witness is as good as certain: 98 %
FEW_BESIDE_EACH, FEW_AT_LEVEL = 10.0, 5.0  # passes and fails beside a witness, and outcomes at a level, that are worth its prior odds

_UP = np.arange(LEVELS + 1) / LEVELS
_RATED = np.clip(_UP, 0.02, 0.98)
_PRIOR: Mapping[str, Floats] = {
    RATING: 2 * np.log(_RATED / (1 - _RATED)),  # ratings of right code are Beta(3, 1), of wrong code Beta(1, 3): means 3/4 and 1/4
    "ran": np.where(_UP < 0.5, -3.0, 0.0),  # what does not even run is not right; what runs may be anything
    "runner": np.where(_UP < 0.5, -3.0, 0.4),
    "agreed": 3.0 * (_UP - 0.5),
}
"""The log odds of a pass by level, before anything is known of the witness; even odds for kinds that are not here."""


def said(kind: str, beside: Floats) -> Floats:
    """(LEVELS + 1,): the chance of a pass that each level of a witness speaks for, from even odds.

    What was seen comes in by the odds of the level beside passes against beside fails, never by how common either is: who is shown, and
    so rated, is chosen for passing.

    Args:
        kind: of the witness.
        beside: (LEVELS + 1, 2), how often each level stood beside a fail and beside a pass.
    """
    total = beside.sum(0)
    seen = np.log((beside[:, 1] + 0.5) / (total[1] + 1)) - np.log((beside[:, 0] + 0.5) / (total[0] + 1))
    at_level = beside.sum(1)
    share = total.min() / (total.min() + FEW_BESIDE_EACH) * at_level / (at_level + FEW_AT_LEVEL)
    odds = (1 - share) * _PRIOR.get(kind, np.zeros(LEVELS + 1)) + share * seen
    chance: Floats = 1 / (1 + np.exp(-np.clip(odds, -SURE, SURE)))
    return chance


def soft_outcomes(untested: Mapping[str, Floats], beside: Mapping[str, Floats], verdicts: Floats) -> tuple[Floats, Floats]:
    """(K,) each: the passes and fails that soft evidence of K arms counts for.

    It stands in for verdicts: who has many needs little of it, and is soon free of what was wrong in it.

    Args:
        untested: by kind (K, LEVELS + 1), how often it was said of each arm's outcomes without a verdict.
        beside: by kind (LEVELS + 1, 2), as in `said`, whoever's outcomes they were.
        verdicts: (K,), how many each arm has.
    """
    ratings, others, (outcomes, rated) = np.zeros((2, len(verdicts))), np.zeros((2, len(verdicts))), np.zeros((2, len(verdicts)))
    for kind, told in untested.items():
        if kind == RATING:
            ratings += RATED * _counted(kind, told, beside[kind])
            rated += told.sum(1)
        else:
            others += _counted(kind, told, beside[kind])
            outcomes = np.maximum(outcomes, told.sum(1))
    most = np.minimum(CAP, WITNESSED * np.maximum(outcomes - rated, 0.0))  # of what is rated, people have the word
    passes, fails = (ratings + others * np.minimum(1.0, most / np.maximum(others.sum(0), 1e-9))) * CAP / (CAP + verdicts)
    return passes, fails


def _counted(kind: str, told: Floats, beside: Floats) -> Floats:
    """(2, K): passes and fails that one witness counts for."""
    outcomes = told.sum(1)
    mean = np.divide(told @ said(kind, beside), outcomes, out=np.full(len(told), 0.5), where=outcomes > 0)
    counts: Floats = outcomes * np.abs(2 * mean - 1) ** APART.get(kind, 2) * np.stack([mean, 1 - mean])
    return counts
