"""Between a `GenerationResult` and its row."""

from __future__ import annotations

import dataclasses
from typing import Any

from banditgen.result import FailureKind, GenerationResult, Timings

_FIELDS = {field.name for field in dataclasses.fields(GenerationResult)}
_TIMING_FIELDS = {field.name for field in dataclasses.fields(Timings)}


def result_row(result: GenerationResult, race_id: str | None, task_type: str, created_at: float, position: int) -> dict[str, Any]:
    """The row of the results table that keeps this result."""
    return {
        "id": result.id,
        "created_at": created_at,
        "race_id": race_id,
        "position": position,
        "task_type": task_type,
        "arm_id": result.arm_id,
        "arm_name": result.generator_name,
        "model": result.model_used,
        "digest": result.digest,
        "passed": result.test_passed,
        "informative": result.moves_posterior,
        "failure": result.failure.value if result.failure else None,
        "quality": result.quality_score,
        "speed": result.speed_score,
        "reward": result.reward,
        "result": result.to_dict(),
    }


def result_from_json(data: dict[str, Any]) -> GenerationResult:
    """The result that a row keeps; keys of a later version are left out."""
    values = {key: value for key, value in data.items() if key in _FIELDS}
    if values.get("failure"):
        values["failure"] = FailureKind(values["failure"])
    if values.get("timings"):
        values["timings"] = Timings(**{key: value for key, value in values["timings"].items() if key in _TIMING_FIELDS})
    return GenerationResult(**values)
