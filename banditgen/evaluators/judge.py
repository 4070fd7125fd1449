"""Code that is there already, tried and measured: recordings judged anew, or what another tool wrote."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from concurrent.futures import Executor

from banditgen._jobs import Jobs
from banditgen.evaluators.default import DefaultEvaluator
from banditgen.sandbox.base import Execution
from banditgen.sandbox.default import shared_sandbox
from banditgen.task import Level, Task

Judged = tuple[Execution, dict[str, float]]
"""What happened when a candidate was tried, and its measures in [0, 1], "quality" among them."""


def judge(
    candidates: Iterable[tuple[str, Task]], *, executor: Executor | None = None, require: Level | None = None, allow_unsafe: bool = False
) -> list[Judged]:
    """Try each candidate against its task's tests in the sandbox of whoever runs it, and take our evaluator's measures of it.

    Args:
        candidates: code and its task.
        executor: runs them on its workers, who need banditgen; None runs one after another here. Verdicts and measures do not depend
            on it, times do.
        require: the least isolation of the sandboxes, as `default_sandbox` takes it.
        allow_unsafe: whether resource limits alone will do, likewise.

    Raises:
        SandboxError: a sandbox failed, or does not give what is required.
        PackageError: a task names a package that is not there.
        EngineError: the workers of one candidate died three times, or the executor is shut down.
        UsageError: it is no executor.
    """
    with Jobs(executor) as jobs:
        return jobs.map(functools.partial(_judge, require, allow_unsafe), candidates)


def _judge(require: Level | None, unsafe: bool, candidate: tuple[str, Task]) -> Judged:
    code, task = candidate
    execution = shared_sandbox(require, allow_unsafe=unsafe).run(code, task)
    return execution, DefaultEvaluator().evaluate(code, execution, task)
