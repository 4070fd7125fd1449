"""The worker: isolates itself once, then forks one job after the other, watches it, and reports how it ended."""

from __future__ import annotations

import _socket
import ctypes
import functools
import gc
import importlib
import json
import marshal
import os
import select
import signal
import sys
import time
import traceback
import typing
from collections.abc import Callable
from typing import NoReturn

from banditgen.sandbox.inside import judge, kernel, report, roles, rootfs, server, warm
from banditgen.sandbox.inside.isolate import IsolationPlan, landlock_rules
from banditgen.sandbox.inside.job import FIRST_KEPT, HIGH_RULES, Call, Confinement, Job, enter
from banditgen.sandbox.inside.tree import SIGKILL, Tree

PRELOAD = """
abc ast bisect builtins collections collections.abc contextlib copy dataclasses datetime decimal enum fractions functools heapq
inspect io itertools json linecache math numbers operator os random re statistics string struct sys textwrap threading time
traceback types typing unittest
"""  # what many candidates import; each library beside it makes every fork dearer, for the few that want it
USUAL_TYPES = """
List[int], List[float], List[str], List[bool], List[Any], List[List[int]], List[List[str]], List[Tuple[int, int]],
Dict[str, int], Dict[str, Any], Dict[int, int], Set[int], Set[str], Tuple[int, int], Tuple[int, ...],
Optional[int], Optional[str], Optional[float], Union[int, float], Callable[..., Any], Iterable[int],
"""
POLL_SECONDS = 0.02
MESSAGE_BYTES = 1 << 16
ANCILLARY_BYTES = _socket.CMSG_SPACE(16 * 4)
SIGXCPU = int(signal.SIGXCPU)


Work = Callable[[], NoReturn]


def main(plan: IsolationPlan) -> Work:
    """Run a worker until the user's process is gone.

    Returns:
        In each process forked for a job alone: what it has to do.

    """
    control = _socket.socket(fileno=plan.control)
    try:
        worker = ZygoteWorker(plan, control)
        greeting = worker.hello()
    except OSError as error:
        control.send(json.dumps({"failed": f"{error.strerror} ({traceback.extract_tb(error.__traceback__)[-1].name})"}).encode())
        os._exit(1)
    control.send(json.dumps(greeting).encode())
    del plan, greeting  # what stands here is taken apart in every job
    for lasting in (worker, control):  # a job leaves them: nothing of them may be taken apart, and no descriptor closed
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(lasting))
    work = worker.serve()
    if work is None:
        os._exit(0)
    return work


def _live(body: Callable[..., int], *descriptors: int) -> NoReturn:
    """Run the body of a job's process with the descriptors that it keeps, and leave with its result."""
    status = 70
    try:
        status = body(*descriptors)
    except BaseException:  # noqa: BLE001  # nothing may get back into the worker's program
        traceback.print_exc()
    finally:
        os._exit(status)


def _process(body: Callable[..., int], *kept: str) -> tuple[Work, tuple[str, ...]]:
    """What a process of a job runs, and the descriptors that it keeps."""
    return functools.partial(_live, body, *range(FIRST_KEPT, FIRST_KEPT + len(kept))), kept


PROCESSES = {
    "program": (_process(roles.main, "code"),),
    "cooperative": (_process(roles.cooperative, "code", "tests", "verdict"),),
    "alone": (_process(roles.alone, "tests", "verdict"),),
    "judged": (_process(server.main, "code", "far"), _process(judge.main, "tests", "verdict", "near")),
}
"""The processes of each kind of job; the one whose end is the job's comes last."""


def _become(steps: list[kernel.Step], calls: list[Call], work: Work) -> Work:
    """Become a process of the job, which then has to do this work."""
    try:
        enter(steps, calls)
    except BaseException:  # noqa: BLE001  # nothing may get back into the worker's loop
        traceback.print_exc()
        os._exit(70)
    return work


