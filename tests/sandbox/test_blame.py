"""Whose fault a failure is: a fault of the tests' own is found at `Task(…)`, or said as the task's."""

from __future__ import annotations

from typing import Any

import pytest

from banditgen.errors import TaskError
from banditgen.result import FailureKind
from banditgen.sandbox.base import Sandbox
from banditgen.task import Task

REFUSED = {
    "a syntax error": ("assert add(1, 2) == ", "do not parse: line 1"),
    "a top-level await": ("import asyncio\nassert await add(1, 2) == 3", "do not parse: line 2"),
    "a return outside of a function": ("return add(1, 2) == 3", "do not parse"),
    "a tuple": ("assert (add(1, 2) == 3, 'sum')", "line 1 of the tests asserts a tuple"),
    "a tuple in a test": ("def test_a():\n    assert (add(1, 2) == 3, 'sum')", "line 2 of the tests asserts a tuple"),
    "nothing asserted": ("print(add(1, 2))", "test nothing"),
    "a comparison": ("add(1, 2) == 3", "test nothing"),
    "a returned comparison": ("def test_a():\n    return add(1, 2) == 3", "test nothing"),
    "a true constant": ("add(1, 2)\nassert True", "test nothing"),
    "asserts in a function that nobody calls": ("def verify():\n    assert add(1, 2) == 3", "is never run"),
    "a coroutine in a TestCase": (
        "import unittest\nclass T(unittest.TestCase):\n    async def test_a(self):\n        self.assertEqual(add(1, 2), 3)",
        "use IsolatedAsyncioTestCase",
    ),
    "a missing package": ("import nowhere_to_be_found\nassert add(1, 2) == 3", r"packages=\['nowhere_to_be_found'\]"),
    "a missing package in a test": (
        "from solution import add\ndef test_a():\n    from elsewhere.x import y\n    assert add(1, 2) == y",
        "packages=",
    ),
    "an unknown module of the candidate's": ("from your_module import add\nassert add(1, 2) == 3", "module='your_module'"),
    "a relative import": ("from .solution import add\nassert add(1, 2) == 3", "without a dot"),
    "a name that was not imported": ("from solution import add\ndef test_a():\n    assert add(1, 2) == sub(5, 2)", "uses sub"),
    "a misspelt name": ("expected = 3\nassert add(1, 2) == expcted", "did you mean expected"),
    "a name out of nowhere": ("def test_a():\n    assert add(1, 2) == result", "uses result"),
    "a method of TestCase outside of one": ("assertEqual(add(1, 2), 3)", "inside a unittest.TestCase"),
    "nothing of the candidate's": ("assert 1 + 1 == 2", "nothing of the candidate's"),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_what_a_look_can_tell_is_refused_in_one_line(fault: str) -> None:
    tests, message = REFUSED[fault]
    with pytest.raises(TaskError, match=message) as caught:
        Task("p", tests=tests)
    assert "\n" not in str(caught.value)


def test_an_entry_point_that_the_tests_never_use_is_refused() -> None:
    with pytest.raises(TaskError, match="never use add"):
        Task("p", tests="assert ad(1, 2) == 3", entry_point="add")


@pytest.mark.parametrize(
    "tests",
    [
        "try:\n    import nowhere\nexcept ImportError:\n    nowhere = None\nassert f(1) == 2",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import nowhere\nassert f(1) == 2",
        "assert f(1) == 2 and LIMIT == 3",
        "from solution import *\nassert f(1) == 2 and g(2) == 3",
        "import solution\nassert solution.f(1) == 2",
        "import sys\nif f(1) != 2:\n    sys.exit('wrong')",
        "def verify(got):\n    if got != 2:\n        raise ValueError(got)\nverify(f(1))",
        "cases = [(1, 2)]\ndef run(cases):\n    for n, want in cases:\n        assert f(n) == want\nrun(cases)",
        "assert f(1) == total and total == 2",
        "import unittest\ndef test_a():\n    assert f(1) == 2\nif __name__ == '__main__':\n    test_a()",
        "with ignoring(ValueError):\n    int('x')",
        "try:\n    f(-1)\n    assert False, 'no error'\nexcept ValueError:\n    pass",
    ],
)
def test_what_may_be_right_is_not_refused(tests: str) -> None:
    assert Task("p", tests=tests).tests == tests


RIGHT = "def add(a, b): return a + b\n"
OWN: dict[str, tuple[str, dict[str, Any]]] = {
    "an error before the candidate is used": ("import json\ndata = json.loads('{')\nassert add(1, 2) == data", {}),
    "an error in one test of several": (
        "from solution import add\ndef test_a(): assert {}['sum'] == add(1, 2)\ndef test_b(): assert add(1, 2) == 3\n",
        {},
    ),
    "an error in a set up": (
        (
            "import unittest\nfrom solution import add\nclass T(unittest.TestCase):\n    def setUp(self): self.x = open('nowhere.json')\n"
            "    def test_a(self): self.assertEqual(add(1, 2), 3)\n"
        ),
        {},
    ),
    "a fixture that is not there": ("from solution import add\ndef test_a(numbers): assert add(*numbers) == 3\n", {}),
    "an assertion about something else": ("import sys\nassert sys.argv == []\nassert add(1, 2) == 3", {}),
    "all skipped": ("import pytest\nfrom solution import add\n@pytest.mark.skip\ndef test_a(): assert add(1, 2) == 3\n", {}),
    "all skipped for want of a package": (
        "import pytest\nx = pytest.importorskip('nowhere')\nfrom solution import add\ndef test_a(): assert add(1, 2) == 3\n",
        {},
    ),
    "a coroutine without a plugin": ("from solution import add\nasync def test_a():\n    assert add(1, 2) == 3\n", {}),
    "a module of the task's own that fails": ("from helper import x\nassert add(1, 2) == x", {"files": {"helper.py": "x = 1 / 0"}}),
    "a wrong key behind the candidate's call": ("expected = {1: 3}\nassert add(1, 2) == 3\nassert add(1, 2) == expected[2]", {}),
    "a wrong key in a method": (
        "import unittest\nclass T(unittest.TestCase):\n    def test_a(self):\n        x = [3]\n        self.assertEqual(add(1, 2), x[1])\n",
        {},
    ),
    "an error behind the candidate's call": ("assert add(1, 2) == 3\nraise RuntimeError('to do')", {}),
    "a wrong number of arguments in a helper": ("def want(a): return a\nassert want(1, 2) == add(1, 2)", {}),
}


@pytest.mark.slow
@pytest.mark.parametrize("fault", OWN)
def test_what_the_tests_do_by_themselves_is_the_tasks(sandbox: Sandbox, fault: str) -> None:
    """For a right candidate and a wrong one alike: neither is what it was decided by."""
    tests, more = OWN[fault]
    for code in (RIGHT, "def add(a, b): return a", "def add(a, b) return"):
        run = sandbox.run(code, Task("add", tests=tests, **more))
        assert (run.passed, run.failure, run.verified) == (False, FailureKind.TASK, False), run.error
        assert run.error
        assert run.error.startswith("the tests fail by themselves: ")


THEIRS = {
    "a missing function": ("assert add(1, 2) == 3", "def sub(a, b): return a"),
    "a missing function, imported": ("from solution import add\ndef test_a(): assert add(1, 2) == 3", "def sub(a, b): return a"),
    "an error of the candidate's": ("def test_a(): assert add(1, 2) == 3", "def add(a, b): return a / 0"),
    "an error in what the tests do with a result": ("assert add(1, 2).real == 3 and sorted(add(1, 2)) == []", RIGHT),
    "a missing exception": ("import pytest\nfrom solution import Full\ndef test_a():\n    with pytest.raises(Full): pass", "x = 1"),
    "an exception of its module's": (
        (
            "import unittest\nimport solution\nclass T(unittest.TestCase):\n    def test_a(self):\n"
            "        with self.assertRaises(solution.Full):\n            solution.add(1, 2)\n"
        ),
        "class Full(Exception): pass\ndef add(a, b): return a",
    ),
    "a missing constant": ("import json\nassert json.dumps(LIMITS) == '{}'", "LIMITS = {1, 2}"),
    "a base class": ("from solution import Base\nclass Mine(Base): pass\ndef test_a(): assert Mine().x == 1", "Base = 3"),
    "a type of a constant": ("import sys\nassert type(RATE) is float and sys", "RATE = 1"),
    "a swallowed error": (
        "ok = False\ntry:\n    ok = add(1, 2) == 3\nexcept BaseException:\n    pass\nassert ok",
        "def add(a, b): return 0",
    ),
    "a set up of a class": (
        (
            "import unittest\nimport solution\n"
            "class T(unittest.TestCase):\n    @classmethod\n    def setUpClass(cls): cls.x = solution.make()\n"
            "    def test_a(self): self.assertEqual(self.x, 3)\n    def test_b(self): self.assertTrue(self.x)\n"
        ),
        "def make(): return 0",
    ),
    "a list that it was to fill": ("seen = []\nadd(seen, 1)\nassert seen[0] == 1", "def add(a, b): return a"),
    "a part of a list that it was to fill": ("row = []\ngrid = [row]\nadd(grid, 1)\nassert row[0] == 1", "def add(a, b): return a"),
    "a function that it was to call": (
        "seen = []\ndef note(x): seen.append(x)\nadd(note, 1)\nassert seen[0] == 1",
        "def add(a, b): return a",
    ),
    "a file that it was to write": ("add('out.txt', 1)\nassert open('out.txt').read() == '1'", "def add(a, b): return a"),
    "an exit when all is well": ("import sys\nif add(1, 2) == 3:\n    sys.exit(0)\nraise ValueError('wrong')", "def add(a, b): return a"),
    "what stands behind its first result": ("assert add(1, 2) == 3 and {}['x']", "def add(a, b): return a"),
    "its own skip": ("import pytest\nfrom solution import add\ndef test_a(): assert add(1, 2) == 3", "import pytest\nadd = pytest.skip"),
}


@pytest.mark.slow
@pytest.mark.parametrize("fault", THEIRS)
def test_what_a_candidate_does_stays_its_own(sandbox: Sandbox, fault: str) -> None:
    tests, code = THEIRS[fault]
    run = sandbox.run(code, Task("add", tests=tests))
    assert not run.passed
    assert run.failure in (FailureKind.WRONG, FailureKind.ERROR), (run.failure, run.error)
    assert run.verified
