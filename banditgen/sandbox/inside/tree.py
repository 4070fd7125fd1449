"""The processes of the job under way, seen from the trusted side: how much they use, and how they are ended."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import time

from banditgen.sandbox.inside import kernel

PAGE = os.sysconf("SC_PAGE_SIZE")
TICKS = os.sysconf("SC_CLK_TCK")
SIGKILL = int(signal.SIGKILL)  # an enumeration's item costs a fork's pages


def threads_of(uid: int) -> int:
    """How many threads a user has on this host."""
    count = 0
    for name in os.listdir("/proc"):
        with contextlib.suppress(OSError):
            if name.isdigit() and os.stat(f"/proc/{name}").st_uid == uid:
                count += len(os.listdir(f"/proc/{name}/task"))
    return count


@dataclasses.dataclass
class Usage:
    """Of all living processes of a job: resident bytes beyond the worker's own, threads, processor seconds."""

    memory: int = 0
    threads: int = 0
    cpu: float = 0.0


class Tree:
    """All processes below this one.

    Args:
        proc: descriptor of a procfs of this process's pid namespace.
        alone: whether this process is pid 1 of a namespace, so that everything else in it is the job's.

    """

    def __init__(self, proc: int, *, alone: bool) -> None:
        self._proc = proc
        self._alone = alone
        self._pid = os.getpid()
        self.unwaited = self._last_cpu = self._last_look = 0.0
        self._last_seen: set[int] = set()
        self.baseline_virtual = int(self._read(f"{self._pid}/statm").split()[0]) * PAGE
        self.baseline_resident = int(self._read(f"{self._pid}/statm").split()[1]) * PAGE

    def usage(self, shared: int = 0) -> Usage:
        """Add up what the living processes use now.

        Args:
            shared: bytes of shared memory that they have asked for. It counts whole, since its pages can be held without being
                anyone's resident memory.

        """
        now = time.monotonic()
        total, seen = Usage(memory=shared), set()
        for pid in self._pids():
            with contextlib.suppress(OSError):
                fields = self._read(f"{pid}/stat").rpartition(b")")[2].split()
                total.memory += max(0, int(fields[21]) * PAGE - self.baseline_resident - (self._shared_of(pid) if shared else 0))
                total.threads += int(fields[17])
                total.cpu += sum(int(ticks) for ticks in fields[11:15]) / TICKS
                seen.add(pid)
        if total.cpu < self._last_cpu:  # processes have gone whose time nobody has waited for; what they used since, nobody saw
            self.unwaited += self._last_cpu - total.cpu + len(self._last_seen - seen) * (now - self._last_look)
        self._last_cpu, self._last_seen, self._last_look = total.cpu, seen, now
        total.cpu += self.unwaited
        return total

    def _shared_of(self, pid: int) -> int:
        """Resident bytes of shared memory; a process that has ended and is not waited for has none."""
        found = self._read(f"{pid}/status").partition(b"\nRssShmem:")[2].split(maxsplit=1)
        return 1024 * int(found[0]) if found else 0

    def _forget(self) -> None:
        self.unwaited = self._last_cpu = self._last_look = 0.0
        self._last_seen = set()

    def spread(self, processors: set[int]) -> None:
        """Let all living processes' first threads run on these processors."""
        for pid in self._pids():
            with contextlib.suppress(OSError):
                os.sched_setaffinity(pid, processors)

    def end(self) -> list[tuple[int, int, float, int]]:
        """Kill every process and collect it.

        Returns:
            (pid, wait status, processor seconds, peak resident bytes) for each that was a child of this one.

        """
        self._forget()
        ended: list[tuple[int, int, float, int]] = []
        while True:
            self._kill()
            child = kernel.wait_any()
            if child is None:
                return ended
            ended.append(child)

    def _kill(self) -> None:
        if self._alone:
            kernel.kill(-1, SIGKILL)  # where there is nobody, `os.kill` would make an exception
            return
        for pid in self._pids():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, SIGKILL)

    def _pids(self) -> list[int]:
        if self._alone:
            return [int(name) for name in os.listdir(self._proc) if name.isdigit() and int(name) != self._pid]
        found: list[int] = []
        queue = [self._pid]
        while queue:
            pid = queue.pop()
            with contextlib.suppress(OSError):
                for task in os.listdir(f"/proc/{pid}/task"):
                    queue += [int(child) for child in self._read(f"{pid}/task/{task}/children").split()]
            if pid != self._pid:
                found.append(pid)
        return found

    def _read(self, name: str) -> bytes:
        handle = os.open(name, os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._proc)
        try:
            return os.read(handle, 1 << 16)
        finally:
            os.close(handle)
