"""A caller's own evaluator, any object with `evaluate_full(stdout, stderr, metrics)`, behind the evaluator port."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from banditgen._checks import is_measure
from banditgen._text import shown
from banditgen._threads import time_limit
from banditgen.errors import EvaluatorError, UsageError
from banditgen.sandbox.base import Execution
from banditgen.scoring import QUALITY
from banditgen.task import Task


class ExternalEvaluator:
    """Asks `evaluator.evaluate_full(stdout, stderr, metrics)` for `{"final_score": 0..1, …}`.

    `final_score` becomes the measure "quality"; whatever else in the answer is a number in [0, 1] is kept under its
    own name. `metrics` has "exit_code" (0 or 1 where the sandbox has none), "latency_ms", "cpu_ms",
    "peak_memory_bytes", "passed" and "verified", and over these whatever a caller's runner reported. An evaluator that takes
    `timeout` gets the task's wall limit, in seconds; one with `wants_failures = True` is asked about candidates that failed, too.

    Raises:
        UsageError: the object has no `evaluate_full`.
    """

    def __init__(self, evaluator: Any) -> None:
        if not callable(getattr(evaluator, "evaluate_full", None)):
            raise UsageError(f"an evaluator needs evaluate_full(stdout, stderr, metrics); {type(evaluator).__name__} has none")
        self._evaluator = evaluator

    @property
    def given(self) -> Any:
        """The caller's object."""
        return self._evaluator

    @property
    def wants_failures(self) -> bool:
        """Whether it is asked about candidates that failed, too."""
        return getattr(self._evaluator, "wants_failures", False) is True

    def evaluate(self, code: str, execution: Execution, task: Task) -> dict[str, float]:  # noqa: ARG002 - the port's signature
        """The evaluator's measures, or `EvaluatorError` where it raises or gives no score in [0, 1]."""
        try:
            limit = time_limit(self._evaluator.evaluate_full, task.limits.wall_seconds)
            answer = self._evaluator.evaluate_full(execution.stdout, execution.stderr, _metrics(execution), **limit)
        except Exception as error:
            raise EvaluatorError(f"the evaluator raised {type(error).__name__}: {error}") from error
        if not isinstance(answer, Mapping) or "final_score" not in answer:
            raise EvaluatorError(f"the evaluator must return a dictionary with final_score, not {shown(answer)}")
        score = answer["final_score"]
        if not is_measure(score):
            raise EvaluatorError(f"the evaluator's final_score must be a number between 0 and 1, not {shown(score)}")
        others = {name: float(value) for name, value in answer.items() if isinstance(name, str) and is_measure(value)}
        others.pop("final_score")
        return {**others, QUALITY: float(score)}


def _metrics(execution: Execution) -> dict[str, Any]:
    return {
        "exit_code": execution.exit_code if execution.exit_code is not None else int(not execution.passed),
        "latency_ms": execution.wall_seconds * 1000.0,
        "cpu_ms": execution.cpu_seconds * 1000.0,
        "peak_memory_bytes": execution.peak_memory_bytes,
        "passed": execution.passed,
        "verified": execution.verified,
        **execution.metrics,
    }
