"""What passes, what fails, and as which kind, for each way of giving tests."""

from __future__ import annotations

import pytest

from banditgen.errors import TaskError
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


@pytest.mark.slow
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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "tests"),
    [
        ("def main(): raise SystemExit(0)", "main()\nassert f(1) == 2"),
        ("class App:\n    def exit(self): raise SystemExit(0)", "app = App()\napp.exit()\nassert f(1) == 2"),
        ("import sys\nclass App:\n    exit = staticmethod(sys.exit)", "import os\napp = App()\napp.exit()\nassert f(1) == 2"),
        ("import sys\nleave = sys.exit", "bye = leave\nbye(0)\nassert f(1) == 2"),
        ("import sys\nleave = sys.exit", "from solution import leave as exit, f\nexit(0)\nassert f(1) == 2"),
        (
            "import pytest\ndef skip(n): pytest.skip('no')",
            "def test_a():\n    skip(1)\n    assert f(1) == 2\ndef test_b():\n    assert f(2) == 2",
        ),
    ],
)
def test_what_is_called_like_an_exit_and_is_the_candidate_s_is_none(sandbox: Sandbox, code: str, tests: str) -> None:
    for first in ("", "import sys\n"):
        run = sandbox.run(f"{code}\ndef f(n): return 2 * (n > 1)", Task("f", tests=first + tests))
        assert not run.passed, run.channel


def test_an_imported_star_gives_what_python_has_it_give(sandbox: Sandbox) -> None:
    """`__all__`, or all names without an underscore before them."""
    for first in ("", "import os\n"):
        task = Task("f", tests=f"{first}from solution import *\nassert f(1) == 2 and _helper(2) == 4")
        code = "def f(n): return n + 1\ndef _helper(n): return 2 * n\n"
        assert sandbox.run(code + "__all__ = ['f', '_helper']", task).passed
        assert "_helper" in (sandbox.run(code, task).error or "")
        assert "'f'" in (sandbox.run(code + "__all__ = ['_helper']", task).error or "")
        assert "no attribute 'g'" in (sandbox.run(code + "__all__ = ['f', '_helper', 'g']", task).error or "")


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


@pytest.mark.slow
@pytest.mark.parametrize("end", ["", "unittest.main()", "main(verbosity=2)", "if __name__ == '__main__':\n    unittest.main()"])
@pytest.mark.parametrize("base", ["unittest.TestCase", "TestCase", "Case"])
@pytest.mark.parametrize("first", ["", "import sys\n"])
def test_unittest_cases_of_any_name_are_tests(sandbox: Sandbox, end: str, base: str, first: str) -> None:
    tests = (
        f"{first}import unittest\nfrom unittest import TestCase, TestCase as Case, main\nclass Adding({base}):\n"
        f"    def test_add(self):\n        self.assertEqual(add(1, 2), 3)\n{end}\n"
    )
    task = Task("add", tests=tests)
    assert task.kind == "pytest"
    right = sandbox.run(ADD, task)
    assert right.passed, right.error
    assert right.channel == ("cooperative" if first else "judged")
    assert sandbox.run(ADD.replace("+", "-"), task).failure is FailureKind.WRONG
    assert not sandbox.run(ADD.replace("+", "-") + "import unittest\nunittest.TestCase.assertEqual = lambda *a: None\n", task).passed


@pytest.mark.parametrize(
    ("code", "limit"),
    [
        ("raise ValueError('MemoryError')", None),
        ('raise ValueError("can\'t start new thread")', None),
        ("raise ValueError('OSError: [Errno 28]')", None),
        ("raise BlockingIOError(11, 'Resource temporarily unavailable')", None),
        ("x = bytes(8 << 30)", "memory"),
        ("import os\ndef f(): os.fork()\nraise BlockingIOError(11, 'Resource temporarily unavailable')", "processes"),
    ],
)
def test_a_limit_is_named_by_the_kind_of_exception_and_not_by_its_text(sandbox: Sandbox, code: str, limit: str | None) -> None:
    run = sandbox.run(code, Task("any"))
    assert (run.limit, run.failure) == (limit, FailureKind.REFUSED if limit else FailureKind.ERROR)
    assert sandbox.run("raise ValueError('PermissionError: [Errno 1]')", Task("any")).failure is FailureKind.ERROR


def test_a_small_disk_leaves_the_output_alone(sandbox: Sandbox) -> None:
    task = Task("print", examples=[("", "x" * 50_000)], limits={"disk_bytes": 1000})
    assert sandbox.run("print('x' * 50_000)", task).passed
    assert sandbox.run("print('x' * 49_999)", task).failure is FailureKind.WRONG
    assert sandbox.run("open('file', 'w').write('x' * 50_000)\nprint('x' * 50_000)", task).limit == "disk"


@pytest.mark.parametrize(
    ("wanted", "printed", "same"),
    [
        ("a\nb\nc", b"a\r\nb \r\nc\r\n", True),
        ("a\nb\nc", b"a\x0cb\nc", False),
        ("a\nb\nc", "a\u2028b\u2028c".encode(), False),
        ("a\x0cb\u2028c", "a\x0cb\u2028c\n".encode(), True),
        ("\ufffd", b"\xff", False),
        ("\ufffd", "\ufffd".encode(), True),
    ],
)
def test_lines_end_with_newlines_alone_and_bytes_that_are_no_text_equal_none(
    sandbox: Sandbox, wanted: str, printed: bytes, same: bool
) -> None:
    run = sandbox.run(f"import os; os.write(1, {printed!r})", Task("print", examples=[("", wanted)]))
    assert run.passed is same
    assert run.failure is (None if same else FailureKind.WRONG)


@pytest.mark.parametrize("code", [None, 5, b""])
def test_code_that_is_no_text_is_a_clear_error(sandbox: Sandbox, code: object) -> None:
    with pytest.raises(TaskError, match=f"must be a string, not {type(code).__name__}"):
        sandbox.run(code, Task("any"))  # type: ignore[arg-type]


HELPERS = """
import unittest
from solution import f
class Helper:
    def test_value(self): return 2
class TestWithInit:
    def __init__(self): self.x = 1
    def test_no(self): assert False
class Base(unittest.TestCase):
    def make(self): return 1
class Derived(Base):
    def test_f(self): self.assertEqual(f(self.make()), Helper().test_value())
"""


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_methods_called_test_of_helper_classes_are_no_tests(sandbox: Sandbox) -> None:
    """What pytest does not collect is not waited for; what it does is."""
    assert sandbox.run("def f(n): return n + 1", Task("f", tests=HELPERS)).passed
    wrong = sandbox.run("def f(n): return n", Task("f", tests=HELPERS))
    assert (wrong.passed, wrong.failure) == (False, FailureKind.WRONG)
    cut = sandbox.run("def f(n): return n + 1", Task("f", tests=HELPERS + "\nraise SystemExit(0)"))
    assert not cut.passed