def _preload() -> None:
    for name in PRELOAD.split():
        importlib.import_module(name)
    eval(f"({USUAL_TYPES})", dict(vars(typing)))  # noqa: S307  # typing remembers what it has made
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # pid 1 can't be sent a signal from inside for which it has no handler


class ZygoteWorker:
    """Forks jobs, one at a time."""

    def __init__(self, plan: IsolationPlan, control: _socket.socket) -> None:
        _preload()
        self._plan = plan
        self._control = control
        self._processors = os.sched_getaffinity(0)
        self._parent = os.pidfd_open(plan.parent) if plan.parent else -1
        plan.parent = 0
        self._waiting = select.poll()
        self._waiting.register(control, select.POLLIN)
        if self._parent >= 0:
            self._waiting.register(self._parent, select.POLLIN)
        mounter = _socket.socket(fileno=plan.mounter) if plan.mounter >= 0 else None
        self._scratch: rootfs.Scratch | rootfs.Folder = (
            rootfs.Scratch(mounter)
            if mounter
            else rootfs.Folder(
                plan.scratch,
                *(filter(os.path.isdir, (rootfs.SHARED, rootfs.MESSAGES)) if plan.contained else ()),
                alone=plan.namespaces or plan.contained,
            )
        )
        os.environ.update(HOME=plan.scratch, TMPDIR=plan.scratch)
        self._tree = Tree(plan.proc, alone=plan.namespaces)
        warm.warm_up(*roles.prepare_worker(plan.scratch))
        for _ in range(warm.ROUNDS):
            _become([(kernel.current_processor, ())], [(len, ((),))], PROCESSES["program"][0][0])
        self._confinement = Confinement(plan, self._tree.baseline_virtual)
        self._confinement.confine_worker()
        gc.collect()
        self._fillers = warm.fill_holes()
        gc.freeze()
        gc.disable()  # a collection in the worker would touch, and so copy, every page it shares with its jobs

    def hello(self) -> dict[str, object]:
        """What holds this worker's jobs."""
        self._prepare(1 << 20, 64)
        return {
            "namespaces": self._plan.namespaces,
            "bubblewrap": self._plan.bubblewrap,
            "landlock": self._confinement.rules is not None,
            "seccomp": self._plan.seccomp,
            "supervised": self._confinement.supervisor is not None,
            "uid": os.getuid(),
            "python": sys.version,
            "packages": self._plan.packages,
            "notes": self._plan.notes,
        }

    def serve(self) -> Work | None:
        """Take jobs until the other end of the control socket is closed.

        Returns:
            In each process forked for a job, what it has to do: a candidate could read in the worker's frames what the worker knows, so
            it leaves them. To leave them by an exception would make objects of them all.

        """
        poll = self._waiting
        while True:
            if self._parent >= 0 and self._parent in dict(poll.poll()):
                break
            message, ancillary, _, _ = self._control.recvmsg(MESSAGE_BYTES, ANCILLARY_BYTES)
            if not message:
                break
            job = Job._make(marshal.loads(message))  # noqa: S302  # from the user's process
            self._prepare(job.disk, job.inodes)
            started = time.monotonic()
            pids: list[int] = []
            work = self._start(job, dict(zip(job.names, memoryview(ancillary[0][2]).cast("i"), strict=True)), pids)
            if work is not None:
                return work
            try:
                self._control.send(report.pack(self._end(job, started, pids)))
            except OSError:
                break
        self._leave()
        return None

    def _leave(self) -> None:
        self._tree.end()
        self._scratch.remove()

    def _prepare(self, disk: int, inodes: int) -> None:
        """Give the next job an empty folder, and rules that let it write there alone."""
        fresh = self._scratch.prepare(disk, inodes)
        if fresh:
            rules = landlock_rules(self._plan)
            self._confinement.rules = None if rules is None else _moved(rules)

    def _start(self, job: Job, descriptors: dict[str, int], pids: list[int]) -> Work | None:
        """Fork the processes of a job, and add their numbers to `pids`.

        Returns:
            In each of them, what it has to do.

        """
        together = job.role == "judged"
        if together:
            near, far = _socket.socketpair()
            descriptors["near"], descriptors["far"] = near.detach(), far.detach()
            os.sched_setaffinity(0, {kernel.current_processor()})  # the two take turns: to wake another processor costs more
        for work, names in PROCESSES[job.role]:
            steps = self._confinement.steps(job, descriptors, names)
            calls = self._confinement.calls(job, len(names))
            pid = kernel.fork()
            if not pid:
                return _become(steps, calls, work)
            pids.append(pid)
        for number in descriptors.values():
            os.close(number)
        if together:
            os.sched_setaffinity(0, self._processors)
        return None

    def _end(self, job: Job, started: float, pids: list[int]) -> report.Ended:
        """Wait for the end of a job, and collect its processes."""
        limit, peak, cpu = self._watch(pids[-1], job, started + job.wall)
        wall = time.monotonic() - started
        status, candidate_status, total, alive = 0, None, self._tree.unwaited, 0
        for pid, how, seconds, resident in self._tree.end():
            total += seconds
            peak = max(peak, resident - self._tree.baseline_resident)
            alive += how & 0x7F == SIGKILL
            if limit is None and how & 0x7F == SIGXCPU:
                limit = "cpu"
            if pid == pids[-1]:
                status = os.waitstatus_to_exitcode(how)
            elif pid in pids:
                candidate_status = os.waitstatus_to_exitcode(how)
        if self._confinement.supervisor is not None:
            self._confinement.supervisor.end()
        full = self._scratch.look()
        if limit is None and alive > job.processes + (job.role == "judged"):  # more than one look in time would have seen
            limit = "processes"
        limit = limit or full
        return report.Ended(status, candidate_status, wall, max(cpu, total), peak, limit)

    def _watch(self, main: int, job: Job, deadline: float) -> tuple[str | None, int, float]:
        """Wait until the job's main process ends or a limit is hit: (limit, peak bytes seen, processor seconds seen)."""
        poll = select.poll()
        pidfd = os.pidfd_open(main)
        poll.register(pidfd, select.POLLIN)
        control = self._control.fileno()
        poll.register(control, select.POLLHUP)
        supervisor = self._confinement.supervisor
        if supervisor is not None:
            supervisor.begin(poll, job.disk)
        peak, cpu, together, shared = 0, 0.0, job.role == "judged", 0
        look = time.monotonic() + POLL_SECONDS
        try:
            while True:
                now = time.monotonic()
                if now >= deadline:
                    return "wall", peak, cpu
                ready = poll.poll(max(0.0, 1000 * (min(deadline, look) - now)) + 1)
                over = False
                for number, event in ready:
                    over = over or number in (pidfd, control)
                    if supervisor is not None:
                        supervisor.take(number, event)
                        shared = supervisor.shared
                if over:
                    return None, peak, cpu
                if time.monotonic() < look:
                    continue
                look = time.monotonic() + POLL_SECONDS
                if together:  # it is a long job, which other work on that processor must not hold up
                    self._tree.spread(self._processors)
                    together = False
                usage = self._tree.usage(shared)
                peak, cpu = max(peak, usage.memory), max(cpu, usage.cpu)
                if usage.memory > job.memory:
                    return "memory", peak, cpu
                if usage.threads > job.processes + (job.role == "judged"):
                    return "processes", peak, cpu
                if usage.cpu > job.cpu:
                    return "cpu", peak, cpu
                if full := self._scratch.passed():
                    return full, peak, cpu
        finally:
            os.close(pidfd)


def _moved(rules: int) -> int:
    """The descriptor of the rules out of the way of those that a job keeps."""
    os.dup2(rules, HIGH_RULES, inheritable=False)
    os.close(rules)
    return HIGH_RULES
