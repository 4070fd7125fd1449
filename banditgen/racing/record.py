"""How a race ends: its results ranked, its winner and why, and the record of it all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from banditgen.arm import arm_id, arm_settings
from banditgen.history.base import DecisionRecord, RaceRecord
from banditgen.result import GenerationResult
from banditgen.scoring import SelectionCriteria
from banditgen.task import Task


def rank(results: Sequence[GenerationResult]) -> list[GenerationResult]:
    """Best first: every passing candidate before every failing one, then by combined score, then as given."""
    return sorted(results, key=lambda result: (not result.test_passed, not result.success, -result.combined_score))


def describe_arm(arm: Any) -> dict[str, Any]:
    """An arm as the history keeps it."""
    return {"name": arm.name, "arm_id": arm_id(arm), **arm_settings(arm)}


def race_record(
    decision: DecisionRecord, task: Task, ranked: list[GenerationResult], criteria: SelectionCriteria, wall: float, **about: str
) -> RaceRecord:
    """A finished race as the history keeps it, with its winner and why."""
    best, why = winner(ranked, criteria)
    return RaceRecord(
        id=decision.id,
        task_type=decision.task_type,
        task={"prompt": task.prompt, "name": task.name, "entry_point": task.entry_point, "kind": task.kind, **about},
        results=ranked,
        best_id=best.id if best else None,
        reason=why,
        wall_seconds=wall,
    )


def winner(ranked: Sequence[GenerationResult], criteria: SelectionCriteria) -> tuple[GenerationResult | None, str]:
    """The best candidate that passed and is within the criteria, or None; and why, in one line."""
    outside: dict[str, str] = {}
    qualified: list[GenerationResult] = []
    for result in ranked:
        broken = criteria.violation(result.quality_score, result.generation_time, result.execution_time) if result.test_passed else None
        if broken:
            outside[result.generator_name] = broken
        elif result.test_passed:
            qualified.append(result)
    if not qualified:
        kinds = (f"{result.generator_name}: {outside.get(result.generator_name) or result.failure or 'failed'}" for result in ranked)
        return None, f"no candidate qualifies ({', '.join(kinds)})"
    best = qualified[0]
    told = "passed its tests" if best.verified else "ran cleanly (the task has no tests)"
    if len(qualified) == 1:
        return best, f"{best.generator_name} alone of {len(ranked)} {told}" + (" within the criteria" if outside else "")
    return best, f"{best.generator_name} {told} and has the best combined score of {len(qualified)} that did, {best.combined_score:.2f}"
