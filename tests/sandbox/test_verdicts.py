"""What passes, what fails, and as which kind, for each way of giving tests."""

from __future__ import annotations

import pytest

from banditgen.result import FailureKind
from banditgen.sandbox.base import Execution, Sandbox
from banditgen.task import Task

ADD = "def add(a, b):\n    return a + b\n"
ASSERTS = "assert add(1, 2) == 3\nassert add('a', 'b') == 'ab'"
CHECK = "def check(candidate):\n    assert candidate(1, 2) == 3\n"
PYTEST = """
import pytest
from solution import add

@pytest.mark.parametrize("n", [1, 2])
def test_add(n):
    assert add(n, 1) == n + 1
"""
COOPERATIVE = "import sys\n" + ASSERTS


@pytest.mark.parametrize("tests", [ASSERTS, CHECK, CHECK + "check(add)", PYTEST, COOPERATIVE, "import sys" + PYTEST])
def test_a_right_candidate_passes_and_a_wrong_one_does_not(sandbox: Sandbox, tests: str) -> None:
    task = Task("add", tests=tests, entry_point="add")
    right = sandbox.run(ADD, task)
    assert (right.passed, right.verified, right.failure, right.error) == (True, True, None, None)
    wrong = sandbox.run(ADD.replace("+", "-"), task)
    assert (wrong.passed, wrong.failure) == (False, FailureKind.WRONG)
    broken = sandbox.run("def add(a, b) return 1", task)
    assert (broken.passed, broken.failure) == (False, FailureKind.ERROR)
    assert broken.error is not None
    assert broken.error.startswith("SyntaxError")
    raising = sandbox.run("def add(a, b):\n    raise KeyError('x')", task)
    assert (raising.failure, raising.error) == (FailureKind.ERROR, "KeyError: 'x'")
    missing = sandbox.run("def sub(a, b): ...", task)
    assert missing.failure is FailureKind.ERROR


def test_the_channel_follows_from_the_tests(sandbox: Sandbox) -> None:
    assert sandbox.run(ADD, Task("add", tests=ASSERTS)).channel == "judged"
    assert sandbox.run(ADD, Task("add", tests=COOPERATIVE)).channel == "cooperative"


def test_a_program_is_compared_line_by_line_without_trailing_space(sandbox: Sandbox) -> None:
    task = Task("double", examples=[("2\n", "4"), ("3\n", "6\n")])
    assert sandbox.run("print(int(input()) * 2, '\\n')", task).passed
    wrong = sandbox.run("print(4)", task)
    assert (wrong.failure, wrong.error) == (FailureKind.WRONG, "line 1 of the output is '4', not '6'")
    assert sandbox.run("print(int(input()) * 2); raise SystemExit(3)", task).failure is FailureKind.ERROR


def test_without_tests_a_clean_run_passes_unverified(sandbox: Sandbox) -> None:
    task = Task("anything")
    clean = sandbox.run("if __name__ == '__main__':\n    print('hello')", task)
    assert (clean.passed, clean.verified, clean.stdout) == (True, False, "hello\n")
    assert sandbox.run("1 / 0", task).error == "ZeroDivisionError: division by zero"


@pytest.mark.parametrize("tests", [ASSERTS, COOPERATIVE])
@pytest.mark.parametrize("way_out", ["import os; os._exit(0)", "import sys; sys.exit(0)", "raise SystemExit", "print('1 passed')"])
def test_leaving_early_is_no_pass(sandbox: Sandbox, tests: str, way_out: str) -> None:
    """Exit codes and printed text count for nothing."""
    assert not sandbox.run(way_out, Task("add", tests=tests)).passed
    assert not sandbox.run(f"def add(a, b):\n    {way_out}\n", Task("add", tests=tests)).passed


def test_measures_come_from_outside(sandbox: Sandbox) -> None:
    code = "import time\nblock = bytearray(50 << 20)\nend = time.process_time() + 0.2\nwhile time.process_time() < end: pass"
    run: Execution = sandbox.run(code, Task("work"))
    assert run.passed
    assert 0.2 <= run.cpu_seconds <= 2
    assert run.wall_seconds >= 0.2
    assert 45 << 20 <= run.peak_memory_bytes <= 80 << 20


def test_a_deadline_is_a_timeout(sandbox: Sandbox) -> None:
    run = sandbox.run("while True: pass", Task("loop", limits={"wall_seconds": 0.3}))
    assert (run.failure, run.limit) == (FailureKind.TIMEOUT, "wall")


@pytest.mark.parametrize("name", ["exit", "quit"])
def test_a_program_may_leave_as_one_does_at_the_prompt(sandbox: Sandbox, name: str) -> None:
    task = Task("next", examples=[("1\n", "2\n"), ("5\n", "6\n")])
    assert sandbox.run(f"print(int(input()) + 1); {name}()", task).passed
    assert sandbox.run(f"print(int(input())); {name}()", task).failure is FailureKind.WRONG
    assert sandbox.run(f"print(int(input()) + 1); {name}(1)", task).failure is FailureKind.ERROR
    assert not sandbox.run(f"{name}()", Task("add", tests=COOPERATIVE)).passed
    assert sandbox.run("assert callable(help) and callable(copyright) and callable(license)", Task("any")).passed
