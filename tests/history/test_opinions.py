"""Ratings and preferences as a log: the latest word of each person on each matter holds."""

from __future__ import annotations

from banditgen.history.judged import effective
from banditgen.history.store import History
from banditgen.result import Feedback, Preference
from tests.history.test_store import race, result


def test_a_correction_takes_the_place_of_what_it_corrects() -> None:
    """Each person's latest rating of each result holds, nobody is a person too, and the order is that of the first telling."""
    told = [
        Feedback("r", "a", 0.1, "ann", id="1"),
        Feedback("r", "a", 0.2, None, id="2"),
        Feedback("r", "b", 0.3, "ann", id="3"),
        Feedback("r", "a", 0.9, "ann", id="4"),
        Feedback("r", "a", 0.8, None, id="5"),
        Feedback(None, None, 0.4, "ann", id="6"),
        Feedback(None, None, 0.4, "ann", id="7"),
    ]
    assert [feedback.id for feedback in effective(told)] == ["4", "5", "3", "6", "7"]


def test_a_preference_is_corrected_either_way_round() -> None:
    told = [
        Preference("r", "a", "b", "ann", id="1"),
        Preference("r", "b", "c", "ann", id="2"),
        Preference("r", "b", "a", "ben", id="3"),
        Preference("r", "b", "a", "ann", id="4"),
    ]
    assert [preference.id for preference in effective(told)] == ["4", "2", "3"]


def test_ratings_come_with_what_they_rate() -> None:
    store = History("sqlite://")
    one = race(result("a"), result("b", passed=False))
    store.add_race(one)
    first, second = one.results
    store.add_feedback(Feedback(one.id, first.id, 0.2, "ann", id="1", created_at=1.0))
    store.add_feedback(Feedback(one.id, second.id, 0.5, "ann", id="2", created_at=2.0))
    store.add_feedback(Feedback(one.id, first.id, 0.9, "ann", "it is fine", id="3", created_at=3.0))
    store.add_feedback(Feedback(None, "elsewhere", 0.9, "ann", id="4", created_at=4.0))
    assert len(store.feedback()) == 4
    rated = store.ratings()
    assert [(r.feedback.id, r.feedback.satisfaction, r.task_type) for r in rated] == [("3", 0.9, "text"), ("2", 0.5, "text")]
    known = rated[0].result
    assert (known.result_id, known.quality, known.speed, known.test_passed) == (first.id, 0.8, 0.9, True)
    assert (known.generation_time, known.execution_time, known.measures) == (1.5, 0.0, {"quality": 0.6})
    assert not rated[1].result.test_passed
