"""Pytest inside a job: over the candidate itself, or, in the judge's process, over proxies for it."""

from __future__ import annotations

import ast
import os
import sys
import types
import unittest
from typing import Any

from banditgen.sandbox.inside import pristine, program, rootfs

FILE = "test_candidate.py"
FRAMEWORK = ("pytest", "_pytest", "pluggy", "iniconfig")
SHARED = ("packaging", "pygments")  # which a candidate may have loaded for itself


def run(order: dict[str, Any], names: dict[str, Any], memory: pristine.Memory | None = None) -> dict[str, Any]:
    """Run a pytest file with the candidate's names in reach of its tests; `memory` is given beside a candidate.

    Returns:
        The verdict: passed when every test function that stands in the file was run, at least one passed, and nothing
        failed or was skipped while it ran.

    """
    if memory is not None:
        early = _clear_the_way(memory)
        if early is not None:
            return {"outcome": "forged", "error": f"the candidate loaded {early} before the tests did"}
    sys.path.extend(map(rootfs.shown_at, order["paths"]))
    try:
        import pytest  # noqa: PLC0415  # loaded here alone: few jobs need it, and it is slow
    except ImportError:
        return {"outcome": "no_pytest", "error": "pytest is not installed beside banditgen: pip install pytest"}
    # pytest wants a file, but a candidate in another process could read or replace it: the tests stay in memory
    with open(FILE, "w", encoding="utf-8"):
        pass
    watcher = Watcher(order["tests"], names)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    arguments = [
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:faulthandler",
        "--noconftest",
        "-c",
        os.devnull,
        "--rootdir",
        ".",
        "--confcutdir",
        ".",
        FILE,
    ]
    framework = pristine.entries_of(sorted(name for name in sys.modules if name.partition(".")[0] in FRAMEWORK)) if memory else ()
    status = pytest.main([*arguments, "--tb=short", "--color=no"], plugins=[watcher])
    replaced = pristine.replaced_in(framework)
    if replaced is not None:
        return {"outcome": "forged", "error": f"the candidate replaced {replaced}"}
    if status == pytest.ExitCode.INTERRUPTED:
        return {"outcome": "error", "error": "the tests were interrupted before their end"}
    return watcher.verdict(expected=_count(order["tests"]))


def _clear_the_way(memory: pristine.Memory) -> str | None:
    """Have the import of pytest find pytest, and nothing of the candidate's; names what the candidate has already put there."""
    for name in tuple(sys.modules):
        if name.partition(".")[0] in FRAMEWORK:
            return name
        if name.partition(".")[0] in SHARED:
            del sys.modules[name]
    sys.meta_path[:] = memory.finders
    sys.path_hooks[:] = memory.hooks
    sys.path[:] = memory.path
    sys.path_importer_cache.clear()
    return None


def _no_main(*_: Any, **__: Any) -> None:
    """What `unittest.main()` at the end of a test file does here."""


def _count(tests: str) -> int:
    """How many test functions stand in the file where pytest looks for them; parametrised ones run more often, never less.

    Those are the module's own, and of a class the methods where it is called `Test…` or is a `TestCase`; a helper's are not.
    """
    body = ast.parse(tests).body
    classes = {node.name: node for node in body if isinstance(node, ast.ClassDef)}
    collected = [node for node in classes.values() if _is_collected(node, classes)]
    return sum(map(_is_test, body)) + sum(_is_test(item) for node in collected for item in node.body)


def _is_test(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test")


def _is_collected(node: ast.ClassDef, classes: dict[str, ast.ClassDef]) -> bool:
    """Whether pytest looks for tests in a class: as a TestCase, or by its name where it has no `__init__`."""
    initialised = any(isinstance(item, ast.FunctionDef) and item.name == "__init__" for item in node.body)
    return _is_case(node, classes) or (node.name.startswith("Test") and not initialised)


def _is_case(node: ast.ClassDef, classes: dict[str, ast.ClassDef]) -> bool:
    """Whether a class is a TestCase, itself or by way of another in the file; what else it may derive from is not known."""
    others = {name: other for name, other in classes.items() if other is not node}
    bases = [base.attr if isinstance(base, ast.Attribute) else base.id for base in node.bases if isinstance(base, ast.Attribute | ast.Name)]
    return any(base.endswith("TestCase") or (base in others and _is_case(others[base], others)) for base in bases)


class Watcher:
    """A pytest plugin that gives test modules the candidate's names, and remembers what happened."""

    def __init__(self, tests: str, names: dict[str, Any]) -> None:
        self._tests = tests
        self._names = names
        self._passed = 0
        self._skipped_before = 0
        self._problem: tuple[str, str] | None = None

    def pytest_pycollect_makemodule(self, module_path: Any, parent: Any) -> Any:
        """Put the candidate's names into the test module before it is executed."""
        import pytest  # noqa: PLC0415

        names = {name: value for name, value in self._names.items() if not name.startswith("__")}
        tests = self._tests

        class Module(pytest.Module):
            def _getobj(self) -> types.ModuleType:
                module = types.ModuleType("test_candidate")
                vars(module).update(names)
                sys.modules["test_candidate"] = module
                main = unittest.main
                unittest.main = _no_main  # type: ignore[assignment]  # pytest runs the tests, and leaves when they are done
                try:
                    program.run_source(tests, module, "<tests>")
                finally:
                    unittest.main = main
                return module

        return Module.from_parent(parent, path=module_path)

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Note one phase of one test."""
        if report.failed:
            crash = getattr(getattr(report.longrepr, "reprcrash", None), "message", "") or str(report.longrepr)
            wrong = report.when == "call" and crash.startswith(("AssertionError", "assert", "Failed"))
            self._note("wrong" if wrong else "error", crash)
        elif report.when == "call":
            if report.passed and not hasattr(report, "wasxfail"):
                self._passed += 1
            else:
                self._note("wrong", f"{report.nodeid} was skipped while it ran")
        elif report.skipped:
            self._skipped_before += 1

    def pytest_collectreport(self, report: Any) -> None:
        """Note that the file could not be collected."""
        if report.failed or report.skipped:
            lines = [line for line in str(report.longrepr).splitlines() if line.strip()]
            self._note("error", lines[-1].removeprefix("E").strip() if lines else "not collected")

    def _note(self, outcome: str, text: str) -> None:
        if self._problem is None:
            self._problem = (outcome, (text.strip().splitlines() or [""])[0])

    def verdict(self, *, expected: int) -> dict[str, Any]:
        """What it all comes to."""
        if self._problem is not None:
            return {"outcome": self._problem[0], "error": self._problem[1][: program.ERROR_CHARACTERS]}
        if not self._passed or self._passed + self._skipped_before < expected:
            return {"outcome": "wrong", "error": f"{self._passed} of {expected} tests ran to their end"}
        return {"outcome": "passed"}
