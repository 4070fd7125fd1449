"""A caller's evaluator behind our port."""

import re
from typing import Any

import pytest

from banditgen.errors import EvaluatorError, UsageError
from banditgen.evaluators import ExternalEvaluator
from banditgen.sandbox.base import Execution
from banditgen.task import Task

TASK = Task("x")
EXECUTION = Execution(passed=True, verified=False, stdout="out", stderr="err", wall_seconds=0.25, cpu_seconds=0.1, exit_code=0)


class Answering:
    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.calls: list[tuple[str, str, dict[str, Any]]] = []

    def evaluate_full(self, stdout: str, stderr: str, metrics: dict[str, Any]) -> Any:
        self.calls.append((stdout, stderr, metrics))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def test_final_score_becomes_quality_and_other_scores_are_kept() -> None:
    judge = Answering({"final_score": 1, "clarity": 0.5, "comment": "good", "points": 7, "ok": True})
    assert ExternalEvaluator(judge).evaluate("code", EXECUTION, TASK) == {"quality": 1.0, "clarity": 0.5}


def test_it_hands_over_output_and_metrics() -> None:
    judge = Answering({"final_score": 0.5})
    ExternalEvaluator(judge).evaluate("code", EXECUTION, TASK)
    ((stdout, stderr, metrics),) = judge.calls
    assert (stdout, stderr) == ("out", "err")
    assert (metrics["exit_code"], metrics["latency_ms"], metrics["cpu_ms"]) == (0, 250.0, 100.0)


@pytest.mark.parametrize("score", [float("nan"), float("inf"), -0.1, 1.1, 85, "0.5", None, True, [0.5], 10**400])
def test_a_score_outside_the_unit_interval_is_the_evaluators_fault(score: Any) -> None:
    with pytest.raises(EvaluatorError, match="final_score must be a number between 0 and 1"):
        ExternalEvaluator(Answering({"final_score": score})).evaluate("code", EXECUTION, TASK)


@pytest.mark.parametrize("answer", [None, {}, 0.5, {"score": 0.5}])
def test_an_answer_without_a_score_is_named(answer: Any) -> None:
    with pytest.raises(EvaluatorError, match=re.escape(repr(answer))):
        ExternalEvaluator(Answering(answer)).evaluate("code", EXECUTION, TASK)


def test_an_exception_in_the_evaluator_is_an_evaluator_error() -> None:
    with pytest.raises(EvaluatorError, match="raised KeyError"):
        ExternalEvaluator(Answering(KeyError("x"))).evaluate("code", EXECUTION, TASK)


def test_an_object_without_evaluate_full_is_refused() -> None:
    with pytest.raises(UsageError, match="evaluate_full"):
        ExternalEvaluator(object())
