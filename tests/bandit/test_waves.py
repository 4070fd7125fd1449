"""Races in waves: exact propensities, stops that follow the budget, beliefs that the order of play doesn't bias."""

from __future__ import annotations

import dataclasses
import math
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtr

from banditgen.arm import GeneratorConfig, arm_id
from banditgen.bandit import Account, Shown, Statistics, make_policy, next_wave, pace
from banditgen.bandit.waves import LEAST_GAIN, price_of, races
from banditgen.errors import UsageError

ARMS = [GeneratorConfig(f"{m}-{t}", m, t) for m in ("a", "b", "c") for t in (0.2, 0.8)]


def seen(rounds: int = 40, seed: int = 1) -> Statistics:
    rng = np.random.default_rng(seed)
    statistics = Statistics()
    for race in range(rounds):
        arms = rng.choice(len(ARMS), 3, replace=False)
        passed = (rng.random(3) < np.linspace(0.2, 0.6, len(ARMS))[arms]).astype(float)
        statistics.fold([arm_id(ARMS[a]) for a in arms], ["t"] * 3, passed, rng.random((3, 2)), [race] * 3)
    return statistics


def shown(arms: list[int], passed: list[float], best: float = 0.0) -> Shown:
    return Shown(np.array([arms], np.int64).reshape(1, -1), np.array([passed]).reshape(1, -1), np.array([best]))


@pytest.mark.parametrize("width", [1, 2])
@pytest.mark.parametrize("name", ["best_set", "thompson", "ucb1"])
def test_the_chances_of_every_step_are_exact_against_enumeration(name: Any, width: int) -> None:
    """Over all sets that may run next and the stop, from the same draws, they sum to 1 and give q, to 1e-12; what is drawn has its own."""
    policy, state = make_policy(name), seen().state(ARMS, "t", (0.7, 0.3))
    account, cost = Account(3.0, 243.0, 80.0), np.ones((1, 6))
    alone = shown([5], [0.0])
    started = (shown([5, 1], [0.0, np.nan]), shown([5, 5], [0.0, 0.0]), shown([4], [1.0], 0.5), dataclasses.replace(alone, pace=1.5))
    for race in (shown([], []), alone, *started):
        draws = races(policy, state, np.random.default_rng(5), 256, 4, cost, begun=race.arms.shape[1] > 0)
        for i in range(race.arms.shape[1]):
            draws.saw(race.arms[:, i], race.passed[:, i], race.best)
        sets, (first, gain) = [], draws.next()
        for _ in range(width):
            first = draws.next()[0]
            sets.append(first)
            draws.take()
        least = price_of(policy, state, cost, account, 4)[0]
        goes = np.where((gain / race.pace <= least) & (race.arms.shape[1] > 0), 0.02, 1.0)
        last = dict(zip(race.arms[0].tolist(), race.passed[0].tolist(), strict=True))
        free = [arm for arm in range(6) if last.get(arm, 0.0) == 0.0]  # who has failed may answer otherwise
        probability = {
            s: float(np.mean(goes * (0.95 * (np.sort(np.array(sets).T) == s).all(1) + 0.05 / math.comb(len(free), width))))
            for s in combinations(free, width)
        }
        steps = [
            next_wave(policy, state, race, account, np.random.default_rng(5 if seed < 0 else [5, seed]), width=width, most=4)
            for seed in (-1, 1, 2)
        ]
        step = steps[0]
        assert sum(probability.values()) + step.stop == pytest.approx(1, abs=1e-12)
        assert step.stop == pytest.approx(1 - goes.mean(), abs=1e-12)
        q = [sum(p for s, p in probability.items() if arm in s) for arm in range(6)]
        assert np.abs(step.propensities - q).max() < 1e-12
        own = probability[tuple(sorted(step.arms.tolist()))] if len(step.arms) else step.stop
        assert step.probability == pytest.approx(own, abs=1e-12)
        assert all(len(one.arms) in (0, width) for one in steps)


def test_a_race_stops_where_nothing_may_run() -> None:
    policy, state = make_policy("best_set"), seen().state(ARMS, "t", (0.7, 0.3))
    everyone = shown([0, 1, 2, 3, 4, 5], [0.0] * 6)
    for once in (dataclasses.replace(state, varies=False), dataclasses.replace(state, varies=np.arange(6) == 0)):
        step = next_wave(policy, once, everyone, Account(9.0), np.random.default_rng(1))
        assert step.arms.tolist() in ([[0], []] if np.any(once.varies) else [[]])
    everyone = shown([0, 1, 2, 3, 4, 5], [np.nan, 1.0] * 3)  # who has passed, or taught nothing, runs no more
    for race, account, most in (
        (everyone, Account(9.0), 10),
        (shown([0, 1], [0.0, 0.0]), Account(9.0), 2),
        (shown([0], [0.0]), Account(3.0, 309.0, 100.0), 10),
    ):
        step = next_wave(policy, state, race, account, np.random.default_rng(1), most=most, spent=float(race.arms.shape[1]))
        assert (step.stop, step.probability, len(step.arms), step.propensities.sum()) == (1.0, 1.0, 0, 0.0)
    first = next_wave(policy, state, shown([], []), Account(3.0, 400.0, 100.0), np.random.default_rng(1))
    assert len(first.arms) == 1
    assert first.stop == 0
    with pytest.raises(UsageError, match="budget above 0"):
        next_wave(policy, state, everyone, Account(0.0), np.random.default_rng(1))


