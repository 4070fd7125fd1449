"""The history port: what is appended, and what is read back."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from banditgen.result import Feedback, GenerationResult, Preference


@dataclasses.dataclass(frozen=True)
class Tally:
    """How often an arm passed and failed on one task type; informative outcomes only."""

    arm_id: str
    arm_name: str
    task_type: str
    passes: int
    fails: int


@dataclasses.dataclass(frozen=True)
class Outcomes:
    """What a stretch of the log teaches, column by column, in the order in which it grew.

    `passed` is 1.0, 0.0, or NaN where the outcome teaches nothing; `measures` are (quality, speed) pairs. `race_id` is
    the result's own id where it belongs to no race. `last` is where the next stretch begins.
    """

    arm_id: list[str]
    model: list[str]
    digest: list[str | None]
    task_type: list[str]
    passed: list[float]
    measures: list[tuple[float, float]]
    race_id: list[str]
    last: int


@dataclasses.dataclass(frozen=True)
class DecisionRecord:
    """A choice of arms. `arms` holds each chosen arm's settings with `name` and `arm_id`."""

    id: str
    task_type: str
    arms: list[dict[str, Any]]
    policy: str
    propensities: dict[str, float] | None = None
    strategy: str | None = None
    seed: int | None = None
    detail: dict[str, Any] = dataclasses.field(default_factory=dict)
    created_at: float = 0.0


@dataclasses.dataclass(frozen=True)
class RaceRecord:
    """A finished race, its results in their order, best first."""

    id: str
    task_type: str
    task: dict[str, Any]
    results: list[GenerationResult]
    best_id: str | None = None
    reason: str = ""
    wall_seconds: float = 0.0
    created_at: float = 0.0


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


@dataclasses.dataclass(frozen=True)
class SelectionStats:
    """How often each arm's candidate was selected, and the scores' mean and standard deviation."""

    by_arm: dict[str, int]
    mean_score: float
    score_std: float


@runtime_checkable
class HistoryStore(Protocol):
    """An append-only event log. Every method may be called from any thread; every write is one short transaction.

    Appending a decision, race, outcome or rating whose id is there already changes nothing; a race that brings a result which
    belongs to another is refused whole. Methods raise `HistoryError`.
    """

    def add_decision(self, decision: DecisionRecord) -> None:
        """Append a decision; until its race is told it is pending."""
        ...

    def add_race(self, race: RaceRecord) -> bool:
        """Append a race with all its results, at once; False if it was there already."""
        ...

    def add_outcome(self, result: GenerationResult, task_type: str) -> None:
        """Append an outcome that a caller saw for himself, as a result that belongs to no race."""
        ...

    def add_selection(self, scope: str, result: GenerationResult | Mapping[str, Any], task_type: str | None) -> None:
        """Append that this result was selected."""
        ...

    def add_feedback(self, opinion: Feedback | Preference, scope: str | None = None, learn: Learn | None = None) -> bool:
        """Append a rating or a preference and, at once with it, the weights that `learn` makes of everything that holds and
        that the scope learned from; False if it was there already.
        """
        ...

    def tallies(self, task_type: str | None = None) -> list[Tally]:
        """Passes and fails per arm, name and task type."""
        ...

    def outcomes(self, after: int = 0) -> Outcomes:
        """What the log has grown by since `after`, for a fold; 0 is from its beginning."""
        ...

    def pending(self, task_type: str) -> list[DecisionRecord]:
        """Decisions that no race has answered yet."""
        ...

    def decision(self, decision_id: str) -> DecisionRecord | None:
        """A decision by id."""
        ...

    def race(self, race_id: str) -> RaceRecord | None:
        """A race by id."""
        ...

    def races(self, limit: int = 20, task_type: str | None = None) -> list[RaceRecord]:
        """The newest races, newest first."""
        ...

    def result(self, result_id: str) -> GenerationResult | None:
        """A result by id."""
        ...

    def race_of(self, result_id: str) -> str | None:
        """The id of the race that a result belongs to; None where it belongs to none, or is not there."""
        ...

    def feedback(self, race_id: str | None = None) -> list[Feedback]:
        """Every rating ever told, oldest first; of one race or all."""
        ...

    def ratings(self) -> list[RatedResult]:
        """The ratings that hold, in the order in which they were first told: the latest of each person on each result."""
        ...

    def preferences(self) -> list[PreferredResult]:
        """The preferences that hold, in the order in which they were first told: the latest of each person on each pair."""
        ...

    def selection_stats(self, scope: str) -> SelectionStats:
        """What a scope has selected."""
        ...

    def weights(self, scope: str) -> tuple[tuple[float, float] | None, int]:
        """A scope's weights in use (quality, speed), None where it learned from nothing yet, and how often they changed."""
        ...

    def known_results(self, ids: Sequence[str]) -> set[str]:
        """Which of these result ids are there already."""
        ...

    def arm_ids(self) -> dict[str, str]:
        """Each arm name's newest arm id."""
        ...

    def count(self) -> dict[str, int]:
        """How many decisions, races, results and ratings there are."""
        ...

    def close(self) -> None:
        """Release the connection; a second call does nothing."""
        ...
