"""The sandbox port: untrusted code and its task go in; what happened comes out, with what really held it."""

from __future__ import annotations

import dataclasses
from typing import Any, Protocol, runtime_checkable

from banditgen.errors import UsageError
from banditgen.result import FailureKind
from banditgen.task import Task


@dataclasses.dataclass(frozen=True)
class Execution:
    """What happened when a candidate was tried. Times in seconds, memory in bytes, all measured from outside.

    `passed` is the verdict of the tests, or, with `verified` False (the task has none), that the code ran cleanly.
    `failure` is None exactly when `passed`. `limit` names the limit that was hit ("wall", "cpu", "memory",
    "processes", "disk", "inodes", "output"), if one was. `metrics` is what a caller's own runner reported. `stdout` and
    `stderr` are hostile text, cut to the output limit.
    """

    passed: bool
    verified: bool
    failure: FailureKind | None = None
    error: str | None = None
    stdout: str = ""
    stderr: str = ""
    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_memory_bytes: int = 0
    exit_code: int | None = None
    limit: str | None = None
    channel: str = "cooperative"
    isolation: dict[str, str] = dataclasses.field(default_factory=dict)
    metrics: dict[str, Any] = dataclasses.field(default_factory=dict)


@runtime_checkable
class Sandbox(Protocol):
    """Runs untrusted code. Plain blocking code, called from many threads at once.

    `run` never raises for what a candidate does; it raises `SandboxError` when the sandbox itself failed.
    """

    name: str

    def run(self, code: str, task: Task) -> Execution:
        """Try one candidate against the task's tests, within the task's limits; leaves no process and no file."""
        ...

    def isolation(self) -> dict[str, str]:
        """What holds a candidate here: property ("network", "filesystem", "memory", …) to what enforces it, or "none"."""
        ...

    def close(self) -> None:
        """Release workers; a second call does nothing."""
        ...


def check_sandbox(value: Any) -> None:
    """Refuse what cannot be a sandbox (UsageError)."""
    if isinstance(value, type) or not isinstance(value, Sandbox):
        what = f"the class {value.__name__}" if isinstance(value, type) else type(value).__name__
        raise UsageError(f"a sandbox needs name, run, isolation and close; {what} is none")
