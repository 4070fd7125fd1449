"""One job as the worker sees it, and how a process forked for it gives up what the worker may do."""

from __future__ import annotations

import _random
import _signal  # type: ignore[import-not-found]  # not `signal`, whose functions make enumerations of their arguments
import gc
import math
import os
import random
import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from banditgen.sandbox.inside import filter as syscall_filter
from banditgen.sandbox.inside import kernel, landlock, tree
from banditgen.sandbox.inside.isolate import IsolationPlan, landlock_version
from banditgen.sandbox.inside.supervisor import Supervisor

SLACK_MEMORY = 256 << 20  # address space that thread stacks and allocators reserve without using it
SLACK_PROCESSES = 8
SLACK_STRANGERS = 200  # without a user namespace the kernel counts all of the user's processes; polling holds the job's own
OPEN_FILES = 256
STREAMS = ("stdin", "stdout", "stderr")
FIRST_KEPT = 3
MOST_KEPT = 3
HIGH = 64  # above all descriptors that a worker has open but that of its rules, below OPEN_FILES
HIGH_RULES = 128
SLACK_OUTPUT = 16 << 10  # the pages by which the files of the output are larger than their limit
ASKING = (kernel.SECCOMP_NEW_LISTENER | kernel.SECCOMP_WAIT_KILLABLE, kernel.SECCOMP_NEW_LISTENER)  # the latter before Linux 5.19


Call = tuple[Callable[..., object], tuple[Any, ...]]
"""A function and its arguments."""


class Job(NamedTuple):
    """What the user's process asks for; every file travels as a descriptor, so that no candidate's or test's text enters
    the worker, from whose memory later candidates are forked.

    Args:
        role: "program", "cooperative", "judged" or "alone".
        wall, cpu: seconds; memory, disk, output: bytes; processes, inodes: counts.
        paths: folders of packages that the candidate may import.
        names: what the descriptors that come along are, in order: "code", "stdout", "stderr", and where there are
            such "stdin", "tests", "verdict".

    """

    role: str
    wall: float
    cpu: float
    memory: int
    processes: int
    disk: int
    output: int
    inodes: int
    paths: list[str]
    names: list[str]


