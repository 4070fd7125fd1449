"""The design document's formulas."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banditgen import ExperimentSelector
from banditgen.errors import UsageError
from banditgen.result import GenerationResult
from banditgen.scoring import (
    SelectionCriteria,
    combined_score,
    quality_score,
    rank,
    score,
    speed_score,
    weigh,
    winner,
)
from banditgen.selection import recommend_criteria

unit = st.floats(0, 1)


@pytest.mark.parametrize(
    ("quality", "speed", "weights", "combined"),
    [(0.85, 0.65, (0.7, 0.3), 0.79), (0.92, 0.45, (0.85, 0.15), 0.85), (0.78, 0.92, (0.5, 0.5), 0.85)],
)
def test_worked_examples(quality: float, speed: float, weights: tuple[float, float], combined: float) -> None:
    """The three combined scores that the document works out, to its two digits."""
    assert round(combined_score(quality, speed, *weights), 2) == combined


def test_quality_components() -> None:
    assert quality_score(True, 0.7) == pytest.approx(0.85)
    assert quality_score(False, 0.7) == pytest.approx(0.35)
    assert quality_score(True, 0.6, lines=49, prefer_simplicity=True) == pytest.approx(0.9)
    assert quality_score(True, 0.6, lines=50, prefer_simplicity=True) == pytest.approx(0.8)
    assert quality_score(True, 0.6, lines=10) == pytest.approx(0.8)
    assert quality_score(True, 0.6, has_error_handling=True) == pytest.approx(0.85)


def test_speed_is_the_formula_not_the_prose() -> None:
    """10 s is 0.83 by the formula, though the prose says that below 10 s is 1.0."""
    assert speed_score(10, 0) == pytest.approx(0.6 * (1 - 10 / 60) + 0.4)
    assert speed_score(0, 0) == 1.0
    assert speed_score(60, 10) == 0.0
    assert speed_score(1e9, math.inf) == 0.0


@given(st.booleans(), unit, st.integers(0, 1000), st.booleans(), st.booleans())
def test_quality_stays_in_the_unit_interval(passed: bool, evaluator: float, lines: int, simple: bool, handling: bool) -> None:
    score = quality_score(passed, evaluator, lines=lines, prefer_simplicity=simple, has_error_handling=handling)
    assert 0 <= score <= 1


@given(unit, unit, unit)
def test_combined_is_the_documents_formula(quality: float, speed: float, weight: float) -> None:
    combined = combined_score(quality, speed, weight, 1 - weight)
    assert combined == pytest.approx(weight * quality + (1 - weight) * speed)
    assert combined_score(quality, speed, 3 * weight, 3 * (1 - weight)) == pytest.approx(combined)


@pytest.mark.slow
@given(st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0, 1e6))
def test_slower_is_never_better(generation: float, execution: float, more: float) -> None:
    assert speed_score(generation + more, execution) <= speed_score(generation, execution)
    assert speed_score(generation, execution + more) <= speed_score(generation, execution)


@pytest.mark.parametrize("weights", [(0, 0), (-0.1, 1.1), (math.nan, 0.3), (0.7, math.inf), (True, 0.3), ("0.7", 0.3)])
def test_bad_weights_are_refused(weights: tuple[float, float]) -> None:
    with pytest.raises(UsageError, match="weight"):
        SelectionCriteria(*weights)
    with pytest.raises(UsageError, match="weight"):
        combined_score(0.5, 0.5, *weights)


@pytest.mark.parametrize("value", [-0.1, 1.1, math.nan, math.inf])
def test_an_evaluator_score_outside_the_unit_interval_is_refused(value: float) -> None:
    with pytest.raises(UsageError, match="evaluator_score"):
        quality_score(True, value)


def test_recommended_criteria() -> None:
    for task_type in ("api_integration", "database", "security", "production"):
        assert recommend_criteria(task_type) == SelectionCriteria(0.85, 0.15, 0.7, 120.0)
    for task_type in ("simple_function", "utility", "helper", "prototype"):
        assert recommend_criteria(task_type) == SelectionCriteria(0.5, 0.5, 0.4, 30.0)
    for task_type in ("data_processing", "batch", "automation"):
        assert recommend_criteria(task_type) == SelectionCriteria(0.6, 0.4, 0.5, None, 30.0)
    assert recommend_criteria("poetry") == SelectionCriteria()


def test_criteria_have_scales_and_further_measures_of_their_own() -> None:
    criteria = SelectionCriteria(0.6, 0.2, generation_scale=30.0, execution_scale=5.0, measure_weights={"style": 0.2, "docs": 0.0})
    assert criteria.speed(15.0, 2.5) == pytest.approx(0.5)
    assert criteria.combined(0.9, 0.5, {"style": 1.0}) == pytest.approx(0.6 * 0.9 + 0.2 * 0.5 + 0.2)
    # a measure that is not known is left out of the mean, not counted as 0
    assert criteria.combined(0.9, 0.5, {}) == criteria.combined(0.9, 0.5) == pytest.approx((0.6 * 0.9 + 0.2 * 0.5) / 0.8)


@pytest.mark.parametrize("weights", [{"style": -1}, {"style": math.nan}, {"quality": 1}, {"": 1}, {"a": True}, 3, "ab"])
def test_weights_of_measures_that_cannot_be_are_refused(weights: Any) -> None:
    with pytest.raises(UsageError):
        SelectionCriteria(measure_weights=weights)


some = st.sampled_from((0.0, 0.5, 1.0))  # so that ties are common
some_criteria = st.builds(
    SelectionCriteria,
    quality_weight=st.sampled_from((0.7, 1.0)),
    speed_weight=st.sampled_from((0.0, 0.3)),
    min_quality_score=some,
    max_generation_time=st.sampled_from((None, 2.0, 90.0)),
)
candidates = st.lists(
    st.builds(
        GenerationResult,
        generator_name=st.sampled_from("abc"),
        code=st.sampled_from(("x = 1", "x = 2", "\ud800")),
        generation_time=st.sampled_from((1.0, 80.0, 100.0)),
        model_used=st.just("m"),
        temperature=st.just(0.0),
        test_passed=st.booleans(),
        quality_score=some,
        success=st.booleans(),
        id=st.uuids().map(str),
    ),
    min_size=1,
    max_size=5,
)


@pytest.mark.slow
@given(candidates, some_criteria, st.randoms(use_true_random=False))
def test_the_first_of_a_ranking_is_the_winner_whoever_arrived_first(results: list[GenerationResult], criteria: Any, shuffle: Any) -> None:
    """`results[0]` is the best where there is one, `select_best` takes it, and nothing hangs on the order of arrival."""
    for result in results:
        weigh(result, criteria)
    ranked = rank(results, criteria)
    shuffle.shuffle(results)
    assert rank(results, criteria) == ranked
    best, _ = winner(ranked, criteria)
    assert (best is None) == (not any(result.reward or _within(result, criteria) for result in results))
    assert best is None or best is ranked[0]
    assert ExperimentSelector(criteria).select_best(results) is ranked[0]
    assert ranked[0].reward == max(result.reward for result in results)
    if best is not None:
        rivals = [one for one in results if _within(one, criteria) and one.combined_score == best.combined_score]
        assert best.generation_time == min(one.generation_time for one in rivals)


def _within(result: GenerationResult, criteria: SelectionCriteria) -> bool:
    return result.test_passed and criteria.violation(result.quality_score, result.generation_time, result.execution_time) is None


def test_every_passing_candidate_stands_before_every_failing_one_and_what_was_never_tried_last() -> None:
    def made(name: str, combined: float, *, passed: bool = False, success: bool = True) -> GenerationResult:
        return GenerationResult(name, "", 0, "m", 0, test_passed=passed, combined_score=combined, success=success)

    results = [made("down", 1.0, success=False), made("x", 0.9), made("y", 0.2, passed=True), made("z", 0.3, passed=True)]
    assert [result.generator_name for result in rank(results, SelectionCriteria())] == ["z", "y", "x", "down"]


def test_equals_are_drawn_by_what_they_wrote_and_no_arm_always_wins() -> None:
    """Two arms that are alike in score and time share the races between them."""
    wins = 0
    for race in range(200):
        pair = [GenerationResult(name, f"x = {race}", 1.0, "m", 0.0, test_passed=True, combined_score=0.5) for name in "ab"]
        wins += rank(pair, SelectionCriteria())[0].generator_name == "a"
    assert 70 <= wins <= 130


def test_the_reason_says_what_decided_between_equals() -> None:
    criteria = SelectionCriteria(1.0, 0.0)
    results = [GenerationResult(name, "", seconds, "m", 0.0, True, quality_score=0.8) for name, seconds in (("slow", 9.0), ("fast", 1.0))]
    for result in results:
        weigh(result, criteria)
    best, why = winner(rank(results, criteria), criteria)
    assert best is results[1]
    assert "of equals its model took the least time" in why


def test_score_fills_in_every_score() -> None:
    result = GenerationResult("a", "x = 1", 6.0, "m", 0.0, test_passed=True, measures={"quality": 0.6})
    score(result, SelectionCriteria())
    assert result.quality_score == pytest.approx(0.8)
    assert result.speed_score == pytest.approx(0.94)
    assert result.reward == result.combined_score == pytest.approx(0.7 * 0.8 + 0.3 * 0.94)
