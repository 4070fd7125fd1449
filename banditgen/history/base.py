"""The history port: what is appended, and what is read back."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Protocol

from banditgen.result import Feedback, GenerationResult


@dataclasses.dataclass(frozen=True)
class Tally:
    """Everything the log says about one arm on one task type, as sufficient statistics.

    `passes` and `fails` count informative outcomes. The sums run over passing candidates that have measures:
    `n` of them, Σq, Σs, Σq², Σs², Σqs of quality and speed.
    """

    arm_id: str
    arm_name: str
    task_type: str
    passes: int
    fails: int
    n: int = 0
    sum_quality: float = 0.0
    sum_speed: float = 0.0
    sum_quality2: float = 0.0
    sum_speed2: float = 0.0
    sum_quality_speed: float = 0.0


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
class SelectionStats:
    """How often each arm's candidate was selected, and the scores' mean and standard deviation."""

    by_arm: dict[str, int]
    mean_score: float
    score_std: float


class HistoryStore(Protocol):
    """An append-only event log. Every method may be called from any thread; every write is one short transaction.

    Appending something whose id is there already changes nothing. Methods raise `HistoryError`.
    """

    def add_decision(self, decision: DecisionRecord) -> None:
        """Append a decision; until its race is told it is pending."""
        ...

    def add_race(self, race: RaceRecord) -> bool:
        """Append a race with all its results, at once; False if it was there already."""
        ...

    def add_outcome(self, arm_name: str, arm_id: str, task_type: str, *, passed: bool) -> None:
        """Append an outcome that a caller saw for himself."""
        ...

    def add_selection(self, scope: str, result: GenerationResult | Mapping[str, Any], task_type: str | None) -> None:
        """Append that this result was selected."""
        ...

    def add_feedback(self, feedback: Feedback) -> None:
        """Append a rating."""
        ...

    def add_weights(self, scope: str, quality: float, speed: float, feedback_id: str | None = None) -> None:
        """Append the weights that a scope uses from now on."""
        ...

    def tallies(self, task_type: str | None = None) -> list[Tally]:
        """The fold of the log, per arm and task type."""
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

    def feedback(self, race_id: str | None = None) -> list[Feedback]:
        """Ratings, oldest first; of one race or all."""
        ...

    def selection_stats(self, scope: str) -> SelectionStats:
        """What a scope has selected."""
        ...

    def weights(self, scope: str) -> tuple[tuple[float, float] | None, int]:
        """A scope's weights in use (quality, speed), None when never changed, and how often they were."""
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
