"""Who is beaten in every goal beyond doubt, of what is believed of the arms: all others are on their Pareto front."""

from __future__ import annotations

import numpy as np

from banditgen.bandit.arrays import Floats, Ints

DOUBT = 0.05  # that a rival of an arm is called better in all, though it is not: of all its rivals together


def beaten(draws: Floats, doubt: float = DOUBT) -> Ints:
    """(K,): by whom each arm is beaten beyond doubt, -1 by nobody.

    One beats another that is nowhere worse and somewhere better. How doubtful that is, is bounded by the chances that it is worse, summed
    over the goals, and the least chance that it is not better (Boole's inequality): whatever draws of two goals have in common.

    Args:
        draws: (M, S, K), of what is reached of M goals, more being better; NaN where nothing is known.
        doubt: in (0, 1), for all rivals of an arm together.
    """
    arms = draws.shape[-1]
    found = np.full(arms, -1, np.int64)
    for arm in range(arms):
        own = draws[:, :, arm, None]
        worse, not_better = 1 - (draws >= own).mean(1), 1 - (draws > own).mean(1)
        doubts: Floats = worse.sum(0) + not_better.min(0)
        doubts[arm] = np.inf
        best = int(doubts.argmin())
        if doubts[best] <= doubt / max(arms - 1, 1):
            found[arm] = best
    return found
