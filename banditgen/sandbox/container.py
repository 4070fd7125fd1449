"""A container around each worker, where this system has no isolation of its own, or where one is asked for: podman or docker.

In the container stands the worker that Linux without namespaces has, with its filters, limits and channels; jobs reach it over stdin, by
way of `relay`. So it needs nothing of the host but an engine: not its kernel, and with an image not its Python.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import io
import json
import marshal
import os
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

from banditgen.errors import PackageError, SandboxError
from banditgen.sandbox import container_engine as engines
from banditgen.sandbox import frames
from banditgen.sandbox.container_engine import Engine
from banditgen.sandbox.orders import AnyWorker, Order
from banditgen.sandbox.packages import default_environment
from banditgen.sandbox.pooled import PooledSandbox
from banditgen.sandbox.report import ENVIRONMENT, Report, WorkerDiedError, texts
from banditgen.task import Level, Limits, Task

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
IMAGE = f"docker.io/library/python:{VERSION}-slim"
START_SECONDS, GRACE_SECONDS, END_SECONDS = 60.0, 15.0, 10.0
OWN_MEMORY, OWN_PROCESSES = 512 << 20, 32  # what a worker itself may need in its container
HEAD_BYTES = 1 << 20
IN_IMAGE = ("the image",)  # stands for the folders of its packages
BOOT = """
import os, sys
def take(size):
    data = b""
    while len(data) < size: data += os.read(0, size - len(data)) or sys.exit(1)
    return data
with open("/tmp/banditgen.zip", "xb") as file: file.write(take(int.from_bytes(take(8), "little")))
sys.path.append(file.name)
from banditgen.sandbox import relay
relay.main()
"""


class FileTree(NamedTuple):
    """What a container's files are.

    Args:
        image: what they begin with.
        interpreter: the Python in it.
        shown: path in the container to the host's path.
        packages: folders of packages, as they are seen in it; none are the image's own.
        variables: of the environment.

    """

    image: str
    interpreter: str
    shown: dict[str, str]
    packages: list[str]
    variables: dict[str, str]


class ContainerWorker:
    """A worker in a container of its own; used by one thread at a time.

    Args:
        engine: what runs containers.
        trees: what the container's files are; the first that works.
        mechanisms: fields of `worker.Mechanisms` to leave out, for tests.

    Raises:
        SandboxError: it could not be started.

    """

    def __init__(self, engine: Engine, trees: Sequence[FileTree], mechanisms: Mapping[str, Any]) -> None:
        self.held: dict[str, Any] = {}
        self._mechanisms = dict(mechanisms)
        self._limits = Limits()
        said: list[str] = []
        for tree in trees:
            for variant in engine.variants():
                try:
                    self.engine, self.tree = variant, tree
                    self._start()
                except _NotRunError as error:
                    said.append(str(error))
                else:
                    return
        raise SandboxError(f"a container could not start: {'; '.join(dict.fromkeys(said))}")

    def _start(self) -> None:
        self._name = engines.container_name()
        words = engines.run_words(
            self.engine,
            self._name,
            self.tree.image,
            self.tree.interpreter,
            int(self._limits.memory_bytes + self._limits.disk_bytes) + OWN_MEMORY,
            int(self._limits.processes) + OWN_PROCESSES,
            self.tree.shown,
            self.tree.variables,
        )
        with tempfile.TemporaryFile() as noise:
            self._process = subprocess.Popen(  # noqa: S603  # an engine, with our own program
                [*words, "-I", "-S", "-B", "-X", "utf8", "-c", BOOT],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=noise,
                start_new_session=os.name == "posix",  # what a terminal sends us is not for it
            )
            settings = json.dumps({"packages": self.tree.packages, "mechanisms": self._mechanisms}).encode()
            try:
                (head,) = self._talk(START_SECONDS, [_program(), settings], [HEAD_BYTES])
            except WorkerDiedError:
                self.close()
                raise _NotRunError(_said(noise)) from None
        hello = json.loads(head)
        if "failed" in hello:
            self.close()
            raise _NotRunError(f"no worker in it: {hello['failed']}")
        if hello["version"] != list(sys.version_info[:2]):
            self.close()
            raise SandboxError(
                f"the image {self.tree.image} has Python {hello['python'].split()[0]}, and needs {VERSION}, as here: {IMAGE}"
            )
        self.held = hello

    def run(self, order: Order, limits: Limits) -> Report:
        """Run one job to its end; where its limits are wider than the container's, in a new one.

        Raises:
            WorkerDiedError: the container is gone; close it.
            SandboxError: a wider one could not be started.

        """
        wider = {name: max(getattr(limits, name), getattr(self._limits, name)) for name in ("memory_bytes", "disk_bytes", "processes")}
        wide = dataclasses.replace(self._limits, **wider)
        if wide != self._limits:
            self.close()
            self._limits = wide
            try:
                self._start()
            except _NotRunError as error:
                raise SandboxError(f"a container could not start: {error}") from None
        job = marshal.dumps((order.role, order.code, order.tests, order.stdin, bool(order.paths), dataclasses.asdict(limits)))
        most = int(limits.output_bytes) + 1
        head, stdout, stderr = self._talk(limits.wall_seconds + GRACE_SECONDS, [job], [HEAD_BYTES, most, 4 * most])
        try:
            return Report(**json.loads(head), **texts(stdout[1:], stderr[1:]))
        except (ValueError, TypeError, RecursionError) as error:
            raise WorkerDiedError(f"no report: {error}") from None

    def _talk(self, seconds: float, messages: Sequence[bytes], most: Sequence[int]) -> list[bytes]:
        """Send messages, and receive some of at most so many bytes each, within a time."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        deadline = threading.Timer(seconds, self._process.kill)
        deadline.daemon = True
        deadline.start()
        try:
            frames.send(self._process.stdin, *messages)
            answers = [frames.receive(self._process.stdout, size) for size in most]
        except (OSError, ValueError) as error:
            raise WorkerDiedError(str(error)) from None
        finally:
            deadline.cancel()
        found = [answer for answer in answers if answer is not None]
        if len(found) < len(answers):
            raise WorkerDiedError("the container ended")
        return found

    def close(self) -> None:
        """End the container and all in it."""
        for stream in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):  # what could not be sent any more
                stream.close() if stream else None
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            self.engine.ask("rm", "--force", self._name)


