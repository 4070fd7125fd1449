"""The world changes: a new good arm comes into use. What a changed model does to evidence: tests/learning/test_discount.py."""

import numpy as np
import pytest

from banditgen.arm import GeneratorConfig, arm_id
from banditgen.bandit import Statistics, make_policy

pytestmark = pytest.mark.slow
ARMS = [GeneratorConfig(f"arm{i}", f"model{i}", 0.5) for i in range(6)]


def race(statistics: Statistics, policy_name: str, arms: list[GeneratorConfig], rates: np.ndarray, rng: np.random.Generator) -> set[int]:
    chosen = make_policy(policy_name).sets(statistics.state(arms, "t", (1.0, 0.0)), 2, rng, 1)[0]
    passed = (rng.random(2) < rates[chosen]).astype(float)
    statistics.fold([arm_id(arms[i]) for i in chosen], ["t", "t"], passed, np.ones((2, 2)))
    return set(chosen.tolist())


@pytest.mark.parametrize("policy", ["thompson", "best_set"])
def test_a_new_good_arm_is_in_use_within_100_races(policy: str) -> None:
    """In most of the last 50 of 100 races after its birth, in at least 8 of 10 runs."""
    rates, used = np.array([0.3, 0.35, 0.4, 0.3, 0.35, 0.8]), 0
    for seed in range(10):
        rng, statistics = np.random.default_rng(seed), Statistics()
        for _ in range(100):
            race(statistics, policy, ARMS[:5], rates[:5], rng)
        held = [5 in race(statistics, policy, ARMS, rates, rng) for _ in range(100)]
        used += int(np.mean(held[50:]) > 0.5)
    assert used >= 8
