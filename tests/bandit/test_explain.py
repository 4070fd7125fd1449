"""Recommendations and explanations say what is believed, with honest intervals."""

from typing import Any

import numpy as np
import pytest

from banditgen.arm import GeneratorConfig, arm_id
from banditgen.bandit import Statistics, beliefs, choose, explain, make_policy

RATES = np.array([0.2, 0.4, 0.6, 0.8])
ARMS = [GeneratorConfig(f"arm{i}", f"model{i}", 0.5) for i in range(4)]
NAMES = [arm.name for arm in ARMS]


def raced(rounds: int, seed: int) -> Statistics:
    rng, statistics = np.random.default_rng(seed), Statistics()
    for race in range(rounds):
        statistics.fold([arm_id(arm) for arm in ARMS], ["t"] * 4, (rng.random(4) < RATES).astype(float), np.ones((4, 2)), [race] * 4)
    return statistics


@pytest.mark.slow
@pytest.mark.parametrize("name", ["thompson", "best_set", "mp_ts"])
def test_credible_intervals_cover_the_truth(name: Any) -> None:
    """95 % intervals over 100 runs × 4 arms cover at least 89 %: shrinkage may cost a little, not more."""
    covered = 0
    for seed in range(100):
        state = raced(40, seed).state(ARMS, "t", (0.5, 0.5))
        believed = beliefs(
            make_policy(name, sharpness=1.0) if name == "thompson" else make_policy(name), state, NAMES, np.random.default_rng(seed)
        )
        covered += sum(b.low <= rate <= b.high for b, rate in zip(believed, RATES, strict=True))
    assert covered >= 356


def test_an_explanation_names_the_chosen_the_chances_and_the_runner_up() -> None:
    state, policy = raced(30, 1).state(ARMS, "t", (0.5, 0.5)), make_policy("thompson")
    choice = choose(policy, state, 2, np.random.default_rng(2))
    told = explain(policy, state, choice, NAMES, np.random.default_rng(3))
    assert [b.name for b in told.chosen] == [NAMES[i] for i in choice.arms]
    assert told.runner_up is not None
    assert told.runner_up.name not in [b.name for b in told.chosen]
    assert told.runner_up.name in told.words
    assert told.propensities == pytest.approx(dict(zip(NAMES, choice.propensities.tolist(), strict=True)))
    assert told.to_dict()["chosen"][0]["name"] == told.chosen[0].name


def test_with_every_arm_in_the_race_there_is_no_runner_up() -> None:
    state, policy = Statistics().state(ARMS, "t", (0.5, 0.5)), make_policy("best_set")
    assert explain(policy, state, choose(policy, state, 4, np.random.default_rng(2)), NAMES, np.random.default_rng(3)).runner_up is None
