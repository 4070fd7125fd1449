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
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from banditgen.errors import SandboxError
from banditgen.sandbox import bubblewrap, files
from banditgen.sandbox.inside import landlock, rootfs
from banditgen.sandbox.inside.isolate import BOOT, OPTIONS, IsolationPlan
from banditgen.sandbox.inside.report import Ended, unpack
from banditgen.sandbox.orders import Order
from banditgen.sandbox.report import ENVIRONMENT, Report, WorkerDiedError, read_verdict, texts
from banditgen.task import Limits

CODE_ROOT = str(Path(__file__).resolve().parents[2])
UNPRIVILEGED = 65534
START_SECONDS = 20.0
GRACE_SECONDS = 5.0
MESSAGE_BYTES = 1 << 16
UNSEEN_STRANGERS = 4096  # threads that the user of a container may have outside it; the container's own limit holds


@dataclasses.dataclass(frozen=True)
class Mechanisms:
    """Which mechanisms a worker may use; each is used where the kernel has it."""

    namespaces: bool = True
    seccomp: bool = True
    landlock: bool | int = True  # a number is the newest version of it to use
    bubblewrap: bool = True  # only where namespaces can't be had without
    contained: bool = False  # the worker has a container to itself: its /tmp and /dev/shm, and the processes that it sees


class Worker:
    """A worker process; used by one thread at a time.

    Raises:
        SandboxError: it could not be started.

    """

    def __init__(self, packages: tuple[str, ...], mechanisms: Mechanisms) -> None:
        self.held: dict[str, Any] = {}
        self._packages = packages
        plan = IsolationPlan(
            control=-1,
            parent=os.getpid(),
            interpreter=interpreter(),
            prefix="" if mechanisms.contained else interpreter_prefix(),
            library=next((str(Path(path).parent) for path in interpreter_libraries()), ""),
            readable=interpreter_paths(),
            packages=list(packages),
            # only a worker that can't mount makes this folder, and removes it
            scratch=rootfs.SCRATCH
            if mechanisms.contained
            else str(Path(tempfile.gettempdir()).resolve() / f"banditgen-{secrets.token_hex(8)}"),
            uid=UNPRIVILEGED,
            namespaces=mechanisms.namespaces,
            seccomp=mechanisms.seccomp,
            landlock=landlock.NEWEST if mechanisms.landlock is True else int(mechanisms.landlock),
            contained=mechanisms.contained,
            strangers=UNSEEN_STRANGERS if mechanisms.contained else 0,
        )
        try:
            self._start(plan, wrapped=mechanisms.bubblewrap)
        except SandboxError:
            if not plan.prefix:
                raise
            self._start(dataclasses.replace(plan, prefix=""), wrapped=mechanisms.bubblewrap)  # it may know its own folder by name

    def _start(self, plan: IsolationPlan, *, wrapped: bool) -> None:
        """Start it; where it can make no namespaces, inside bubblewrap, if that works."""
        self._launch([], plan, CODE_ROOT)
        if not wrapped or self.held["namespaces"]:
            return
        wrapping = bubblewrap.command(plan, CODE_ROOT)
        if wrapping is None:
            return
        words, given = wrapping
        notes = self.held["notes"]
        self.close()
        try:
            self._launch(words, bubblewrap.inside(plan), rootfs.CODE, given)
        except SandboxError as error:
            self._launch([], plan, CODE_ROOT)
            notes = [*notes, f"no bubblewrap: {error}"]
        self.held["notes"] = notes

    def _launch(self, before: list[str], plan: IsolationPlan, root: str, inherited: Sequence[int] = ()) -> None:
        self._control, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        settings = {"root": root, **dataclasses.asdict(plan), "control": far.fileno()}
        # the settings come as a file: what stands in a command or an environment, candidates could read
        given = files.with_content(json.dumps(settings).encode())
        command = [*before, plan.interpreter, *OPTIONS, BOOT]
        self.held = {}
        with far, tempfile.TemporaryFile() as noise:
            self._process = subprocess.Popen(  # noqa: S603  # our own interpreter with our own program
                command, stdin=given, stdout=noise, stderr=noise, pass_fds=(far.fileno(), *inherited), env=_environment(plan), cwd="/"
            )
            far.close()
            for descriptor in (given, *inherited):
                os.close(descriptor)
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
        if hello["python"] != sys.version:
            self.close()
            raise SandboxError(f"the interpreter in the sandbox is another: {hello['python']}")
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
                tests = {**order.tests, "paths": self._seen(order.tests["paths"]), "nonce": nonce}
                descriptors["tests"] = files.with_content(marshal.dumps(tests))
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

    def _exchange(self, order: Order, limits: Limits, descriptors: dict[str, int]) -> Ended:
        job = [  # as `inside.job.Job` has it
            order.role,
            limits.wall_seconds,
            limits.cpu_seconds or limits.wall_seconds + 1,
            int(limits.memory_bytes),
            int(limits.processes),
            int(limits.disk_bytes),
            int(limits.output_bytes),
            int(limits.inodes),
            self._seen(order.paths),
            list(descriptors),
        ]
        self._control.settimeout(limits.wall_seconds + GRACE_SECONDS)
        try:
            socket.send_fds(self._control, [marshal.dumps(job)], list(descriptors.values()))
            answer = self._control.recv(MESSAGE_BYTES)
        except OSError as error:
            raise WorkerDiedError(str(error)) from None
        try:
            return unpack(answer)
        except ValueError as error:
            raise WorkerDiedError(str(error) if answer else "the worker ended") from None

    def _seen(self, folders: Iterable[str]) -> list[str]:
        """Where the worker sees folders of packages."""
        return [self.held["packages"][self._packages.index(folder)] for folder in folders]

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


