"""Second answers of an arm that failed: how much of its chance is left is learned, and spoils nobody's mean."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.special import ndtr

from banditgen.arm import GeneratorConfig, arm_id
from banditgen.bandit import Statistics
from banditgen.bandit.again import HEDGE, SHARE, after
from banditgen.bandit.best_set import BestSet
from banditgen.offline.replay import empty_state, observe_arms, replay

ARMS = [GeneratorConfig(f"arm{i}", f"model{i}", 0.5) for i in range(5)]
EASE, BETA = np.array([0.3, 0.0, -0.3, 0.5, -0.6]), 1.3


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.0, 0.3, 0.7])
def test_what_is_left_of_a_chance_is_learned_and_means_stay_what_they_are(share: float) -> None:
    """Planted: an arm's chances on tasks of one ease are spread as a beta distribution that leaves `share` of them after a fail.

    Races are in waves: four arms in any order, the first of them again, then arm 4. κ is within 0.08 in the mean, each mean within 0.02.
    """
    rng = np.random.default_rng(3)
    mean = ndtr(EASE + BETA * rng.standard_normal((60_000, 1)))
    precision = max(share / (1 - share), 1e-3)
    chance = rng.beta(np.maximum(mean * precision, 1e-9), np.maximum((1 - mean) * precision, 1e-9))
    first, again = rng.random((2, *chance.shape)) < chance
    order, race = np.argsort(rng.random((len(mean), 4)), axis=1), np.arange(len(mean))
    arms = np.column_stack([order, order[:, 0], np.full(len(mean), 4)])
    passed = first[race[:, None], arms].astype(float)
    passed[:, 4] = again[race, order[:, 0]]
    ran = np.cumsum(passed, 1) - passed == 0
    state = empty_state(ARMS, np.ones(5), 1)
    observe_arms(state, np.zeros((len(mean), 1), np.int64), arms, np.where(ran, passed, 0.0), ran)
    state.patterns.add(np.zeros(len(mean), np.int64), np.where(ran, arms, -1), np.where(ran, passed, np.nan))
    policy = BestSet()
    left = policy.fit(state).again[0, :4]
    assert abs(left.mean() - share) < 0.08
    assert np.abs(left - share).max() < 0.15
    assert np.abs(policy.means(state)[0] - ndtr(EASE / np.sqrt(1 + BETA**2))).max() < 0.02


def test_a_second_answer_is_worth_less_with_every_fail() -> None:
    urn = after(np.full(4, 0.5), np.arange(4.0))  # Pólya's, of precision 1
    assert urn.tolist() == pytest.approx([1, HEDGE / 2, HEDGE / 3, HEDGE / 4])
    assert after(np.zeros(1), np.ones(1)).tolist() == [0]
    fit = BestSet().fit(empty_state(ARMS, np.ones(5), 1))
    assert fit.again.tolist() == [[pytest.approx(SHARE)] * 5]


def test_what_second_answers_showed_adds_up_in_any_order_and_can_be_taken_back() -> None:
    ids = [arm_id(arm) for arm in ARMS]
    races = [[(ids[0], False, 1.0), (ids[0], True, 1.0)], [(ids[0], False, 1.0), (ids[1], False, 1.0), (ids[1], False, 1.0)]]
    means = []
    for order in (races, races[::-1]):
        statistics = Statistics()
        for race in [*order, races[0]]:
            statistics.add_patterns(["t"], [race], [1.0])
        statistics.add_patterns(["t"], [races[0]], [-1.0])
        state = statistics.state(ARMS, "t", (1.0, 0.0))
        assert state.patterns.again_passed.tolist() == [[1, 0, 0, 0, 0]]
        assert state.patterns.covered[0].tolist() == [[2, 2, 0, 0, 0], [1, 0, 0, 0, 0]]
        means.append(BestSet().fit(state).again)
    assert np.allclose(means[0], means[1])
    assert means[0][0, 0] > SHARE
    assert means[0][0, 0] > means[0][0, 1]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["best_set", "thompson"])
def test_in_replay_only_who_failed_runs_again_and_never_at_temperature_0(name: Any) -> None:
    arms = [GeneratorConfig(f"arm{i}", f"model{i}", 0.8 if i else 0.0) for i in range(4)]
    outcomes = (np.random.default_rng(1).random((4, 30, 8)) < 0.25).astype(float)
    played = replay(name, outcomes, arms, k=3, rounds=120, seeds=4, waves=True)
    repeats = 0
    for race, rewards in zip(played.choices.reshape(-1, 10).tolist(), played.rewards.reshape(-1, 10).tolist(), strict=True):
        for place, arm in enumerate(race):
            before = [rewards[i] for i in range(place) if race[i] == arm >= 0]
            assert not any(before)
            assert not before or arm > 0
            repeats += bool(before)
    assert (repeats > 0) == (name == "best_set")
    assert played.generations is not None
    assert played.generations.mean() < 3.1


@pytest.mark.slow
def test_a_second_answer_of_an_arm_with_one_recorded_candidate_is_the_same() -> None:
    arms = [GeneratorConfig(f"arm{i}", f"model{i}", 0.8) for i in range(3)]
    outcomes = (np.random.default_rng(1).random((3, 40, 1)) < 0.3).astype(float)
    played = replay("best_set", outcomes, arms, k=3, rounds=100, seeds=3, waves=True)
    ran = played.choices >= 0
    expected = outcomes[np.maximum(played.choices, 0), played.tasks[..., None], 0]
    assert (played.rewards[ran] == expected[ran]).all()
