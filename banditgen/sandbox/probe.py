"""Attempts each forbidden act inside the sandbox, and says per property what enforces it and whether that was seen to hold."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import secrets
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from banditgen.errors import SandboxError
from banditgen.sandbox import orders
from banditgen.sandbox.report import Report
from banditgen.sandbox.worker import Order, Worker
from banditgen.task import LEVELS, Level, Limits

NEEDED: dict[Level, tuple[str, ...]] = {
    "limits": (),
    "confined": ("filesystem", "network", "signals", "syscalls", "environment"),
    "isolated": ("filesystem", "network", "signals", "syscalls", "environment", "processes", "memory", "cpu", "disk", "inodes"),
}
SMALL = Limits(wall_seconds=5, cpu_seconds=0.05, memory_bytes=64 << 20, processes=8, disk_bytes=1 << 20, inodes=64)
AMPLE = dataclasses.replace(SMALL, cpu_seconds=5)
HOLDS, OPEN = "seen to hold", "seen open"

ACTS = """
import ctypes, json, os, socket
facts = json.loads(input())
libc = ctypes.CDLL(None)

def read_canary():
    return open(facts["file"]).read() == facts["secret"]

def write_outside():
    open(facts["file"] + ".written", "w").close()
    return True

def list_home():
    return bool(os.listdir(facts["home"]))

def connect_tcp():
    socket.create_connection(("127.0.0.1", facts["port"]), 1).close()
    return True

def connect_unix():
    with socket.socket(socket.AF_UNIX) as link:
        link.connect(facts["socket"])
    return True

def send_udp():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.sendto(b"x", ("127.0.0.1", facts["port"]))
    return True

def signal_parent():
    os.kill(facts["parent"], 0)
    return True

def trace_self():
    return libc.ptrace(0, 0, 0, 0) == 0

def mount():
    return libc.mount(b"none", b"/tmp", b"tmpfs", 0, None) == 0

def unshare():
    return libc.unshare(0x10000000) == 0

def keyring():
    return libc.syscall(250, 0, -3, 1) > 0

def see_secret():
    return facts["variable"] in os.environ

for name, act in list(globals().items()):
    if callable(act) and name not in ("input",) and getattr(act, "__module__", "") == __name__:
        try:
            open_ = bool(act())
        except Exception:
            open_ = False
        print(name, int(open_))
"""
PROPERTY_OF = {
    "read_canary": "filesystem",
    "write_outside": "filesystem",
    "list_home": "filesystem",
    "connect_tcp": "network",
    "connect_unix": "network",
    "send_udp": "network",
    "signal_parent": "signals",
    "trace_self": "syscalls",
    "mount": "syscalls",
    "unshare": "syscalls",
    "keyring": "syscalls",
    "see_secret": "environment",
}
EXHAUST: dict[str, tuple[str, Callable[[Report], bool]]] = {
    "processes": (
        "import os, time\nfor _ in range(40):\n    if os.fork() == 0:\n        time.sleep(9)\ntime.sleep(0.2)",
        lambda report: report.limit == "processes" or "BlockingIOError" in report.stderr,
    ),
    "memory": ("x = b'x' * (1 << 30)", lambda report: report.limit == "memory" or "MemoryError" in report.stderr),
    "cpu": ("while True: pass", lambda report: report.limit == "cpu"),
    "inodes": ("for n in range(99): open(str(n), 'wb').close()", lambda report: report.limit == "inodes"),
    "disk": ("for n in range(4):\n    open(f'f{n}', 'wb').write(bytes(1 << 20))", lambda report: report.limit == "disk"),
}


def probe(worker: Worker, mechanisms: dict[str, str]) -> dict[str, str]:
    """Try what a candidate must not do.

    Args:
        worker: a fresh worker.
        mechanisms: property to what enforces it, as the worker reported; "none" where nothing does.

    Returns:
        Property to mechanism and what was seen; "level" is the highest of `LEVELS` of which everything was seen to hold.

    Raises:
        SandboxError: the probe itself did not run.
    """
    held = {
        name: denied(worker.run(Order("program", orders.program(code)), SMALL if name == "cpu" else AMPLE))
        for name, (code, denied) in EXHAUST.items()
    }
    with _canaries() as facts:
        report = worker.run(Order("program", orders.program(ACTS), stdin=json.dumps(facts) + "\n"), AMPLE)
        acts = dict(line.split() for line in report.stdout.splitlines())
        if report.status != 0 or set(acts) != set(PROPERTY_OF):
            raise SandboxError(f"the sandbox could not be probed: {report.stderr.strip().splitlines()[-1:] or report.limit}")
        written = Path(facts["file"] + ".written").exists()
    for act, property_ in PROPERTY_OF.items():
        held[property_] = held.get(property_, True) and acts[act] == "0"
    held["filesystem"] = held["filesystem"] and not written
    found = {name: f"{mechanism}; {HOLDS if held[name] else OPEN}" if name in held else mechanism for name, mechanism in mechanisms.items()}
    level = max((level for level in LEVELS if all(held[name] for name in NEEDED[level])), key=LEVELS.index)
    return {"level": level, **found}


@contextlib.contextmanager
def _canaries() -> Iterator[dict[str, Any]]:
    """Things outside that a candidate must not reach: a file that anyone may read, two listeners, a variable."""
    variable, secret = f"BANDITGEN_CANARY_{secrets.token_hex(4).upper()}", secrets.token_hex(8)
    with tempfile.TemporaryDirectory() as folder, socket.socket() as tcp, socket.socket(socket.AF_UNIX) as local:
        Path(folder).chmod(0o777)  # the file system's own permissions must not be what denies it
        canary = Path(folder, "canary")
        canary.write_text(secret)
        tcp.bind(("127.0.0.1", 0))
        tcp.listen()
        local.bind(str(Path(folder, "socket")))
        local.listen()
        Path(folder, "socket").chmod(0o777)
        os.environ[variable] = secret
        try:
            yield {
                "file": str(canary),
                "secret": secret,
                "home": str(Path(__file__).parent),
                "port": tcp.getsockname()[1],
                "socket": str(Path(folder, "socket")),
                "parent": os.getpid(),
                "variable": variable,
            }
        finally:
            del os.environ[variable]
