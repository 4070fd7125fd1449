"""The history port: what is appended, and what is read back."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

from banditgen.arm import SAMPLING_FIELDS, GeneratorConfig, arm_id, arm_settings, named_arm_id
from banditgen.errors import UsageError
from banditgen.history.judged import Learn, PreferredResult, RatedResult, WeightsOfType
from banditgen.result import Feedback, GenerationResult, Preference


@dataclasses.dataclass(frozen=True)
class Tally:
    """How often an arm passed and failed on one task type; informative outcomes only."""

    arm_id: str
    arm_name: str
    task_type: str
    passes: int
    fails: int


class Cursor(NamedTuple):
    """How far a reader has followed the statistics; only the store that made it can read it."""

    generation: str
    stamp: int


Pattern = tuple[tuple[str, str, str], ...]
"""What a race showed: (arm id, digest or "", "passed", "failed" or "cut off") of each arm that it showed anything of, sorted."""


@dataclasses.dataclass(frozen=True)
class Changes:
    """Running sums over the log, as they stand: rows that may have changed since a cursor, to be put in place of old ones.

    `own` by (task type, arm id, model without ":latest", digest or "", verdict, failure kind or "", shard), the verdict being 1
    passed, 0 failed or -1 taught nothing: (count, Σq, Σs, Σq², Σqs, Σs², Σ model seconds, Σ tokens, Σ price, when the newest was
    written), q and s being quality and speed.
    `patterns` by (task type, pattern, shard): how many races showed that; an arm that is not in a pattern was not run, or nothing was
    learned of it. Patterns hold every arm of their race, also such as were not asked for.
    `soft` by (task type, arm id, model, digest or "", kind, level, verdict, shard): how often soft evidence of that kind, its value in
    tenths, stood beside that verdict; ratings of a race's results are of the kind "rating". What failed by no fault of its arm is left out.
    The rows of all shards add up. `again` says that everything is here, and that what was read before no longer counts.
    """

    own: dict[tuple[Any, ...], tuple[float, ...]]
    patterns: dict[tuple[str, Pattern, int], float]
    soft: dict[tuple[Any, ...], float]
    cursor: Cursor
    again: bool


@dataclasses.dataclass(frozen=True)
class ArmRecord:
    """An arm as the history keeps it: what shapes its output, which arms it came from and how.

    `settings` are what `banditgen.arm.arm_settings` gives. `origin` is "strategy" for arms that a strategy names or makes,
    "evolved" or "tool" for born ones; `parents` are arm ids.
    """

    arm_id: str
    name: str
    model: str
    settings: dict[str, Any] = dataclasses.field(default_factory=dict)
    parents: list[str] = dataclasses.field(default_factory=list)
    origin: str = "strategy"
    created_at: float = 0.0

    @classmethod
    def of(cls, arm: GeneratorConfig, parents: Sequence[str] = (), origin: str = "strategy") -> ArmRecord:
        """The record of an arm."""
        return cls(arm_id(arm), arm.name, arm.model, arm_settings(arm), list(parents), origin)

    @classmethod
    def of_decision(cls, arm: Mapping[str, Any], created_at: float = 0.0) -> ArmRecord:
        """The record of an arm as a decision keeps it."""
        name = str(arm.get("name", ""))
        settings = {key: value for key, value in arm.items() if key not in ("name", "arm_id")}
        return cls(arm.get("arm_id") or named_arm_id(name), name, str(arm.get("model", "")), settings, created_at=created_at)

    @property
    def arm(self) -> GeneratorConfig | None:
        """The arm itself; None where too little of it is kept, such as of one of which only the name is known."""
        settings = {key: value for key, value in self.settings.items() if key in SAMPLING_FIELDS}
        try:
            arm = GeneratorConfig(self.name, self.model, **settings)
        except UsageError:
            return None
        return arm if arm.arm_id == self.arm_id else None


@dataclasses.dataclass(frozen=True)
class ArmEvent:
    """Something that happened to an arm in a scope (a strategy's name): "born", "graduated", "retired"."""

    scope: str
    arm_id: str
    event: str
    detail: dict[str, Any] = dataclasses.field(default_factory=dict)
    id: str = ""
    created_at: float = 0.0


@dataclasses.dataclass(frozen=True)
class DecisionRecord:
    """A choice of a wave of arms: the one that its race took at `step`, from 0; the first has its race's id.

    `arms` holds each chosen arm's settings with `name` and `arm_id`.
    """

    id: str
    task_type: str
    arms: list[dict[str, Any]]
    policy: str
    propensities: dict[str, float] | None = None
    strategy: str | None = None
    seed: int | None = None
    detail: dict[str, Any] = dataclasses.field(default_factory=dict)
    created_at: float = 0.0
    race_id: str = ""  # "" is its own id
    step: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "race_id", self.race_id or self.id)


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
class RaceCost:
    """What one race spent: generations, seconds of the models, tokens, and the strategy's money.

    Infrastructure's failures, and what no model wrote, are left out.

    `account` is what its first decision says it is charged to (`detail["account"]`); "" where it says nothing.
    """

    race_id: str
    created_at: float
    task_type: str
    account: str
    generations: int
    model_seconds: float
    tokens: float
    price: float


@dataclasses.dataclass(frozen=True)
class SoftEvidence:
    """Something that speaks for or against a candidate and is no verdict.

    `kind` is a word for where it comes from: "ran", "runner", "agreed" (with the other candidates), "evaluator" and the like; `value` in
    [0, 1] is how much it speaks for the candidate. The id makes telling it twice harmless. People's ratings are soft evidence of the kind
    "rating" by themselves: one of each result, the mean of each person's latest.
    """

    result_id: str
    kind: str
    value: float
    id: str = ""
    created_at: float = 0.0


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

    def pending(self, task_type: str, since: float = 0.0) -> list[DecisionRecord]:
        """Decisions made since a moment (Unix seconds) that no race has answered yet."""
        ...

    def decision(self, decision_id: str) -> DecisionRecord | None:
        """A decision by id."""
        ...

    def decisions(self, race_id: str) -> list[DecisionRecord]:
        """The decisions of a race, in their order."""
        ...

    def race(self, race_id: str) -> RaceRecord | None:
        """A race by id."""
        ...

    def races(self, limit: int = 20, task_type: str | None = None) -> list[RaceRecord]:
        """The newest races, newest first."""
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
