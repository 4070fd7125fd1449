"""One decision: exact propensities, weights, exploiting."""

import math
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from banditgen.arm import GeneratorConfig, arm_id
from banditgen.bandit import POLICIES, Statistics, choose, exploit, make_policy, without
from banditgen.errors import UsageError

ARMS = [GeneratorConfig(f"{m}-{t}", m, t) for m in ("a", "b", "c") for t in (0.2, 0.8)]


def seen(rounds: int = 40, seed: int = 1) -> Statistics:
    rng = np.random.default_rng(seed)
    statistics = Statistics()
    rates = np.linspace(0.2, 0.8, len(ARMS))
    for race in range(rounds):
        arms = rng.choice(len(ARMS), 3, replace=False)
        passed = (rng.random(3) < rates[arms]).astype(float)
        statistics.fold([arm_id(ARMS[a]) for a in arms], ["t"] * 3, passed, rng.random((3, 2)), [race] * 3)
    return statistics


@pytest.mark.parametrize("name", sorted(POLICIES))
def test_propensities_are_exact_against_enumeration(name: Any) -> None:
    """Set probabilities over all C(6, 3) sets, enumerated from the same particles, sum to 1 and give q, to 1e-12."""
    policy, state = make_policy(name), seen().state(ARMS, "t", (0.7, 0.3))
    sets = policy.sets(state, 3, np.random.default_rng(5), 256 if policy.randomised else 1)
    choice = choose(policy, state, 3, np.random.default_rng(5))
    probability = {
        s: 0.95 * np.mean([set(s) == set(row) for row in sets.tolist()]) + 0.05 / math.comb(6, 3) for s in combinations(range(6), 3)
    }
    assert sum(probability.values()) == pytest.approx(1, abs=1e-12)
    q = [sum(p for s, p in probability.items() if arm in s) for arm in range(6)]
    assert np.abs(choice.propensities - np.array(q)).max() < 1e-12
    assert choice.set_probability == pytest.approx(probability[tuple(sorted(choice.arms.tolist()))], abs=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("k", [1, 3, 4, 6])
@pytest.mark.parametrize("name", sorted(POLICIES))
def test_propensities_with_arms_on_trial_are_exact_against_enumeration(name: Any, k: int) -> None:
    """Four arms and two on trial (and one on trial that may never race), share 0.3; a set of all four leaves its last place free."""
    arms = [*ARMS, GeneratorConfig("never", "d", 0.5, weight=0)]
    policy, state, places = make_policy(name), seen().state(arms, "t", (0.7, 0.3)), min(k, 4)
    choices = [choose(policy, state, k, np.random.default_rng(seed), on_trial=[1, 4, 6], trial_share=0.3) for seed in range(40)]
    for seed, choice in enumerate(choices):
        sets = policy.sets(without(state, [1, 4, 6]), places, np.random.default_rng(seed), 256 if policy.randomised else 1)
        probability: dict[frozenset[int], float] = {}
        for kept, chance, trials in ((places, 0.7, ((),)), (min(k - 1, places), 0.15, ((1,), (4,)))):
            for trial in trials:
                for row in sets[:, :kept].tolist():
                    key = frozenset({*row, *trial})
                    probability[key] = probability.get(key, 0.0) + chance * 0.95 / len(sets)
                for some in combinations((0, 2, 3, 5), kept):
                    key = frozenset({*some, *trial})
                    probability[key] = probability.get(key, 0.0) + chance * 0.05 / math.comb(4, kept)
        assert sum(probability.values()) == pytest.approx(1, abs=1e-12)
        q = [sum(p for s, p in probability.items() if arm in s) for arm in range(7)]
        assert np.abs(choice.propensities - np.array(q)).max() < 1e-12
        assert choice.set_probability == pytest.approx(probability[frozenset(choice.arms.tolist())], abs=1e-12)
    tried = np.mean([bool({1, 4} & set(choice.arms.tolist())) for choice in choices])
    assert 0.05 < tried < 0.6


def test_without_arms_to_race_beside_them_none_is_tried() -> None:
    state = Statistics().state(ARMS, "t", (0.7, 0.3))
    with pytest.raises(UsageError, match="no arm is eligible"):
        choose(make_policy("thompson"), state, 3, np.random.default_rng(1), on_trial=range(6), trial_share=0.3)
    with pytest.raises(UsageError, match="trial_share"):
        choose(make_policy("thompson"), state, 3, np.random.default_rng(1), on_trial=[1], trial_share=1.3)


@pytest.mark.parametrize("name", sorted(POLICIES))
def test_an_arm_of_weight_0_is_never_chosen_and_the_same_seed_chooses_the_same(name: Any) -> None:
    arms = [*ARMS, GeneratorConfig("never", "d", 0.5, weight=0)]
    state = Statistics().state(arms, "t", (0.7, 0.3))
    for seed in range(30):
        choice = choose(make_policy(name), state, 3, np.random.default_rng(seed))
        again = choose(make_policy(name), state, 3, np.random.default_rng(seed))
        assert 6 not in choice.arms
        assert choice.propensities[6] == 0
        assert choice.propensities.sum() == pytest.approx(3)
        assert choice.arms.tolist() == again.arms.tolist()
        assert len(set(choice.arms.tolist())) == 3


def test_a_race_of_more_arms_than_there_are_holds_them_all() -> None:
    choice = choose(make_policy("thompson"), Statistics().state(ARMS, "t", (0.7, 0.3)), 9, np.random.default_rng(1))
    assert sorted(choice.arms.tolist()) == list(range(6))
    assert choice.set_probability == pytest.approx(1)


def test_exploit_takes_the_best_arms_without_chance() -> None:
    state = seen(400).state(ARMS, "t", (0.7, 0.3))
    choice = exploit(make_policy("thompson"), state, 2, np.random.default_rng(1))
    assert set(choice.arms.tolist()) == {4, 5}
    assert choice.set_probability == 1


def test_exploit_leaves_to_chance_who_of_equal_arms_races() -> None:
    state, rng = Statistics().state(ARMS, "t", (0.7, 0.3)), np.random.default_rng(1)
    choices = [exploit(make_policy("best_set"), state, 2, rng) for _ in range(600)]
    counts = np.bincount(np.concatenate([choice.arms for choice in choices]), minlength=6)
    assert (np.abs(counts - 200) < 60).all()
    assert choices[0].propensities == pytest.approx(np.full(6, 1 / 3))
    assert choices[0].set_probability == pytest.approx(1 / 15)


def test_an_empty_eligible_set_and_a_race_of_no_arms_are_refused() -> None:
    with pytest.raises(UsageError, match="no arm is eligible"):
        choose(make_policy("thompson"), Statistics().state([], "t", (0.7, 0.3)), 3, np.random.default_rng(1))
    with pytest.raises(UsageError, match="at least one arm"):
        choose(make_policy("thompson"), Statistics().state(ARMS, "t", (0.7, 0.3)), 0, np.random.default_rng(1))
    with pytest.raises(UsageError, match="unknown policy"):
        make_policy("best")
