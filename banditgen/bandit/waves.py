"""A race in waves: who runs next, given what the race has shown, or that it stops. Each with its exact propensity."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from numpy.typing import NDArray

from banditgen.bandit.arrays import Floats, Ints
from banditgen.bandit.base import Policy, RandomSource, State
from banditgen.bandit.best_set import BestSet
from banditgen.bandit.choose import EXPLORATION, PARTICLES
from banditgen.bandit.coverage import Coverage, Ranking
from banditgen.bandit.spending import Account
from banditgen.errors import UsageError

GOING_ON = 0.02  # of the races that would stop, the share that runs one more wave, so that a log can say what going on is worth
MOST = 10
LEAST_GAIN = 0.002  # of reward


@dataclasses.dataclass(frozen=True)
class Shown:
    """What a race has shown so far, in the order in which its arms ran.

    Args:
        arms: (1, n), their positions.
        passed: (1, n), 1, 0, or NaN where the outcome taught nothing: cut off, infrastructure.
        best: (1,), the best reward so far, 0 where nothing has passed.
        left: where no tests judge candidates, what is left of an arm's gain after what comparing them has shown, in [0, 1].
        pace: what a generation costs on this task, as a multiple of what it costs on any (`spending.pace`).
    """

    arms: Ints
    passed: Floats
    best: Floats
    left: float = 1.0
    pace: float = 1.0


@dataclasses.dataclass(frozen=True)
class Wave:
    """One step of a race.

    Args:
        arms: (w,), positions among the eligible arms, all different; none where the race stops.
        propensities: (K,), the chance of each arm to be in this wave; with width w they sum to w·(1 - stop).
        probability: the chance of exactly this step: of the set, or of the stop.
        stop: the chance that the race stops here, 0 for its first wave.
        exploration, going_on: ε and the share of stops that run on, as they were in force.
        particles: how many draws the chances are exact over.
        gain: what the best next arm was expected to add to the race's reward, for each unit of its cost, in the mean over the draws.
        price: what it had to add.
    """

    arms: Ints
    propensities: Floats
    probability: float
    stop: float
    exploration: float
    going_on: float
    particles: int
    gain: float
    price: float


def next_wave(
    policy: Policy,
    state: State,
    shown: Shown,
    account: Account,
    rng: np.random.Generator,
    *,
    cost: Floats | None = None,
    spent: float = 0.0,
    width: int = 1,
    most: int = MOST,
    particles: int = PARTICLES,
    exploration: float = EXPLORATION,
    going_on: float = GOING_ON,
) -> Wave:
    """Draw the next wave of one race, or its stop.

    Each of `particles` draws of what is believed has a best wave Sᵢ, and stops (sᵢ = 1) where the gain expected of its best arm
    is below the price. One is drawn evenly; where it stops the race still goes on with chance `going_on`; where the race goes on it runs a
    uniformly random wave with chance ε, else Sᵢ. Given the draws, the chances are exactly

        P(stop) = (1 - going_on)·mean(sᵢ)        P(S) = mean[(1 - sᵢ·(1 - going_on))·((1 - ε)·1[Sᵢ = S] + ε/C(n, w))]

    over the n arms that may run: those that have not, and those that have only failed, where a second answer may differ. The first wave
    never stops. Where nothing is left that may run (no arm, `most` generations, or the
    budget's credit), the race stops with chance 1.

    Args:
        policy: whose draws these are.
        state: of one row, without what this race has shown.
        shown: what this race has shown, one row.
        account: what the task type's races have spent before this one.
        rng: where chance comes from.
        cost: (K,), what a generation of each arm is expected to cost in the budget's unit; None is 1 for all.
        spent: by this race so far, in the budget's unit.
        width: arms that run at the same time; fewer where fewer are left.
        most: generations of one race at most.
        particles: as above.
        exploration: ε.
        going_on: as above.

    Raises:
        UsageError: a state of more than one row, no arm with a positive weight, numbers out of range.
    """
    if not 0 <= exploration <= 1 or not 0 <= going_on <= 1 or min(particles, width, most) < 1 or account.budget <= 0:
        raise UsageError("a wave needs exploration and going_on in [0, 1], particles, width and most of at least 1, a budget above 0")
    if state.passes.shape[0] != 1 or not (state.weight > 0).any():
        raise UsageError("a wave needs a state of one row, with an arm whose weight is above 0")
    ran = shown.arms[0][shown.arms[0] >= 0]
    free = np.flatnonzero((state.weight > 0) & _may_run(state, shown))
    costs = np.ones((1, state.arms)) if cost is None else np.asarray(cost, float).reshape(1, -1)
    places = min(width, len(free), most - len(ran))
    size = particles if policy.randomised else 1
    if len(ran) and places >= 1:
        places = min(places, int((account.most[0] - spent) / (costs[0, free].min() * shown.pace)))
    if places < 1:
        return Wave(np.zeros(0, np.int64), np.zeros(state.arms), 1.0, 1.0, exploration, going_on, size, 0.0, math.inf)
    race = races(policy, state, rng, size, most, costs, begun=len(ran) > 0)
    proposed, gain = np.empty((size, places), np.int64), np.zeros(size)
    for i in range(shown.arms.shape[1]):
        race.saw(shown.arms[:, i], shown.passed[:, i], shown.best)
    for i in range(places):
        proposed[:, i], ratio = race.next()
        gain = ratio / shown.pace if i == 0 else gain
        race.take()
    least = float(price_of(policy, state, costs, account, most)[0])
    if shown.left < 1:  # whatever the policy knows of gains, nobody waits for one that cannot be seen
        gain, least = gain * shown.left, max(least, LEAST_GAIN / float(costs.mean()))
    stops = np.zeros(size) if len(ran) == 0 else (gain <= least).astype(float)
    goes = 1 - stops * (1 - going_on)
    stop = float((1 - going_on) * stops.mean())
    propensities = np.zeros(state.arms)
    np.add.at(propensities, proposed, ((1 - exploration) * goes / size)[:, None])
    propensities[free] += exploration * goes.mean() * places / len(free)
    drawn = int(rng.integers(size))
    kept = float(goes[drawn])
    if rng.random() >= kept:
        arms, probability = np.zeros(0, np.int64), stop
    else:
        explore = rng.random() < exploration
        arms = rng.choice(free, size=places, replace=False) if explore else proposed[drawn]
        same = (np.sort(proposed, axis=1) == np.sort(arms)).all(axis=1)
        probability = float((goes * ((1 - exploration) * same + exploration / math.comb(len(free), places))).mean())
    arms = np.asarray(arms, np.int64)
    return Wave(arms, propensities, probability, stop, exploration, going_on, size, float(gain.mean()), least)


def _may_run(state: State, shown: Shown) -> NDArray[np.bool_]:
    """(K,): who has not run, or has only failed and may answer otherwise."""
    everyone, ran = np.arange(state.arms), shown.arms[0]
    return ~np.isin(everyone, ran) | np.broadcast_to(state.varies, state.arms) & ~np.isin(everyone, ran[shown.passed[0] != 0])


def races(
    policy: Policy, state: State, rng: RandomSource, size: int, most: int, cost: Floats, *, begun: bool = False
) -> Coverage | Ranking:
    """A race for each of `size` draws of a policy, in which up to `most` arms can run.

    Args:
        policy: whose draws these are.
        state: of one row, or `size`.
        rng: where chance comes from.
        size: how many draws.
        most: arms that may run.
        cost: (1 or size, K), above 0.
        begun: whether arms have run already.
    """
    if isinstance(policy, BestSet):
        return policy.race(state, rng, size, most, cost, begun=begun)
    return Ranking(policy.sets(state, min(most, int((state.weight > 0).sum())), rng, size))


def price_of(policy: Policy, state: State, cost: Floats, account: Account, most: int) -> Floats:
    """(B,): the gain for each unit of cost below which a race stops; 0 for a policy that does not know gains.

    A budget that is not used up makes generations free, but nobody waits for a gain that cannot be seen: one below `LEAST_GAIN` is
    worth no generation.
    """
    if not isinstance(policy, BestSet):
        return np.zeros(len(state.passes))
    least: Floats = np.maximum(policy.price(state, cost, account, most), LEAST_GAIN / cost.mean(1))
    return least
