"""Forged verdicts: none passes, in either channel; those that only another process stops are stopped by the judged one."""

from __future__ import annotations

import pytest

from banditgen.result import FailureKind
from banditgen.sandbox.base import Sandbox
from banditgen.task import Task
from banditgen.testing.attacks import FORGERIES, SHARED_OBJECTS, TESTS
from tests.sandbox.forgeries import COOPERATIVE_FORGERIES, PATCHED_LIBRARY

JUDGED = Task("f", tests=TESTS, channel="judged")
COOPERATIVE = Task("f", tests="import sys\n" + TESTS)
PYTEST = Task("f", tests="def test_f():\n    assert f(1) == 2\n    assert f(2) == 3\n")
PYTEST_COOPERATIVE = Task("f", tests="import sys\nfrom solution import f\ndef test_f():\n    assert f(1) == 2\n    assert f(2) == 3\n")
GOOD = "def f(n): return n + 1"


def of_pytest(name: str) -> bool:
    """Worth pytest's slow start."""
    return any(word in name for word in ("pytest", "conftest", "Skip", "replaced", "exit", "killing", "patch"))


@pytest.mark.slow
@pytest.mark.parametrize("name", FORGERIES)
def test_no_forgery_passes_the_judge(sandbox: Sandbox, name: str) -> None:
    for task in (JUDGED, PYTEST) if of_pytest(name) else (JUDGED,):
        run = sandbox.run(FORGERIES[name], task)
        assert not run.passed, name
        assert task is PYTEST or run.channel == "judged"
        assert run.failure is not None
        assert run.error
    assert sandbox.run(GOOD, JUDGED).passed


BESIDE = sorted(FORGERIES.keys() - SHARED_OBJECTS)


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.slow) if of_pytest(name) else name for name in BESIDE])
def test_no_forgery_passes_beside_its_tests(sandbox: Sandbox, name: str) -> None:
    for task in (COOPERATIVE, PYTEST_COOPERATIVE) if of_pytest(name) else (COOPERATIVE,):
        run = sandbox.run(FORGERIES[name], task)
        assert (run.passed, run.channel) == (False, "cooperative"), name
    assert sandbox.run(GOOD, COOPERATIVE).passed


@pytest.mark.parametrize("name", PATCHED_LIBRARY)
def test_a_changed_library_passes_no_tests(sandbox: Sandbox, name: str) -> None:
    code, tests = PATCHED_LIBRARY[name]
    task = Task("f", tests="import sys\n" + tests, entry_point="f")
    run = sandbox.run(code, task)
    assert (run.passed, run.channel, run.failure) == (False, "cooperative", FailureKind.REFUSED), run
    assert run.error is not None
    assert run.error.startswith("refused as forged: the candidate replaced ")
    assert not sandbox.run(code, Task("f", tests=tests, entry_point="f")).passed


def test_the_check_for_patches_can_be_patched(sandbox: Sandbox) -> None:
    """So nobody takes the check for more than it is."""
    assert sandbox.run(COOPERATIVE_FORGERIES["patching what looks for patches"], COOPERATIVE).passed


HONEST = {
    "a finder behind Python's": "import sys\nclass Finder:\n    def find_spec(self, *a): return None\nsys.meta_path.append(Finder())\n",
    "half of the library": (
        "import abc, asyncio, collections, csv, dataclasses, enum, functools, json, logging, random, re, string, typing, unittest\n"
        "random.seed(1)\nrandom.random()\nre.compile('a+')\nlogging.basicConfig()\nT = typing.TypeVar('T')\n"
        "class Box(collections.UserList, typing.Generic[T]):\n    def __eq__(self, other): return True\n"
        "class Color(enum.Enum):\n    RED = 1\n@functools.singledispatch\ndef g(x): ...\n"
        "collections.abc.Sized.register(Color)\njson.dumps([1], default=str)\ntyping.get_type_hints(Box)\n"
        "class T(unittest.TestCase):\n    def test(self): self.assertEqual(1, 1)\n"
        "unittest.TextTestRunner().run(unittest.defaultTestLoader.loadTestsFromTestCase(T))\n"
    ),
    "a module of its own": "import sys, types\nsys.modules['helpers'] = types.ModuleType('helpers')\n",
}


@pytest.mark.parametrize("name", HONEST)
def test_honest_use_of_the_library_is_no_forgery(sandbox: Sandbox, name: str) -> None:
    for task in (COOPERATIVE, PYTEST_COOPERATIVE):
        run = sandbox.run(HONEST[name] + GOOD, task)
        assert run.passed, run.error


@pytest.mark.parametrize("name", COOPERATIVE_FORGERIES)
def test_what_no_shared_interpreter_can_stop_is_stopped_by_the_judge(sandbox: Sandbox, name: str) -> None:
    assert not sandbox.run(COOPERATIVE_FORGERIES[name], JUDGED).passed
    assert sandbox.run(GOOD, JUDGED).passed


def test_a_program_s_exit_code_is_no_verdict(sandbox: Sandbox) -> None:
    task = Task("f", examples=[("1\n", "2\n")])
    for name, code in FORGERIES.items():
        assert not sandbox.run(code, task).passed, name


@pytest.mark.slow
@pytest.mark.parametrize("interrupt", ["KeyboardInterrupt", "SystemExit(0)"])
def test_an_interrupt_ends_no_parametrised_test_early(sandbox: Sandbox, interrupt: str) -> None:
    """One case passes, then the candidate raises what ends a session: that is no pass in either channel."""
    tests = "import pytest\n@pytest.mark.parametrize('n', [1, 2, 3])\ndef test_f(n):\n    assert f(n) == n + 1\n"
    code = f"def f(n):\n    if n > 1: raise {interrupt}\n    return n + 1\n"
    for extra in ("", "class_of = f.__class__\n"):  # the second needs the candidate's own objects: cooperative
        assert not sandbox.run(code, Task("f", tests=tests + extra, entry_point="f")).passed
