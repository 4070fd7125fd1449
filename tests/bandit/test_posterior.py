"""Sufficient statistics: a fold that is order-free, validated and exact for any weights."""

from typing import Any

import numpy as np
import pytest

from banditgen.arm import GeneratorConfig, arm_id
from banditgen.bandit import Statistics
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
            for j, other in enumerate(IDS):
                both = [
                    (y[p], y[q])
                    for p in np.flatnonzero(mine)
                    for q in np.flatnonzero((np.array(arms) == other) & ~np.isnan(passed))
                    if races[p] == races[q]
                ]
                assert state.pair_count[0, i, j] == len(both)
                assert state.pair_total[0, i, j] == pytest.approx(sum(a for a, _ in both))
                assert state.pair_product[0, i, j] == pytest.approx(sum(a * b for a, b in both))


def test_folding_race_by_race_equals_folding_at_once_in_any_order() -> None:
    arms, types, passed, x, races = outcomes()
    whole, steps = Statistics(), Statistics()
    whole.fold(arms, types, passed, x, races)
    for race in reversed(range(30)):
        rows = slice(3 * race, 3 * race + 3)
        steps.fold(arms[rows], types[rows], passed[rows], x[rows], races[rows])
    a, b = whole.state(ARMS, "t", (0.7, 0.3)), steps.state(ARMS, "t", (0.7, 0.3))
    for field in ("passes", "fails", "total", "square", "pair_count", "pair_total", "pair_product"):
        assert np.allclose(getattr(a, field), getattr(b, field), atol=1e-12)


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


def test_a_changed_digest_keeps_a_tenth_of_the_evidence() -> None:
    arms, types, passed, x, races = outcomes()
    statistics = Statistics()
    statistics.fold(arms, types, passed, x, races)
    before = statistics.state(ARMS, "t", (0.7, 0.3))
    statistics.forget(IDS[1], 0.1)
    after = statistics.state(ARMS, "t", (0.7, 0.3))
    assert after.count[0, 1] == pytest.approx(0.1 * before.count[0, 1])
    assert after.mean[0, 1] == pytest.approx(before.mean[0, 1])
    assert after.count[0, 0] == before.count[0, 0]
    assert after.pair_count[0, 1, 1] == pytest.approx(after.count[0, 1])
