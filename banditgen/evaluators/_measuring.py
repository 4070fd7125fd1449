"""The process that measures run in: tools may crash on what candidates wrote, or never end, and then only this process does."""

from __future__ import annotations

import json
import os
import pickle
import signal
import struct
import sys
from typing import IO

from banditgen._checks import is_measure
from banditgen.errors import install
from banditgen.evaluators.measures import Subject, find

SIZE = struct.Struct("=Q")


def main() -> None:
    """Answer one request after the other until there is none; what measures print goes nowhere."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})
    while (request := receive(requests)) is not None:
        name, subject, seconds = pickle.loads(request)  # noqa: S301 - what our own process wrote
        # the kernel ends this process in time, whatever a tool is in the midst of
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, seconds)
        answer = _answer(name, subject)
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        send(answers, json.dumps(answer).encode())


def _answer(name: str, subject: Subject) -> tuple[float | None, str]:
    """The measure, or None and why there is none."""
    try:
        value = find(name).load()(subject)
        told = f"it must be a number between 0 and 1, not {value!r:.80}"
        return (float(value), "") if is_measure(value) else (None, told)
    except ImportError as error:
        return None, f"{error}: {install('measures')}, or install the package that gives it"
    except BaseException as error:  # noqa: BLE001 - whatever a tool raises
        return None, f"{type(error).__name__}: {error!s:.200}"


def send(stream: IO[bytes], data: bytes) -> None:
    """Write one message."""
    stream.write(SIZE.pack(len(data)) + data)
    stream.flush()


def receive(stream: IO[bytes]) -> bytes | None:
    """Read one message; None where the other side has gone."""
    head = stream.read(SIZE.size)
    if len(head) < SIZE.size:
        return None
    (size,) = SIZE.unpack(head)
    data = stream.read(size)
    return data if len(data) == size else None


def command() -> list[str]:
    """What starts this process with the modules that the running one finds."""
    return [sys.executable, "-c", f"import sys; sys.path[:] = {sys.path!r}; from {__name__} import main; main()"]
