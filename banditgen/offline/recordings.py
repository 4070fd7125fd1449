"""Recorded generations as races of a history: what models did elsewhere, for the bandit to learn from."""

from __future__ import annotations

import dataclasses
import json
import time
import uuid
from collections.abc import Iterable, Iterator

from banditgen.arm import GeneratorConfig, arm_id
from banditgen.generators.extract import ended, extract_code
from banditgen.generators.recordings import Recording
from banditgen.history.records import Rows
from banditgen.history.rows import result_row, text_hash
from banditgen.result import FailureKind, GenerationResult
from banditgen.scoring import QUALITY, UNMEASURED, SelectionCriteria, rank, score, winner

_IDS = uuid.UUID("6f1d4f0e-5a0c-5d3b-9a55-0b8b7f0c2a11")  # makes equal recordings equal results


def recorded_rows(recordings: Iterable[Recording], task_type: str) -> Iterator[Rows]:
    """The rows of a race for each run of recordings of one prompt by different arms.

    A recording with a verdict counts as verified, with the quality of an unmeasured candidate; one without teaches no
    posterior. Ids follow from what was recorded, so that a second import finds everything there.

    Raises:
        UsageError: a model or temperature that no arm can have.
    """
    race: list[Recording] = []
    for recording in recordings:
        arms = {(one.model, one.temperature) for one in race}
        if race and (recording.prompt != race[0].prompt or (recording.model, recording.temperature) in arms):
            yield _race(race, task_type)
            race = []
        race.append(recording)
    if race:
        yield _race(race, task_type)


def _race(recordings: list[Recording], task_type: str) -> Rows:
    criteria, now = SelectionCriteria(), time.time()
    results = rank([_result(recording, criteria) for recording in recordings], criteria)
    best, reason = winner(results, criteria)
    race_id = str(uuid.uuid5(_IDS, "/".join(sorted(result.id for result in results))))
    task = {"prompt": recordings[0].prompt, "name": None, "entry_point": None, "kind": "recorded"}
    rows = Rows()
    race = {"id": race_id, "created_at": now, "task_type": task_type, "task": task, "best_id": best.id if best else None}
    rows.add("race", race | {"reason": reason, "wall_seconds": max(recording.timings.wall for recording in recordings)})
    for position, result in enumerate(results):
        rows.add("candidate", result_row(result, race_id, task_type, now, position))
        rows.contents.update({str(text_hash(text)): text for text in (result.code, result.text) if text})
    return rows


def _result(recording: Recording, criteria: SelectionCriteria) -> GenerationResult:
    arm = GeneratorConfig(f"{recording.model} {recording.temperature:g}", recording.model, recording.temperature)
    result = GenerationResult(
        arm.name,
        ended(extract_code(recording.text)),
        recording.timings.model_seconds,
        recording.model,
        recording.temperature,
        test_passed=bool(recording.passed) and recording.failure is None,
        success=recording.failure is None,
        error=recording.error,
        failure=recording.failure,
        verified=recording.passed is not None or (recording.failure is not None and recording.failure.moves_posterior),
        measures={QUALITY: UNMEASURED},
        timings=recording.timings,
        id=str(uuid.uuid5(_IDS, json.dumps(dataclasses.asdict(recording)))),
        arm_id=arm_id(arm),
        text=recording.text,
        digest=recording.digest,
        channel="recorded",
    )
    if recording.passed is False and result.failure is None:
        result.failure = FailureKind.WRONG
    score(result, criteria)
    return result
