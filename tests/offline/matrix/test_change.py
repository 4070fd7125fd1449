"""What changed between two benches: planted changes are found, and nothing is where nothing changed."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from banditgen.offline.matrix.change import compare
from tests.offline.matrix.worlds import one_best, sampled


def test_a_planted_change_is_found_and_nothing_else() -> None:
    right = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        rates = one_best(rng, 4, 80)
        then = sampled(rates, 3, rng)
        rates[0] *= 0.6
        found = compare(then, sampled(rates, 3, rng))
        real = {change.arm for change in found.changes if change.is_real}
        right += real == {"a0"} and found.sentences[0].startswith("a0 got worse")
    assert right >= 18


@pytest.mark.slow
def test_where_nothing_changed_nothing_is_said_to_have() -> None:
    """At most 3 of 40, where the chance of one is 2 %: false alarm below 1 %, seeded."""
    wrong = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        rates = one_best(rng, 4, 40)
        found = compare(sampled(rates, 3, rng), sampled(rates, 2, rng))
        wrong += any(change.is_real for change in found.changes)
    assert wrong <= 3


def test_only_what_both_have_is_compared() -> None:
    rng = np.random.default_rng(0)
    then, now = (sampled(one_best(rng, 3, 30), 2, rng) for _ in range(2))
    now = dataclasses.replace(now, arms=("a0", "a1", "new"), tasks=(*now.tasks[:20], *(f"other{i}" for i in range(10))))
    found = compare(then, now)
    assert found.tasks == 20
    assert (found.only_old, found.only_new) == (["a2"], ["new"])
    assert {change.arm for change in found.changes} == {"a0", "a1"}
    few = compare(then.some(tasks=[0, 1]), now)
    assert few.sentences[0].startswith("can't tell what changed: 2 tasks in common")
    assert compare(then.some(arms=[2]), now).sentences[0].startswith("can't tell what changed: the two benches share no arm")


def test_where_little_is_known_what_may_have_changed_most_is_named_and_not_claimed() -> None:
    rng = np.random.default_rng(2)
    rates = one_best(rng, 3, 16)
    then = sampled(rates, 2, rng)
    rates[0] *= 0.9
    found = compare(then, sampled(rates, 2, rng))
    assert not any(change.is_real for change in found.changes)
    assert found.sentences[0].startswith("nothing changed beyond noise on 16 tasks")
    assert "the largest is a" in found.sentences[0]
    assert "more tasks or samples would tell" in found.sentences[0]
