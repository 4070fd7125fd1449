"""Sentences that claim to have found something: right where the truth is planted, and silent where there is nothing to find.

More runs, with the shares of right ones, are in experiments/report/RESULTS.md.
"""

from __future__ import annotations

import numpy as np
import pytest

from banditgen.history.store import History
from banditgen.report import calibration
from banditgen.report.learned import Finding, learned
from banditgen.report.source import Source
from tests.report.world import World, fill, some_arms

BEST = [0.9, 0.4, 0.4, 0.4, 0.4]


def found(rates: list[float], races: int, seed: int, later: list[float] | None = None) -> list[Finding]:
    column = np.array(rates)[:, None]
    world = World(some_arms(len(rates)), column, ("text",), later=None if later is None else np.array(later)[:, None])
    store = fill(world, races, seed)
    source = Source(store)
    told = learned(source, calibration.held(source))
    store.close()
    return told


def said(told: list[Finding], beginning: str) -> list[Finding]:
    return [finding for finding in told if finding.sentence.startswith(beginning)]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_a_planted_best_arm_is_named_and_that_choosing_paid(seed: int) -> None:
    told = found(BEST, 250, seed)
    assert told[0].sentence == "For text, model0:2b_t0.1 is the best arm beyond doubt."
    assert told[0].sure
    assert "of all histories" in told[0].doubt
    assert said(told, "Choosing arms by what was learned has paid")
    assert not said(told, "The intervals are too narrow")


@pytest.mark.slow
def test_nothing_is_found_where_there_is_nothing() -> None:
    """Six histories of five equal arms: no best arm, nothing that choosing brought or cost, intervals that hold. One miss is allowed
    in each of the last two: at 95 % and 99 %, more than one in six has a chance below 4 %.
    """
    told = [found([0.5] * 5, 100, seed) for seed in range(6)]
    assert not [finding for some in told for finding in some if finding.sentence.endswith("is the best arm beyond doubt.")]
    assert sum(bool(said(some, "Choosing arms by what was learned has")) for some in told) <= 1
    assert sum(bool(said(some, "The intervals are")) for some in told) <= 1


@pytest.mark.slow
def test_arms_that_change_places_make_intervals_too_narrow() -> None:
    told = [found([0.85, 0.85, 0.15, 0.15], 300, seed, [0.15, 0.15, 0.85, 0.85]) for seed in range(2)]
    assert all(said(some, "The intervals are too narrow here") for some in told)


def test_a_history_with_nothing_or_little_in_it_says_so() -> None:
    empty = Source(History("sqlite://"))
    (only,) = learned(empty, [])
    assert only.sentence == "Nothing was raced here yet."
    told = found(BEST, 2, 0)
    assert told[0].sentence.startswith("For text, it cannot be told yet")
    assert "0.95 is needed" in told[0].doubt
    assert said(told, "It cannot be said")
    assert not said(told, "The intervals")


@pytest.mark.slow
def test_every_sentence_has_its_evidence_and_its_doubt(source: Source) -> None:
    told = learned(source, calibration.held(source))
    assert len(told) >= 6
    assert all(finding.sentence.endswith(".") and finding.evidence and finding.doubt for finding in told)
    best = {"text": "model0:2b_t0.1", "data": "model1:3b_t0.1"}
    assert len(said(told, "For ")) == 2
    assert all(said(told, f"For {kind}, {arm} ") for kind, arm in best.items())
    (moved,) = said(told, "People's opinions moved")
    assert "from 0.70 quality and 0.30 speed to" in moved.sentence
