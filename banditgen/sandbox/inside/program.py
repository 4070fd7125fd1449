"""What a program of a job is: source that is run, an exception that is told, a verdict that is written, an end."""

from __future__ import annotations

import _thread
import atexit
import linecache
import os
import sys
import threading
import traceback
import types
from typing import Any

from banditgen.sandbox.inside import asserts, wire

READ_CHUNK = 1 << 16  # malloc has that without a mapping of its own
ERROR_CHARACTERS = 500
ASSERT_CHARACTERS = 160  # of a failing assert, which leaves room for what it got
VERDICT_BYTES = 3000  # below PIPE_BUF: one write, whole, that never blocks
MODULE = "solution"
ALIASES = ("solution", "candidate", "main")


def run_source(code: str, module: types.ModuleType, filename: str) -> None:
    """Execute source as the body of a module; what it raises is passed on. A byte order mark is none of it, as in a file."""
    code = code.removeprefix("\ufeff")
    run_code(compile(code, filename, "exec", dont_inherit=True), module, code)


def run_code(code: types.CodeType, module: types.ModuleType, source: str) -> None:
    """Execute what was compiled from a source, whose lines tracebacks then show."""
    linecache.cache[code.co_filename] = (len(source), None, source.splitlines(keepends=True), code.co_filename)
    exec(code, vars(module))  # noqa: S102  # what a sandbox is for


def describe(error: BaseException, *, values: bool = False) -> str:
    """The last line of an exception, bounded; for a bare assert in the tests the assert itself, and the `values` that it compared."""
    try:
        text = "".join(traceback.format_exception_only(error)).strip().splitlines()[-1]
        if text == "AssertionError":
            found = [place for place in traceback.walk_tb(error.__traceback__) if place[0].f_code.co_filename == "<tests>"]
            if found:
                frame, line = found[-1]
                said = linecache.getline("<tests>", line).strip()[:ASSERT_CHARACTERS]
                text = f"AssertionError: {said}{asserts.got(frame, line) if values else ''}"
    except BaseException:  # noqa: BLE001  # an exception whose own text raises
        text = type(error).__name__
    return text[:ERROR_CHARACTERS]


def show(error: BaseException) -> None:
    """Print a traceback as Python would, without the frames that are not the candidate's."""
    try:
        trace = error.__traceback__
        while trace is not None and trace.tb_frame.f_code.co_filename not in ("<candidate>", "<tests>"):
            trace = trace.tb_next
        traceback.print_exception(type(error), error, trace)
    except BaseException:  # noqa: BLE001, S110  # hostile exceptions, closed descriptors: the verdict doesn't depend on it
        pass


def write_verdict(verdict_fd: int, verdict: dict[str, Any]) -> None:
    """Send the verdict in one write."""
    data = wire.encode(verdict)
    if len(data) > VERDICT_BYTES:
        data = wire.encode({**verdict, "error": "(message too long)"})
    os.write(verdict_fd, data)


def finish(status: int) -> int:
    """Let threads and exit handlers of the candidate run and its output out, as a normal exit would."""
    try:
        if _thread._count() or threading._threading_atexits:  # type: ignore[attr-defined]  # noqa: SLF001
            threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001  # what the interpreter itself calls at its end
        atexit._run_exitfuncs()  # noqa: SLF001
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException as error:  # noqa: BLE001
        show(error)
        return status or 120
    return status


def read_all(descriptor: int) -> bytes:
    """The whole of a file, which is then closed."""
    chunks = []
    offset = 0
    while chunk := os.pread(descriptor, READ_CHUNK, offset):
        chunks.append(chunk)
        offset += len(chunk)
        if len(chunk) < READ_CHUNK:
            break
    os.close(descriptor)
    return b"".join(chunks)


def exit_status(error: SystemExit) -> int:
    """The exit code that an interpreter gives for it; what is no number is printed."""
    if error.code is None:
        return 0
    if isinstance(error.code, int):
        return error.code & 0xFF
    print(error.code, file=sys.stderr)
    return 1
