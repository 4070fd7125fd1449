"""Objects that lie: none passes the judge without knowing an answer, whatever the tests look at."""

from __future__ import annotations

import pytest

from banditgen.sandbox.base import Sandbox
from banditgen.task import Task

ALL_THINGS = """
class Same:
    def __init__(self, *a): pass
    def __eq__(self, o): return True
    def __ne__(self, o): return False
    def __hash__(self): return 0
    def __lt__(self, o): return True
    __le__ = __gt__ = __ge__ = __lt__
    def __len__(self): return 3
    def __iter__(self): return iter(())
    def __contains__(self, o): return True
    def __call__(self, *a, **k): return self
    def __getattr__(self, n):
        if n.startswith('__'): raise AttributeError(n)
        return self
    def __getitem__(self, k): return self
    def __sub__(self, o): return self
    __rsub__ = __add__ = __radd__ = __mul__ = __rmul__ = __sub__
    def __abs__(self): return 0.0
    def __round__(self, n=None): return 0
    def __float__(self): return 0.0
    def __bool__(self): return True
    def __enter__(self): return self
    def __exit__(self, *a): return True
"""
LIES = {
    "an object for everything": ALL_THINGS + "def f(x): return Same()",
    "a class for everything": ALL_THINGS + "class f(Same): pass",
    "a length without items": "class L:\n    def __len__(s): return 3\n    def __iter__(s): return iter(())\ndef f(x): return L()",
    "a length without items, by index": (
        "class L:\n    def __len__(s): return 3\n    def __getitem__(s, i): raise IndexError\ndef f(x): return L()"
    ),
    "a list without items": "class L(list):\n    def __len__(s): return 3\n    def __iter__(s): return iter(())\ndef f(x): return L()",
    "a list equal to all": "class L(list):\n    def __eq__(s, o): return True\n    __hash__ = None\ndef f(x): return L()",
    "a dict without items": (
        "class D(dict):\n    def __len__(s): return 3\n    def items(s): return []\n    def __eq__(s, o): return True\n"
        "    __hash__ = None\ndef f(x): return D()"
    ),
    "a float that is near all": (
        "class F(float):\n    def __sub__(s, o): return 0.0\n    __rsub__ = __sub__\n    def __lt__(s, o): return True\n"
        "    __gt__ = __lt__\ndef f(x): return F(0)"
    ),
    "a text that starts with all": "class S(str):\n    def startswith(s, *a): return True\n    isupper = startswith\ndef f(x): return S()",
    "no number": "def f(x): return float('nan')",
    "no numbers": "def f(x): return [float('nan')] * 3",
    "infinities": "def f(x): return [float('inf'), float('-inf'), 0.0]",
    "all numbers": "import itertools\ndef f(x): return itertools.count()",
    "all numbers, by index": "class A:\n    def __getitem__(s, i): return i\ndef f(x): return A()",
    "nothing, truly": "class A:\n    def __bool__(s): return True\n    def __iter__(s): return iter(())\ndef f(x): return A()",
    "an empty iterator": "def f(x): return iter(())",
    "a length that grows": "K = [0]\nclass A:\n    def __len__(s):\n        K[0] += 1\n        return K[0]\ndef f(x): return A()",
    "what swallows": "class A:\n    def __enter__(s): return s\n    def __exit__(s, *a): return True\ndef f(x): return A()",
    "a class of classes": (
        "class M(type):\n    def __eq__(s, o): return True\n    def __iter__(s): return iter(())\n    def __len__(s): return 3\n"
        "    __hash__ = None\nclass A(metaclass=M): pass\ndef f(x): return A"
    ),
    "an exception with attributes": (
        "class E(ValueError): pass\ndef f(x):\n    e = E('a')\n    e.with_traceback = lambda t: 'b'\n    raise e"
    ),
    "a mock": "from unittest.mock import MagicMock\ndef f(x): return MagicMock(__eq__=lambda *a: True, __len__=lambda s: 3)",
    "a description of its own": (
        "from banditgen.sandbox.inside import mirror\nmirror.describe = lambda k, r: {'name': 'x', 'qualname': 'x', 'module': 'unittest', "
        "'doc': None, 'bases': [], 'changing': 'list', 'virtual': True, 'names': ['append'], 'own': ['__init_subclass__', '__del__'], "
        "'under': ['__len__', '__iter__', '__eq__'], 'off': []}\nclass A: pass\ndef f(x): return A()"
    ),
    "an object of a class of ours": (
        "from banditgen.sandbox.inside import server\nA = object()\nform = server.LoadedCandidate._form\n"
        "P = {'t': 'object', 'v': 5, 'c': {'t': 'type', 'v': ['property']}}\n"
        "server.LoadedCandidate._form = lambda s, v, h: P if v is A else form(s, v, h)\n"
        "def f(x): return A"
    ),
}
WANT = "[0.125, 0.25, 0.625]"
TESTS = [
    f"assert f([1, 2, 5]) == {WANT}",
    f"r = f([1, 2, 5])\nassert len(r) == 3\nfor a, b in zip(r, {WANT}):\n    assert abs(a - b) < 1e-9",
    f"r = f([1, 2, 5])\nassert len(r) == 3 and all(abs(a - b) < 1e-9 for a, b in zip(r, {WANT}))",
    f"r = f([1, 2, 5])\nassert r and all(not abs(a - b) > 1e-9 for a, b in zip(r, {WANT}))",
    f"r = f([1, 2, 5])\nw = {WANT}\nassert len(r) == len(w)\nfor i in range(len(w)):\n    assert not abs(r[i] - w[i]) > 1e-9",
    "r = f({'a': 1})\nassert len(r) == 3\nfor k, v in r.items():\n    assert abs(v - 2) < 1e-9",
    "assert not abs(f(3) - 9) > 1e-9",
    "assert 9 in f(3)",
    "assert any(x == 9 for x in f(3))",
    "assert f('abc').startswith('cb')",
    "assert f(3) in (9, 10) and {9: 'x'}[f(3)] == 'x'",
    "with f(3) as v:\n    assert v == 9",
    "r = f(3)\nassert len(r) == 1\nassert len(r) == 2",
    "s = f([1, 2])\nif abs(sum(s) - 3) > 1e-9:\n    raise AssertionError('far')",
]
FRAMED = [
    f"import pytest\ndef test_f():\n    assert f([1, 2, 5]) == pytest.approx({WANT}) or pytest.approx({WANT}) == f([1, 2, 5])",
    (
        "import unittest\nclass T(unittest.TestCase):\n    def test_f(self):\n        r = f([1, 2, 5])\n"
        "        self.assertEqual(len(r), 3)\n"
        f"        for a, b in zip(r, {WANT}):\n            self.assertAlmostEqual(a, b)"
    ),
    (
        "import unittest\nclass T(unittest.TestCase):\n    def test_f(self):\n        with self.assertRaises(ValueError) as cm:\n"
        "            f(-1)\n        self.assertEqual(str(cm.exception), 'b')"
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize("name", LIES)
def test_no_lie_passes_the_judge(sandbox: Sandbox, name: str) -> None:
    for tests in (*TESTS, *FRAMED):
        run = sandbox.run(LIES[name], Task("f", tests=tests, entry_point="f", limits={"wall_seconds": 4}))
        assert not (run.passed and run.channel == "judged"), tests


def test_some_lies_pass_no_judge(sandbox: Sandbox) -> None:
    for name in ("an object for everything", "a length without items", "no numbers", "nothing, truly"):
        for tests in TESTS[:4]:
            run = sandbox.run(LIES[name], Task("f", tests=tests, entry_point="f"))
            assert not (run.passed and run.channel == "judged"), (name, tests)
