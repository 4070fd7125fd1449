"""Further measures in the posteriors: what they add to rewards is what the candidates earned."""

from __future__ import annotations

import numpy as np
import pytest

from banditgen import GeneratorConfig
from banditgen.bandit import Statistics

ARMS = [GeneratorConfig(f"arm{i}", f"model{i}") for i in range(3)]
IDS = [arm.arm_id for arm in ARMS]
WEIGHTS, FURTHER = np.array([0.5, 0.2]), {"security": 0.3}


def told(count: int, seed: int, has: float = 1.0) -> tuple[Statistics, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Statistics of random outcomes of two arms, and these: arms, verdicts, quality and speed, the measure or NaN."""
    rng = np.random.default_rng(seed)
    arm, passed = rng.integers(0, 2, count), (rng.random(count) < 0.6).astype(float)
    x, m = rng.random((count, 2)), np.where(rng.random(count) < has, rng.random(count), np.nan)
    statistics = Statistics()
    statistics.fold([IDS[a] for a in arm], ["t"] * count, passed, x, races=range(count))
    rows = [(a, v, q, s) for a, ok, v, (q, s) in zip(arm, passed, m, x, strict=True) if ok and not np.isnan(v)]
    sums = np.array([(1, v, v * v, v * q, v * s) for _, v, q, s in rows], float).reshape(-1, 5)
    statistics.add_measures([IDS[a] for a, *_ in rows], ["t"] * len(rows), ["security"] * len(rows), sums)
    return statistics, arm, passed, x, m


def test_sums_of_rewards_are_exact_where_all_that_passed_have_the_measure() -> None:
    statistics, arm, passed, x, m = told(80, 0)
    state = statistics.state(ARMS, "t", (0.5, 0.2), measures=FURTHER)
    reward = passed * (x @ WEIGHTS + 0.3 * m)
    for i in range(2):
        assert state.total[0, i] == pytest.approx(reward[arm == i].sum())
        assert state.square[0, i] == pytest.approx((reward[arm == i] ** 2).sum())
    assert state.total[0, 2] == 0.0


def test_a_measure_that_could_not_be_taken_neither_pays_nor_charges() -> None:
    statistics, arm, passed, x, m = told(400, 1, has=0.5)
    state = statistics.state(ARMS, "t", (0.5, 0.2), measures=FURTHER)
    for i in range(2):
        here = (arm == i) & (passed > 0)
        expected = here.sum() * 0.3 * np.nanmean(m[here]) + (x[here] @ WEIGHTS).sum()
        assert state.total[0, i] == pytest.approx(expected)


def test_an_arm_that_never_had_the_measure_is_taken_for_the_usual() -> None:
    statistics, arm, passed, _, m = told(60, 2)
    statistics.fold([IDS[2]], ["t"], [1.0], [[1.0, 0.5]])
    state = statistics.state(ARMS, "t", (0.5, 0.2), measures=FURTHER)
    assert state.total[0, 2] == pytest.approx(0.6 + 0.3 * m[passed > 0].mean())
    assert len(arm) == 60


def test_a_measure_of_which_nothing_was_seen_leaves_its_weight_to_the_rest() -> None:
    statistics, *_ = told(60, 3)
    plain, asked = (statistics.state(ARMS, "t", (0.5, 0.2), measures=further) for further in ({}, {"coverage": 0.3}))
    assert asked.total == pytest.approx(plain.total / 0.7)
    assert (statistics.state(ARMS, "t", (0.7, 0.3)).total == statistics.state(ARMS, "t", (0.7, 0.3), measures={}).total).all()


def test_two_measures_together_scatter_no_less_than_they_do() -> None:
    rng = np.random.default_rng(4)
    statistics, m, x = Statistics(), rng.random((50, 2)), rng.random((50, 2))
    statistics.fold([IDS[0]] * 50, ["t"] * 50, np.ones(50), x, races=range(50))
    for i, name in enumerate(("a", "b")):
        sums = np.column_stack([np.ones(50), m[:, i], m[:, i] ** 2, m[:, i] * x[:, 0], m[:, i] * x[:, 1]])
        statistics.add_measures([IDS[0]] * 50, ["t"] * 50, [name] * 50, sums)
    state = statistics.state(ARMS[:1], "t", (0.4, 0.2), measures={"a": 0.2, "b": 0.2})
    reward = x @ [0.4, 0.2] + m @ [0.2, 0.2]
    assert state.total[0, 0] == pytest.approx(reward.sum())
    assert (reward**2).sum() <= state.square[0, 0] < 1.05 * (reward**2).sum()
