"""The history port: what is appended, and what is read back; with it what passes through it, which stands in `history.entries`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from banditgen.history.entries import (
    ArmEvent,
    ArmRecord,
    Changes,
    Cursor,
    DecisionRecord,
    Pattern,
    RaceCost,
    RaceRecord,
    SelectionStats,
    SoftEvidence,
    Tally,
)
from banditgen.history.judged import Learn, PreferredResult, RatedResult, WeightsOfType
from banditgen.result import Feedback, GenerationResult, Preference

__all__ = [
    "ArmEvent",
    "ArmRecord",
    "Changes",
    "Cursor",
    "DecisionRecord",
    "HistoryStore",
    "Pattern",
    "RaceCost",
    "RaceRecord",
    "SelectionStats",
    "SoftEvidence",
    "Tally",
]


@runtime_checkable
class HistoryStore(Protocol):
    """An append-only event log. Every method may be called from any thread; every write is one short transaction.

    Appending a decision, race, outcome or rating whose id is there already changes nothing; a race that brings a result which
    belongs to another is refused whole. Methods raise `HistoryError`.
    """

    def add_decision(self, decision: DecisionRecord) -> None:
        """Append a decision; until its race is told it is pending."""
        ...

    def add_race(self, race: RaceRecord, soft: Sequence[SoftEvidence] = ()) -> bool:
        """Append a race with all its results and soft evidence of them, at once; False if it was there already."""
        ...

    def add_outcome(self, result: GenerationResult, task_type: str) -> None:
        """Append an outcome that a caller saw for himself, as a result that belongs to no race."""
        ...

    def add_selection(self, scope: str, result: GenerationResult | Mapping[str, Any], task_type: str | None) -> None:
        """Append that this result was selected."""
        ...

    def add_feedback(
        self, opinion: Feedback | Preference, scope: str | None = None, learn: Learn | None = None, of_type: WeightsOfType | None = None
    ) -> bool:
        """Append a rating or a preference and, at once with it, the weights that `learn` makes of everything that holds and
        that the scope learned from, and likewise those of one task type; False if it was there already.
        """
        ...

    def add_soft_evidence(self, evidence: SoftEvidence) -> bool:
        """Append soft evidence of a result; False if it was there already, or the result is not."""
        ...

    def soft_evidence(self, race_id: str | None = None) -> list[SoftEvidence]:
        """Soft evidence of results in the order in which it was told, of one race or all; ratings are among it: a later one of a result
        takes the place of the one before.
        """
        ...

    def add_arms(self, arms: Sequence[ArmRecord]) -> None:
        """Append arms; one whose id is there already stays as it is."""
        ...

    def add_arm_event(self, event: ArmEvent) -> None:
        """Append something that happened to an arm."""
        ...

    def add_strategy(self, hash: str, name: str, toml: str) -> None:  # noqa: A002 - what it is
        """Keep a strategy's text by its hash; one that is there already stays as it is."""
        ...

    def tallies(self, task_type: str | None = None) -> list[Tally]:
        """Passes and fails per arm, name and task type."""
        ...

    def evidence(self, arms: Collection[str], models: Collection[str], since: Cursor | None = None) -> Changes:
        """The running sums: of these arms and of all arms of these models (without ":latest"), and of races that held
        any of these arms.

        Without `since` all of them; with the cursor of an earlier answer to the same question, those that may have changed.
        """
        ...

    def outcomes(self) -> list[dict[str, Any]]:
        """What the running sums are made of, every result's, in the order in which they were written, those of one race together.

        The keys are `id`, `created_at`, `race_id`, `task_type`, `arm_id`, `model`, `digest`, `prompt_version`, `passed`, `informative`
        (whether it teaches anything), `failure`, `quality`, `speed`, `seconds`, `tokens` and `price`.
        """
        ...

    def columns(self, *names: str, task_type: str | None = None) -> dict[str, list[Any]]:
        """What every result has under these names, side by side, for those who count over all of them: in the order of `outcomes`.

        Names are the keys of `outcomes` but `measures`, and `arm_name`, `reward` and `step`.
        """
        ...

    def pending(self, task_type: str, since: float = 0.0) -> list[DecisionRecord]:
        """Decisions made since a moment (Unix seconds) that no race has answered yet."""
        ...

    def decision(self, decision_id: str) -> DecisionRecord | None:
        """A decision by id."""
        ...

    def decisions(self, race_id: str) -> list[DecisionRecord]:
        """The decisions of a race, in their order."""
        ...

    def decisions_by_id(self, ids: Sequence[str]) -> dict[str, DecisionRecord]:
        """Those of these decisions that are there, by id."""
        ...

    def race(self, race_id: str) -> RaceRecord | None:
        """A race by id."""
        ...

    def races(self, limit: int = 20, task_type: str | None = None, *, results: bool = True) -> list[RaceRecord]:
        """The newest races, newest first; where not `results`, without them."""
        ...

    def costs(self, since: float, limit: int) -> list[RaceCost]:
        """What the newest races spent, at most `limit` of those written since a moment (Unix seconds), newest first."""
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

    def ids_beginning(self, prefix: str, limit: int) -> list[str]:
        """At most so many ids of decisions, races and results that begin with a text, each once, in their order."""
        ...

    def selection_stats(self, scope: str) -> SelectionStats:
        """What a scope has selected."""
        ...

    def selections(self, scope: str) -> list[dict[str, Any]]:
        """What a scope selected, oldest first: `created_at`, `task_type`, `arm_name`, `result_id`, `combined_score` of each."""
        ...

    def weight_steps(self, scope: str, task_type: str = "") -> list[dict[str, Any]]:
        """A scope's weights after each opinion that it learned from, oldest first: `created_at`, `quality`, `speed`, `feedback_id`; the
        first, without a `feedback_id`, are those to start from.
        """
        ...

    def weight_scopes(self) -> list[tuple[str, str]]:
        """Whose weights learned from anything: each scope, with each task type on which they did ("" is all together), sorted."""
        ...

    def weights(self, scope: str, task_type: str = "") -> tuple[tuple[float, float] | None, int]:
        """A scope's weights in use (quality, speed) on a task type, None where they learned from nothing yet, and how often they
        changed; without a task type those that learned from everything.
        """
        ...

    def known_results(self, ids: Sequence[str]) -> set[str]:
        """Which of these result ids are there already."""
        ...

    def last_named(self, name: str, task_type: str | None = None) -> tuple[str, GenerationResult] | None:
        """The last candidate that an arm of this name had in a race, and the race's task type.

        With a task type, of those that were raced on it or have no verdict.
        """
        ...

    def arms(self) -> list[ArmRecord]:
        """Every arm that was ever chosen or added, oldest first."""
        ...

    def arm_events(self, scope: str | None = None) -> list[ArmEvent]:
        """What happened to arms, oldest first; in one scope or all."""
        ...

    def strategy(self, hash: str) -> str | None:  # noqa: A002
        """The TOML text of the strategy of that hash."""
        ...

    def count(self) -> dict[str, int]:
        """How many decisions, races, results and ratings there are."""
        ...

    def close(self) -> None:
        """Release the connection; a second call does nothing."""
        ...
