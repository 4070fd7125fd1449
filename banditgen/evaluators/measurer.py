"""Takes the measures that weights ask for: each in [0, 1], once for each distinct code, and whatever its tool does."""

from __future__ import annotations

import atexit
import concurrent.futures
import contextlib
import json
import logging
import os
import pickle
import signal
import subprocess
import threading
from collections import OrderedDict
from collections.abc import Iterable

from banditgen._text import one_line
from banditgen.errors import BanditgenError, EvaluatorError
from banditgen.evaluators import _measuring
from banditgen.evaluators.covered import covered
from banditgen.evaluators.measures import COVERAGE, Subject, find, tool_of
from banditgen.sandbox.base import Sandbox
from banditgen.task import Task

logger = logging.getLogger("banditgen.evaluator")

CLOSING_SECONDS = 0.5
KEPT = 2048  # measures of codes that were measured last
Taken = concurrent.futures.Future[float]
_known: OrderedDict[tuple[str, str, Task], Taken] = OrderedDict()
_known_lock = threading.Lock()


class Measurer:
    """Measures the candidates of one race; from several threads at once.

    What a measure can't tell, because its tool is missing, crashes, or is not done within the task's wall limit, is left out, with
    one warning a race for each measure. A code that was measured before in this process is not measured again, on the same task.

    Args:
        sandbox: where the candidate runs once more for its coverage; None leaves that out.
    """

    def __init__(self, sandbox: Sandbox | None) -> None:
        self._sandbox = sandbox
        self._warned: set[str] = set()

    def measure(self, names: Iterable[str], subject: Subject) -> dict[str, tuple[float, str]]:
        """By name, the measures that could be taken, each with its tool and version. Never raises."""
        taken = {}
        for name in names:
            try:
                taken[name] = self._of(name, subject), tool_of(name)
            except Exception as error:  # noqa: BLE001 - whatever a tool does
                self._warn(name, str(error) if isinstance(error, BanditgenError) else f"{type(error).__name__}: {error}")
        return taken

    def _of(self, name: str, subject: Subject) -> float:
        find(name)
        key = name, subject.code, subject.task
        with _known_lock:
            known = _known.get(key)
            taking: Taken = known or concurrent.futures.Future()
            _known[key] = taking
            _known.move_to_end(key)
            if len(_known) > KEPT:
                _known.popitem(last=False)
        if known is None:
            try:
                taking.set_result(self._taken(name, subject))
            except BaseException as error:  # noqa: BLE001 - those who wait for it get it, too
                taking.set_exception(error)
        return taking.result()

    def _taken(self, name: str, subject: Subject) -> float:
        if name != COVERAGE:
            return _in_process(name, subject)
        if self._sandbox is None:
            raise EvaluatorError("it needs the sandbox, where a caller's runner does all the trying")
        return covered(subject, self._sandbox)

    def _warn(self, name: str, why: str) -> None:
        if name not in self._warned:
            self._warned.add(name)
            logger.warning("the measure %s is left out, and the verdict stays: %s", one_line(name), one_line(why))


class _Process:
    """A process that measures."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(_measuring.command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603 - ours

    def ask(self, name: str, subject: Subject) -> float:
        """A measure of a subject.

        Raises:
            EvaluatorError: it could not be taken; a process that has ended is `ended`.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        seconds = subject.task.limits.wall_seconds
        with contextlib.suppress(BrokenPipeError):
            _measuring.send(self._process.stdin, pickle.dumps((name, subject, seconds)))
        told = _measuring.receive(self._process.stdout)
        if told is None:
            raise EvaluatorError(_how_it_ended(self.close(), seconds))
        value, why = json.loads(told)
        if value is None:
            raise EvaluatorError(why)
        return float(value)

    @property
    def ended(self) -> bool:
        """Whether it is of no more use."""
        return self._process.returncode is not None

    def close(self) -> int:
        """End it; what it left with."""
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):  # what it did not read
                pipe.close()  # type: ignore[union-attr] # both are pipes
        try:
            return self._process.wait(CLOSING_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()


def _how_it_ended(status: int, seconds: float) -> str:
    if status == -signal.SIGALRM:
        return f"its tool was not done within {seconds:g} s"
    return f"its tool ended the process that it ran in ({signal.Signals(-status).name if status < 0 else f'exit code {status}'})"


_idle: list[tuple[int, _Process]] = []
_idle_lock = threading.Lock()


def _in_process(name: str, subject: Subject) -> float:
    """A measure, taken in a process that is kept for the next."""
    with _idle_lock:
        mine = [pair for pair in _idle if pair[0] == os.getpid()]  # a forked child needs its own
        for pair in mine[-1:]:
            _idle.remove(pair)
    process = mine[-1][1] if mine else _Process()
    try:
        return process.ask(name, subject)
    finally:
        if not process.ended:
            with _idle_lock:
                _idle.append((os.getpid(), process))


@atexit.register
def _close_all() -> None:
    with _idle_lock:
        for owner, process in _idle:
            if owner == os.getpid():
                process.close()
        _idle.clear()