class _NotRunError(Exception):
    """The engine, as it was asked, could not run a container, or no worker could start in it."""


class ContainerSandbox(PooledSandbox):
    """Runs candidates in containers, one kept warm for each worker.

    Args:
        engine: "podman" or "docker"; None is the one that works, podman first.
        image: an image with this version of Python, and with the packages that tasks may name; it must be there. None is on Linux this
            machine's own Python and packages, mounted unwritably, which needs no image; elsewhere it is `IMAGE`.
        workers: how many; None is one per processor.
        environment: folders of this machine's packages that tasks may name, without an image; None is the running interpreter's.
        require: the least level; below it nothing runs.
        mechanisms: fields of `worker.Mechanisms` to leave out inside, for tests.

    Raises:
        SandboxError: no engine works, or the image is not there; says what to do.

    """

    def __init__(
        self,
        engine: str | None = None,
        *,
        image: str | None = None,
        workers: int | None = None,
        environment: Sequence[str] | None = None,
        require: Level = "confined",
        mechanisms: Mapping[str, Any] | None = None,
    ) -> None:
        self._engine = engines.find_engine(engine)
        self.name = self._engine.name
        image = image or (None if sys.platform == "linux" else IMAGE)
        folders = IN_IMAGE if image else [os.path.realpath(path) for path in environment or default_environment()]
        super().__init__(workers or os.cpu_count() or 1, folders, require)
        if image and not self._engine.has(image):
            raise SandboxError(f"the image {image} is not here: {self.name} pull {image}")
        self._mechanisms = mechanisms or {}
        self._trees = [FileTree(image, "python3", {}, [], {})] if image else _host_trees(self._environment)
        self._of_image = image
        self._ready = False

    def _launch(self) -> ContainerWorker:
        with self._lock:
            if not self._ready:
                self._engine.sweep()
                if not self._of_image:
                    self._engine.make_empty_image()
                worker = ContainerWorker(self._engine, self._trees, self._mechanisms)
                self._engine, self._trees, self._ready = worker.engine, [worker.tree], True  # what works once works again
                return worker
        return ContainerWorker(self._engine, self._trees, self._mechanisms)

    def check_packages(self, task: Task) -> None:
        """See that the packages a task names are in the image, or among this machine's; raises PackageError."""
        if not self._of_image:
            super().check_packages(task)
        elif task.packages:
            there = self._names()
            for package in task.packages:
                if package.partition(".")[0] not in there:
                    raise PackageError(
                        f"the task names the package {package!r}, which the image {self._of_image} does not have: build one with it"
                    )

    def _names(self) -> list[str]:
        self.isolation()
        return self._image_names

    def _describe(self, worker: AnyWorker) -> dict[str, str]:
        held = worker.held
        counts = bool(held["counted"])
        self._image_names = list(held["names"])
        landlock, seccomp = held["landlock"] and "landlock", held["seccomp"] and "seccomp"
        supervised = "seccomp" + (" + supervisor" if held["supervised"] else " without a supervisor")

        def several(*mechanisms: str | bool | None) -> str:
            return " + ".join(str(name) for name in mechanisms if name)

        return {
            "filesystem": several("container, read-only", landlock),
            "network": several("container without a network", seccomp),
            "processes": several("container", "rlimit", "polling", counts and "control group"),
            "signals": several("container", seccomp, landlock),
            "memory": several("rlimit per process", "polling over the tree", counts and "control group")
            + (", hard" if counts else ", not hard"),
            "cpu": several("rlimit per process", "polling over the tree", counts and "two processors"),
            "disk": "tmpfs + polling",
            "inodes": "tmpfs + polling",
            "syscalls": several("the engine's seccomp", seccomp and supervised),
            "environment": "fresh interpreter",
            "multiprocessing": "works",
            "user": f"uid {held['uid']}, no capabilities, no new privileges",
            "container": f"{self._engine.name} {self._engine.version}{' '.join(('', *self._engine.options))}, "
            + (self._of_image or "this machine's own Python"),
            "machine": f"{held['machine']}, Python {held['python'].split()[0]}",
        }


