"""Whatever is missing: every state gives choices, means and draws, and equal evidence gives equal chances."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from banditgen.arm import GeneratorConfig, arm_id
from banditgen.bandit import State, Statistics, beliefs, make_policy
from banditgen.bandit.patterns import Patterns
from banditgen.bandit.spending import Account
from banditgen.bandit.waves import price_of, races
from banditgen.offline.replay import empty_state, observe

BATCH = 100


def states(rng: np.random.Generator) -> State:
    """A batch: races of any length, outcomes missing at random or after a pass, evidence kept in part, priors, races out."""
    arms_in_all = int(rng.integers(1, 13))
    arms = [GeneratorConfig(f"arm{i}", f"model{rng.integers(6)}", 0.5) for i in range(arms_in_all)]
    weight = rng.choice([0.0, 0.5, 1.0, 3.0], arms_in_all, p=[0.1, 0.1, 0.7, 0.1])
    weight[rng.integers(arms_in_all)] = 1.0
    state = empty_state(arms, weight, BATCH)
    rate = rng.choice([0.0, 0.01, 0.5, 0.99, 1.0], (BATCH, arms_in_all))
    share = np.where(rng.random(arms_in_all) < rng.choice([0.0, 0.5], p=[0.7, 0.3]), 0.1, 1.0)  # models that have changed since
    patterns = Patterns(BATCH, state.model)
    for _ in range(int(rng.integers(0, 12))):
        order = rng.random((BATCH, arms_in_all)).argsort(1)
        passed = np.take_along_axis((rng.random(rate.shape) < rate).astype(float), order, 1)
        if rng.random() < 0.5:
            passed[np.cumsum(passed, 1) - passed > 0] = np.nan
        passed[rng.random(passed.shape) < rng.choice([0.0, 0.3, 0.9])] = np.nan
        ran = np.where(rng.random(order.shape) < 0.1, -1, order)
        for _ in range(int(rng.integers(0, 3))):  # who came first and failed runs once more
            may = (ran[:, :1] >= 0) & (passed[:, :1] == 0) & (rng.random((BATCH, 1)) < 0.5)
            ran = np.hstack([ran, np.where(may, ran[:, :1], -1)])
            passed = np.hstack([passed, (rng.random((BATCH, 1)) < rng.choice([0.0, 0.3, 1.0])).astype(float)])
        observe(state, ran, passed * rng.choice([1.0, 0.7, 1e-3]))
        patterns.add(np.arange(BATCH), ran, passed, weights=share[ran])
    for table in (state.passes, state.fails, state.total, state.square):
        table[:] = table * share
    strength = rng.choice([0.0, 0.5, 30.0], (BATCH, arms_in_all))
    pending = rng.choice([0.0, 1.0, 500.0], (BATCH, arms_in_all), p=[0.8, 0.1, 0.1])
    return dataclasses.replace(
        state, patterns=patterns, pending=pending, prior_strength=strength, prior_mean=rng.choice([0.0, 0.4, 1.0], strength.shape)
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", ["best_set", "thompson"])
def test_ten_thousand_states_give_no_error_no_nan_and_no_refusal(name: Any) -> None:
    policy = make_policy(name)
    for seed in range(10_000 // BATCH):
        rng = np.random.default_rng(seed)
        state = states(rng)
        usable = int((state.weight > 0).sum())
        with np.errstate(divide="raise", invalid="raise", over="raise"):
            sets = policy.sets(state, min(3, usable), rng, BATCH)
            means, draws = policy.means(state), policy.draws(state, rng, BATCH)
            race = races(policy, state, rng, BATCH, 4, np.ones((1, state.arms)))
            arm, gain = race.next()
            race.saw(arm, rng.choice([0.0, 1.0, np.nan], BATCH), rng.choice([0.0, 0.5], BATCH))
            race.saw(arm, np.where(race.next()[0] == arm, 0.0, np.nan), np.zeros(BATCH))
            least = price_of(policy, state, np.ones((1, state.arms)), Account(2.0, 100.0, 51.0), 10)
        assert (state.weight[sets] > 0).all()
        assert all(len(set(row)) == len(row) for row in sets.tolist())
        for values in (means, draws):
            assert ((values >= 0) & (values <= 1)).all()
        assert np.isfinite(gain).all()
        assert np.isfinite(least).all()
        if usable > 1:
            assert np.isfinite(race.next()[1]).all()


@pytest.mark.parametrize("order", [[0, 1, 2, 3, 4], [3, 1, 4, 0, 2]])
@pytest.mark.parametrize("passed", [0.0, 1.0, None])
@pytest.mark.parametrize("name", ["best_set", "thompson"])
def test_equal_evidence_is_an_equal_chance_wherever_an_arm_stands(name: Any, passed: float | None, order: list[int]) -> None:
    """20,000 draws, all failed, all passed, or nothing seen: chances within 0.015 (four deviations), in whatever order the arms come."""
    arms = [GeneratorConfig(f"arm{i}", f"model{i}", 0.5) for i in order]
    statistics = Statistics()
    for _ in range(60 if passed is not None else 0):
        statistics.fold([arm_id(arm) for arm in arms], ["t"] * 5, np.full(5, passed), np.ones((5, 2)))
    chosen = make_policy(name).sets(statistics.state(arms, "t", (1.0, 0.0)), 1, np.random.default_rng(1), 20_000)
    assert np.abs(np.bincount(chosen[:, 0], minlength=5) / 20_000 - 0.2).max() < 0.015


@pytest.mark.parametrize("name", ["best_set", "thompson"])
@pytest.mark.parametrize("passed", [0, 1, 30])
def test_a_mean_lies_in_its_interval_and_an_untried_arm_is_raced_beside_a_hopeless_one(name: Any, passed: int) -> None:
    arms = [GeneratorConfig(f"arm{i}", f"model{i}", 0.5) for i in range(3)]
    statistics = Statistics()
    for race in range(60):
        statistics.fold([arm_id(arms[0])], ["t"], [float(race < passed)], [[0.8, 0.4]])
    state = statistics.state(arms, "t", (0.7, 0.3))
    for belief in beliefs(make_policy(name), state, ["a", "b", "c"], np.random.default_rng(0)):
        assert belief.low <= belief.expected <= belief.high
    if passed == 0:
        chosen = make_policy(name).sets(state, 1, np.random.default_rng(1), 2000)[:, 0]
        assert np.bincount(chosen, minlength=3)[0] < 500
