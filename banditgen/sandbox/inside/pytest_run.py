"""Pytest inside a job: over the candidate itself, or, in the judge's process, over proxies for it."""

from __future__ import annotations

import os
import sys
import types
import unittest
from collections.abc import Generator
from pathlib import Path
from typing import Any

from banditgen.sandbox.inside import asserts, places, pristine, program

FILE = Path("/test_candidate.py")  # a name for the tests, which are in memory alone; no folder of this name is ever read
NAME = "test_candidate"
FRAMEWORK = ("pytest", "_pytest", "pluggy", "iniconfig", "packaging", "pygments")


def run(order: dict[str, Any], names: dict[str, Any], memory: pristine.Memory | None = None, watch: Any = None) -> dict[str, Any]:
    """Run a pytest file with the candidate's names in reach of its tests; `memory` is given beside a candidate, `watch` over a stub.

    Returns:
        The verdict: passed when every test that pytest found came to its end, at least one of them ran, and none failed. A test that
        the tests themselves skip or expect to fail is none that failed; one that the candidate's code skips is.

    """
    if memory is not None:
        _clear_the_way(memory)
    sys.path.extend(order["paths"])
    try:
        import pytest  # noqa: PLC0415  # loaded here alone: few jobs need it, and it is slow
    except ImportError:
        return {"outcome": "no_pytest", "error": "pytest is not installed beside banditgen: pip install pytest"}
    for name in [name for name in os.environ if name.startswith("PYTEST")]:
        del os.environ[name]
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    for wrapper in (Watcher.pytest_runtest_makereport, Watcher.pytest_make_collect_report):
        pytest.hookimpl(wrapper=True)(wrapper)
    watcher = Watcher(order, names, beside_candidate=memory is not None, watch=watch)
    arguments = ["-q", "-p", "no:cacheprovider", "-p", "no:faulthandler", "--noconftest", "-c", os.devnull]
    arguments += ["--rootdir", "/", "--confcutdir", "/", "--tb=short", "--color=no"]
    framework = pristine.entries_of(sorted(name for name in sys.modules if name.partition(".")[0] in FRAMEWORK)) if memory else ()
    status = pytest.main(arguments, plugins=[watcher])
    replaced = pristine.replaced_in(framework)
    if replaced is not None:
        return {"outcome": "forged", "error": f"the candidate replaced {replaced}"}
    if status == pytest.ExitCode.INTERRUPTED and not watcher.problem:
        return {"outcome": "error", "error": "the tests were interrupted before their end"}
    return watcher.verdict()


def _clear_the_way(memory: pristine.Memory) -> None:
    """Have the import of pytest find pytest, and nothing of what the candidate has loaded or put there."""
    for name in tuple(sys.modules):
        if name.partition(".")[0] in FRAMEWORK:
            del sys.modules[name]
    sys.meta_path[:] = memory.finders
    sys.path_hooks[:] = memory.hooks
    sys.path[:] = memory.path
    sys.path_importer_cache.clear()


def _no_main(*_: Any, **__: Any) -> None:
    """What `unittest.main()` at the end of a test file does here."""


