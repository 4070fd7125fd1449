"""Trials on an engine that is there: each runs in the sandbox of whichever worker of an executor takes it."""

from __future__ import annotations

import functools
from concurrent.futures import Executor

from banditgen._jobs import Jobs
from banditgen.errors import EngineError, SandboxError
from banditgen.sandbox.base import Execution
from banditgen.sandbox.default import shared_sandbox
from banditgen.task import Level, Task


class ExecutorSandbox:
    """Tries candidates on the workers of an executor, a process pool's or a cluster's, each in the sandbox that is its process's own.

    Workers on other hosts need banditgen, and the packages that tasks name. A trial whose worker dies is run again, three times in all.

    Args:
        executor: the caller's, who shuts it down.
        require: the least isolation of the workers' sandboxes, as `default_sandbox` takes it.
        allow_unsafe: whether resource limits alone will do, likewise.

    Raises:
        UsageError: it is no executor.
    """

    name = "executor"

    def __init__(self, executor: Executor, *, require: Level | None = None, allow_unsafe: bool = False) -> None:
        self._jobs = Jobs(executor)
        self._require: Level | None = require
        self._unsafe = allow_unsafe
        self._isolation: dict[str, str] | None = None

    def run(self, code: str, task: Task) -> Execution:
        """Try one candidate; see `Sandbox.run`.

        Raises:
            TaskError, PackageError: as the worker's sandbox.
            SandboxError: the worker's sandbox failed, or its worker died three times.
        """
        try:
            return self._jobs.map(functools.partial(_run, self._require, self._unsafe), [(code, task)])[0]
        except EngineError as error:
            raise SandboxError(str(error)) from None

    def isolation(self) -> dict[str, str]:
        """What holds a candidate on the worker that was asked first."""
        if self._isolation is None:
            try:
                self._isolation = self._jobs.map(functools.partial(_isolation, self._require), [self._unsafe])[0]
            except EngineError as error:
                raise SandboxError(str(error)) from None
        return dict(self._isolation)

    def close(self) -> None:
        """Workers keep their sandboxes until they end; the executor stays."""
        self._jobs.close()


def _run(require: Level | None, unsafe: bool, candidate: tuple[str, Task]) -> Execution:
    return shared_sandbox(require, allow_unsafe=unsafe).run(*candidate)


def _isolation(require: Level | None, unsafe: bool) -> dict[str, str]:
    return shared_sandbox(require, allow_unsafe=unsafe).isolation()
