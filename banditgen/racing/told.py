"""Results that were made elsewhere: checked, completed, and compared with what was told before."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from banditgen._checks import unit_interval
from banditgen._text import shown
from banditgen.errors import UsageError
from banditgen.history.base import DecisionRecord, HistoryStore, RaceRecord
from banditgen.history.fields import fields_of, result_from_json
from banditgen.history.ids import new_id
from banditgen.racing.record import race_record
from banditgen.racing.soft import witnesses
from banditgen.result import FailureKind, GenerationResult, Timings
from banditgen.scoring import TEST_PASS_CREDIT, SelectionCriteria, rank, weigh
from banditgen.task import Task

_FIELDS = fields_of(GenerationResult)
_REQUIRED = ("generator_name", "test_passed")
_WORKED_OUT = frozenset({"id", "race_id", "speed_score", "combined_score", "reward"})


def told_race(
    history: HistoryStore,
    decision_id: str,
    results: Iterable[GenerationResult | Mapping[str, Any]],
    criteria_for: Callable[[str], SelectionCriteria],
) -> tuple[DecisionRecord, RaceRecord, bool]:
    """Keep what was told of a decision as its race; the decision, the race as it is kept, and whether it is new.

    Raises:
        UsageError: an unknown decision, what `told_results` refuses, a result that its own race recorded already, or a telling that
            differs from an earlier one; nothing was changed.
    """
    decision = history.decision(decision_id)
    if decision is None:
        raise UsageError(f"unknown decision {decision_id!r}: tell what ask returned")
    told = told_results(decision, results)
    criteria = criteria_for(decision.task_type)
    for result in told:
        weigh(result, criteria)
    record = race_record(decision, Task("told"), rank(told, criteria), criteria, 0.0)
    record = dataclasses.replace(record, task={"kind": "told"})
    known = history.known_results([result.id for result in told])
    if not known and history.add_race(record, witnesses(record.results)):
        return decision, record, True
    stored = history.race(decision_id)
    if stored is None:
        raise UsageError("a result that the history has already cannot be told: its own race recorded it")
    if not same_outcome(stored.results, record.results):
        raise UsageError(f"decision {decision_id} was told before, with another outcome: nothing was changed")
    return decision, stored, False


def told_results(decision: DecisionRecord, results: Iterable[GenerationResult | Mapping[str, Any]]) -> list[GenerationResult]:
    """One result for each arm of the decision; an arm of which nothing was told is cancelled.

    Raises:
        UsageError: not a result, an arm that is not in the decision or is told twice, or a value that cannot be.
    """
    arms = {arm["name"]: arm for arm in decision.arms}
    told: dict[str, GenerationResult] = {}
    if not isinstance(results, Iterable) or isinstance(results, Mapping):
        raise UsageError(f"tell takes a list of results, not {results!r}")
    for given in results:
        result = _as_result(given, arms)
        if result.generator_name in told:
            raise UsageError(f"two results for {result.generator_name!r}: tell one for each arm")
        told[result.generator_name] = result
    for name, arm in arms.items():
        if name not in told:
            missing = GenerationResult(name, "", 0.0, arm["model"], arm["temperature"], success=False, verified=False, id=new_id())
            told[name] = dataclasses.replace(missing, arm_id=arm["arm_id"], failure=FailureKind.CANCELLED, error="no result was told")
    return list(told.values())


def _as_result(given: GenerationResult | Mapping[str, Any], arms: Mapping[str, Mapping[str, Any]]) -> GenerationResult:
    """A copy of a caller's result with the decision's arm, an id, a verdict and a quality filled in."""
    fields = _checked_fields(_own_fields(given) if isinstance(given, GenerationResult) else given)
    name = fields["generator_name"]
    if name not in arms:
        raise UsageError(f"no arm {name!r} in this decision: it has {', '.join(arms)}")
    arm = arms[name]
    base = {"code": "", "generation_time": 0.0, "model_used": arm["model"], "temperature": arm["temperature"]}
    result = result_from_json({**base, **fields})
    result.id = result.id or new_id()
    result.arm_id = arm["arm_id"]
    if result.verified is None:
        result.verified = result.failure is None or result.failure.moves_posterior
    if result.test_passed and result.failure is not None:
        raise UsageError(f"the result of {name!r} contradicts itself: its tests passed, and its failure is {result.failure}")
    if result.failure is None and not result.test_passed:
        result.failure = FailureKind.WRONG
    unit_interval("quality_score", result.quality_score)
    if result.test_passed and not result.quality_score:
        result.quality_score = TEST_PASS_CREDIT  # what passing is worth, where no score was given
    return result


def same_outcome(stored: Sequence[GenerationResult], told: Sequence[GenerationResult]) -> bool:
    """Whether two tellings say the same of every arm, in everything that was told."""
    return _outcome(stored) == _outcome(told)


def _outcome(results: Sequence[GenerationResult]) -> dict[str, dict[str, Any]]:
    """By arm, what a telling says; ids, and scores that are worked out from the rest, are left out."""
    return {r.generator_name: {name: value for name, value in vars(r).items() if name not in _WORKED_OUT} for r in results}


def _checked_fields(given: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        raise UsageError(f"a result must be a GenerationResult or a mapping of its fields, not {type(given).__name__}")
    for key in _REQUIRED:
        if key not in given:
            raise UsageError(f"a told result needs {key}")
    unknown = sorted(str(key) for key in given if key not in _FIELDS)
    if unknown:
        raise UsageError(f"unknown field {unknown[0]!r} in a told result")
    return {key: _checked(key, value) for key, value in given.items()}


def _own_fields(result: GenerationResult) -> dict[str, Any]:
    return {name: value for name, value in vars(result).items() if name in _FIELDS}


def _checked(key: str, value: Any) -> Any:
    """The value as a row keeps it (numpy's scalars are taken), or UsageError."""
    try:
        plain = _FIELDS[key].check(_plain(value))
        if key == "measures":
            return {name: unit_interval(f"measure {name}", measure) for name, measure in plain.items()}
    except (TypeError, ValueError, KeyError, OverflowError):
        raise UsageError(f"a told result's {key} cannot be {shown(value)}") from None
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, Timings):
        return vars(value)
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    return value.item() if isinstance(value, np.generic) else value
