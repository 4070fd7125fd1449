"""What no policy can know: the full-information leader and the best sets."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from banditgen.offline.replay import draw_outcomes

Floats = NDArray[np.float64]


def leader(outcomes: Floats, rounds: int, seeds: Sequence[int], k: int = 3) -> Floats:
    """(seeds, rounds): best reward of a learner that sees every arm's outcome after each race and follows the best set so far."""
    table = np.nan_to_num(draw_outcomes(outcomes, rounds, seeds)[0])
    sets = np.array(list(combinations(range(len(outcomes)), k)))
    total = 1e-3 * np.random.default_rng(0).random((len(seeds), len(sets)))
    best = np.empty(table.shape[:2])
    for t in range(rounds):
        now = table[:, t]
        best[:, t] = np.take_along_axis(now, sets[total.argmax(1)], 1).max(1)
        reward = now[:, sets[:, 0]]
        for column in range(1, k):
            reward = np.maximum(reward, now[:, sets[:, column]])
        total += reward
    return best


def fixed(outcomes: Floats, rounds: int, seeds: Sequence[int], arms: Sequence[int]) -> Floats:
    """(seeds, rounds): best reward of racing the same arms each time."""
    best: Floats = np.nan_to_num(draw_outcomes(outcomes, rounds, seeds)[0][:, :, list(arms)]).max(2)
    return best


def best_set(outcomes: Floats, k: int = 3) -> tuple[int, ...]:
    """The set of k whose chance to hold a success is best, from per-task means: the oracle set."""
    fails = 1 - np.nan_to_num(np.nanmean(outcomes, 2))
    return max(combinations(range(len(outcomes)), k), key=lambda s: -float(np.prod(fails[list(s)], 0).mean()))


def best_means(outcomes: Floats, k: int = 3) -> tuple[int, ...]:
    """The k arms of the best mean reward in hindsight: the best fixed choice by success rate."""
    return tuple(np.argsort(-np.nanmean(outcomes, (1, 2)))[:k].tolist())
