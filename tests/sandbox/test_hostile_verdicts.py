"""Forged verdicts: none passes, in either channel; those that only another process stops are stopped by the judged one."""

from __future__ import annotations

import pytest

from banditgen.sandbox.base import Sandbox
from banditgen.task import Task
from banditgen.testing.attacks import COOPERATIVE_FORGERIES, FORGERIES, SHARED_OBJECTS, TESTS

JUDGED = Task("f", tests=TESTS, channel="judged")
COOPERATIVE = Task("f", tests="import sys\n" + TESTS)
PYTEST = Task("f", tests="def test_f():\n    assert f(1) == 2\n    assert f(2) == 3\n")
PYTEST_COOPERATIVE = Task("f", tests="import sys\nfrom solution import f\ndef test_f():\n    assert f(1) == 2\n    assert f(2) == 3\n")
OF_PYTEST = ("pytest", "conftest", "Skip", "replaced", "exit", "killing")  # worth pytest's slow start
GOOD = "def f(n): return n + 1"


@pytest.mark.parametrize("name", FORGERIES)
def test_no_forgery_passes_the_judge(sandbox: Sandbox, name: str) -> None:
    for task in (JUDGED, PYTEST) if any(word in name for word in OF_PYTEST) else (JUDGED,):
        run = sandbox.run(FORGERIES[name], task)
        assert (run.passed, run.channel) == (False, "judged"), name
        assert run.failure is not None
        assert run.error
    assert sandbox.run(GOOD, JUDGED).passed


@pytest.mark.parametrize("name", sorted(FORGERIES.keys() - SHARED_OBJECTS))
def test_no_forgery_passes_beside_its_tests(sandbox: Sandbox, name: str) -> None:
    for task in (COOPERATIVE, PYTEST_COOPERATIVE) if any(word in name for word in OF_PYTEST) else (COOPERATIVE,):
        run = sandbox.run(FORGERIES[name], task)
        assert (run.passed, run.channel) == (False, "cooperative"), name
    assert sandbox.run(GOOD, COOPERATIVE).passed


@pytest.mark.parametrize("name", COOPERATIVE_FORGERIES)
def test_what_no_shared_interpreter_can_stop_is_stopped_by_the_judge(sandbox: Sandbox, name: str) -> None:
    assert not sandbox.run(COOPERATIVE_FORGERIES[name], JUDGED).passed
    assert sandbox.run(GOOD, JUDGED).passed


def test_a_program_s_exit_code_is_no_verdict(sandbox: Sandbox) -> None:
    task = Task("f", examples=[("1\n", "2\n")])
    for name, code in FORGERIES.items():
        assert not sandbox.run(code, task).passed, name