def test_what_was_spent_moves_the_price() -> None:
    """Thrift is paid back and excess made up for: the price rises with what was spent, down to 0 where all is paid for."""
    policy, state = make_policy("best_set"), seen().state(ARMS, "t", (0.7, 0.3))
    prices = [float(price_of(policy, state, np.ones((1, 6)), Account(2.0, spent, 100.0), 6)[0]) for spent in (150, 195, 200, 205, 215)]
    assert prices == sorted(prices)
    assert prices[0] == LEAST_GAIN  # a budget that is not used up asks for no more
    assert prices[-1] > 0


def test_a_task_that_takes_long_is_left_sooner() -> None:
    """What the next candidate costs follows what the race's first ones cost: with the pace of the task, the chance to stop rises."""
    policy, state, account = make_policy("best_set"), seen().state(ARMS, "t", (0.7, 0.3)), Account(1.3, 130.0, 100.0)
    race = shown([5, 4], [0.0, 0.0])
    stops = [
        next_wave(policy, state, dataclasses.replace(race, pace=slow), account, np.random.default_rng(5), spent=2.0).stop
        for slow in (0.25, 1.0, 1.8)
    ]
    assert stops == sorted(stops)
    assert stops[2] > stops[0] + 0.5
    halved = pace(np.array([0.0, 1.0, 4.0]), np.array([0.0, 2.0, 4.0]), np.array([0, 1, 2]))
    assert halved.tolist() == [1.0, 0.75, 1.0]  # what was expected stands beside what was seen as one more generation


@pytest.mark.slow
@pytest.mark.parametrize("first", [0, 4])
def test_an_arm_that_only_meets_what_others_failed_is_not_taken_to_be_worse(first: int) -> None:
    """Arm 5 runs only where all others failed, arm `first` mostly before them: every mean within 0.02, where counting is 0.2 off."""
    rng = np.random.default_rng(3)
    beta, ease = 1.3, np.array([0.0, -0.2, 0.3, 0.1, -0.4, 0.2])
    passed = ease + beta * rng.standard_normal((20_000, 1)) + rng.standard_normal((20_000, 6)) > 0
    turn = rng.random(passed.shape)
    turn[:, first] *= 0.3
    turn[:, 5] = 2
    order = turn.argsort(1)
    verdicts = np.take_along_axis(passed, order, 1).astype(float)
    ran = np.cumsum(verdicts, 1) - verdicts == 0
    arms = [GeneratorConfig(f"arm{i}", f"model{i}", 0.5) for i in range(6)]
    statistics = Statistics()
    ids = [arm_id(arms[i]) for i in order[ran].tolist()]
    statistics.fold(ids, ["t"] * len(ids), verdicts[ran], np.ones((len(ids), 2)), np.nonzero(ran)[0].tolist())
    state = statistics.state(arms, "t", (1.0, 0.0))
    truth = ndtr(ease / np.sqrt(1 + beta**2))
    assert np.abs(make_policy("best_set").means(state)[0] - truth).max() < 0.02
    assert np.abs(state.mean[0] - truth)[5] > 0.2


@pytest.mark.parametrize("name", ["best_set", "thompson"])
def test_what_comparing_candidates_has_shown_leaves_less_to_gain(name: Any) -> None:
    """Where no tests judge them, a race goes on while another candidate is worth its price: surely so while nothing is known of any."""
    policy, state, account = make_policy(name), seen().state(ARMS, "t", (0.7, 0.3)), Account(3.0, 243.0, 80.0)

    def step(left: float) -> Any:
        race = Shown(np.array([[5, 4]]), np.array([[np.nan, np.nan]]), np.zeros(1), left)
        return next_wave(policy, state, race, account, np.random.default_rng(5))

    open_, half, closed = step(1.0), step(0.1), step(0.0005)
    assert open_.stop == 0.0
    assert half.gain == pytest.approx(0.1 * open_.gain)
    assert open_.stop <= half.stop <= closed.stop
    assert closed.stop == pytest.approx(0.98)