def _host_trees(packages: Sequence[str]) -> list[FileTree]:
    """The Python of this Linux machine, seen at a path that says nothing of the host; or where it does not start there, at its own."""
    from banditgen.sandbox.inside import rootfs  # noqa: PLC0415  # it can't be imported elsewhere
    from banditgen.sandbox.worker import interpreter, interpreter_libraries, interpreter_paths, interpreter_prefix  # noqa: PLC0415

    trees = []
    for prefix in dict.fromkeys((interpreter_prefix(), "")):
        layout = rootfs.layout(prefix, [*interpreter_paths(), interpreter()], packages)
        folders = [str(Path(rootfs.seen(prefix, path)).parent) for path in interpreter_libraries()]
        trees.append(
            FileTree(
                engines.EMPTY,
                rootfs.seen(prefix, interpreter()),
                {target: source for source, target in layout if Path(source).exists()},
                rootfs.places_of(packages),
                {**ENVIRONMENT, **({"LD_LIBRARY_PATH": ":".join(folders)} if folders else {})},
            )
        )
    return trees


@functools.cache
def _program() -> bytes:
    """What runs in the container, as a zip file."""
    root, buffer = Path(__file__).resolve().parents[1], io.BytesIO()
    files = [path for folder in (root, *(root / name for name in ("_suite", "sandbox", "sandbox/inside"))) for path in folder.glob("*.py")]
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(files):
            archive.write(path, f"banditgen/{path.relative_to(root).as_posix()}")
    return buffer.getvalue()


def _said(noise: IO[bytes]) -> str:
    noise.seek(0)
    return engines.last_line(noise.read()[-4000:]) or "it ended"