class Confinement:
    """What every process of a job is put under, prepared before it is forked: what is prepared in the fork costs pages there."""

    def __init__(self, plan: IsolationPlan, baseline_virtual: int) -> None:
        self._plan = plan
        self._baseline = baseline_virtual
        self._scratch = plan.scratch.encode()
        strangers = plan.strangers or tree.threads_of(os.getuid())
        self._strangers = 0 if plan.mounter >= 0 else SLACK_STRANGERS + strangers
        self._limits: tuple[tuple[object, ...], list[kernel.Step]] = ((), [])
        self._filter: Any = None
        self._asking = 0
        self._moves = [
            [kernel.step("dup3", HIGH + place, FIRST_KEPT + place, os.O_CLOEXEC) for place in range(kept)] for kept in range(MOST_KEPT + 1)
        ]
        self._calls: list[list[Call]] = [
            [
                (os.closerange, (FIRST_KEPT + kept, OPEN_FILES)),
                (_signal.signal, (_signal.SIGINT, _signal.default_int_handler)),
                (_random.Random.seed, (random._inst,)),  # noqa: SLF001  # as `os.fork` would have it done, by a handler in Python
                (gc.enable, ()),
            ]
            for kept in range(MOST_KEPT + 1)
        ]
        self.rules: int | None = None
        self.supervisor: Supervisor | None = None

    def confine_worker(self) -> None:
        """In namespaces, put the worker itself under the filter, and with it all that it forks. It needs no more than they do."""
        if self._plan.namespaces:
            kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
            kernel.drop_capabilities()
        if not self._plan.seccomp:
            return
        self._asking = next((flags for flags in ASKING if _can_ask(flags)), 0)
        self._filter = syscall_filter.sock_fprog(
            alone=self._plan.namespaces,
            local=self._plan.namespaces or self._plan.contained,
            landlock=landlock_version(self._plan),
            asking=bool(self._asking),
        )
        lasting = kernel.install_filter(self._filter, self._asking) if self._plan.namespaces else 0
        if self._asking:
            self.supervisor = Supervisor(self._plan.proc, self._plan.scratch, lasting or -1)

    def steps(self, job: Job, descriptors: dict[str, int], keep: Sequence[str]) -> list[kernel.Step]:
        """The system calls by which a process becomes one of the job.

        Of `descriptors`, stdin, stdout and stderr take their places; those named in `keep` are renumbered from 3 in their
        order; all others are closed. There are no comprehensions here: each makes a function, which costs the worker pages.
        """
        steps: list[kernel.Step] = [(kernel.setsid, ())]
        for place, name in enumerate(STREAMS):
            if name in descriptors:
                steps.append((kernel.dup2, (descriptors[name], place)))
        for place, name in enumerate(keep, HIGH):
            steps.append((kernel.dup2, (descriptors[name], place)))
        steps += self._moves[len(keep)]
        steps += self._lasting(job)
        return steps

    def calls(self, job: Job, kept: int) -> list[Call]:
        """What follows the steps in Python, for a process that keeps so many descriptors beside the three streams."""
        calls = self._calls[kept]
        if job.paths:
            calls = [*calls, (sys.path.extend, (job.paths,))]
        if self._filter is not None and not self._plan.namespaces:
            calls = [(self._filter_itself, ()), *calls]
        return calls

    def _filter_itself(self) -> None:
        listener = kernel.install_filter(self._filter, self._asking)
        if self.supervisor is not None:
            self.supervisor.send(listener)

    def _lasting(self, job: Job) -> list[kernel.Step]:
        """What is the same for all processes of jobs like this one: folder, limits, privileges."""
        key = (job.memory, job.cpu, job.processes, job.disk, job.output, self.rules)
        if self._limits[0] != key:
            cpu = math.ceil(job.cpu)
            values = (
                (kernel.RLIMIT_AS, self._baseline + job.memory + SLACK_MEMORY, None),
                (kernel.RLIMIT_CPU, cpu, cpu + 1),
                (kernel.RLIMIT_NPROC, job.processes + SLACK_PROCESSES + self._strangers, None),
                (kernel.RLIMIT_FSIZE, max(job.disk, job.output + SLACK_OUTPUT), None),
                (kernel.RLIMIT_NOFILE, OPEN_FILES, None),
                (kernel.RLIMIT_CORE, 0, None),
            )
            steps: list[kernel.Step] = [(kernel.chdir, (self._scratch,))]
            steps += [kernel.setrlimit_step(name, soft, soft if hard is None else hard) for name, soft, hard in values]
            steps.append(kernel.prctl_step(kernel.PR_SET_DUMPABLE, 1))  # so that the supervisor can read what a call points to
            if not self._plan.namespaces:
                steps.append(kernel.prctl_step(kernel.PR_SET_NO_NEW_PRIVS, 1))
            if self.rules is not None:
                steps.append(landlock.restrict_step(self.rules))
            self._limits = (key, steps)
        return self._limits[1]


def enter(steps: list[kernel.Step], calls: list[Call]) -> None:
    """Become a process of the job: descriptors, limits, no privileges, filters. Never undone.

    Args:
        steps: what `Confinement.steps` prepared.
        calls: what `Confinement.calls` prepared.

    """
    kernel.run(steps)
    for function, arguments in calls:
        function(*arguments)


def _can_ask(flags: int) -> bool:
    """Whether a filter of this process's can have a supervisor, tried in a child: there can be but one above a process."""
    child = kernel.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    try:
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
        kernel.install_filter(syscall_filter.sock_fprog(alone=True, local=True, landlock=0, asking=True), flags)
    except OSError:
        os._exit(1)
    os._exit(0)
