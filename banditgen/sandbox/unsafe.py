"""Resource limits and nothing else: a process per candidate, for systems where no isolation works, if the user allows it.

It is portable (POSIX), slow, and no sandbox: a candidate reaches the user's files and network.
"""

from __future__ import annotations

import contextlib
import json
import marshal
import os
import resource
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from banditgen.errors import SandboxError
from banditgen.sandbox import examples, orders, verdict
from banditgen.sandbox.base import Execution
from banditgen.sandbox.blame import Blame
from banditgen.sandbox.channel import look_at
from banditgen.sandbox.packages import check_code, check_packages, default_environment
from banditgen.sandbox.report import ENVIRONMENT, Report, read_verdict, texts
from banditgen.task import Limits, Task

BOOT = """
import os, resource, sys
root, role, paths, limits, *descriptors = sys.argv[1:]
sys.path.append(root)
import json
from banditgen.sandbox.inside import roles
for name, value in json.loads(limits).items():
    try: resource.setrlimit(getattr(resource, name), (value, value))
    except (ValueError, OSError): pass
sys.path.remove(root)
sys.path.extend(json.loads(paths))
roles.prepare_worker(os.getcwd())
work, descriptors = getattr(roles, role), [*map(int, descriptors)]
del root, role, paths, limits, name, value, json, os, resource, roles
raise SystemExit(work(*descriptors))
"""
BASE_MEMORY = 512 << 20  # address space of a bare interpreter, generously
ISOLATION = {
    "level": "limits",
    "filesystem": "none",
    "network": "none",
    "processes": "process group",
    "memory": "rlimit per process",
    "cpu": "rlimit per process",
    "disk": "rlimit per file",
    "inodes": "none",
    "signals": "none",
    "syscalls": "none",
    "environment": "fresh interpreter",
}


class UnsafeSandbox:
    """Runs each candidate in a process of its own, in a fresh folder, under resource limits."""

    name = "unsafe"

    def __init__(self) -> None:
        self._environment = tuple(default_environment())
        self._blame = Blame()
        self._slots = threading.BoundedSemaphore(os.cpu_count() or 1)

    def run(self, code: str, task: Task) -> Execution:
        """Try one candidate; see `Sandbox.run`. Every verdict on tests is cooperative."""
        check_code(code)
        check_packages(task, self._environment)
        if task.channel == "judged" and task.tests is not None:
            raise SandboxError("the task demands the judged channel, which this machine's sandbox does not have")
        if task.kind == "stdio":
            return examples.run(
                task,
                lambda stdin: self._job(code, task, stdin=stdin),
                lambda order: self._job(None, task, tests=order),
                lambda report: self._execution(code, report, verified=True),
            )
        if task.tests is None:
            return self._execution(code, self._job(code, task), verified=False)
        look = look_at(task.tests, task.entry_point, task.module)
        report = self._job(code, task, tests=orders.tests(task, look, self._environment))
        if report.verdict and report.verdict["outcome"] == "no_pytest":
            raise SandboxError(report.verdict["error"])
        execution = self._execution(code, verdict.of_tests(report), verified=True)
        return self._blame.of(execution, task, lambda: self._job(None, task, tests=orders.alone(task, look, self._environment)))

    def isolation(self) -> dict[str, str]:
        """Next to nothing holds a candidate here."""
        return dict(ISOLATION)

    def close(self) -> None:
        """Nothing is kept open."""

    def _execution(self, code: str, report: Report, *, verified: bool) -> Execution:
        return verdict.execution(report, code=code, verified=verified, channel="cooperative", isolation=self.isolation())

    def _job(self, code: str | None, task: Task, *, tests: dict[str, Any] | None = None, stdin: str = "") -> Report:
        nonce = secrets.token_hex(16)
        with self._slots, tempfile.TemporaryDirectory() as kept, tempfile.TemporaryDirectory() as scratch, contextlib.ExitStack() as stack:

            def holding(name: str, content: str | bytes = "") -> Any:
                path = Path(kept, name)
                path.write_bytes(content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content)
                return stack.enter_context(path.open("r+b"))

            descriptors = [] if code is None else [holding("code", orders.candidate(code, task)).fileno()]
            receiving = -1
            if tests is not None:
                receiving, sending = os.pipe()
                stack.callback(os.close, receiving)
                os.set_blocking(receiving, False)
                descriptors += [holding("tests", marshal.dumps({**tests, "nonce": nonce})).fileno(), sending]
            streams = [holding("stdin", stdin), holding("stdout"), holding("stderr")]
            command = [sys.executable, "-I", "-S", "-B", "-X", "utf8", "-c", BOOT, str(Path(__file__).resolve().parents[2])]
            command += [
                "main" if tests is None else "alone" if code is None else "cooperative",
                json.dumps(orders.paths(task, code or "", self._environment)),
            ]
            command += [json.dumps(_rlimits(task.limits)), *map(str, descriptors)]
            started = time.monotonic()
            process = subprocess.Popen(  # noqa: S603  # our own interpreter with our own program
                command,
                stdin=streams[0],
                stdout=streams[1],
                stderr=streams[2],
                pass_fds=descriptors,
                cwd=scratch,
                env={**ENVIRONMENT, "HOME": scratch, "TMPDIR": scratch},
                start_new_session=True,
            )
            if tests is not None:
                os.close(descriptors[-1])
            limit, status, used = _wait(process, task.limits)
            wall = time.monotonic() - started
            outputs = [_read(stream, task.limits.output_bytes) for stream in streams[1:]]
            if limit is None and any(more for _, more in outputs):
                limit = "output"
            found = read_verdict(receiving, nonce) if tests is not None else None
        peak = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        (stdout, _), (stderr, _) = outputs
        return Report(status, None, wall, used.ru_utime + used.ru_stime, peak, limit, **texts(stdout, stderr), verdict=found)


def _rlimits(limits: Limits) -> dict[str, int]:
    return {
        "RLIMIT_AS": int(limits.memory_bytes) + BASE_MEMORY,
        "RLIMIT_CPU": int(limits.cpu_seconds or limits.wall_seconds) + 1,
        "RLIMIT_FSIZE": max(int(limits.disk_bytes), int(limits.output_bytes) + 1),  # it holds for the output's files too
        "RLIMIT_CORE": 0,
    }


def _wait(process: subprocess.Popen[bytes], limits: Limits) -> tuple[str | None, int, resource.struct_rusage]:
    """Wait for the end or the deadline, kill what is left of the process's group, and collect it."""
    limit: str | None = "wall"
    end = time.monotonic() + limits.wall_seconds
    while time.monotonic() < end:
        if os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            limit = None
            break
        time.sleep(0.002)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode == -signal.SIGXCPU:
        limit = "cpu"
    return limit, process.returncode, used


def _read(stream: Any, limit: int) -> tuple[bytes, bool]:
    size = os.fstat(stream.fileno()).st_size
    return os.pread(stream.fileno(), min(size, limit), 0), size > limit
