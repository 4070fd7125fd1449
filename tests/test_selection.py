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
from banditgen.history.base import DecisionRecord, RaceRecord
from banditgen.history.ids import new_id
from banditgen.history.judged import Measured, PreferredResult
from banditgen.history.store import History
from banditgen.result import Feedback, Preference
from banditgen.selection import learned_weights, prefer, preferred_weights, rate


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


def choice(better: tuple[float, float], worse: tuple[float, float]) -> PreferredResult:
    """A preference between candidates with these qualities and speeds."""
    first, second = (Measured(name, *scores, 1.0, 0.1, True) for name, scores in (("b", better), ("w", worse)))
    return PreferredResult(Preference("r", "b", "w"), "text", first, second)


def test_the_step_of_a_preference() -> None:
    """Between equals under the weights of the moment it is half the learning rate, towards what the preferred one has more of."""
    faster = choice((0.6, 0.9), (0.7, 0.6666666666666667))  # 0.7 × 0.1 = 0.3 × 0.2333…
    assert preferred_weights(0.7, 0.3, faster, 0.1) == pytest.approx((0.65, 0.35))
    better = choice((0.7, 0.6666666666666667), (0.6, 0.9))
    assert preferred_weights(0.7, 0.3, better, 0.1) == pytest.approx((0.75, 0.25))
    assert preferred_weights(7, 3, better, 0.1) == pytest.approx((7.5, 2.5))
    expected = choice((0.9, 0.1), (0.2, 0.2))
    assert preferred_weights(0.7, 0.3, expected, 0.1) == pytest.approx((0.7, 0.3), abs=0.002)
    surprise = choice((0.2, 0.2), (0.9, 0.1))
    assert preferred_weights(0.7, 0.3, surprise, 0.1) == pytest.approx((0.6, 0.4), abs=0.002)


@pytest.mark.parametrize("better", [(0.9, 0.9), (0.1, 0.1), (0.5, 0.9), (0.9, 0.5), (0.5, 0.5)])
def test_what_is_better_in_both_or_equal_in_one_says_nothing_of_the_weights(better: tuple[float, float]) -> None:
    assert preferred_weights(0.7, 0.3, choice(better, (0.5, 0.5)), 0.1) == (0.7, 0.3)


unit = st.floats(0, 1)


@given(st.tuples(unit, unit), st.tuples(unit, unit), unit, unit)
def test_a_preference_never_leaves_the_unit_interval(
    better: tuple[float, float], worse: tuple[float, float], quality: float, rate: float
) -> None:
    new_quality, new_speed = preferred_weights(quality, 1 - quality, choice(better, worse), rate)
    assert 0 <= new_quality <= 1
    assert 0 <= new_speed <= 1
    assert new_quality + new_speed == pytest.approx(1)


def raced(history: History, *scores: tuple[float, float], task_type: str = "text") -> list[str]:
    """A race of the strategy `balanced` with candidates of these qualities and speeds; race id, then result ids, winner first."""
    race_id = new_id()
    results = [GenerationResult(f"g{i}", "", 1.0, "m", 0.1, True, verified=True, id=new_id()) for i in range(len(scores))]
    for candidate, (quality, speed) in zip(results, scores, strict=True):
        candidate.quality_score, candidate.speed_score = quality, speed
    detail = {"start_weights": {"quality": 0.7, "speed": 0.3}}
    history.add_decision(DecisionRecord(race_id, task_type, [], "thompson", strategy="balanced", detail=detail))
    history.add_race(RaceRecord(race_id, task_type, {}, results, best_id=results[0].id if results else None, reason="no results"))
    return [race_id, *(candidate.id for candidate in results)]


def in_use(history: History) -> tuple[float, float] | None:
    return history.weights("balanced:0.7/0.3")[0]


