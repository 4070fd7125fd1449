"""The arms' Pareto front: who is better in all goals is found, and nobody is put behind by chance."""

from __future__ import annotations

import numpy as np
import pytest

from banditgen import GeneratorConfig
from banditgen.bandit.front import DOUBT, beaten
from banditgen.learning.goals import goals_of
from banditgen.learning.ledger import Spent

GOALS = "quality", "speed"


def believed(rng: np.random.Generator, truth: np.ndarray, outcomes: int, samples: int = 4000) -> np.ndarray:
    """(M, S, K): draws of Beta posteriors after so many outcomes of each goal of each arm."""
    seen = rng.binomial(outcomes, truth)
    return rng.beta(1 + seen[:, None], 1 + outcomes - seen[:, None], size=(len(truth), samples, truth.shape[1]))


def test_an_arm_is_behind_one_that_is_better_in_all_goals_once_that_is_sure() -> None:
    truth = np.array([[0.9, 0.5, 0.2], [0.8, 0.4, 0.95]])  # the second is behind the first, the third is fast
    rng = np.random.default_rng(0)
    assert beaten(believed(rng, truth, 2)).tolist() == [-1, -1, -1]
    assert beaten(believed(rng, truth, 200)).tolist() == [-1, 0, -1]


def test_arms_that_are_alike_are_seldom_called_behind() -> None:
    """Planted nothing: of 8 equal arms, and of a front, hardly ever one is behind."""
    rng = np.random.default_rng(1)
    for truth in (np.full((2, 8), 0.6), np.stack([np.linspace(0.2, 0.8, 8), np.linspace(0.8, 0.2, 8)])):
        found = [(beaten(believed(rng, truth, 60, 1000)) >= 0).any() for _ in range(60)]
        assert np.mean(found) <= 8 * DOUBT / 2


def test_goals_that_are_equal_or_unknown_put_nobody_behind() -> None:
    rng = np.random.default_rng(2)
    draws = believed(rng, np.array([[0.9, 0.3]]), 200)
    assert beaten(draws).tolist() == [-1, 0]
    assert beaten(np.concatenate([draws, np.ones_like(draws)])).tolist() == [-1, 0]  # equal in the other goal
    assert beaten(np.ones((2, 10, 3))).tolist() == [-1, -1, -1]
    assert beaten(np.concatenate([draws, np.full_like(draws, np.nan)])).tolist() == [-1, -1]
    assert beaten(draws[..., :1]).tolist() == [-1]


def test_an_arm_that_is_worse_and_cheaper_stays_and_prices_are_for_a_pass() -> None:
    arms = [GeneratorConfig(name, name) for name in ("dear", "cheap", "bad", "new")]
    rng = np.random.default_rng(3)
    seen, passing = np.array([200, 200, 200, 0]), np.array([0.9, 0.6, 0.3, 0.5])
    draws = rng.beta(1 + seen * passing, 1 + seen * (1 - passing), size=(4000, 4))
    spent = [Spent(0, 200, price=20.0), Spent(0, 200, price=2.0), Spent(0, 200, price=20.0), Spent()]
    rows = {row.name: row for row in goals_of(arms, dict.fromkeys(GOALS, draws), draws, spent)}
    assert {name: row.on_front for name, row in rows.items()} == {"dear": True, "cheap": True, "bad": False, "new": True}
    assert rows["bad"].beaten_by in ("dear", "cheap")
    price = rows["dear"].goals["price"]
    assert price.median == pytest.approx(0.1 / 0.9, rel=0.1)
    assert price.low < price.median < price.high
    assert "price" not in rows["new"].goals
    free = goals_of(arms, dict.fromkeys(GOALS, draws), draws, [Spent(0, 9)] * 4)
    assert [row.on_front for row in free] == [True, False, False, True]
    assert all("price" not in row.goals for row in free)
