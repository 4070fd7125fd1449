"""A race, its arms and its end, as the history keeps them."""

from __future__ import annotations

from typing import Any

from banditgen.arm import GeneratorConfig, arm_id, arm_settings
from banditgen.history.base import DecisionRecord, RaceRecord
from banditgen.result import FailureKind, GenerationResult
from banditgen.scoring import SelectionCriteria, winner
from banditgen.task import Task


def describe_arm(arm: GeneratorConfig) -> dict[str, Any]:
    """An arm as the history keeps it."""
    return {"name": arm.name, "arm_id": arm_id(arm), **arm_settings(arm)}


def race_record(
    decision: DecisionRecord, task: Task, ranked: list[GenerationResult], criteria: SelectionCriteria, wall: float, **about: str
) -> RaceRecord:
    """A finished race as the history keeps it, with its winner and why."""
    for result in ranked:
        result.race_id = decision.id
    best, why = winner(ranked, criteria)
    fault = next((result.error for result in ranked if result.failure is FailureKind.TASK), None)
    if fault is not None:
        why = f"{why}; no arm is to blame: {fault}"
    described = {"prompt": task.prompt, "name": task.name, "entry_point": task.entry_point, "kind": task.kind}
    return RaceRecord(
        id=decision.id,
        task_type=decision.task_type,
        task=described | {"signatures": list(task.signatures)} | about,
        results=ranked,
        best_id=best.id if best else None,
        reason=why,
        wall_seconds=wall,
    )
