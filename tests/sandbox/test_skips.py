"""Whose a skip is: the tests' own means what pytest and unittest say; a candidate's is no way around a test."""

from __future__ import annotations

import pytest

from banditgen.result import FailureKind
from banditgen.sandbox.base import Sandbox
from banditgen.task import Task

TWO = "def test_one():\n    assert f(1) == 2\ndef test_two():\n    assert f(2) == 3\n"
CASE = "import sys, unittest\nfrom solution import f\nclass T(unittest.TestCase):\n    def test_a(self): self.assertEqual(f(1), 2)\n"
SKIPS = {
    "pytest.skip": "import pytest\ndef f(n): pytest.skip('no')",
    "pytest.skip itself": "import pytest\ndef f(n): return g(n)\nf = pytest.skip",
    "SkipTest": "import unittest\ndef f(n): raise unittest.SkipTest('no')",
    "skipTest of a case": "import unittest\ndef f(n): unittest.TestCase().skipTest('no')",
    "xfail": "import pytest\ndef f(n): pytest.xfail('no')",
    "a mark for the module": "import pytest\npytestmark = pytest.mark.skip\ndef f(n): return 0",
    "a fixture": "import pytest\n@pytest.fixture(autouse=True)\ndef g(): pytest.skip()\ndef f(n): return 0",
    "a set up of the module": "import unittest\ndef setup_module(): raise unittest.SkipTest('no')\ndef f(n): return 0",
    "an option in the environment": "import os\nos.environ['PYTEST_ADDOPTS'] = '--collect-only'\ndef f(n): return 0",
    "leaving pytest": "import pytest\ndef f(n): pytest.exit('no', returncode=0)",
}


@pytest.mark.slow
@pytest.mark.parametrize("how", SKIPS)
def test_a_candidate_cannot_have_its_tests_skipped(sandbox: Sandbox, how: str) -> None:
    """Beside its tests or apart from them, in a function or a TestCase."""
    for tests in (f"import sys\nfrom solution import *\n{TWO}", "from solution import f\n" + TWO, CASE):
        run = sandbox.run(SKIPS[how], Task("f", tests=tests))
        assert not run.passed, (tests, run.error)
        assert run.failure in (FailureKind.WRONG, FailureKind.ERROR, FailureKind.REFUSED)


@pytest.mark.slow
@pytest.mark.parametrize("channel", ["judged", "cooperative"])
def test_the_tests_own_skips_and_expected_failures_are_what_they_say(sandbox: Sandbox, channel: str) -> None:
    """By mark, by decorator, by a call where the tests say so; the other tests decide."""
    files = [
        (
            "import pytest\nfrom solution import f\n"
            "@pytest.mark.skipif(sys.platform != 'win32', reason='elsewhere')\ndef test_win(): assert f(1) == 5\n"
            "@pytest.mark.xfail\ndef test_not_yet(): assert f(1) == 5\n"
            "@pytest.mark.xfail(raises=AssertionError, strict=True)\ndef test_never(): assert f(1) == 5\n"
            "@pytest.mark.xfail(sys.platform == 'win32', reason='there')\ndef test_here(): assert f(1) == 2\n"
            "@pytest.mark.parametrize('n', [1, pytest.param(9, marks=pytest.mark.skip), pytest.param(0, marks=pytest.mark.xfail)])\n"
            "def test_some(n): assert f(n) == 2\n"
            "def test_called(): pytest.skip('not now')\n"
        ),
        CASE + "    @unittest.skip('extra')\n    def test_b(self): self.fail()\n"
        "    @unittest.skipIf(sys.platform == 'linux', 'x')\n    def test_c(self): self.fail()\n"
        "    @unittest.skipUnless(sys.platform == 'win32', 'x')\n    def test_d(self): self.fail()\n"
        "    @unittest.expectedFailure\n    def test_e(self): self.assertEqual(f(1), 3)\n"
        "    def test_f(self): self.skipTest('later')\n"
        "    def test_g(self): raise unittest.SkipTest('later')\n"
        "@unittest.skip('all of it')\nclass U(unittest.TestCase):\n    def test_a(self): self.fail()\n",
    ]
    for tests in files:
        judged = tests.replace("sys.platform", "'linux'").replace("import sys, ", "import ")
        text = judged if channel == "judged" else "import sys\n" + tests
        right = sandbox.run("def f(n): return n + 1", Task("f", tests=text))
        assert (right.passed, right.channel) == (True, channel), right.error
        assert not sandbox.run("def f(n): return n", Task("f", tests=text)).passed


@pytest.mark.slow
def test_an_unexpected_success_is_none(sandbox: Sandbox) -> None:
    """A strict xfail and an expectedFailure fail where the test passes; an xfail that is not strict does not."""
    good = "def f(n): return n + 1"
    strict = "import pytest\n@pytest.mark.xfail(strict=True)\ndef test_a(): assert f(1) == 2\n"
    assert not sandbox.run(good, Task("f", tests=strict)).passed
    assert sandbox.run(good, Task("f", tests=strict.replace("strict=True", ""))).passed
    assert not sandbox.run(good, Task("f", tests=CASE.replace("    def", "    @unittest.expectedFailure\n    def"))).passed


@pytest.mark.slow
def test_what_pytest_takes_for_no_test_is_none(sandbox: Sandbox) -> None:
    """A fixture called test_…, a name that is defined twice or deleted, a class that is no test, what the candidate calls a test."""
    tests = (
        "import pytest\nfrom solution import f, test_prime\n"
        "@pytest.fixture\ndef test_data(): return 1\n"
        "def test_a(): assert False\ndef test_a(test_data): assert f(test_data) == 2\n"
        "def test_b(): assert False\ndel test_b\n"
        "class TestHelper:\n    __test__ = False\n    def test_c(self): assert False\n"
        "def test_d(): assert test_prime(7)\n"
    )
    code = "def f(n): return n + 1\ndef test_prime(n): return n == 7\n"
    assert sandbox.run(code, Task("f", tests=tests)).passed
    assert not sandbox.run(code.replace("7", "8"), Task("f", tests=tests)).passed


@pytest.mark.slow
def test_pytest_looks_at_no_folder(sandbox: Sandbox) -> None:
    """A package, a conftest or a test file in the candidate's folder is nothing to the tests, whichever process they are in."""
    evil = "raise SystemExit(0)"
    names = ("__init__", "conftest", "test_candidate", "pytest", "sitecustomize")
    code = f"for name in {names}:\n    open(name + '.py', 'w').write({evil!r})\n"
    code += "open('pytest.ini', 'w').write('[pytest]\\naddopts = --collect-only')\n"
    for tests in ("from solution import f\n" + TWO, "import sys\n" + TWO, CASE):
        assert not sandbox.run(code + "def f(n): return 0", Task("f", tests=tests)).passed
        assert sandbox.run(code + "def f(n): return n + 1", Task("f", tests=tests)).passed
