"""The program that runs a candidate under its tests and has coverage count its lines: sent into the sandbox as source.

It imports nothing of banditgen: there is none where it runs.
"""

from __future__ import annotations

import ast
import contextlib
import io
import json
import os
import pathlib
import sys
import types
from typing import Any

NAME = "measured_candidate.py"
TESTS = "test_measured.py"


def main(order: dict[str, Any]) -> None:
    """Run it, and print the order's mark, then the numbers of lines that could run and that did."""
    import coverage  # noqa: PLC0415 - only where it runs

    place = pathlib.Path.cwd() / NAME
    place.write_text(order["code"], encoding="utf-8", errors="surrogatepass")
    sys.path.insert(0, str(place.parent))
    told = os.dup(1)
    watch = coverage.Coverage(data_file=None, config_file=False, include=[str(place)], messages=False)
    watch.exclude("(?!)", "exclude")
    watch.clear_exclude()  # a candidate's comments don't take out what they please
    watch.start()
    try:
        _run(order, compile(order["code"], str(place), "exec", dont_inherit=True))
    except BaseException as error:  # noqa: BLE001 - the verdict was given before; what has run has run
        del error
    finally:
        watch.stop()
    _, lines, _, missing, _ = watch.analysis2(str(place))
    os.write(told, f"\n{order['mark']} {json.dumps([len(lines), len(lines) - len(missing)])}\n".encode())


def _run(order: dict[str, Any], code: types.CodeType) -> None:
    if order["kind"] == "stdio":
        for stdin in order["stdins"]:
            _run_program(code, stdin)
        return
    sys.stdout = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    module = types.ModuleType("solution")
    module.__file__ = code.co_filename
    for name in order["modules"]:
        _name(module, name)
    exec(code, vars(module))  # noqa: S102 - what a sandbox is for
    if order["kind"] == "pytest":
        _run_pytest(order["tests"])
        return
    script = types.ModuleType("__main__")
    sys.modules["__main__"] = script
    vars(script).update({key: value for key, value in vars(module).items() if not key.startswith("__")})
    exec(compile(order["tests"], "<tests>", "exec", dont_inherit=True), vars(script))  # noqa: S102
    if order["call_check"]:
        vars(script)["check"](vars(script)[order["entry_point"]])


def _name(module: types.ModuleType, name: str) -> None:
    """Have a module imported under a name, a dotted one too."""
    sys.modules[name] = module
    above, _, last = name.rpartition(".")
    if above:
        if above not in sys.modules:
            package = types.ModuleType(above)
            package.__path__ = []
            _name(package, above)
        setattr(sys.modules[above], last, module)


def _run_program(code: types.CodeType, stdin: str) -> None:
    module = sys.modules["__main__"] = types.ModuleType("__main__")
    sys.stdin = io.TextIOWrapper(io.BytesIO(stdin.encode("utf-8", "surrogatepass")), encoding="utf-8")
    sys.stdout = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with contextlib.suppress(SystemExit):
        exec(code, vars(module))  # noqa: S102


def _run_pytest(tests: str) -> None:
    """Run a test file in which the candidate's names are there without an import, unless they are tests' own."""
    import pytest  # noqa: PLC0415

    tree = ast.parse(tests)
    first = max((node.end_lineno or 0 for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == "__future__"), default=0)
    lines = tests.splitlines(keepends=True)
    names = "globals().update({k: v for k, v in vars(__import__('solution')).items() if not k.startswith(('__', 'test', 'Test'))})\n"
    pathlib.Path(TESTS).write_text("".join([*lines[:first], names, *lines[first:]]), encoding="utf-8")
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    pytest.main(["-q", "-p", "no:cacheprovider", "-p", "no:faulthandler", "--noconftest", "-c", os.devnull, "--rootdir", ".", TESTS])
