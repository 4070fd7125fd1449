"""The processes of a job that hold a candidate: as a program, or beside its tests."""

from __future__ import annotations

import _imp
import builtins
import marshal
import os
import site
import sys
import types
from typing import Any, NoReturn

from banditgen.sandbox.inside import beside, checker, pristine, program, stub, tests

_kept: list[tuple[pristine.Memory, dict[str, Any]]] = []  # what is remembered, and the builtins, until a job takes them


def prepare_worker(folder: str) -> tuple[pristine.Memory, dict[str, Any]]:
    """Give the interpreter what `-S` leaves out of the builtins, and note what tests and verdict rest on.

    What tests call are the builtins as Python ships them, whatever a candidate makes of its own.

    Args:
        folder: the one that jobs run in.

    Returns:
        What is remembered, and the builtins.

    """
    site.setquit()
    site.setcopyright()
    site.sethelper()
    beside.install(folder)
    _forget_paths()
    main_module = sys.modules.pop("__main__")
    loaded = dict(sys.modules)
    sys.modules.clear()
    sys.modules.update(loaded)  # without a gap
    _kept.append((pristine.Memory(), dict(vars(builtins))))
    sys.modules["__main__"] = main_module  # the last, so that another in its place is no change of what was there
    return _kept[-1]


def _forget_paths() -> None:
    """Have our modules and their frames name no folder of the host's: a candidate can see them."""
    rename = _imp._fix_co_filename  # type: ignore[attr-defined]  # noqa: SLF001  # what the import system itself calls
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] != "banditgen":
            continue
        place = f"/banditgen/{name.replace('.', '/')}.py"
        for value in list(vars(module).values()):
            for part in vars(value).values() if isinstance(value, type) else [value]:
                function = getattr(part, "__func__", part)
                if isinstance(function, types.FunctionType) and function.__module__ == name:
                    rename(function.__code__, place)
        vars(module).update(__file__=place, __cached__=None, __spec__=None, __loader__=None)
        if hasattr(module, "__path__"):
            module.__path__ = []


def main(code_fd: int) -> int:
    """Run a candidate as a program; the exit code is its own."""
    candidate = beside.receive(code_fd)
    module = beside.script(candidate)
    status = 0
    try:
        program.run_source(candidate.code, module, "<candidate>")
    except SystemExit as error:
        status = program.exit_status(error)
    except BaseException as error:  # noqa: BLE001
        program.show(error)
        status = 1
    return program.finish(status)


def cooperative(code_fd: int, tests_fd: int, verdict_fd: int) -> NoReturn:
    """Run a candidate and its tests in one interpreter, write the verdict, and end this process."""
    memory, clean = _kept.pop()  # here and nowhere else from now on: a module's names are the candidate's to change
    os._exit(beside_tests(memory, clean, code_fd, tests_fd, verdict_fd))  # to return would be to take apart what is remembered


def beside_tests(memory: pristine.Memory, clean: dict[str, Any], code_fd: int, tests_fd: int, verdict_fd: int) -> int:
    """Run a candidate and its tests, and write the verdict: the status to leave with."""
    run, judge_by, write, load = tests.run_tests, _forged, program.write_verdict, marshal.loads
    candidate = beside.receive(code_fd)
    module = beside.solution(candidate)
    try:
        if not candidate.later:
            program.run_source(candidate.code, module, "<candidate>")
    except BaseException as error:  # noqa: BLE001
        program.write_verdict(verdict_fd, {"outcome": "error", "error": program.describe(error)})
        program.show(error)
        sys.stdout.flush()
        return 1
    verdict = judge_by(memory.replaced() or memory.imports_changed())
    if verdict is None:
        order = load(program.read_all(tests_fd))
        verdict = run(order, vars(module), clean, memory)
        verdict = judge_by(memory.replaced()) or {**verdict, "nonce": order["nonce"]}
    sys.stdout.flush()
    write(verdict_fd, verdict)
    return 0


def alone(tests_fd: int, verdict_fd: int) -> NoReturn:
    """Run what is no candidate's: a task's checker over an output, or its tests over a stub, to see what they do by themselves."""
    memory, clean = _kept.pop()
    order = marshal.loads(program.read_all(tests_fd))  # noqa: S302  # what the user's process wrote
    verdict = stub.run(order, clean, memory) if "stub" in order else checker.run(order, clean)
    sys.stdout.flush()
    program.write_verdict(verdict_fd, {**verdict, "nonce": order["nonce"]})
    os._exit(0)


def _forged(replaced: str | None) -> dict[str, Any] | None:
    return None if replaced is None else {"outcome": "forged", "error": f"the candidate replaced {replaced}"}
