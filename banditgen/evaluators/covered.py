"""How much of a candidate its task's tests reach: statement coverage, counted by coverage.py inside the sandbox."""

from __future__ import annotations

import functools
import json
import secrets
from pathlib import Path

from banditgen._suite import text as suite_text
from banditgen.errors import EvaluatorError
from banditgen.evaluators.measures import COVERAGE, Subject
from banditgen.sandbox.base import Sandbox
from banditgen.task import Task


def covered(subject: Subject, sandbox: Sandbox) -> float:
    """The share of a candidate's statements that run when its tests, or its examples, are run once more, under coverage.

    That run has the task's limits and no say in the verdict. It shares an interpreter with the candidate, which could make itself
    look better covered than it is.

    Raises:
        EvaluatorError: there are no tests, or the run told nothing: coverage isn't there, or a limit was hit.
    """
    task = subject.task
    if task.kind == "none":
        raise EvaluatorError("a task without tests covers nothing")
    mark = secrets.token_hex(8)
    order = {
        "code": subject.code.removeprefix("\ufeff"),
        "kind": task.kind,
        "tests": task.tests,
        "entry_point": task.entry_point,
        "call_check": task.tests is not None and suite_text.look(task.tests, task.module).is_checked,
        "modules": task.modules,
        "stdins": [stdin for stdin, _ in task.examples],
        "mark": mark,
    }
    packages = (COVERAGE, *(["pytest"] if task.kind == "pytest" else []), *task.packages)
    plain = Task("measure coverage", limits=task.limits, packages=packages, files=dict(task.files))
    run = sandbox.run(f"{_program()}\n\nmain({order!r})\n", plain)
    told = [line.removeprefix(mark) for line in run.stdout.splitlines() if line.startswith(mark)]
    if not told:
        raise EvaluatorError(f"the run under coverage told nothing: {run.error or 'the candidate ended it'}")
    could, did = json.loads(told[-1])
    if not could:
        raise EvaluatorError("there are no statements")
    return float(did) / float(could)


@functools.cache
def _program() -> str:
    return Path(__file__).with_name("_covering.py").read_text(encoding="utf-8")
