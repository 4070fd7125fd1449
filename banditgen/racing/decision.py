"""A decision, and the race that answers it, as callers see them."""

from __future__ import annotations

import dataclasses
from typing import Any

from banditgen.history.base import DecisionRecord, RaceRecord
from banditgen.result import GenerationResult


@dataclasses.dataclass(frozen=True)
class Decision:
    """A choice of arms: `propensities` is each eligible arm's chance, by name, to have been in the race."""

    id: str
    task_type: str
    arms: list[Any]
    propensities: dict[str, float]
    record: DecisionRecord = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True)
class Race:
    """A finished race: all results, best first, and the winner, or None when no candidate qualifies."""

    id: str
    task_type: str
    decision: Decision
    results: list[GenerationResult]
    best: GenerationResult | None
    reason: str
    wall_seconds: float


def finished(record: RaceRecord, decision: Decision) -> Race:
    """The race that a record keeps."""
    best = next((result for result in record.results if result.id == record.best_id), None)
    return Race(record.id, record.task_type, decision, record.results, best, record.reason, record.wall_seconds)
