"""The worker: isolates itself once, then forks one job after the other, watches it, and reports how it ended."""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import select
import shutil
import signal
import socket
import time
import traceback
from collections.abc import Callable

from banditgen.sandbox.inside import judge, program, pytest_run, rootfs, server
from banditgen.sandbox.inside.isolate import Isolation, Plan, become_worker, landlock_rules
from banditgen.sandbox.inside.job import Confinement, Job
from banditgen.sandbox.inside.tree import Tree

assert pytest_run  # loaded now: once isolated, no file of ours can be read
PRELOAD = """
abc array ast bisect builtins cmath collections collections.abc contextlib copy dataclasses datetime decimal enum fractions
functools hashlib heapq inspect io itertools json linecache math numbers operator os random re secrets statistics string struct
sys textwrap threading time traceback types typing unicodedata unittest uuid
"""
POLL_SECONDS = 0.02
MESSAGE_BYTES = 1 << 16


def main(control_fd: int, settings: str) -> None:
    """Run a worker on the control socket until the user's process is gone."""
    plan = Plan(**json.loads(settings))
    for name in PRELOAD.split():
        importlib.import_module(name)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # pid 1 can't be sent a signal from inside for which it has no handler
    control = socket.socket(fileno=control_fd)
    try:
        isolation = become_worker(plan)
        assert isolation is not None
        worker = Worker(plan, isolation, control)
        greeting = worker.hello()
    except OSError as error:
        control.send(json.dumps({"failed": f"{error.strerror} ({traceback.extract_tb(error.__traceback__)[-1].name})"}).encode())
        os._exit(1)
    control.send(json.dumps(greeting).encode())
    worker.serve()
    os._exit(0)


class Worker:
    """Forks jobs, one at a time."""

    def __init__(self, plan: Plan, isolation: Isolation, control: socket.socket) -> None:
        self._plan = plan
        self._isolation = isolation
        self._control = control
        self._parent = -1 if isolation.namespaces else os.pidfd_open(plan.parent)
        self._scratch = rootfs.Scratch() if isolation.namespaces else None
        self._scratch_path = rootfs.SCRATCH if isolation.namespaces else plan.scratch
        os.environ.update(HOME=self._scratch_path, TMPDIR=self._scratch_path)
        self._tree = Tree(isolation.proc, alone=isolation.namespaces)
        self._confinement = Confinement(isolation, self._tree.baseline_virtual)
        program.prepare_worker()
        gc.collect()
        gc.freeze()
        gc.disable()  # a collection in the worker would touch, and so copy, every page it shares with its jobs

    def hello(self) -> dict[str, object]:
        """What holds this worker's jobs."""
        self._prepare(1 << 20, 64)
        return {
            "namespaces": self._isolation.namespaces,
            "landlock": self._confinement.rules is not None,
            "seccomp": self._isolation.seccomp,
            "uid": os.getuid(),
            "notes": self._isolation.notes,
        }

    def serve(self) -> None:
        """Take jobs until the other end of the control socket is closed."""
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        if self._parent >= 0:
            poll.register(self._parent, select.POLLIN)
        while True:
            ready = dict(poll.poll())
            if self._parent in ready:
                return self._leave()
            message, descriptors, _, _ = socket.recv_fds(self._control, MESSAGE_BYTES, 16)
            if not message:
                return self._leave()
            job = Job.parse(json.loads(message))
            report = self._run(job, dict(zip(job.names, descriptors, strict=True)))
            with contextlib.suppress(OSError):
                self._control.send(json.dumps(report).encode())

    def _leave(self) -> None:
        self._tree.end()
        if self._scratch is None:
            shutil.rmtree(self._plan.scratch, ignore_errors=True)

    def _prepare(self, disk: int, inodes: int) -> None:
        """Give the next job an empty folder, and rules that let it write there alone."""
        if self._scratch is None:
            shutil.rmtree(self._plan.scratch, ignore_errors=True)
            os.mkdir(self._plan.scratch, 0o700)
            fresh = True
        else:
            fresh = self._scratch.prepare(disk, inodes)
        if fresh:
            if self._confinement.rules is not None:
                os.close(self._confinement.rules)
            self._confinement.rules = landlock_rules(self._plan, self._scratch_path, everything=self._isolation.namespaces)

    def _run(self, job: Job, descriptors: dict[str, int]) -> dict[str, object]:
        self._prepare(job.disk, job.inodes)
        started = time.monotonic()
        candidate = main = -1
        try:
            if job.role == "judged":
                near, far = socket.socketpair()
                candidate = self._fork(job, descriptors, ("code", far.fileno()), server.main)
                main = self._fork(job, descriptors, ("tests", "verdict", near.fileno()), judge.main)
                near.close()
                far.close()
            elif job.role == "cooperative":
                main = self._fork(job, descriptors, ("code", "tests", "verdict"), program.cooperative)
            else:
                main = self._fork(job, descriptors, ("code",), program.main)
        finally:
            for number in descriptors.values():
                os.close(number)
        limit, peak, cpu = self._watch(main, job, started + job.wall)
        wall = time.monotonic() - started
        ended = self._tree.end()
        statuses = {pid: status for pid, (status, _, _) in ended.items()}
        if limit is None and signal.SIGXCPU in {os.WTERMSIG(status) for status in statuses.values() if os.WIFSIGNALED(status)}:
            limit = "cpu"
        return {
            "status": os.waitstatus_to_exitcode(statuses.get(main, 0)),
            "candidate_status": os.waitstatus_to_exitcode(statuses[candidate]) if candidate in statuses else None,
            "wall": wall,
            "cpu": max(cpu, sum(seconds for _, seconds, _ in ended.values())),
            "peak": max(0, peak, max((resident for _, _, resident in ended.values()), default=0) - self._tree.baseline_resident),
            "limit": limit or (self._scratch.full() if self._scratch else None),
        }

    def _fork(self, job: Job, descriptors: dict[str, int], keep: tuple[str | int, ...], body: Callable[..., int]) -> int:
        """Fork a process of the job that runs `body` with the kept descriptors and leaves with its result."""
        pid = os.fork()
        if pid:
            return pid
        status = 70
        try:
            numbers = tuple(descriptors[item] if isinstance(item, str) else item for item in keep)
            kept = self._confinement.enter(job, descriptors, keep=numbers, scratch=self._scratch_path)
            status = body(*kept)
        except BaseException:  # noqa: BLE001  # nothing may get back into the worker's loop
            traceback.print_exc()
        finally:
            os._exit(status)

    def _watch(self, main: int, job: Job, deadline: float) -> tuple[str | None, int, float]:
        """Wait until the job's main process ends or a limit is hit: (limit, peak bytes seen, processor seconds seen)."""
        poll = select.poll()
        pidfd = os.pidfd_open(main)
        poll.register(pidfd, select.POLLIN)
        poll.register(self._control, select.POLLHUP)
        peak, cpu = 0, 0.0
        try:
            while True:
                left = deadline - time.monotonic()
                if left <= 0:
                    return "wall", peak, cpu
                if poll.poll(1000 * min(left, POLL_SECONDS) + 1):
                    return None, peak, cpu
                usage = self._tree.usage()
                peak, cpu = max(peak, usage.memory), max(cpu, usage.cpu)
                if usage.memory > job.memory:
                    return "memory", peak, cpu
                if usage.threads > job.processes + (job.role == "judged"):
                    return "processes", peak, cpu
                if usage.cpu > job.cpu:
                    return "cpu", peak, cpu
        finally:
            os.close(pidfd)
