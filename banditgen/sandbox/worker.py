"""One warm worker process, as the user's process sees it: start it, hand it a job, read how the job ended."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import marshal
import os
import secrets
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from banditgen.errors import SandboxError
from banditgen.sandbox import files
from banditgen.sandbox.inside import report
from banditgen.task import Limits

BOOT = (
    "import sys; root = sys.argv.pop(1); sys.path.append(root)\n"
    "from banditgen.sandbox.inside.zygote import main\n"
    "sys.path.remove(root); main(int(sys.argv[1]), sys.argv[2])"
)
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "HOME": "/tmp",  # noqa: S108  # the sandbox's own
    "TMPDIR": "/tmp",  # noqa: S108
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "LD_BIND_NOW": "1",  # else each fork looks up for itself what it calls
    "PYTHONHASHSEED": "0",
    "MALLOC_ARENA_MAX": "2",  # arenas reserve address space, which is limited
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}
UNPRIVILEGED = 65534
START_SECONDS = 20.0
GRACE_SECONDS = 5.0
MESSAGE_BYTES = 1 << 16


class WorkerDiedError(Exception):
    """The worker ended, or does not answer; the job's outcome is unknown."""


@dataclasses.dataclass(frozen=True)
class Mechanisms:
    """Which mechanisms a worker may use; each is used where the kernel has it."""

    namespaces: bool = True
    seccomp: bool = True
    landlock: bool = True
    bubblewrap: bool = True  # only where namespaces can't be had without


@dataclasses.dataclass(frozen=True)
class Order:
    """One job: the role it is run in ("program", "cooperative", "judged", "alone"), the candidate as `orders` packs it, and texts."""

    role: str
    code: bytes
    tests: dict[str, Any] | None = None
    stdin: str | None = None
    paths: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Report:
    """How a job ended, measured by the worker: seconds and bytes. `verdict` is None where none, or no valid one, came.

    `printed` is stdout with each byte that is no UTF-8 as a lone surrogate, so that it equals no text.
    """

    status: int
    candidate_status: int | None
    wall: float
    cpu: float
    peak: int
    limit: str | None
    stdout: str
    stderr: str
    printed: str
    verdict: dict[str, Any] | None = None


