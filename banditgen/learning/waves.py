"""The next wave of a race that is under way, or its stop, from what the history taught and what the race has shown."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from banditgen.bandit import Account, ChosenSet, Policy, Shown, State, Wave, expected_cost, next_wave, pace, without
from banditgen.bandit.arrays import Floats
from banditgen.ensemble.another import worth_of_another
from banditgen.learning.ledger import UNITS, Spent, Unit
from banditgen.result import FailureKind, GenerationResult


@dataclasses.dataclass(frozen=True)
class Means:
    """What races in waves may spend: `budget` in `unit` in the mean, `most` generations in one race, `width` of them side by side."""

    budget: float
    unit: Unit = "generations"
    most: int = 10
    width: int = 1

    @property
    def account(self) -> str:
        """What such races are charged to, beside their strategy: another budget is another account."""
        return f"{self.budget:g} {self.unit}"


@dataclasses.dataclass(frozen=True)
class RaceCourse:
    """A race under way.

    Args:
        results: what it has shown, in the order in which the arms ran.
        spent: by the earlier races of its account, and by those that are out.
        costs: by arm id: what each arm has cost so far, in each of `UNITS`.
    """

    results: Sequence[GenerationResult]
    spent: Spent
    costs: Mapping[str, tuple[float, ...]]


def wave(
    policy: Policy,
    state: State,
    positions: Mapping[str, int],
    course: RaceCourse,
    means: Means,
    rng: np.random.Generator,
    *,
    exploration: float,
    trials: Sequence[int],
    trial_share: float,
) -> tuple[Wave, ChosenSet]:
    """Draw the next wave or the stop; and the wave as a choice of arms, for explaining it.

    Arms on trial run beside a race's first wave, in a share of the races: there they meet tasks as they come, not those on which others
    have failed.

    Args:
        policy: whose choice it is.
        state: what was seen, of one row, without this race.
        positions: of the state's arms, by arm id.
        course: the race so far.
        means: what it may spend.
        rng: where chance comes from.
        exploration: the share of waves that are uniformly random.
        trials: positions of arms on trial.
        trial_share: the share of races in which one of them runs.
    """
    column = UNITS.index(means.unit)
    spent = getattr(course.spent, means.unit)
    account = Account(means.budget, spent, course.spent.races)
    cost: Floats | None = None
    if column:
        table = np.zeros((2, 1, state.arms))
        for own, sums in course.costs.items():
            if own in positions:
                table[:, 0, positions[own]] = sums[column], sums[0]
        cost = expected_cost(table[0], table[1], means.budget)[0]
    shown = _shown(course.results, positions)
    if cost is not None:
        shown = dataclasses.replace(shown, pace=_pace(course.results, positions, means.unit, cost))
    drawn = next_wave(
        policy,
        without(state, trials),
        shown,
        account,
        rng,
        cost=cost,
        spent=sum(spending(result, means.unit) for result in course.results),
        width=means.width,
        most=means.most,
        exploration=exploration,
    )
    if not course.results and len(trials) and trial_share > 0:
        drawn = _with_trial(drawn, np.asarray(trials, np.int64), trial_share, rng)
    return drawn, ChosenSet(drawn.arms, drawn.propensities, drawn.probability, drawn.exploration, drawn.particles)


def spending(result: GenerationResult, unit: Unit) -> float:
    """What a generation has cost; infrastructure's failures cost nothing."""
    if result.failure is FailureKind.INFRASTRUCTURE:
        return 0.0
    if unit == "generations":
        return 1.0
    if unit == "model_seconds":
        return result.generation_time
    return float(result.tokens or 0) if unit == "tokens" else result.price or 0.0


def _shown(results: Sequence[GenerationResult], positions: Mapping[str, int]) -> Shown:
    known = [result for result in results if result.arm_id in positions]
    passed = [float(result.test_passed) if result.moves_posterior else np.nan for result in known]
    best = max((result.reward for result in known if result.moves_posterior), default=0.0)
    arms = np.array([[positions[result.arm_id] for result in known]], np.int64).reshape(1, -1)
    likely = [result.confidence for result in results if result.test_passed and result.confidence is not None]
    left = worth_of_another(max(likely)) if likely else 1.0
    return Shown(arms, np.array([passed], float).reshape(1, -1), np.array([best]), left)


def _pace(results: Sequence[GenerationResult], positions: Mapping[str, int], unit: Unit, cost: Floats) -> float:
    """What a generation costs on this task, beside what is expected; one that was cut off or failed with its server does not say."""
    silent = (FailureKind.CANCELLED, FailureKind.INFRASTRUCTURE)
    told = [result for result in results if result.arm_id in positions and result.failure not in silent]
    took = sum(spending(result, unit) for result in told)
    expected = sum(float(cost[positions[result.arm_id]]) for result in told)
    return float(pace(np.array([took], float), np.array([expected], float), len(told))[0])


def _with_trial(drawn: Wave, trials: np.ndarray[Any, np.dtype[np.int64]], share: float, rng: np.random.Generator) -> Wave:
    """The first wave with an arm on trial beside it, in a share of the races."""
    propensities = drawn.propensities.copy()
    propensities[trials] = share / len(trials)
    if rng.random() >= share:
        return dataclasses.replace(drawn, propensities=propensities, probability=drawn.probability * (1 - share))
    arms = np.append(drawn.arms, trials[rng.integers(len(trials))])
    return dataclasses.replace(drawn, arms=arms, propensities=propensities, probability=drawn.probability * share / len(trials))
