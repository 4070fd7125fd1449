"""Soft evidence: what it counts for, by kind and by what it was worth beside verdicts."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from banditgen import GeneratorConfig
from banditgen.bandit import make_policy
from banditgen.bandit.choose import choose
from banditgen.bandit.priors import CAP
from banditgen.bandit.soft import RATED, said, soft_outcomes
from banditgen.offline.play import empty_state
from banditgen.result import LEVELS, RATING

NOTHING = np.zeros((LEVELS + 1, 2))


def of(**levels: int) -> np.ndarray:
    """(1, LEVELS + 1): how often each level was said, `at7=3` three times 0.7."""
    told = np.zeros((1, LEVELS + 1))
    for name, count in levels.items():
        told[0, int(name[2:])] = count
    return told


def counted(**kinds: np.ndarray) -> tuple[float, float]:
    passes, fails = soft_outcomes(kinds, dict.fromkeys(kinds, NOTHING), np.zeros(1))
    return float(passes[0]), float(fails[0])


def test_before_anything_is_known_a_rating_is_a_fraction_of_a_pass_and_a_crash_speaks_against() -> None:
    """Right code is rated by Beta(3, 1), wrong code by Beta(1, 3)."""
    up = np.arange(1, LEVELS) / LEVELS
    assert said(RATING, NOTHING)[1:-1] == pytest.approx(np.clip(up**2 / (up**2 + (1 - up) ** 2), 0.02, 0.98), abs=1e-3)
    assert said("ran", NOTHING)[0] < 0.06
    assert said("ran", NOTHING)[LEVELS] == said("some evaluator", NOTHING)[3] == 0.5
    assert (np.diff(said("agreed", NOTHING)) > 0).all()


def test_what_it_was_worth_beside_verdicts_takes_the_place_of_the_prior() -> None:
    """A witness that stood beside passes is believed, one that stood beside both alike is not, and passes alone say nothing of it."""
    speaks, mute, one_sided = (NOTHING.copy() for _ in range(3))
    speaks[8], speaks[2] = (5, 100), (100, 5)
    mute[10], mute[0] = (100, 100), (100, 100)
    one_sided[3, 1] = 1000
    assert said("some evaluator", speaks)[8] > 0.8
    assert said("some evaluator", speaks)[2] < 0.2
    assert abs(said(RATING, mute)[[0, 10]] - 0.5).max() < 0.15
    assert said(RATING, one_sided) == pytest.approx(said(RATING, NOTHING))


def test_it_is_never_as_much_as_a_verdict() -> None:
    for outcomes in (1, 4, 1000):
        for kinds in ({"ran": of(at0=outcomes), "rating": of(at0=outcomes), "agreed": of(at0=outcomes)}, {"rating": of(at10=outcomes)}):
            assert sum(counted(**kinds)) < outcomes
    assert sum(counted(ran=of(at0=1000), agreed=of(at0=1000), runner=of(at0=1000))) == pytest.approx(CAP)
    assert counted(rating=of(at10=1000))[0] > 0.8 * RATED * 1000


def test_of_a_candidate_that_was_rated_people_have_the_word() -> None:
    """What machines say of it counts for nothing beside that; of those that nobody rated it counts on."""
    disliked = counted(rating=of(at1=10))
    assert counted(rating=of(at1=10), agreed=of(at10=10)) == pytest.approx(disliked)
    passes, fails = counted(rating=of(at1=10), agreed=of(at10=20))
    assert disliked[0] < passes < disliked[0] + 0.4 * 10
    assert fails < disliked[1] + 0.4 * 10


def test_who_has_verdicts_is_soon_free_of_it() -> None:
    """As many as a prior is worth halve it."""
    told, beside = {RATING: of(at10=10)}, {RATING: NOTHING}
    (none,), (some,) = (soft_outcomes(told, beside, np.array([count]))[0] for count in (0.0, CAP))
    assert some == pytest.approx(none / 2)


def test_what_says_nothing_pulls_nobody() -> None:
    assert counted(ran=of(at10=1000), evaluator=of(at9=1000)) == (0.0, 0.0)
    assert sum(counted(rating=of(at0=500, at10=500))) == pytest.approx(0.0)


def test_ratings_order_arms_and_outweigh_what_machines_say() -> None:
    passes, fails = zip(*(counted(rating=of(**{f"at{level}": 20})) for level in range(LEVELS + 1)), strict=True)
    mean = (1 + np.array(passes)) / (2 + np.array(passes) + np.array(fails))
    assert (np.diff(mean)[1:-1] > 0).all()  # the ends are as certain as it gets
    assert (np.diff(mean) >= 0).all()
    passes_, fails_ = counted(rating=of(at0=20), agreed=of(at10=500))
    assert (1 + passes_) / (2 + passes_ + fails_) < 0.5


@pytest.mark.parametrize("name", ["thompson", "best_set", "kl_ucb"])
def test_an_arm_that_crashes_is_hardly_raced_and_one_that_runs_is_not_preferred_for_it(name: str) -> None:
    """Each of 8 arms seen 8 times without tests: one always crashed, one was always rated 0.1."""
    arms = [GeneratorConfig(f"a{i}", f"m{i}") for i in range(8)]
    ran, rating = np.tile(of(at10=8), (8, 1)), np.zeros((8, LEVELS + 1))
    ran[0], rating[1] = of(at0=8), of(at1=8)
    passes, fails = soft_outcomes({"ran": ran, RATING: rating}, {"ran": NOTHING, RATING: NOTHING}, np.zeros(8))
    state = empty_state(arms, np.ones(8), 1)
    state = dataclasses.replace(state, passes=passes[None], fails=fails[None], total=passes[None], square=passes[None])
    state = dataclasses.replace(state, soft=(passes + fails)[None], soft_passes=passes[None])
    rng = np.random.default_rng(0)
    shares = np.mean([choose(make_policy(name), state, 2, rng).propensities for _ in range(20)], 0) * 8 / 2
    assert (shares[:2] < ((0.6, 0.36) if name == "best_set" else (0.36, 0.78))).all()  # the level of all is told by these two alone there
    assert shares[2:] == pytest.approx(np.full(6, shares[2:].mean()), rel=0.3) or name == "kl_ucb"
