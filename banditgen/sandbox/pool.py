"""The sandbox: a pool of warm workers, isolated by the kernel of this machine, that fork one process per candidate."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from banditgen.sandbox.orders import AnyWorker
from banditgen.sandbox.packages import default_environment
from banditgen.sandbox.pooled import PooledSandbox
from banditgen.sandbox.worker import Mechanisms, Worker
from banditgen.task import Level


class ZygoteSandbox(PooledSandbox):
    """Runs candidates in forks of warm workers, one job at a time each; a call waits for a free worker.

    Args:
        workers: how many; None is one per processor.
        environment: folders whose packages tasks may name; None is those of the running interpreter.
        mechanisms: which kernel mechanisms to use; for tests.

    """

    name = "zygote"

    def __init__(
        self,
        workers: int | None = None,
        *,
        environment: Sequence[str] | None = None,
        require: Level = "confined",
        mechanisms: Mechanisms | None = None,
    ) -> None:
        folders = default_environment() if environment is None else environment
        super().__init__(workers or len(os.sched_getaffinity(0)), [os.path.realpath(path) for path in folders], require)
        self._mechanisms = mechanisms or Mechanisms()

    def _launch(self) -> Worker:
        return Worker(self._environment, self._mechanisms)

    def _describe(self, worker: AnyWorker) -> dict[str, str]:
        return _describe(worker.held)


def _describe(held: Mapping[str, Any]) -> dict[str, str]:
    landlock = "landlock" if held["landlock"] else None
    seccomp = "seccomp" if held["seccomp"] else None
    inside, wrapped = bool(held["namespaces"]), bool(held["bubblewrap"])

    def several(*mechanisms: str | None) -> str:
        return " + ".join(name for name in mechanisms if name) or "none"

    return {
        "filesystem": several("mount namespace" if inside else None, landlock, seccomp if not inside else None),
        "network": several("network namespace" if inside else None, seccomp),
        "processes": several("pid namespace" if inside else None, "rlimit", "polling"),
        "signals": several("pid namespace" if inside else None, seccomp if not inside else None, landlock),
        "memory": "rlimit per process + polling over the tree, not hard",
        "cpu": "rlimit per process + polling over the tree",
        "disk": "tmpfs + polling" if wrapped else "tmpfs size" if inside else "rlimit per file",
        "inodes": "tmpfs + polling" if wrapped else "tmpfs inodes" if inside else "none",
        "syscalls": several(seccomp and ("seccomp + supervisor" if held["supervised"] else "seccomp without a supervisor")),
        "environment": "fresh interpreter",
        "multiprocessing": "works" if inside else "no locks, queues or pools: their semaphores lie in the user's /dev/shm",
        "user": f"uid {held['uid']}"
        + (", namespaces by bubblewrap" if wrapped else ", user namespace" if inside else "")
        + ", no capabilities",
    }
