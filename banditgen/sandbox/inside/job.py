"""One job as the worker sees it, and how a process forked for it gives up what the worker may do."""

from __future__ import annotations

import ctypes
import dataclasses
import gc
import math
import os
import resource
import signal
import sys
from typing import Any

from banditgen.sandbox.inside import filter as syscall_filter
from banditgen.sandbox.inside import kernel, landlock, rootfs, tree
from banditgen.sandbox.inside.isolate import Isolation

SLACK_MEMORY = 256 << 20  # address space that thread stacks and allocators reserve without using it
SLACK_PROCESSES = 8
SLACK_STRANGERS = 200  # without namespaces the kernel counts all of the user's processes; polling holds the job's own
OPEN_FILES = 256
SLACK_OUTPUT = 16 << 10  # the pages by which the files of the output are larger than their limit


@dataclasses.dataclass(frozen=True)
class Job:
    """What the user's process asks for; every file travels as a descriptor, so that no candidate's or test's text enters
    the worker, from whose memory later candidates are forked.

    Args:
        role: "program", "cooperative" or "judged".
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
    paths: tuple[str, ...]
    names: tuple[str, ...]

    @classmethod
    def parse(cls, data: dict[str, Any]) -> Job:
        """The job from its message."""
        return cls(**{**data, "paths": tuple(data["paths"]), "names": tuple(data["names"])})


class Confinement:
    """What every process of a job is put under, prepared once."""

    def __init__(self, isolation: Isolation, baseline_virtual: int) -> None:
        self._isolation = isolation
        self._baseline = baseline_virtual
        self._filter = syscall_filter.sock_fprog() if isolation.seccomp and isolation.namespaces else None
        self._strangers = 0 if isolation.namespaces else SLACK_STRANGERS + tree.threads_of(os.getuid())
        self.rules: int | None = None

    def enter(self, job: Job, descriptors: dict[str, int], *, keep: tuple[int, ...], scratch: str = rootfs.SCRATCH) -> tuple[int, ...]:
        """Become a process of the job: descriptors, limits, no privileges, filters. Never undone.

        Of `descriptors`, stdin, stdout and stderr take their places; those in `keep` are renumbered from 3 in their
        order, which is what is returned; all others are closed.
        """
        os.setsid()
        self._take_descriptors(descriptors, keep)
        os.chdir(scratch)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self._limit(job)
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
        if self._isolation.namespaces:
            kernel.drop_capabilities()
        if self.rules is not None:
            landlock.restrict(self.rules)
        os.closerange(3 + len(keep), OPEN_FILES)
        if self._isolation.seccomp:
            kernel.install_filter(self._filter or self._own_filter())
        sys.path.extend(map(rootfs.shown_at, job.paths))
        gc.enable()
        return tuple(range(3, 3 + len(keep)))

    @staticmethod
    def _own_filter() -> ctypes.Array[ctypes.c_char]:
        return syscall_filter.sock_fprog(signals_only_to=os.getpid())

    def _take_descriptors(self, descriptors: dict[str, int], keep: tuple[int, ...]) -> None:
        high = [os.dup(number) for number in keep]
        for place, name in enumerate(("stdin", "stdout", "stderr")):
            if name in descriptors:
                os.dup2(descriptors[name], place)
        if self.rules is not None and self.rules < 3 + len(keep):
            self.rules = os.dup(self.rules)
        for place, number in enumerate(high, start=3):
            os.dup2(number, place, inheritable=False)

    def _limit(self, job: Job) -> None:
        cpu = math.ceil(job.cpu)
        for name, soft, hard in (
            (resource.RLIMIT_AS, self._baseline + job.memory + SLACK_MEMORY, None),
            (resource.RLIMIT_CPU, cpu, cpu + 1),
            (resource.RLIMIT_NPROC, job.processes + SLACK_PROCESSES + self._strangers, None),
            (resource.RLIMIT_FSIZE, max(job.disk, job.output + SLACK_OUTPUT), None),
            (resource.RLIMIT_NOFILE, OPEN_FILES, None),
            (resource.RLIMIT_CORE, 0, None),
        ):
            resource.setrlimit(name, (soft, soft if hard is None else hard))
