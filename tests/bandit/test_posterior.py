"""Sufficient statistics: a fold that is order-free, validated and exact for any weights."""

from typing import Any

import numpy as np
import pytest

from banditgen.arm import GeneratorConfig, arm_id
from banditgen.bandit import Statistics, make_policy
from banditgen.errors import UsageError

ARMS = [GeneratorConfig(f"arm{i}", f"m{i // 2}", 0.2 + 0.3 * (i % 2)) for i in range(4)]
IDS = [arm_id(arm) for arm in ARMS]


def outcomes(n: int = 90, seed: int = 3) -> Any:
    rng = np.random.default_rng(seed)
    arms = np.concatenate([rng.choice(4, 3, replace=False) for _ in range(n // 3)])
    passed = rng.choice([0.0, 1.0, np.nan], n, p=[0.4, 0.5, 0.1])
    return [IDS[a] for a in arms], ["t"] * n, passed, rng.random((n, 2)), np.repeat(np.arange(n // 3), 3).tolist()


def test_the_state_is_what_the_raw_outcomes_say_for_any_weights() -> None:
    arms, types, passed, x, races = outcomes()
    statistics = Statistics()
    statistics.fold(arms, types, passed, x, races)
    for weights in ((0.7, 0.3), (0.2, 0.5)):
        state = statistics.state(ARMS, "t", weights)
        y = np.where(passed == 1, x @ weights, 0.0)
        for i, arm in enumerate(IDS):
            mine = (np.array(arms) == arm) & ~np.isnan(passed)
            assert state.count[0, i] == mine.sum()
            assert state.total[0, i] == pytest.approx(y[mine].sum())
            assert state.square[0, i] == pytest.approx((y[mine] ** 2).sum())


def test_patterns_are_what_each_race_showed() -> None:
    """An outcome that taught nothing is in none, and a race that showed a single outcome has none; an arm may stand twice."""
    statistics = Statistics()
    statistics.fold([IDS[0], IDS[1], IDS[2]], ["t"] * 3, [1, 0, np.nan], np.ones((3, 2)))
    statistics.fold([IDS[1], IDS[0]], ["t"] * 2, [0, 1], np.ones((2, 2)))
    statistics.fold([IDS[3], IDS[2]], ["t"] * 2, [0, np.nan], np.ones((2, 2)))
    statistics.fold([IDS[2], IDS[2]], ["t"] * 2, [0, 1], np.ones((2, 2)))
    assert statistics.patterns[0] == {((0, 1, 1.0), (1, 0, 1.0)): 2.0, ((2, 0, 1.0), (2, 1, 1.0)): 1.0}
    state = statistics.state(ARMS, "t", (0.7, 0.3))
    assert state.patterns.count.tolist() == [2, 1]
    assert state.patterns.covered[0].tolist() == [[0, 2, 1, 0], [2, 0, 1, 0]]
    assert state.fails[0].tolist() == [0, 2, 1, 1]
    statistics.add_patterns(["t"], [[(IDS[1], False, 1.0), (IDS[0], True, 1.0)]], [-2.0])
    assert statistics.state(ARMS, "t", (0.7, 0.3)).patterns.count.tolist() == [1]


def test_folding_race_by_race_equals_folding_at_once_in_any_order() -> None:
    arms, types, passed, x, races = outcomes()
    whole, steps = Statistics(), Statistics()
    whole.fold(arms, types, passed, x, races)
    for race in reversed(range(30)):
        rows = slice(3 * race, 3 * race + 3)
        steps.fold(arms[rows], types[rows], passed[rows], x[rows], races[rows])
    a, b = whole.state(ARMS, "t", (0.7, 0.3)), steps.state(ARMS, "t", (0.7, 0.3))
    for field in ("passes", "fails", "total", "square"):
        assert np.allclose(getattr(a, field), getattr(b, field), atol=1e-12)
    assert sorted(whole.patterns[0].values()) == sorted(steps.patterns[0].values())
    assert np.allclose(make_policy("best_set").means(a), make_policy("best_set").means(b), atol=1e-9)


@pytest.mark.parametrize("value", [np.nan, np.inf, -0.1, 1.1])
def test_a_measure_out_of_range_is_refused_and_changes_nothing(value: Any) -> None:
    statistics = Statistics()
    with pytest.raises(UsageError, match="finite number"):
        statistics.fold([IDS[0]], ["t"], [1], [[0.5, value]])
    with pytest.raises(UsageError, match="passed must be"):
        statistics.fold([IDS[0]], ["t"], [0.5], [[0.5, 0.5]])
    with pytest.raises(UsageError):
        statistics.fold([IDS[0]], ["t"], ["yes"], [[0.5, 0.5]])
    assert statistics.arms == {}
    assert statistics.passes.size == 0


def test_a_cancelled_outcome_teaches_nothing_but_is_counted() -> None:
    statistics = Statistics()
    statistics.fold([IDS[0]], ["t"], [np.nan], [[np.nan, np.nan]])
    assert statistics.state(ARMS, "t", (0.7, 0.3)).count.sum() == 0
    assert statistics.censored.sum() == 1
