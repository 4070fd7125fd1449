"""From a policy to one decision with exact propensities: a mixture of posterior particles and uniform exploration."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

from banditgen.bandit.arrays import Floats, Ints
from banditgen.bandit.base import TIE, ChosenSet, Policy, State
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
    on_trial: Sequence[int] = (),
    trial_share: float = 0.0,
) -> ChosenSet:
    """Draw one set of k arms (all of them, where fewer have a positive weight).

    `particles` best sets Sᵢ are drawn first; then a uniformly random set is played with probability ε, else a
    uniformly drawn Sᵢ. The policy *is* that mixture, so that, given the particles, these are exact:

        P(S) = (1 - ε)·#{i : Sᵢ = S}/M + ε/C(K,k)          q(arm) = (1 - ε)·mean 1[arm ∈ Sᵢ] + ε·k/K

    Arms on trial (positions) are in none of these sets. With chance `trial_share` one of them, drawn evenly, takes the place of
    the set's last arm, the least of it; the chances of the others are then those of the sets without their last arm.

    Raises:
        UsageError: k below 1, no arm with a positive weight besides those on trial, a state of more than one row, ε or the
            share outside [0, 1].
    """
    if not 0 <= exploration <= 1 or not 0 <= trial_share <= 1 or particles < 1:
        raise UsageError(f"exploration and trial_share must be in [0, 1], not {exploration!r} and {trial_share!r}; particles at least 1")
    trials = np.array([i for i in on_trial if state.weight[i] > 0], np.int64)
    state = without(state, trials)
    eligible, places = _eligible(state, k)
    rest = min(k - 1, places)
    share = trial_share if len(trials) else 0.0
    size = particles if policy.randomised else 1
    sets = policy.sets(state, places, rng, size)
    explore = rng.random() < exploration
    arms = rng.choice(eligible, size=places, replace=False) if explore else sets[rng.integers(size)]

    def chances(sets: Ints) -> Floats:
        drawn: Floats = (1 - exploration) * np.bincount(sets.ravel(), minlength=state.arms) / size
        drawn[eligible] += exploration * sets.shape[1] / len(eligible)
        return drawn

    propensities = (1 - share) * chances(sets) + share * chances(sets[:, :rest])
    propensities[trials] = share / max(len(trials), 1)
    tried = share > 0 and rng.random() < share
    if tried:
        sets, arms = sets[:, :rest], arms[:rest]
    same = (np.sort(sets, axis=1) == np.sort(arms)).all(axis=1).sum()
    probability = (1 - exploration) * same / size + exploration / math.comb(len(eligible), len(arms))
    probability *= share / len(trials) if tried else 1 - share
    if tried:
        arms = np.append(arms, trials[rng.integers(len(trials))])
    return ChosenSet(arms.astype(np.int64), propensities, float(probability), exploration, size)


def without(state: State, arms: Sequence[int] | Ints) -> State:
    """The state with these arms (positions) never chosen: their preference is 0, their evidence stays."""
    weight = state.weight.copy()
    weight[np.asarray(arms, np.int64)] = 0.0
    return dataclasses.replace(state, weight=weight)


def exploit(policy: Policy, state: State, k: int, rng: np.random.Generator) -> ChosenSet:
    """The k arms of the best expected reward, for a user who is waiting: chance decides between equal ones alone.

    Raises:
        UsageError: as `choose`.
    """
    eligible, k = _eligible(state, k)
    keys = policy.means(state)[0] * state.weight
    least = np.sort(keys[eligible])[-k]
    sure, tied = eligible[keys[eligible] > least + TIE], eligible[np.abs(keys[eligible] - least) <= TIE]
    places = k - len(sure)
    propensities = np.zeros(state.arms)
    propensities[sure], propensities[tied] = 1.0, places / len(tied)
    arms = np.concatenate([sure, rng.choice(tied, size=places, replace=False)])
    return ChosenSet(arms[np.argsort(-keys[arms], kind="stable")], propensities, 1 / math.comb(len(tied), places), 0.0, 1)


def _eligible(state: State, k: int) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], int]:
    if isinstance(k, bool) or k < 1:
        raise UsageError(f"a race needs at least one arm, not k={k!r}")
    if state.passes.shape[0] != 1:
        raise UsageError(f"one decision needs a state of one row, not {state.passes.shape[0]}")
    eligible = np.flatnonzero(state.weight > 0)
    if len(eligible) == 0:
        raise UsageError("no arm is eligible: every weight is 0, or no arms were given")
    return eligible, min(int(k), len(eligible))
