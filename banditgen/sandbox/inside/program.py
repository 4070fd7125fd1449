"""What runs in the same interpreter as the candidate: the program itself, or the program and its tests."""

from __future__ import annotations

import _thread
import atexit
import builtins
import json
import linecache
import marshal
import os
import site
import sys
import threading
import traceback
import types
from typing import Any, NoReturn

from banditgen.sandbox.inside import pristine

READ_CHUNK = 1 << 20
ERROR_CHARACTERS = 500
VERDICT_BYTES = 3000  # below PIPE_BUF: one write, whole, that never blocks
MODULE = "solution"
ALIASES = ("solution", "candidate", "main")

_kept: list[tuple[pristine.Memory, dict[str, Any]]] = []  # what is remembered, and the builtins, until a job takes them


def main(code_fd: int) -> int:
    """Run a candidate as a program; the exit code is its own."""
    code = read_all(code_fd).decode()
    module = sys.modules["__main__"] = types.ModuleType("__main__")
    status = 0
    try:
        run_source(code, module, "<candidate>")
    except SystemExit as error:
        status = _exit_status(error)
    except BaseException as error:  # noqa: BLE001
        show(error)
        status = 1
    return finish(status)


def cooperative(code_fd: int, tests_fd: int, verdict_fd: int) -> NoReturn:
    """Run a candidate and its tests in one interpreter, write the verdict, and end this process.

    To return would be to take what is remembered apart, thousands of objects, each on a page that is then copied.
    """
    memory, clean = _kept.pop()  # here and nowhere else from now on: a module's names are the candidate's to change
    run, judge_by, write, load = run_tests, _forged, write_verdict, marshal.loads
    code = read_all(code_fd).decode()
    module = new_module()
    try:
        run_source(code, module, "<candidate>")
    except BaseException as error:  # noqa: BLE001
        write_verdict(verdict_fd, {"outcome": "error", "error": describe(error)})
        show(error)
        sys.stdout.flush()
        os._exit(1)
    verdict = judge_by(memory.replaced() or memory.imports_changed())
    if verdict is None:
        order = load(read_all(tests_fd))
        verdict = run(order, vars(module), clean, memory)
        verdict = judge_by(memory.replaced()) or {**verdict, "nonce": order["nonce"]}
    sys.stdout.flush()
    write(verdict_fd, verdict)
    os._exit(0)


def prepare_worker() -> None:
    """Give the interpreter what `-S` leaves out of the builtins, and note what tests and verdict rest on.

    What tests call are the builtins as Python ships them, whatever a candidate makes of its own.
    """
    site.setquit()
    site.setcopyright()
    site.sethelper()
    _kept.append((pristine.Memory(), dict(vars(builtins))))


def _forged(replaced: str | None) -> dict[str, Any] | None:
    return None if replaced is None else {"outcome": "forged", "error": f"the candidate replaced {replaced}"}


def new_module() -> types.ModuleType:
    """The module that a candidate becomes, importable by tests as `solution` and `candidate`."""
    module = types.ModuleType(MODULE)
    for name in ALIASES:
        sys.modules[name] = module
    return module


def run_source(code: str, module: types.ModuleType, filename: str) -> None:
    """Execute source as the body of a module; what it raises is passed on."""
    run_code(compile(code, filename, "exec", dont_inherit=True), module, code)


def run_code(code: types.CodeType, module: types.ModuleType, source: str) -> None:
    """Execute what was compiled from a source, whose lines tracebacks then show."""
    linecache.cache[code.co_filename] = (len(source), None, source.splitlines(keepends=True), code.co_filename)
    exec(code, vars(module))  # noqa: S102  # what a sandbox is for


def run_tests(order: dict[str, Any], names: dict[str, Any], clean: dict[str, Any], memory: pristine.Memory | None = None) -> dict[str, Any]:
    """Run tests over `names`; assert-style ones with `clean` as their builtins. `memory` is given beside a candidate.

    Returns:
        The verdict: "outcome" is "passed", "wrong" or "error"; "error" says why.

    """
    if order["kind"] == "pytest":
        from banditgen.sandbox.inside import pytest_run  # noqa: PLC0415  # it imports this module

        return pytest_run.run(order, names, memory)
    entry_point = order["entry_point"]
    scope = {name: value for name, value in names.items() if name not in clean or name in (entry_point, "__name__")}
    scope["__builtins__"] = clean
    source = order["tests"]
    linecache.cache["<tests>"] = (len(source), None, source.splitlines(keepends=True), "<tests>")
    try:
        compiled = order["compiled"]
        exec(marshal.loads(compiled) if compiled else compile(source, "<tests>", "exec", dont_inherit=True), scope)  # noqa: S102, S302
        if order["call_check"]:
            if entry_point not in scope:
                return {"outcome": "error", "error": f"NameError: name {entry_point!r} is not defined"}
            scope["check"](scope[entry_point])
    except AssertionError as error:
        return {"outcome": "wrong", "error": describe(error)}
    except BaseException as error:  # noqa: BLE001
        show(error)
        return {"outcome": "error", "error": describe(error)}
    return {"outcome": "passed"}


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
    data = json.dumps(verdict).encode()
    if len(data) > VERDICT_BYTES:
        data = json.dumps({**verdict, "error": "(message too long)"}).encode()
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
    os.close(descriptor)
    return b"".join(chunks)


def _exit_status(error: SystemExit) -> int:
    if error.code is None:
        return 0
    if isinstance(error.code, int):
        return error.code & 0xFF
    print(error.code, file=sys.stderr)
    return 1