class Worker:
    """A worker process; used by one thread at a time.

    Raises:
        SandboxError: it could not be started.

    """

    def __init__(self, packages: tuple[str, ...], mechanisms: Mechanisms) -> None:
        self.held: dict[str, Any] = {}
        allowed = dataclasses.asdict(mechanisms)
        wrapped = allowed.pop("bubblewrap")
        plan = {
            "parent": os.getpid(),
            "readable": [*interpreter_paths(), *packages],
            # only a worker that can't mount makes this folder, and removes it
            "scratch": str(Path(tempfile.gettempdir(), f"banditgen-{secrets.token_hex(8)}")),
            "uid": UNPRIVILEGED,
            **allowed,
        }
        root = str(Path(__file__).resolve().parents[2])
        self._launch([], root, plan)
        if wrapped and not self.held["namespaces"]:
            self._wrap(root, plan)

    def _wrap(self, root: str, plan: dict[str, Any]) -> None:
        """Start again inside bubblewrap, where that works."""
        from banditgen.sandbox import bubblewrap  # noqa: PLC0415  # it can't be imported everywhere

        words = bubblewrap.command(plan["readable"], root)
        if words is None:
            return
        notes = self.held["notes"]
        self.close()
        try:
            self._launch(words, bubblewrap.CODE_ROOT, {**plan, **bubblewrap.inside()})
        except SandboxError as error:
            self._launch([], root, plan)
            notes = [*notes, f"no bubblewrap: {error}"]
        self.held["notes"] = notes

    def _launch(self, before: list[str], root: str, plan: dict[str, Any]) -> None:
        self._control, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [*before, interpreter(), "-I", "-S", "-B", "-X", "utf8", "-c", BOOT, root, str(far.fileno()), json.dumps(plan)]
        self.held = {}
        with far, tempfile.TemporaryFile() as noise:
            self._process = subprocess.Popen(  # noqa: S603  # our own interpreter with our own program
                command, stdin=subprocess.DEVNULL, stdout=noise, stderr=noise, pass_fds=(far.fileno(),), env=ENVIRONMENT, cwd="/"
            )
            far.close()
            self._control.settimeout(START_SECONDS)
            try:
                hello = json.loads(self._control.recv(MESSAGE_BYTES) or b'{"failed": ""}')
            except OSError as error:
                hello = {"failed": str(error)}
            if "failed" in hello:
                self.close()
                noise.seek(0)
                last = noise.read()[-2000:].decode("utf-8", "replace").strip().splitlines()[-1:]
                raise SandboxError(f"a sandbox worker could not start: {hello['failed'] or ''.join(last) or 'it ended'}")
        self.held = hello

    @property
    def pid(self) -> int:
        """The process that the worker ends with."""
        return self._process.pid

    def run(self, order: Order, limits: Limits) -> Report:
        """Run one job to its end.

        Raises:
            WorkerDiedError: the worker is gone; close it.

        """
        nonce = secrets.token_hex(16)
        outputs = [files.Output(limits.output_bytes), files.Output(limits.output_bytes)]
        descriptors = {"code": files.with_content(order.code)}
        receiving = -1
        try:
            if order.stdin is not None:
                descriptors["stdin"] = files.with_content(order.stdin.encode("utf-8", "surrogatepass"))
            if order.tests is not None:
                descriptors["tests"] = files.with_content(marshal.dumps({**order.tests, "nonce": nonce}))
                receiving, descriptors["verdict"] = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
            ended = self._exchange(order, limits, {**descriptors, "stdout": outputs[0].descriptor, "stderr": outputs[1].descriptor})
            verdict = read_verdict(receiving, nonce) if receiving >= 0 else None
            (stdout, more), (stderr, more_errors) = (output.read() for output in outputs)
        finally:
            for descriptor in (*descriptors.values(), *([receiving] if receiving >= 0 else [])):
                os.close(descriptor)
            for output in outputs:
                output.close()
        limit = "output" if ended.limit is None and (more or more_errors) else ended.limit
        return Report(**ended._replace(limit=limit)._asdict(), **texts(stdout, stderr), verdict=verdict)

    def _exchange(self, order: Order, limits: Limits, descriptors: dict[str, int]) -> report.Ended:
        job = [  # as `inside.job.Job` has it
            order.role,
            limits.wall_seconds,
            limits.cpu_seconds or limits.wall_seconds + 1,
            int(limits.memory_bytes),
            int(limits.processes),
            int(limits.disk_bytes),
            int(limits.output_bytes),
            int(limits.inodes),
            list(order.paths),
            list(descriptors),
        ]
        self._control.settimeout(limits.wall_seconds + GRACE_SECONDS)
        try:
            socket.send_fds(self._control, [marshal.dumps(job)], list(descriptors.values()))
            answer = self._control.recv(MESSAGE_BYTES)
        except OSError as error:
            raise WorkerDiedError(str(error)) from None
        try:
            return report.unpack(answer)
        except ValueError as error:
            raise WorkerDiedError(str(error) if answer else "the worker ended") from None

    def close(self) -> None:
        """End the worker and all it started."""
        self._control.close()
        if (
            not self.held.get("namespaces") or self.held["bubblewrap"]
        ):  # no kernel ends its jobs with it: it has to do that itself, on losing us
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(GRACE_SECONDS)
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGKILL)
        self._process.wait()


def interpreter() -> str:
    """The interpreter that candidates run in: the one under this one's virtual environment."""
    base: str = getattr(sys, "_base_executable", None) or sys.executable
    return os.path.realpath(base)


def interpreter_paths() -> list[str]:
    """The folders and files that the interpreter is made of."""
    paths = [interpreter(), sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")]
    library = sysconfig.get_config_var("LIBDIR")
    if sys.base_prefix != "/usr" and library:
        paths += [f"{sys.base_prefix}/lib", library]
    return [os.path.realpath(path) for path in paths if path]


def texts(stdout: bytes, stderr: bytes) -> dict[str, Any]:
    """What a report holds of the outputs."""
    return {
        "stdout": stdout.decode("utf-8", "replace"),
        "stderr": stderr.decode("utf-8", "replace"),
        "printed": stdout.decode("utf-8", "surrogateescape"),
    }


def read_verdict(receiving: int, nonce: str) -> dict[str, Any] | None:
    """The message on the verdict pipe, if it is one, and whole; a passing one must hold the nonce and be the only one.

    A candidate that forks beside its tests may have several processes come to their end.
    """
    try:
        text = os.read(receiving, 1 << 16).decode()
        data, end = json.JSONDecoder().raw_decode(text)
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(data, dict) or not isinstance(data.get("outcome"), str):
        return None
    if data["outcome"] == "passed" and (data.get("nonce") != nonce or end != len(text)):
        return {"outcome": "forged", "error": "a verdict without the nonce" if end == len(text) else "more than one verdict"}
    return data
