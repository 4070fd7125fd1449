"""What our sandboxes share: a pool of warm workers, and the way of a candidate through them, whatever holds the workers."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

from banditgen.errors import SandboxError
from banditgen.result import FailureKind
from banditgen.sandbox import examples, orders, verdict
from banditgen.sandbox.base import Execution
from banditgen.sandbox.blame import Blame
from banditgen.sandbox.channel import Look, look_at
from banditgen.sandbox.orders import AnyWorker, Order
from banditgen.sandbox.packages import check_code, check_packages
from banditgen.sandbox.probe import OPEN, probe
from banditgen.sandbox.report import Report, WorkerDiedError
from banditgen.task import LEVELS, Level, Task


class PooledSandbox:
    """Runs candidates in warm workers, one job at a time each; a call waits for a free worker.

    Args:
        workers: how many.
        environment: folders whose packages tasks may name.
        require: the least level; below it nothing runs.

    """

    name = "pooled"

    def __init__(self, workers: int, environment: Sequence[str], require: Level) -> None:
        self._environment = tuple(environment)
        self._require: Level = require
        self._blame = Blame()
        self._lock = threading.Lock()
        self._isolation: dict[str, str] | None = None
        self._closed = False
        self._owner = os.getpid()
        self._count = workers
        self._free: queue.LifoQueue[AnyWorker | None] = queue.LifoQueue()
        for _ in range(workers):
            self._free.put(None)

    def _launch(self) -> AnyWorker:
        """Start a worker."""
        raise NotImplementedError

    def _describe(self, worker: AnyWorker) -> dict[str, str]:
        """Property to what enforces it in such a worker."""
        raise NotImplementedError

    def check_packages(self, task: Task) -> None:
        """See that the packages a task names are there; raises PackageError."""
        check_packages(task, self._environment)

    def run(self, code: str, task: Task) -> Execution:
        """Try one candidate; see `Sandbox.run`.

        Raises:
            TaskError: the code is no string.
            SandboxError: also where the task demands the judged channel and its tests don't fit it, or names a package
                that the environment does not have.
        """
        check_code(code)
        self.check_packages(task)
        try:
            return self._tried(code, task)
        except WorkerDiedError:
            found = self._isolation
            if found is None:
                raise SandboxError("two workers of the sandbox were killed before they ran anything") from None
            ours = not found["signals"].endswith(OPEN)  # else the candidate may have done it
            return Execution(
                passed=False,
                verified=False,
                failure=FailureKind.INFRASTRUCTURE if ours else FailureKind.ERROR,
                error="two workers of the sandbox were killed while they ran it",
                isolation=dict(found),
            )

    def _tried(self, code: str, task: Task) -> Execution:
        paths = orders.paths(task, code, self._environment)
        if task.kind == "stdio":
            return examples.run(
                task,
                lambda stdin: self._job(Order("program", orders.candidate(code, task), stdin=stdin, paths=paths), task),
                lambda order: self._alone(order, task),
                lambda report: verdict.execution(report, code=code, verified=True, channel="judged", isolation=self.isolation()),
            )
        if task.tests is None:
            report = self._job(Order("program", orders.candidate(code, task), paths=paths), task)
            return verdict.execution(report, code=code, verified=False, channel="cooperative", isolation=self.isolation())
        look = look_at(task.tests, task.entry_point, task.module)
        judged = task.channel != "cooperative" and (look.judged or _demanded(task, look.reason))
        if judged:
            report = self._run_tests(code, task, look, judged=True)
            unjudgeable = report.verdict if report.verdict and report.verdict["outcome"] == "unjudgeable" else None
            if unjudgeable and (unjudgeable["by"] == "tests" or task.channel != "judged"):
                judged = _demanded(task, unjudgeable["error"])
        if not judged:
            report = self._run_tests(code, task, look, judged=False)
        if report.verdict and report.verdict["outcome"] == "no_pytest":
            raise SandboxError(report.verdict["error"])
        channel = "judged" if judged else "cooperative"
        execution = verdict.execution(verdict.of_tests(report), code=code, verified=True, channel=channel, isolation=self.isolation())
        return self._blame.of(execution, task, lambda: self._alone(orders.alone(task, look, self._environment), task))

    def _run_tests(self, code: str, task: Task, look: Look, *, judged: bool) -> Report:
        role = "judged" if judged else "cooperative"
        tests = orders.tests(task, look, self._environment)
        paths = orders.paths(task, code, self._environment)
        return self._job(Order(role, orders.candidate(code, task), tests=tests, paths=paths), task)

    def _alone(self, tests: dict[str, Any], task: Task) -> Report:
        """Run what is the task's, without any candidate."""
        return self._job(Order("alone", b"", tests=tests, paths=orders.paths(task, "", self._environment)), task)

    def _job(self, order: Order, task: Task) -> Report:
        """Have a worker run a job; where the worker dies, once more with a fresh one."""
        try:
            return self._job_once(order, task)
        except WorkerDiedError:
            return self._job_once(order, task)

    def _job_once(self, order: Order, task: Task) -> Report:
        worker, good = self._take(), False
        try:
            worker = worker or self._start()
            report = worker.run(order, task.limits)
            good = True
            return report
        finally:
            if worker is not None and not good:
                worker.close()
            self._give_back(worker if good else None)

    @property
    def closed(self) -> bool:
        """Whether it was closed, and so runs nothing any more."""
        return self._closed

    def _take(self) -> AnyWorker | None:
        if self._owner != os.getpid():
            raise SandboxError("this sandbox belongs to another process: open one after forking")
        if self._closed:
            raise SandboxError("this sandbox is closed")
        return self._free.get()

    def _give_back(self, worker: AnyWorker | None) -> None:
        if worker is not None and self._closed:
            worker.close()
            worker = None
        self._free.put(worker)

    def _start(self) -> AnyWorker:
        worker = self._launch()
        try:
            with self._lock:
                if self._isolation is None:
                    self._isolation = self._checked(worker)
        except BaseException:
            worker.close()
            raise
        return worker

    def _checked(self, worker: AnyWorker) -> dict[str, str]:
        """What holds here, after trying it; refuses where that is less than required."""
        found = probe(worker, self._describe(worker))
        if LEVELS.index(cast("Level", found["level"])) < LEVELS.index(self._require):
            weak = ", ".join(name for name, text in found.items() if text.endswith(OPEN))
            notes = "; ".join(worker.held["notes"])
            raise SandboxError(
                f"isolation here is only {found['level']!r}, and {self._require!r} is required (open: {weak}{'; ' if notes else ''}{notes})"
            )
        return found

    def start(self) -> None:
        """Start all workers now, rather than each on its first job.

        Raises:
            SandboxError: they don't start, or isolation is below what is required.
        """
        with ThreadPoolExecutor(self._count) as threads:
            for started in [threads.submit(self._warm_up) for _ in range(self._count)]:
                started.result()

    def _warm_up(self) -> None:
        worker = self._take()
        try:
            worker = worker or self._start()
        finally:
            self._give_back(worker)

    def isolation(self) -> dict[str, str]:
        """What holds a candidate here."""
        if self._isolation is None:
            self._warm_up()
        assert self._isolation is not None
        return dict(self._isolation)

    def close(self) -> None:
        """End the workers; jobs under way are waited for."""
        if self._closed or self._owner != os.getpid():
            return
        self._closed = True
        for _ in range(self._count):
            worker = self._free.get()
            if worker is not None:
                worker.close()


def _demanded(task: Task, reason: str) -> bool:
    """False where the task leaves the channel open."""
    if task.channel == "judged":
        raise SandboxError(f"the task demands the judged channel, which its tests don't fit: {reason}")
    return False
