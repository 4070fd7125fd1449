"""The evaluator port: a candidate and what happened when it ran go in; measures in [0, 1] come out."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from banditgen.sandbox.base import Execution
from banditgen.task import Task


@runtime_checkable
class Evaluator(Protocol):
    """Measures candidates. Plain blocking code, called from many threads at once."""

    def evaluate(self, code: str, execution: Execution, task: Task) -> dict[str, float]:
        """Named measures, each a finite number in [0, 1] where more is better; "quality" is always among them.

        `code` and the execution's output are hostile text: an evaluator bounds its own time and memory over them, never
        runs the code, and never raises for what a candidate wrote. The verdict of the tests is not its business: the
        quality score credits that by itself.

        A caller's evaluator has the task's wall limit, and is asked about a candidate that failed only where its attribute
        `wants_failures` is true. What it cannot measure is left out of the candidate's measures; the verdict stays.

        Raises:
            EvaluatorError: the evaluator itself failed; says nothing about the candidate.
        """
        ...