def test_a_correction_takes_the_place_of_the_step() -> None:
    """Rating again is no second step: the weights are those of the latest rating of each person on each result."""
    history = History("sqlite://")
    race_id, winner, other = raced(history, (0.9, 0.5), (0.5, 0.9))
    rate(history, race_id, 0.4, who="ann")
    assert in_use(history) == (0.65, 0.35)
    rate(history, winner, 0.4, who="ann")  # the same result by another name
    assert in_use(history) == (0.65, 0.35)
    rate(history, race_id, 0.65, who="ann")
    assert in_use(history) == (0.675, 0.325)
    rate(history, race_id, 0.4, who="ben")
    rate(history, other, 0.4, who="ann")
    assert in_use(history) == (0.575, 0.425)
    rate(history, race_id, 1.0, who="ann", why="it was fine after all")
    assert in_use(history) == (0.6, 0.4)
    assert [feedback.satisfaction for feedback in history.feedback()] == [0.4, 0.4, 0.65, 0.4, 0.4, 1.0]
    assert [(rated.feedback.who, rated.feedback.satisfaction) for rated in history.ratings()] == [("ann", 1.0), ("ben", 0.4), ("ann", 0.4)]


def test_contradictory_preferences_shift_back() -> None:
    history = History("sqlite://")
    _, good, fast = raced(history, (0.9, 0.5), (0.8, 0.8))
    prefer(history, fast, good, who="ann")
    once = in_use(history)
    assert once is not None
    assert once[0] < 0.7
    prefer(history, good, fast, who="ben")
    back = in_use(history)
    assert back is not None
    assert once[0] < back[0]
    prefer(history, fast, good, who="ben")  # ben changes his mind: two steps the same way, none back
    both = in_use(history)
    assert both is not None
    assert both[0] < once[0]
    assert [preferred.preference.who for preferred in history.preferences()] == ["ann", "ben"]
    assert {preferred.better.result_id for preferred in history.preferences()} == {fast}


def test_ratings_and_preferences_are_steps_of_one_sequence() -> None:
    history = History("sqlite://")
    race_id, good, fast = raced(history, (0.9, 0.5), (0.8, 0.8))
    rate(history, race_id, 0.4)
    prefer(history, fast, good)
    [joined] = history.preferences()
    assert in_use(history) == preferred_weights(0.65, 0.35, joined, 0.1)
    assert history.weights("balanced:0.7/0.3")[1] == 2
    rate(history, race_id, 0.9)
    assert in_use(history) == preferred_weights(0.7, 0.3, joined, 0.1)


def test_telling_twice_with_one_id_is_harmless() -> None:
    history = History("sqlite://")
    selector = ExperimentSelector(history=history)
    for _ in range(2):
        selector.keep_opinion(Feedback(None, None, 0.4, id="same"))
    assert selector.criteria.quality_weight == 0.65
    assert len(history.feedback()) == 1
    assert selector.get_stats()["total_adjustments"] == 1


def test_a_result_of_no_race_is_rated_and_moves_no_weights() -> None:
    history = History("sqlite://")
    by_hand = dataclasses.replace(result("a", 0.9), id=new_id())
    history.add_outcome(by_hand, "text")
    rate(history, by_hand.id, 0.1)
    assert [rated.result.quality for rated in history.ratings()] == [0.9]


def test_what_cannot_be_rated_or_preferred_changes_nothing() -> None:
    history = History("sqlite://")
    race_id, first, second = raced(history, (0.9, 0.5), (0.8, 0.8))
    _, elsewhere = raced(history, (0.9, 0.5))
    nobody, *_ = raced(history)
    for subject, satisfaction, options, message in [
        ("nonsense", 0.5, {}, "unknown race or result"),
        (race_id, 1.5, {}, "satisfaction"),
        (nobody, 0.5, {}, "no winner to rate"),
        (race_id, 0.5, {"who": " "}, "who must be"),
        (race_id, 0.5, {"why": "\udcff"}, "why must be"),
        (race_id, 0.5, {"who": 7}, "who must be"),
    ]:
        with pytest.raises(UsageError, match=message):
            rate(history, subject, satisfaction, **options)  # type: ignore[arg-type]
    for better, worse, message in [
        (first, "nonsense", "unknown result 'nonsense'"),
        ("nonsense", first, "unknown result 'nonsense'"),
        (race_id, first, "unknown result"),
        (first, first, "itself"),
        (first, elsewhere, "not of one race"),
    ]:
        with pytest.raises(UsageError, match=message):
            prefer(history, better, worse)
    prefer(history, first, second)
    assert (len(history.feedback()), len(history.preferences())) == (0, 1)


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
