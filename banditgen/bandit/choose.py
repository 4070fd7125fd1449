"""From a policy to one decision with exact propensities: a mixture of posterior particles and uniform exploration."""

from __future__ import annotations

import math

import numpy as np

from banditgen.bandit.base import Choice, Policy, State
from banditgen.errors import UsageError

PARTICLES = 256
EXPLORATION = 0.05


def choose(
    policy: Policy,
    state: State,
    k: int,
    rng: np.random.Generator,
    *,
    particles: int = PARTICLES,
    exploration: float = EXPLORATION,
) -> Choice:
    """Draw one set of k arms (all of them, where fewer have a positive weight).

    `particles` best sets Sᵢ are drawn first; then a uniformly random set is played with probability ε, else a
    uniformly drawn Sᵢ. The policy *is* that mixture, so that, given the particles, these are exact:

        P(S) = (1 - ε)·#{i : Sᵢ = S}/M + ε/C(K,k)          q(arm) = (1 - ε)·mean 1[arm ∈ Sᵢ] + ε·k/K

    Raises:
        UsageError: k below 1, no arm with a positive weight, a state of more than one row, ε outside [0, 1].
    """
    eligible, k = _eligible(state, k)
    if not 0 <= exploration <= 1 or particles < 1:
        raise UsageError(f"exploration must be in [0, 1] and particles at least 1, not {exploration!r} and {particles!r}")
    size = particles if policy.randomised else 1
    sets = policy.sets(state, k, rng, size)
    explore = rng.random() < exploration
    arms = rng.choice(eligible, size=k, replace=False) if explore else sets[rng.integers(size)]
    same = (np.sort(sets, axis=1) == np.sort(arms)).all(axis=1).sum()
    propensities = (1 - exploration) * np.bincount(sets.ravel(), minlength=state.arms) / size
    propensities[eligible] += exploration * k / len(eligible)
    probability = (1 - exploration) * same / size + exploration / math.comb(len(eligible), k)
    return Choice(arms.astype(np.int64), propensities, float(probability), exploration, size)


def exploit(policy: Policy, state: State, k: int) -> Choice:
    """The k arms of the best expected reward, for a user who is waiting: nothing is left to chance.

    Raises:
        UsageError: as `choose`.
    """
    _, k = _eligible(state, k)
    keys = np.where(state.weight > 0, policy.means(state)[0] * state.weight, -np.inf)
    arms = np.argsort(-keys, kind="stable")[:k].astype(np.int64)
    propensities = np.zeros(state.arms)
    propensities[arms] = 1.0
    return Choice(arms, propensities, 1.0, 0.0, 1)


def _eligible(state: State, k: int) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], int]:
    if isinstance(k, bool) or k < 1:
        raise UsageError(f"a race needs at least one arm, not k={k!r}")
    if state.passes.shape[0] != 1:
        raise UsageError(f"one decision needs a state of one row, not {state.passes.shape[0]}")
    eligible = np.flatnonzero(state.weight > 0)
    if len(eligible) == 0:
        raise UsageError("no arm is eligible: every weight is 0, or no arms were given")
    return eligible, min(int(k), len(eligible))