def _environment(plan: IsolationPlan) -> dict[str, str]:
    if not plan.library:
        return ENVIRONMENT
    # a program that is seen elsewhere looks for its library where it was built; and without /proc the loader can't tell where it stands
    program = rootfs.seen(plan.prefix, plan.interpreter)
    return {**ENVIRONMENT, "LD_LIBRARY_PATH": rootfs.seen(plan.prefix, plan.library), "LD_ORIGIN_PATH": str(Path(program).parent)}


def interpreter() -> str:
    """The interpreter that candidates run in: the one under this one's virtual environment."""
    base: str = getattr(sys, "_base_executable", None) or sys.executable
    return os.path.realpath(base)


def interpreter_paths() -> list[str]:
    """The folders and files that the interpreter is made of."""
    library = sysconfig.get_config_var("LIBDIR")
    more = [f"{sys.base_prefix}/lib", library] if sys.base_prefix != "/usr" and library else []
    return [interpreter(), *(os.path.realpath(path) for path in [*_library_folders(), *more]), *interpreter_libraries()]


def interpreter_libraries() -> list[str]:
    """The interpreter's shared library, where it is not all in the program."""
    name = sysconfig.get_config_var("INSTSONAME") or "libpython"
    mapped = {line.split(maxsplit=5)[-1] for line in Path("/proc/self/maps").read_text().splitlines() if line.endswith(f"/{name}")}
    return sorted(map(os.path.realpath, mapped))


def interpreter_prefix() -> str:
    """The folder of the interpreter, where it is one of its own; "" where it is the system's, at a path that all systems have."""
    prefix = os.path.realpath(sys.base_prefix)
    own = prefix not in ("/usr", "/usr/local") and all(path.startswith(prefix + "/") for path in [interpreter(), *_library_folders()])
    return prefix if own else ""


def _library_folders() -> list[str]:
    base = {"platbase": sys.base_exec_prefix}  # a virtual environment's has no standard library
    return [os.path.realpath(sysconfig.get_path(name, vars=base)) for name in ("stdlib", "platstdlib")]
