"""Things of the user's that a candidate must not reach, and a look at whether they are still as they were."""

from __future__ import annotations

import contextlib
import ctypes
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from banditgen.sandbox.inside.calls import numbers

FILES = ("secret", "data", "script", "times")
LINUX, POSIX = hasattr(os, "sched_getaffinity"), os.name == "posix"


class Canaries:
    """Files, listeners, a variable and a process; where this process is root's, they belong to the user that candidates run as.

    That user could do all of it, so that what denies it is the sandbox. `facts` tells a candidate where they are: FOLDER, SECRET,
    PORT, SOCKET and DATAGRAMS (of UNIX), PID, PARENT, VARIABLE.

    Args:
        uid: whose they are where this process is root's; None is this process's own user.

    """

    def __init__(self, uid: int | None = None) -> None:
        self._uid = uid if POSIX and os.geteuid() == 0 else None
        self.facts: dict[str, Any] = {}

    def __enter__(self) -> Self:
        self._stack = contextlib.ExitStack()
        folder = Path(tempfile.mkdtemp(prefix="canaries-"))
        self._stack.callback(shutil.rmtree, folder, ignore_errors=True)
        self.secret = secrets.token_hex(8)
        for name in FILES:
            (folder / name).write_text(self.secret)
            (folder / name).chmod(0o644)
        tcp, udp = (self._stack.enter_context(socket.socket(socket.AF_INET, kind)) for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM))
        tcp.bind(("127.0.0.1", 0))
        udp.bind(tcp.getsockname())
        self._listeners = [tcp, udp]
        for name, kind in (("socket", socket.SOCK_STREAM), ("datagrams", socket.SOCK_DGRAM)) if POSIX else ():
            self._listeners.append(self._stack.enter_context(socket.socket(socket.AF_UNIX, kind)))
            self._listeners[-1].bind(str(folder / name))
            (folder / name).chmod(0o777)
        for listener in self._listeners:
            listener.setblocking(False)
            if listener.type == socket.SOCK_STREAM:
                listener.listen()
        self._paths = (folder, *(folder / name for name in FILES))
        if self._uid is not None:
            for path in self._paths:
                os.chown(path, self._uid, self._uid)
        command = ["/bin/sleep", "600"] if POSIX else [sys.executable, "-c", "import time; time.sleep(600)"]
        whose: dict[str, Any] = {"cwd": "/", "user": self._uid, "group": self._uid, "process_group": 0} if POSIX else {}
        self._sleeper = subprocess.Popen(command, stdin=subprocess.DEVNULL, **whose)  # noqa: S603
        self._stack.callback(self._end)
        variable = f"BANDITGEN_CANARY_{secrets.token_hex(4).upper()}"
        os.environ[variable] = self.secret
        self._stack.callback(os.environ.pop, variable)
        self.facts = {
            "FOLDER": str(folder),
            "SECRET": self.secret,
            "PORT": tcp.getsockname()[1],
            "SOCKET": str(folder / "socket"),
            "DATAGRAMS": str(folder / "datagrams"),
            "PID": self._sleeper.pid,
            "PARENT": os.getpid(),
            "VARIABLE": variable,
        }
        self._before = self._state()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    def _end(self) -> None:
        self._sleeper.kill()
        self._sleeper.wait()

    def harmed(self) -> set[str]:
        """Which properties of isolation have been seen not to hold: "filesystem", "signals", "network"."""
        now = self._state()
        found = {name for name, state in self._before.items() if now[name] != state}
        for listener in self._listeners:
            with contextlib.suppress(BlockingIOError):
                listener.recv(1) if listener.type == socket.SOCK_DGRAM else listener.accept()[0].close()
                found.add("network")
        return found

    def _state(self) -> dict[str, list[Any]]:
        return {"filesystem": [_of_path(path) for path in self._paths], "signals": [self._sleeper.poll(), _of_process(self._sleeper.pid)]}


def _of_path(path: Path) -> Any:
    try:
        status = path.stat(follow_symlinks=False)
        content = sorted(entry.name for entry in path.iterdir()) if path.is_dir() else path.read_bytes()
    except OSError as error:
        return str(error)
    return status.st_mode, status.st_uid, status.st_gid, status.st_size, status.st_nlink, status.st_mtime_ns, status.st_ctime_ns, content


def _of_process(pid: int) -> Any:
    if not LINUX:
        return os.getpriority(os.PRIO_PROCESS, pid) if POSIX else None
    try:
        scheduling = os.sched_getscheduler(pid), os.sched_getaffinity(pid), os.getpriority(os.PRIO_PROCESS, pid)
    except ProcessLookupError:
        return None
    return (
        *scheduling,
        ctypes.CDLL(None).syscall(numbers(os.uname().machine)["ioprio_get"], 1, pid),
        Path(f"/proc/{pid}/limits").read_text(),
    )
