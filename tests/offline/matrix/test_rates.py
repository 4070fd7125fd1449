"""Estimates are unbiased, and intervals cover, also where tasks are few and differ."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from banditgen.offline.matrix.rates import difference_interval, mean_interval, pass_all, pass_at


def test_pass_at_and_pass_all_are_the_shares_of_sets_of_samples() -> None:
    samples = [1, 0, 0, 1, 0]
    for k in range(1, 6):
        sets = [[samples[i] for i in chosen] for chosen in combinations(range(5), k)]
        assert float(pass_at(2, 5, k)) == pytest.approx(np.mean([max(one) for one in sets]))
        assert float(pass_all(2, 5, k)) == pytest.approx(np.mean([min(one) for one in sets]))
    assert np.isnan(pass_at(1, 2, 3))
    assert np.isnan(pass_all([2], [2], 3)).all()


@pytest.mark.slow
@pytest.mark.parametrize(("tasks", "samples"), [(10, 3), (30, 1), (60, 5)])
def test_intervals_of_a_mean_over_tasks_cover_it(tasks: int, samples: int) -> None:
    """At least 93 % of 2,000 each: tasks are drawn from a population whose mean is known (false alarm below 1e-4)."""
    rng, hit = np.random.default_rng(tasks), 0
    for _ in range(2000):
        rates = rng.beta(0.5, 1.0, tasks)
        found = mean_interval(rng.binomial(samples, rates) / samples, samples)
        hit += found.low <= 1 / 3 <= found.high
    assert hit / 2000 >= 0.93


def test_intervals_of_differences_cover_0_where_there_is_none() -> None:
    rng = np.random.default_rng(1)
    rates = rng.beta(0.5, 0.5, (2000, 20))
    found = [difference_interval((rng.binomial(2, p) - rng.binomial(2, p)) / 2) for p in rates]
    assert np.mean([low <= 0 <= high for _, low, high in found]) >= 0.94


def test_what_no_task_has_is_unknown_and_one_task_says_nothing() -> None:
    assert np.isnan(mean_interval([np.nan]).value)
    assert mean_interval([1.0, np.nan]) == (1.0, 0.0, 1.0)
    assert mean_interval(np.ones(30)).low == pytest.approx(0.88, abs=0.01)
    assert difference_interval(np.zeros(30)).high == pytest.approx(0.05, abs=0.01)
