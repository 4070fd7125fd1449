"""What runs in the same interpreter as the candidate: the program itself, or the program and its tests."""

from __future__ import annotations

import _thread
import atexit
import linecache
import marshal
import os
import sys
import threading
import traceback
import types
from _frozen_importlib import ModuleSpec
from typing import Any

from banditgen.sandbox.inside import places, pristine, wire

READ_CHUNK = 1 << 16  # malloc has that without a mapping of its own
ERROR_CHARACTERS = 500
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


def run_tests(
    order: dict[str, Any], names: dict[str, Any], clean: dict[str, Any], memory: pristine.Memory | None = None, watch: Any = None
) -> dict[str, Any]:
    """Run tests over `names`; a script with `clean` as its builtins. `memory` is given beside a candidate, `watch` over a stub.

    Returns:
        The verdict: "outcome" is "passed", "wrong", "error" or "skipped"; "error" says why.

    """
    if order["kind"] == "pytest":
        from banditgen.sandbox.inside import pytest_run  # noqa: PLC0415  # it imports this module

        return pytest_run.run(order, names, memory, watch)
    entry_point = order["entry_point"]
    source = order["tests"]
    module = types.ModuleType("__main__")
    module.__spec__ = ModuleSpec("__main__", None)  # so that a process that multiprocessing starts anew does not run the tests again
    module.__file__ = f"{os.getcwd()}/main.py"
    scope = vars(module)
    scope.update({name: value for name, value in names.items() if name == entry_point or not (name in clean or name.startswith("__"))})
    scope["__builtins__"] = clean
    sys.modules["__main__"] = module
    compiled = order["compiled"]
    code = marshal.loads(compiled) if compiled else compile(source, "<tests>", "exec", dont_inherit=True)  # noqa: S302
    try:
        run_code(code, module, source)
        if order["call_check"]:
            if entry_point not in scope:
                return {"outcome": "error", "error": f"NameError: name {entry_point!r} is not defined"}
            scope["check"](scope[entry_point])
    except BaseException as error:  # noqa: BLE001
        return _of_raised(error, places.Places(source, code), frozenset(order["own"]), watch)
    return {"outcome": "passed"}


def _of_raised(error: BaseException, where: places.Places, own: frozenset[str], watch: Any) -> dict[str, Any]:
    """What tests as a script come to that end with an exception: an exit of their own says so itself."""
    found = where.of(error)
    if watch is not None:
        watch.see(error, found)
    if isinstance(error, SystemExit) and where.says(found, places.EXITS, own):
        return {"outcome": "wrong", "error": f"the tests exit with {error.code!r}"} if error.code else {"outcome": "passed"}
    if not isinstance(error, AssertionError):
        show(error)
    return {"outcome": "wrong" if isinstance(error, AssertionError) else "error", "error": describe(error)}


def run_checker(order: dict[str, Any], clean: dict[str, Any]) -> dict[str, Any]:
    """Have a task's checker judge an output: "passed", "wrong", or "fault" where the checker itself fails."""
    module = types.ModuleType("__main__")
    vars(module)["__builtins__"] = clean
    try:
        run_source(order["checker"], module, "<checker>")
        right = vars(module)["check"](*order["texts"])
    except AssertionError as error:
        return {"outcome": "wrong", "error": f"the checker refuses the output: {describe(error)}"}
    except BaseException as error:  # noqa: BLE001
        return {"outcome": "fault", "error": f"the checker failed: {describe(error)}"}
    if right is None and order["only_asserts"]:
        right = True
    if right is None:
        return {"outcome": "fault", "error": "the checker returned None, neither true nor false"}
    return {"outcome": "passed"} if right else {"outcome": "wrong", "error": "the checker refuses the output"}


def describe(error: BaseException) -> str:
    """The last line of an exception, bounded; for a bare assert in the tests, the assert itself."""
    try:
        text = "".join(traceback.format_exception_only(error)).strip().splitlines()[-1]
        if text == "AssertionError":
            frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == "<tests>"]
            text = f"AssertionError: {frames[-1].line}" if frames else text
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
