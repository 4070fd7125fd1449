"""Choosing the winner, and learning weights from feedback."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banditgen import ExperimentSelector, GenerationResult, SelectionCriteria
from banditgen.errors import UsageError
from banditgen.selection import learned_weights


def result(name: str, quality: float, seconds: float = 6.0, *, passed: bool = True) -> GenerationResult:
    return GenerationResult(name, "", seconds, "m", 0.1, passed, 0.1, quality, 0.1)


def test_an_empty_list_gives_none() -> None:
    assert ExperimentSelector().select_best([]) is None


def test_dictionaries_are_taken_and_returned() -> None:
    rows = [dataclasses.asdict(result("a", 0.6)), dataclasses.asdict(result("b", 0.9))]
    assert ExperimentSelector().select_best(rows) is rows[1]
    assert ExperimentSelector().select_best([{"generator_name": "x", "combined_score": 0.3, "test_passed": True}]) is not None


def test_passing_then_within_the_criteria_then_score() -> None:
    criteria = SelectionCriteria(max_generation_time=20.0)
    slow, wrong, small = result("slow", 0.99, 30.0), result("wrong", 0.95, passed=False), result("small", 0.6)
    selector = ExperimentSelector(criteria)
    assert selector.select_best([slow, wrong, small]) is small
    assert selector.select_best([slow, wrong]) is slow
    assert selector.select_best([wrong]) is wrong


def test_no_bonus_is_added_to_what_is_in_the_quality_score() -> None:
    """Of two equal quality scores the faster wins, whatever its code looks like."""
    plain, guarded = result("plain", 0.8, 5.0), result("guarded", 0.8, 6.0)
    guarded.code = "try:\n    x = 1\nexcept ValueError:\n    pass\n"
    assert ExperimentSelector().select_best([guarded, plain]) is plain


@pytest.mark.parametrize(
    ("before", "satisfaction", "after"),
    [
        ((0.7, 0.3), 0.4, (0.65, 0.35)),
        ((0.7, 0.3), 0.65, (0.675, 0.325)),  # between 0.5 and 0.8 is a rating like any other
        ((0.7, 0.3), 0.9, (0.7, 0.3)),
        ((0.7, 0.3), 1.0, (0.7, 0.3)),
        ((0.3, 0.7), 0.4, (0.35, 0.65)),
        ((0.51, 0.49), 0.0, (0.5, 0.5)),
        ((0.5, 0.5), 0.0, (0.5, 0.5)),
    ],
)
def test_the_feedback_step(before: tuple[float, float], satisfaction: float, after: tuple[float, float]) -> None:
    assert learned_weights(*before, satisfaction, 0.1) == after


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_the_heavier_weight_never_passes_an_even_split(quality: float, satisfaction: float, rate: float) -> None:
    new_quality, new_speed = learned_weights(quality, 1 - quality, satisfaction, rate)
    assert new_quality + new_speed == pytest.approx(1)
    if quality >= 0.5:
        assert 0.5 - 1e-9 <= new_quality <= quality + 1e-9
    else:
        assert quality - 1e-9 <= new_quality <= 0.5 + 1e-9


@pytest.mark.parametrize("satisfaction", [-0.1, 1.1, math.nan, math.inf, "good", None, True])
def test_a_satisfaction_that_is_none_changes_nothing(satisfaction: Any) -> None:
    selector = ExperimentSelector()
    with pytest.raises(UsageError, match="satisfaction"):
        selector.learn_from_feedback(result("a", 0.9), satisfaction)
    assert selector.history.feedback() == []
    assert selector.get_stats()["total_adjustments"] == 0


def test_weights_and_selections_survive_a_restart(tmp_path: Path) -> None:
    path = str(tmp_path / "h.db")
    selector = ExperimentSelector(history=path)
    selector.learn_from_feedback(selector.select_best([result("a", 0.9)]), 0.4)
    selector.history.close()
    again = ExperimentSelector(history=path)
    assert again.criteria.quality_weight == 0.65
    assert again.get_stats()["total_selections"] == 1
    # other starting weights are another experiment
    assert ExperimentSelector(SelectionCriteria(0.85, 0.15), history=path).criteria.quality_weight == 0.85


def test_recommended_criteria_apply_only_when_asked_for() -> None:
    selector = ExperimentSelector()
    selector.select_best([result("a", 0.9)], task_context={"task_type": "security"})
    assert selector.criteria.quality_weight == 0.7
    assert ExperimentSelector(selector.recommend_criteria("security")).criteria.quality_weight == 0.85
