"""podman or docker: which of them works here, and the words by which it runs a container that holds candidates."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import io
import os
import platform
import secrets
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from banditgen.errors import SandboxError

NAMES = ("podman", "docker")
USER = 65534
EMPTY = "banditgen-empty:1"  # an image that holds nothing but the names of its users
PATIENCE = 60.0
LABEL = "banditgen"


@dataclasses.dataclass(frozen=True)
class Engine:
    """A program that runs containers.

    Args:
        name: "podman" or "docker".
        program: its path.
        version: what it says of itself.
        options: words between the program and its verb.
        counts: whether the kernel's control groups count what a container uses, and hold it.

    """

    name: str
    program: str
    version: str
    options: tuple[str, ...] = ()
    counts: bool = True

    def words(self, *more: str) -> list[str]:
        """A command of its."""
        return [self.program, *self.options, *more]

    def ask(self, *words: str, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """Have it do something that is soon done.

        Raises:
            SandboxError: it does not answer.
        """
        try:
            return subprocess.run(  # noqa: S603  # an engine that is installed here
                self.words(*words), input=data, capture_output=True, timeout=PATIENCE, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise SandboxError(f"{self.name} does not answer: {error}") from None

    def has(self, image: str) -> bool:
        """Whether an image is there."""
        return self.ask("image", "inspect", image).returncode == 0

    def make_empty_image(self) -> None:
        """Have an image there that needs no network, for file trees that are mounted into it.

        Raises:
            SandboxError: it can't be made.
        """
        if self.has(EMPTY):
            return
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            texts = {"passwd": f"nobody:x:{USER}:{USER}:nobody:/tmp:/bin/sh\n", "group": f"nogroup:x:{USER}:\n"}
            for name, text in texts.items():
                entry = tarfile.TarInfo(f"etc/{name}")
                entry.size = len(text)
                archive.addfile(entry, io.BytesIO(text.encode()))
        made = self.ask("import", "-", EMPTY, data=buffer.getvalue())
        if made.returncode:
            raise SandboxError(f"{self.name} could not import an empty image: {last_line(made.stderr)}")

    def variants(self) -> Iterator[Engine]:
        """As it is; podman, too, with each runtime that is there, and without control groups: not all go together everywhere."""
        yield self
        if self.name == "podman":
            others = [("--runtime", name) for name in ("crun", "runc") if shutil.which(name, path=f"{os.environ.get('PATH')}:/usr/sbin")]
            for counts in (True, False):
                yield from (dataclasses.replace(self, options=options, counts=counts) for options in others)

    def sweep(self) -> None:
        """Remove containers of processes on this host that are gone; `--rm` and the end of their stdin should have done it."""
        if os.name != "posix":  # where one can't look for a process without ending it
            return
        found = self.ask("ps", "--all", "--filter", f"label={LABEL}={host()}", "--format", "{{.Names}}")
        left = [name for name in found.stdout.decode().split() if name.count("-") == 3 and not _is_alive(*name.split("-")[1:3])]
        if left:
            self.ask("rm", "--force", *left)


def run_words(
    engine: Engine,
    name: str,
    image: str,
    interpreter: str,
    memory: int,
    processes: int,
    shown: Mapping[str, str],
    variables: Mapping[str, str],
) -> list[str]:
    """The command that starts a container, up to what runs in it.

    Args:
        engine: what runs it.
        name: the container's.
        image: what its file tree begins with; it must be there.
        interpreter: the program in it.
        memory: bytes for all that is in it, files included; no swap.
        processes: how many it may have, threads counted.
        shown: path in the container to the host's path that is seen there, unwritable.
        variables: of the environment.

    """
    podman = engine.name == "podman"
    words = [
        *(
            "run",
            "--rm",
            "--interactive",
            "--stop-timeout=0",
            "--pull=never",
            f"--name={name}",
            f"--label={LABEL}={host()}",
            "--sig-proxy=false",
        ),
        *("--network=none", "--read-only", "--cap-drop=all", "--security-opt=no-new-privileges", f"--user={USER}:{USER}"),
        *(f"--shm-size={64 << 20}", f"--tmpfs=/tmp:rw,size={memory},mode=700,{'U' if podman else f'uid={USER},gid={USER}'}"),
        *("--log-driver=none", "--workdir=/", "--ulimit=nofile=1024:1024", "--ulimit=core=0:0"),
    ]
    if engine.counts:
        words += [f"--memory={memory}", f"--memory-swap={memory}", f"--pids-limit={processes}", "--cpu-period=100000", "--cpu-quota=200000"]
    else:
        words.append("--cgroups=disabled")
    if podman:
        words += ["--read-only-tmpfs=false", "--passwd=false", "--ulimit=nproc=8192:8192"]  # its own default may be more than it may set
    if shown:
        words.append("--security-opt=label=disable")  # the host's files have no container's label
    words += [f"--mount=type=bind,source={source},destination={target},readonly" for target, source in shown.items()]
    words += [f"--env={key}={value}" for key, value in variables.items()]
    return [*engine.words(*words), f"--entrypoint={interpreter}", image]


def container_name() -> str:
    """A name that says whose a container is."""
    return f"{LABEL}-{os.getpid()}-{_started(os.getpid())}-{secrets.token_hex(6)}"


@functools.cache
def host() -> str:
    """A name of this host, among those that may share an engine."""
    return hashlib.sha256(f"{platform.node()} {os.environ.get('HOSTNAME', '')}".encode()).hexdigest()[:12]


def find_engine(asked: str | None = None) -> Engine:
    """The engine of that name, or the first that works.

    Raises:
        SandboxError: there is none, or none that answers; says what to do.
    """
    said = []
    for name in NAMES if asked is None else (asked,):
        program = shutil.which(name)
        if program is None:
            said.append(f"{name} is not installed")
            continue
        engine = Engine(name, program, "")
        form = "{{.Version.Version}} {{.Host.OS}}" if name == "podman" else "{{.Server.Version}} {{.Server.Os}}"
        try:
            found = engine.ask("info" if name == "podman" else "version", "--format", form)
        except SandboxError as error:
            said.append(str(error))
            continue
        version, _, system = found.stdout.decode("utf-8", "replace").strip().rpartition(" ")
        if found.returncode or not version:
            said.append(f"{name} does not answer: {last_line(found.stderr)}")
        elif system != "linux":
            said.append(f"{name} runs {system} containers, not Linux ones")
        else:
            return dataclasses.replace(engine, version=version)
    raise SandboxError(f"no container engine works here ({'; '.join(said)}): {advice()}")


def advice() -> str:
    """How to come to an engine on this system."""
    if sys.platform == "darwin":
        return "brew install podman && podman machine init && podman machine start, or start Docker Desktop"
    if sys.platform == "win32":
        return "run banditgen in WSL, or: podman machine init, podman machine start, or start Docker Desktop"
    return "install podman by your system's packages (and uidmap, for ordinary users), or start docker and let your user reach it"


def last_line(text: bytes) -> str:
    """The end of what a program complained of."""
    return (text.decode("utf-8", "replace").strip().splitlines() or [""])[-1][:300]


def _started(pid: int) -> str:
    """When a process started, so that its number says who it is, where that can be seen."""
    with contextlib.suppress(OSError, IndexError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    return "0"


def _is_alive(pid: str, started: str) -> bool:
    with contextlib.suppress(ValueError, OverflowError, PermissionError):
        try:
            os.kill(int(pid), 0)
        except ProcessLookupError:
            return False
        return _started(int(pid)) == started
    return True
