"""The program of a container: one worker, which is sent jobs over stdin, and answers over stdout.

It is process 1 there. Candidates are not forked from it, but from the worker, which sees no text of theirs and no tests.
"""

from __future__ import annotations

import contextlib
import json
import marshal
import os
import pkgutil
import queue
import signal
import site
import sys
import sysconfig
import threading
from pathlib import Path
from typing import Any, BinaryIO

from banditgen.errors import SandboxError
from banditgen.sandbox import frames
from banditgen.sandbox.inside import kernel
from banditgen.sandbox.orders import Order
from banditgen.sandbox.report import Report, WorkerDiedError
from banditgen.sandbox.worker import Mechanisms, Worker
from banditgen.task import Limits

UNLIMITED = 1 << 60  # what older control groups say instead of "max"
MOST = 1 << 34  # what comes from the user's process is trusted


def main() -> None:
    """Serve until stdin ends, and then be gone at once: the kernel ends all that is in the container with its process 1."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # from inside, process 1 gets no signal for which it has no handler
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
    orders, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    null = os.open("/dev/null", os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(2, 1)
    settings = json.loads(frames.receive(orders, MOST) or b"{}")
    packages = settings["packages"] or [path for path in _site_packages() if Path(path).is_dir()]
    try:
        worker = Worker(tuple(packages), Mechanisms(namespaces=False, bubblewrap=False, contained=True, **settings["mechanisms"]))
    except (OSError, SandboxError) as error:
        frames.send(answers, json.dumps({"failed": str(error)}).encode())
        return
    names = sorted(module.name for module in pkgutil.iter_modules(packages))
    about = {"version": sys.version_info[:2], "machine": os.uname().machine, "names": names, "counted": _is_counted()}
    frames.send(answers, json.dumps({**worker.held, **about}).encode())
    waiting: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(orders, waiting), daemon=True).start()
    while True:
        try:
            _answer(answers, _run(worker, waiting.get(), tuple(packages)))
        except (OSError, WorkerDiedError):
            os._exit(1)


def _is_counted() -> bool:
    """Whether a control group limits this container's memory and processes: an engine may leave out limits that it was asked for."""

    def limited(newer: str, older: str) -> bool:
        for path in (newer, older):
            with contextlib.suppress(OSError, ValueError):
                return int(Path("/sys/fs/cgroup", path).read_text()) < UNLIMITED
        return False

    return limited("memory.max", "memory/memory.limit_in_bytes") and limited("pids.max", "pids/pids.max")


def _site_packages() -> list[str]:
    """Where packages may be; Debian's interpreter has places of its own."""
    return list(dict.fromkeys([*(sysconfig.get_path(name) for name in ("purelib", "platlib")), *site.getsitepackages()]))


def _listen(orders: BinaryIO, waiting: queue.SimpleQueue[bytes]) -> None:
    while (message := frames.receive(orders, MOST)) is not None:
        waiting.put(message)
    os._exit(0)


def _run(worker: Worker, message: bytes, packages: tuple[str, ...]) -> Report:
    role, code, tests, stdin, with_packages, limits = marshal.loads(message)  # noqa: S302  # what the user's process wrote
    if tests is not None:
        tests["paths"] = packages if tests["paths"] else ()
    order = Order(role, code, tests=tests, stdin=stdin, paths=packages if with_packages else ())
    return worker.run(order, Limits(**limits))


def _answer(answers: BinaryIO, report: Report) -> None:
    """Send a report: its numbers and verdict as JSON, which can be read whoever wrote it; then the outputs as they were."""
    head: dict[str, Any] = {
        name: getattr(report, name) for name in ("status", "candidate_status", "wall", "cpu", "peak", "limit", "verdict")
    }
    outputs = (report.printed.encode("utf-8", "surrogateescape"), report.stderr.encode("utf-8", "surrogatepass"))
    frames.send(answers, json.dumps(head).encode(), b"." + outputs[0], b"." + outputs[1])
