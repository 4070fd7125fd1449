"""What a history is told and tells: arms, decisions, races and what was said of them; each is written once."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from banditgen.arm import SAMPLING_FIELDS, GeneratorConfig, arm_id, arm_settings, named_arm_id
from banditgen.errors import UsageError
from banditgen.result import GenerationResult


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
    `measures` by (task type, arm id, model, digest or "", measure, shard), over candidates that passed: (count, Σm, Σm², Σq·m, Σs·m).
    The rows of all shards add up. `again` says that everything is here, and that what was read before no longer counts.
    """

    own: dict[tuple[Any, ...], tuple[float, ...]]
    patterns: dict[tuple[str, Pattern, int], float]
    soft: dict[tuple[Any, ...], float]
    cursor: Cursor
    again: bool
    measures: dict[tuple[Any, ...], tuple[float, ...]] = dataclasses.field(default_factory=dict)


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

    def to_dict(self) -> dict[str, Any]:
        """The race as JSON-ready data."""
        return vars(self) | {"results": [result.to_dict() for result in self.results]}


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
