"""Confidence sequences: they hold however often one looks, and are nearly as narrow as single outcomes would make them."""

from __future__ import annotations

import numpy as np
import pytest

from banditgen.bandit.arrays import Floats
from banditgen.bandit.confidence import lower_bound, upper_bound
from banditgen.errors import UsageError


def sums(rewards: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Passes, fails, Σy, Σy² after each outcome."""
    passes = (rewards > 0).cumsum().astype(float)
    return passes, np.arange(1, len(rewards) + 1) - passes, rewards.cumsum(), (rewards**2).cumsum()


@pytest.mark.slow
@pytest.mark.parametrize(("rate", "low", "high"), [(0.5, 0.7, 1.0), (0.9, 0.4, 1.0), (0.5, 1.0, 1.0), (0.05, 0.6, 0.9)])
def test_bounds_hold_at_every_look_of_a_run(rate: float, low: float, high: float) -> None:
    """Looking after each of 200 outcomes, at most α = 20 % of 100 runs ever exclude the true mean (4 deviations allowed)."""
    rng, failed = np.random.default_rng(0), 0
    for _ in range(100):
        rewards = np.where(rng.random(200) < rate, rng.uniform(low, high, 200), 0.0)
        lower, upper = lower_bound(*sums(rewards), 0.1), upper_bound(*sums(rewards), 0.1)
        mean = rate * (low + high) / 2
        failed += bool(((lower > mean) | (upper < mean)).any())
    assert failed <= 20 + 4 * np.sqrt(100 * 0.2 * 0.8)


def test_sums_lose_little_against_single_outcomes() -> None:
    """The upper bound from sums is within 0.01 of the one that betting on each outcome gives."""
    rng = np.random.default_rng(1)
    rewards = np.where(rng.random(60) < 0.5, rng.uniform(0.7, 1.0, 60), 0.0)
    shares = (np.arange(20) + 0.5) / 20
    refuted = [
        m for m in np.arange(rewards.mean(), 1, 0.001) if np.exp(np.log1p(shares[:, None] * (m - rewards) / (1 - m)).sum(1)).mean() >= 40
    ]
    upper = upper_bound(*sums(rewards), 0.025)
    assert refuted[0] - 0.002 <= upper[-1] <= refuted[0] + 0.01


def test_nothing_seen_only_fails_only_full_rewards() -> None:
    seen = np.array([0.0, 0.0, 9.0]), np.array([0.0, 9.0, 0.0]), np.array([0.0, 0.0, 9.0]), np.array([0.0, 0.0, 9.0])
    low, high = lower_bound(*seen, 0.025), upper_bound(*seen, 0.025)
    assert low[:2] == pytest.approx([0.0, 0.0], abs=1e-6)
    assert high[[0, 2]] == pytest.approx([1.0, 1.0], abs=1e-6)
    assert high[1] < 0.5 < low[2]


@pytest.mark.parametrize("alpha", [0.0, 1.0, -1.0])
def test_impossible_levels(alpha: float) -> None:
    one = np.ones(1)
    for bound in (lower_bound, upper_bound):
        with pytest.raises(UsageError, match="alpha"):
            bound(one, one, one, one, alpha)
