"""Where arms start that were never raced on a task type: from their parents, and from what they did in other task types."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from banditgen.bandit.arrays import Floats
from banditgen.bandit.base import State
from banditgen.errors import UsageError

CAP = 8.0  # pseudo-observations at most: a prior is never as good as a handful of real races


def with_priors(state: State) -> State:
    """The state with its parents' priors and the other task types' evidence merged into one prior mean and strength, (B, K)."""
    mean, strength = np.atleast_2d(state.prior_mean), np.atleast_2d(np.minimum(state.prior_strength, CAP))
    if state.other_count.shape[1] == 0:
        return dataclasses.replace(state, prior_mean=mean, prior_strength=strength)
    other, evidence = _other_types(state)
    borrowed = np.minimum(evidence * _agreement(state, other), CAP)
    total = strength + borrowed
    merged = np.divide(strength * mean + borrowed * other, total, out=np.full_like(total, 0.5), where=total > 0)
    return dataclasses.replace(state, prior_mean=merged, prior_strength=total)


def _other_types(state: State) -> tuple[Floats, Floats]:
    """(B, K) each: the mean expected here, this type's level plus the arm's lead elsewhere, and the outcomes behind it."""
    count, total = state.other_count, state.other_total
    level = (total.sum(-1, keepdims=True) + 1) / (count.sum(-1, keepdims=True) + 2)
    lead = (total - level * count).sum(1) / (count.sum(1) + 2)
    elsewhere = (total.sum((1, 2)) + 1) / (count.sum((1, 2)) + 2)
    here = (state.total.sum(-1) + 8 * elsewhere) / (state.count.sum(-1) + 8)
    return np.clip(here[:, None] + lead, 0.01, 0.99), count.sum(1)


def _agreement(state: State, other: Floats) -> Floats:
    """(B, 1) in [0.05, 0.5]: how well the leads elsewhere foretold the means here, as the share of an outcome that one is worth."""
    mean = np.divide(state.total, state.count, out=other.copy(), where=state.count > 0)
    miss = (state.count * (mean - other) ** 2).sum(-1, keepdims=True)
    chance = 0.2 * (state.count > 0).sum(-1, keepdims=True)  # what noise alone would do: about p(1 - p) for each arm
    agreement: Floats = np.clip(0.5 * (chance + 1) / (miss + 1), 0.05, 0.5)
    return agreement


def child_prior(
    parents: Sequence[tuple[float, float]], shares: Sequence[float], *, unlikeness: float = 0.1, noise: float = 0.2
) -> tuple[float, float]:
    """Where an evolved arm starts: (mean reward, strength) for `Statistics.state(priors=…)`.

    Args:
        parents: each parent's (mean reward, outcomes).
        shares: how much of the child comes from each, from the crossover; they need not sum to 1.
        unlikeness: how far children were from their parents' weighted mean, as a standard deviation of mean rewards.
        noise: variance of one outcome around its arm's mean.

    The strength is `noise` over the variance of the guess (the parents' own uncertainty and the unlikeness), at most
    8 outcomes, and less than the parents' own evidence: their counts are never copied.

    Raises:
        UsageError: no parents, or shares that do not fit them.
    """
    if not parents or len(parents) != len(shares) or min(shares) < 0 or sum(shares) <= 0:
        raise UsageError(f"{len(parents)} parents need as many shares of at least 0, not all 0; got {list(shares)!r}")
    part = np.asarray(shares, float) / sum(shares)
    mean, outcomes = np.array([m for m, _ in parents]), np.array([n for _, n in parents])
    variance = float((part**2 * noise / np.maximum(outcomes, 1e-9)).sum()) + unlikeness**2
    return float(part @ mean), min(noise / variance, CAP, float(part @ outcomes))
