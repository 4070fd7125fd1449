"""Candidates that go for what runs the tests, pytest and unittest: none passes, beside its tests or apart from them."""

from __future__ import annotations

import pytest

from banditgen.sandbox.base import Sandbox
from banditgen.task import Task

WRONG = "def f(x): return None\n"
LIES = {
    "no assertion of unittest's fails": "import unittest\nunittest.TestCase.assertEqual = lambda *a, **k: None\n" + WRONG,
    "the same, in the call": "def f(x):\n    import unittest\n    unittest.TestCase.assertEqual = lambda *a, **k: None\n",
    "no case is run": "import unittest\nunittest.TestCase.run = lambda s, r=None: r\n" + WRONG,
    "no failure is kept": (
        "import unittest\nunittest.TestResult.addFailure = unittest.TestResult.addError = lambda *a: None\n"
        "unittest.TestResult.wasSuccessful = lambda s: True\n" + WRONG
    ),
    "a failure is a skip": "import unittest\nunittest.TestCase.failureException = unittest.SkipTest\n" + WRONG,
    "the module's suite is empty": "import unittest\ndef load_tests(*a): return unittest.TestSuite()\n" + WRONG,
    "the module is skipped": "import unittest\ndef setUpModule(): raise unittest.SkipTest('x')\n" + WRONG,
    "unittest is another module": (
        "import sys, types\nm = types.ModuleType('unittest')\nm.TestCase = type('TestCase', (), {})\nm.main = lambda *a, **k: None\n"
        "sys.modules['unittest'] = m\n" + WRONG
    ),
    "pytest runs no function": (
        "import _pytest.python as p\np.pytest_pyfunc_call = lambda pyfuncitem: True\np.Function.runtest = lambda s: None\n" + WRONG
    ),
    "every report says passed": (
        "import _pytest.reports as r\n"
        "r.TestReport.from_item_and_call = classmethod(lambda c, i, k: c(i.nodeid, i.location, {}, 'passed', None, k.when))\n" + WRONG
    ),
    "hooks call nobody": "import pluggy\npluggy._hooks.HookCaller.__call__ = lambda s, **k: []\n" + WRONG,
    "hooks of its own": "def pytest_pyfunc_call(pyfuncitem): return True\ndef pytest_collection_modifyitems(items): items.clear()\n"
    + WRONG,
    "marks of its own": "import pytest\npytestmark = pytest.mark.xfail\ncollect_ignore_glob = ['*']\n__test__ = False\n" + WRONG,
    "a fixture for all": "import pytest\n@pytest.fixture(autouse=True)\ndef go(): pytest.skip('x')\n" + WRONG,
    "a conftest and settings": (
        "open('conftest.py', 'w').write('def pytest_pyfunc_call(pyfuncitem): return True')\n"
        "open('pytest.ini', 'w').write('[pytest]\\naddopts = --collect-only')\n" + WRONG
    ),
    "asserts are not compiled": (
        "import builtins\ncompiled = builtins.compile\nbuiltins.compile = lambda *a, **k: compiled(*a, **{**k, 'optimize': 2})\n" + WRONG
    ),
    "an exit in the call": "import os\ndef f(x): os._exit(0)",
    "an exit beside it": (
        "import os, threading, time\nthreading.Thread(target=lambda: (time.sleep(0.02), os._exit(0)), daemon=True).start()\n" + WRONG
    ),
    "an exit at the test's return": (
        "import os, sys\nsys.setprofile(lambda f, e, a: os._exit(0) if e == 'return' and f.f_code.co_name == 'test_f' else None)\n" + WRONG
    ),
    "another program in its place": "import os\ndef f(x): os.execv('/bin/true', ['true'])",
    "its parent leaves": "import os\nif os.fork(): os._exit(0)\n" + WRONG,
}
CASE = "import unittest\nfrom solution import f\nclass T(unittest.TestCase):\n    def test_f(self{}):\n        self.assertEqual(f(3), 42)\n"
TESTS = {
    "pytest, judged": "import pytest\nfrom solution import f\ndef test_f():\n    assert f(3) == 42\n",
    "pytest, cooperative": "from solution import f\ndef test_f(tmp_path):\n    assert f(3) == 42\n",
    "unittest, judged": CASE.format(""),
    "unittest, cooperative": CASE.replace("    def", "    @unittest.mock.patch('time.time')\n    def", 1)
    .replace("import unittest", "import unittest.mock", 1)
    .format(", clock"),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", TESTS)
def test_no_lie_to_the_runner_passes(sandbox: Sandbox, kind: str) -> None:
    """While right code does, in the channel that is meant."""
    task = Task("f", tests=TESTS[kind], entry_point="f", limits={"wall_seconds": 4})
    right = sandbox.run("def f(x): return 42", task)
    assert right.passed, right.error
    assert right.channel == kind.split(", ")[1]
    assert [name for name, code in LIES.items() if sandbox.run(code, task).passed] == []
