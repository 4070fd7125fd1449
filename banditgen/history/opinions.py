"""What people said of results: an append-only log, of which the latest word of each person on each matter holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from banditgen.history.base import Measured
from banditgen.result import Feedback, Preference

Opinion = TypeVar("Opinion", Feedback, Preference)


def effective(opinions: Iterable[Opinion]) -> list[Opinion]:
    """Of opinions in the order in which they were told, those that hold: each person's latest on each matter.

    A matter is a result, or an unordered pair of results; None is a person, too. A correction takes the place of what it
    corrects. A rating of a result without an id is a matter of its own.
    """
    latest: dict[object, Opinion] = {}
    for opinion in opinions:
        latest[_matter(opinion)] = opinion
    return list(latest.values())


def _matter(opinion: Feedback | Preference) -> object:
    if isinstance(opinion, Preference):
        return frozenset((opinion.better_id, opinion.worse_id)), opinion.who
    return (opinion.result_id, opinion.who) if opinion.result_id else opinion.id


def measured(result: Mapping[str, Any]) -> Measured:
    """What a stored result says of its candidate."""
    return Measured(
        result_id=result["id"],
        quality=result["quality_score"],
        speed=result["speed_score"],
        generation_time=result["generation_time"],
        execution_time=result["execution_time"],
        test_passed=result["test_passed"],
        measures=dict(result["measures"]),
    )
