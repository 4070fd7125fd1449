"""The sandbox: a pool of warm, isolated workers that fork one process per candidate."""

from __future__ import annotations

import os
import queue
import sysconfig
import threading
from collections.abc import Sequence

from banditgen.errors import SandboxError
from banditgen.sandbox import verdict
from banditgen.sandbox.base import Execution
from banditgen.sandbox.channel import Look, look_at
from banditgen.sandbox.worker import Mechanisms, Order, Report, Worker, WorkerDiedError
from banditgen.task import Task


class ZygoteSandbox:
    """Runs candidates in forks of warm workers, one job at a time each; a call waits for a free worker.

    Args:
        workers: how many; None is one per processor.
        environment: folders whose packages tasks may name; None is those of the running interpreter.
        mechanisms: which kernel mechanisms to use; for tests.

    """

    name = "zygote"

    def __init__(
        self, workers: int | None = None, *, environment: Sequence[str] | None = None, mechanisms: Mechanisms | None = None
    ) -> None:
        count = workers or len(os.sched_getaffinity(0))
        if environment is None:
            environment = sorted({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})
        self._environment = tuple(os.path.realpath(path) for path in environment)
        self._mechanisms = mechanisms or Mechanisms()
        self._lock = threading.Lock()
        self._isolation: dict[str, str] | None = None
        self._closed = False
        self._owner = os.getpid()
        self._count = count
        self._free: queue.LifoQueue[Worker | None] = queue.LifoQueue()
        for _ in range(count):
            self._free.put(None)

    def run(self, code: str, task: Task) -> Execution:
        """Try one candidate; see `Sandbox.run`."""
        if task.kind == "stdio":
            return self._run_examples(code, task)
        if task.tests is None:
            report = self._job(Order("program", code), task)
            return verdict.execution(report, verified=False, channel="cooperative", isolation=self.isolation())
        look = look_at(task.tests, task.entry_point)
        judged = look.judged
        report = self._run_tests(code, task, look, judged=judged)
        if report.verdict and report.verdict["outcome"] == "unjudgeable":
            judged = False
            report = self._run_tests(code, task, look, judged=False)
        channel = "judged" if judged else "cooperative"
        return verdict.execution(verdict.of_tests(report), verified=True, channel=channel, isolation=self.isolation())

    def _run_tests(self, code: str, task: Task, look: Look, *, judged: bool) -> Report:
        tests = {"kind": task.kind, "tests": task.tests, "entry_point": task.entry_point, "names": look.names, "paths": self._environment}
        return self._job(Order("judged" if judged else "cooperative", code, tests=tests), task)

    def _run_examples(self, code: str, task: Task) -> Execution:
        results = []
        for stdin, stdout in task.examples:
            report = self._job(Order("program", code, stdin=stdin), task)
            results.append(verdict.execution(report, verified=True, channel="judged", isolation=self.isolation(), expected=stdout))
            if not results[-1].passed:
                break
        return verdict.together(results)

    def _job(self, order: Order, task: Task) -> Report:
        """Have a worker run a job; where the worker dies, once more with a fresh one."""
        for _ in range(2):
            worker, good = self._take(), False
            try:
                worker = worker or self._start()
                report = worker.run(order, task.limits)
                good = True
            except WorkerDiedError:
                continue
            finally:
                if worker is not None and not good:
                    worker.close()
                self._give_back(worker if good else None)
            return report
        return Report(-9, None, task.limits.wall_seconds, 0.0, 0, "worker", "", "")

    def _take(self) -> Worker | None:
        if self._owner != os.getpid():
            raise SandboxError("this sandbox belongs to another process: open one after forking")
        if self._closed:
            raise SandboxError("this sandbox is closed")
        return self._free.get()

    def _give_back(self, worker: Worker | None) -> None:
        if worker is not None and self._closed:
            worker.close()
            worker = None
        self._free.put(worker)

    def _start(self) -> Worker:
        worker = Worker(self._environment, self._mechanisms)
        with self._lock:
            self._isolation = _describe(worker)
        return worker

    def isolation(self) -> dict[str, str]:
        """What holds a candidate here."""
        if self._isolation is None:
            worker = self._take()
            try:
                worker = worker or self._start()
            finally:
                self._give_back(worker)
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


def _describe(worker: Worker) -> dict[str, str]:
    held = worker.held
    landlock = "landlock" if held["landlock"] else None
    seccomp = "seccomp" if held["seccomp"] else None
    inside = bool(held["namespaces"])

    def several(*mechanisms: str | None) -> str:
        return " + ".join(name for name in mechanisms if name) or "none"

    return {
        "filesystem": several("mount namespace" if inside else None, landlock),
        "network": several("network namespace" if inside else None, seccomp),
        "processes": several("pid namespace" if inside else None, None if inside else seccomp, "rlimit + polling"),
        "memory": "rlimit per process + polling over the tree",
        "cpu": "rlimit per process + polling over the tree",
        "disk": "tmpfs size" if inside else "rlimit per file",
        "inodes": "tmpfs inodes" if inside else "none",
        "syscalls": several(seccomp),
        "user": f"uid {held['uid']}" + (", user namespace, no capabilities" if inside else ""),
    }
