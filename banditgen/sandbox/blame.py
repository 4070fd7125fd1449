"""Whether a failure is the task's own: its tests, run once over a stub that is no candidate, fail by themselves."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable

from banditgen.result import FailureKind
from banditgen.sandbox import orders
from banditgen.sandbox.base import Execution
from banditgen.sandbox.report import Report
from banditgen.sandbox.verdict import error_text
from banditgen.task import Task

REMEMBERED = 256


class Blame:
    """Remembers of each task's tests whether they have a fault of their own.

    They are run over the stub when a candidate has first failed them: where one passes, they have none that matters.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], str | None] = {}
        self._lock = threading.Lock()

    def of(self, execution: Execution, task: Task, run_alone: Callable[[], Report]) -> Execution:
        """The execution as it is, or as the task's failure where that is whose it is."""
        if execution.passed or not orders.names_its_uses(task):
            return execution
        key = (task.tests, task.entry_point, task.module, task.files, task.packages)
        with self._lock:  # of several candidates at once one finds out
            if key not in self._known:
                while len(self._known) >= REMEMBERED:
                    del self._known[next(iter(self._known))]
                verdict = run_alone().verdict or {}
                self._known[key] = str(verdict["error"]) if verdict.get("outcome") == "fault" else None
            fault = self._known[key]
        return execution if fault is None else blamed(execution, f"the tests fail by themselves: {fault}")


def blamed(execution: Execution, fault: str) -> Execution:
    """An execution that says nothing about its candidate."""
    return dataclasses.replace(execution, passed=False, verified=False, failure=FailureKind.TASK, error=error_text(fault), limit=None)