class Watcher:
    """A pytest plugin that has pytest run tests from memory, gives them the candidate's names, and remembers what happened.

    Args:
        order: the tests, and the names that they bind ("own") and use ("used"): a mark, a fixture or a hook of pytest's among the
            candidate's others would have a say in how it is tested.
        names: the candidate's.
        beside_candidate: whether these are the candidate's own objects, which may raise what pytest takes for a skip.
        watch: what sees the tests touch a stub.

    """

    def __init__(self, order: dict[str, Any], names: dict[str, Any], *, beside_candidate: bool, watch: Any) -> None:
        self._order = order
        self._candidate = names
        self._own = frozenset(order["own"])
        self._used = frozenset(order["used"])
        self._beside = beside_candidate
        self._watch = watch
        self._code = asserts.compiled(order["tests"])
        self._places = places.Places(self._code)
        self._collected = 0
        self._said = ""
        self._left: dict[str, str] = {}
        self.problem: tuple[str, str] | None = None

    def pytest_collection(self, session: Any) -> bool:
        """Collect the tests, and nothing else: pytest itself would look at folders, in which a candidate may have put a package."""
        module = self._module(session)
        hook = session.config.hook
        try:
            session.items = list(session.genitems(module))
            hook.pytest_collection_modifyitems(session=session, config=session.config, items=session.items)
        finally:
            hook.pytest_collection_finish(session=session)
        session.testscollected = self._collected = len(session.items)
        return True

    def _module(self, session: Any) -> Any:
        import pytest  # noqa: PLC0415

        watcher = self

        class Module(pytest.Module):
            def _getobj(self) -> types.ModuleType:
                return watcher.load()

        return Module.from_parent(session, path=FILE, nodeid=FILE.name)

    def load(self) -> types.ModuleType:
        """The test module, executed, with those of the candidate's names in it that it uses."""
        module = sys.modules[NAME] = types.ModuleType(NAME)
        module.__file__ = str(FILE)
        used = {name: value for name, value in self._candidate.items() if name in self._used and not name.startswith("__")}
        vars(module).update({} if self._order["star"] else used)  # where they import `*`, what it gives is all that they have
        main, unittest.main = unittest.main, _no_main  # type: ignore[assignment]  # pytest runs the tests, and leaves when they are done
        try:
            program.run_code(self._code, module, self._order["tests"])
        finally:
            unittest.main = main
        known = self._own | self._used
        for name in [name for name in vars(module) if name not in known and not name.startswith("__")]:
            del vars(module)[name]  # from the candidate's `*`
        return module

    def pytest_pycollect_makeitem(self, collector: Any, name: str) -> list[Any] | None:
        """Take no test from among the candidate's names."""
        return [] if type(collector).__name__ == "Module" and name not in self._own else None

    def pytest_runtest_setup(self) -> None:
        """Judge each test over a stub for itself."""
        if self._watch is not None:
            self._watch.forget()

    def pytest_runtest_makereport(self, item: Any, call: Any) -> Generator[None, Any, Any]:
        """See whose a skip is, before pytest turns it into another and after."""
        lasting = call.when == "setup"  # what is set up for several tests fails for all of them
        self._see(item.nodeid, call.excinfo, lasting=lasting)
        report = yield
        self._see(item.nodeid, call.excinfo, lasting=lasting)
        if report.failed and call.excinfo is not None:
            self._said = program.describe(call.excinfo.value, values=self._watch is None)
        return report

    def pytest_make_collect_report(self, collector: Any) -> Generator[None, Any, Any]:
        """See whose a skip of the whole file is."""
        report: Any = yield
        self._see(collector.nodeid, report.call.excinfo)
        return report

    def _see(self, nodeid: str, caught: Any, *, lasting: bool = False) -> None:
        import pytest  # noqa: PLC0415

        if caught is None:
            return
        error, left = caught.value, (pytest.skip.Exception, pytest.xfail.Exception, unittest.SkipTest)
        if self._watch is not None:
            self._watch.see(error, self._places.of(error), lasting=lasting)
        elif self._beside and isinstance(error, left) and not self._is_own(error):
            self._note("wrong", f"the candidate raised {type(error).__name__} in {nodeid}")

    def _is_own(self, error: BaseException) -> bool:
        """Whether it is the tests that leave a test early: by a mark, or where their own text says so."""
        for part in (error, error.__context__):
            found = self._places.of(part)
            if found:
                return places.innermost(found, self._order["skips"])
        return True

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Note one phase of one test."""
        if report.failed:
            crash = getattr(getattr(report.longrepr, "reprcrash", None), "message", "") or str(report.longrepr)
            wrong = report.when == "call" and crash.startswith(("AssertionError", "assert", "Failed"))
            self._note("wrong" if wrong else "error", self._said if crash.strip() == "AssertionError" else crash)
        elif report.when == "call" or report.skipped:
            ran = report.passed or hasattr(report, "wasxfail")
            self._left[report.nodeid] = "" if ran else _reason(report.longrepr)

    def pytest_collectreport(self, report: Any) -> None:
        """Note that the file could not be collected."""
        if report.failed:
            lines = [line for line in str(report.longrepr).splitlines() if line.strip()]
            self._note("error", lines[-1].removeprefix("E").strip() if lines else "not collected")
        elif report.skipped:
            self._left[report.nodeid] = _reason(report.longrepr)

    def _note(self, outcome: str, text: str) -> None:
        if self.problem is None and not (self._watch is not None and self._watch.touched):
            self.problem = (outcome, (text.strip().splitlines() or [""])[0][: program.ERROR_CHARACTERS])

    def verdict(self) -> dict[str, Any]:
        """What it all comes to."""
        if self.problem is not None:
            return {"outcome": self.problem[0], "error": self.problem[1], "untouched": self._watch is not None}
        if len(self._left) < self._collected:
            return {"outcome": "wrong", "error": f"{len(self._left)} of {self._collected} tests ran to their end"}
        if not self._left and self._order["script"]:
            return {"outcome": "passed"}  # a script that uses pytest's names: it has run
        skipped = [reason for reason in self._left.values() if reason]
        if len(skipped) == len(self._left):
            return {"outcome": "skipped", "error": f"every test is skipped: {skipped[0]}" if skipped else "there is no test"}
        return {"outcome": "passed"}


def _reason(longrepr: Any) -> str:
    """Why something was skipped; never empty."""
    text = longrepr[2] if isinstance(longrepr, tuple) else longrepr
    return str(text or "").removeprefix("Skipped: ") or "no reason given"
