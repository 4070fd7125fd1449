"""What people judged, joined to what is known of it, and how weights learn from that."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, TypeVar

from banditgen.result import Feedback, Preference

Opinion = TypeVar("Opinion", bound=Feedback | Preference)


@dataclasses.dataclass(frozen=True)
class Measured:
    """What is known of a candidate that a person judged: scores and measures in [0, 1], times in seconds.

    `quality` and `speed` are the scores of its race, under the constants of that day; the times, the verdict and `measures`
    (by name, as the evaluator gave them) are what other constants can be tried on.
    """

    result_id: str
    quality: float
    speed: float
    generation_time: float
    execution_time: float
    test_passed: bool
    measures: dict[str, float] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class RatedResult:
    """An effective rating, joined to the result that it rates."""

    feedback: Feedback
    task_type: str
    result: Measured


@dataclasses.dataclass(frozen=True)
class PreferredResult:
    """An effective preference, joined to the two results that it compares."""

    preference: Preference
    task_type: str
    better: Measured
    worse: Measured


Learn = Callable[[Sequence[Feedback | PreferredResult]], tuple[float, float]]
"""Makes (quality, speed) weights of opinions in their order; of none, the weights to start from."""


class WeightsOfType(NamedTuple):
    """A scope's weights on one task type, and how they learn."""

    scope: str
    task_type: str
    learn: Learn


def effective(opinions: Iterable[Opinion]) -> list[Opinion]:
    """Of opinions in the order in which they were told, those that hold: each person's latest on each matter.

    A matter is a result, or an unordered pair of results; None is a person, too. A correction takes the place of what it
    corrects. A rating of a result without an id is a matter of its own.
    """
    latest: dict[object, Opinion] = {}
    for opinion in opinions:
        latest[matter(opinion)] = opinion
    return list(latest.values())


def matter(opinion: Feedback | Preference) -> object:
    """What an opinion is on and whose it is: a later one with the same takes its place."""
    if isinstance(opinion, Preference):
        return frozenset((opinion.better_id, opinion.worse_id)), opinion.who
    return (opinion.result_id, opinion.who) if opinion.result_id else opinion.id
