"""Outcomes that a caller saw for himself and tells by an arm's name."""

from __future__ import annotations

import dataclasses

import numpy as np

from banditgen._checks import check_text
from banditgen.arm import named_arm_id
from banditgen.errors import UsageError
from banditgen.history.base import HistoryStore, SoftEvidence
from banditgen.history.ids import new_id
from banditgen.result import RATING, GenerationResult
from banditgen.scoring import QUALITY, UNMEASURED, SelectionCriteria, score

TOLD = "told"  # the kind of evidence that somebody told what a race had recorded


def record_success(history: HistoryStore, name: str, task_type: str, success: bool, criteria: SelectionCriteria) -> None:
    """Keep an outcome that a caller saw, of the arm of that name; what its last race recorded already counts once.

    A telling is of the arm's last candidate that was raced on this type of task, or had no tests, in whichever process. Where a test gave
    it the same verdict, it counts already: the first telling of it, whoever's, changes nothing. Every other one is an outcome of its own,
    with what the last race measured of the arm.

    Raises:
        UsageError: a name or task type that is no non-empty string, or a success that is not true or false.
    """
    check_text("generator_name", name)
    check_text("task_type", task_type)
    if not isinstance(success, bool | np.bool_):
        raise UsageError(f"success must be true or false, not {success!r}")
    last = history.last_named(name, task_type) or history.last_named(name)
    if last is not None and _recorded(*last, task_type, success=bool(success)):
        told = SoftEvidence(last[1].id, TOLD, float(success), id=f"{TOLD} {last[1].id}")
        if history.add_soft_evidence(told):
            return
    result = last[1] if last is not None else GenerationResult(name, "", 0.0, "", 0.0, arm_id=named_arm_id(name))
    measures = result.measures or {QUALITY: UNMEASURED}
    outcome = dataclasses.replace(
        result, id=new_id(), test_passed=bool(success), verified=True, failure=None, error=None, measures=measures
    )
    score(outcome, criteria)
    history.add_outcome(outcome, task_type)
    if last is not None and not last[1].verified and last[1].race_id:
        _beside(history, last[1], outcome)


def _beside(history: HistoryStore, tried: GenerationResult, outcome: GenerationResult) -> None:
    """Let what a race without tests saw of a candidate stand beside the verdict on it: so it is found out what such witnesses are worth."""
    for one in history.soft_evidence(tried.race_id):
        if one.result_id == tried.id and one.kind not in (TOLD, RATING):  # ratings stand beside verdicts by themselves
            history.add_soft_evidence(dataclasses.replace(one, result_id=outcome.id, id=f"{one.id} {outcome.id}"))


def _recorded(raced_as: str, result: GenerationResult, task_type: str, *, success: bool) -> bool:
    return result.moves_posterior and raced_as == task_type and result.test_passed == success
