"""Which tests a judge can run, from a static look at them."""

from __future__ import annotations

import pytest

from banditgen.sandbox.base import Sandbox
from banditgen.sandbox.channel import look_at
from banditgen.task import Task

JUDGED = [
    "assert f(1) == 2",
    "import math\nassert math.isclose(f(1), 2.0)",
    "assert f([3, 1]).upper() == 'X'.upper()",
    "def check(candidate):\n    for n in range(3):\n        assert candidate(n) == n",
    "from solution import f\ndef test_f():\n    assert f(1) == 2",
    "import solution\nassert solution.f(1) == 2",
    "import pytest\ndef test_f():\n    with pytest.raises(ValueError):\n        f(1)",
    "assert sorted(map(f, [1, 2])) == [1, 2]",
    "x = [3, 1]\nf(x)\nassert x == [1, 3]",
    "assert Find_Max([1]) == 1",
    "import unittest\nclass TestF(unittest.TestCase):\n    def test(self):\n        self.assertEqual(f(1), 2)",
]
JUDGED += ["import random\nrng = random.Random(1)\nassert f(rng.randint(0, 1)) < 3"]
JUDGED += [
    "assert f(1) is None",
    "a = [1]\nf(a, a)\nassert a == [1]",
    "assert f(1) is True and f(2) is not False",
    "assert type(f(1)) is int",
    "assert type(f(1)) is type(f(2))",
    "a = [1]\nb = f(a)\nassert b == [1]",
    "results = []\nfor n in range(3):\n    results.append(f(n))\nassert results == [0, 1, 2]",
    "total = 0\nfor n in range(3):\n    total += f(n)\nassert total == 3",
    "xs = []\nfor n in range(3):\n    xs.append(n)\n    assert f(xs) == n",
    "for n in range(3):\n    assert f(n, n) == 2 * n",
    "def check(candidate):\n    a = [1, 2]\n    assert candidate(a[0], a[1]) == 3",
    "x = [2]\nassert f(x) == 2\nassert x is not None",
]
IDENTITY = [
    "a = [1]\nassert f(a) is not a",
    "a = [1]\nassert a is f(a)",
    "a = [1]\nb = f(a)\nassert b is a",
    "a = [[1]]\nassert all(x is not y for x, y in zip(a, f(a)))",
    "a = [1]\nassert id(f(a)) != id(a)",
    "def check(candidate):\n    a = [1]\n    assert candidate(a) is a",
    "def same(x, y): return x is y\na = [1]\nassert same(f(a), a)",
    "a = [[1]]\nb = f(a)\nb[0].append(2)\nassert a == [[1]]",
    "a = [[1]]\nb = f(a)\na[0].append(2)\nassert b == [[1]]",
    "g = f(2)\ng[0][0] = 1\nassert g == [[1, 0], [0, 0]]",
    "f(1).append(2)\nassert f(1) == []",
    "a = f(1)\na += [2]\nassert f(1) == []",
    "a = f(1)\ndel a[0]\nassert f(1) == [1]",
    "g = [f(n) for n in range(2)]\ng[0].append(1)\nassert g[1] == []",
    "def make(): return f(1)\ng = make()\ng.append(1)\nassert make() == []",
    "import random\na = f(3)\nrandom.shuffle(a)\nassert f(3) == [1, 2, 3]",
]
OBJECTS = [
    "s = Stack()\ns.push(1)\nassert s.pop() == 1",
    "d = DSU(3)\nd.union(0, 1)\nassert d.find(0) == d.find(1)",
    "import unittest\nclass TestS(unittest.TestCase):\n    def setUp(self): self.s = make()\n    def test(self): self.s.add(1)",
    "assert isinstance(f(1), Thing)",
    "import pytest\ndef test_f():\n    with pytest.raises(MyError):\n        f(1)",
    "assert f(1) == Point(1, 2) and Point(1, 2) < f(2)",
    "with f(1) as x:\n    assert x == 1",
    "assert f(1).value == 2",
    "assert f.__doc__ and f.__name__ == 'f'",
    "assert getattr(f, 'x', 1)",
    "assert f(lambda n: n, [1]) == [1]",
    "def g(n): return n\nassert f(g) == 1",
    "@f\ndef g(n): return n\nassert g(1) == 1",
    "it = iter([1, 2])\nassert f(it) == 1 and next(it) == 2",
    "assert len(Color) == 3 and f(1) is Color.RED",
    "assert LIMIT == 3 and f(1) < LIMIT",
]
COOPERATIVE = [
    "import unittest.mock\nassert f(1) == 2",
    "from unittest import mock\nassert f(1) == 2",
    "from unittest.mock import patch\nassert f(1) == 2",
    "import unittest.mock as m\nassert f(1) == 2",
    "import random\nrandom.seed(1)\nassert f(1) == 2",
    "import random as r\nr.seed(1)\nassert f(1) == 2",
    "from random import seed as start\nstart(1)\nassert f(1) == 2",
    "from random import *\nassert f(1) == 2",
    "import random\ngetattr(random, 'seed')(1)\nassert f(1) == 2",
    "import decimal\ndecimal.getcontext().prec = 3\nassert f(1) == 2",
    "from decimal import localcontext\nassert f(1) == 2",
    "import warnings\nassert f(1) == 2",
    "import pytest\ndef test_f():\n    with pytest.warns(UserWarning):\n        f(1)",
    "import unittest\nclass T(unittest.TestCase):\n    def test(self):\n        with self.assertLogs():\n            f(1)",
    "def test_f(capsys):\n    f(1)",
    "def test_f(monkeypatch):\n    f(1)",
    "import pytest\n@pytest.mark.usefixtures('caplog')\ndef test_f():\n    f(1)",
    "import math\nmath.pi = 3\nassert f(1) == 2",
    "from datetime import datetime\ndatetime.now = None\nassert f(1) == 2",
    "import solution\nsolution.LIMIT = 3\nassert f(1) == 2",
    "input = lambda _: '3'\nassert f(1) == 2",
    "import os\nassert f(1) == 2",
    "import asyncio\nassert asyncio.run(f(1)) == 2",
    "async def test_f():\n    assert await f(1) == 2",
    "import io, contextlib\nwith contextlib.redirect_stdout(io.StringIO()) as out:\n    f(1)\nassert out.getvalue() == ''",
    "from pathlib import Path\nPath('x').write_text('y')\nassert f('x') == 'y'",
    "class Mine(Base): pass\nassert f(1) == 2",
    "exec('assert f(1) == 2')",
]


@pytest.mark.parametrize("tests", JUDGED + OBJECTS)
def test_what_the_wall_carries_is_judged(tests: str) -> None:
    look = look_at(tests, "f")
    assert look.judged, look.reason
    assert "f" in look.names


@pytest.mark.parametrize("tests", COOPERATIVE)
def test_the_state_of_a_process_is_not(tests: str) -> None:
    """However it is imported."""
    look = look_at(tests, "f")
    assert not look.judged
    assert look.reason.startswith("they ")


@pytest.mark.parametrize("tests", IDENTITY)
def test_identity_is_kept_over_the_wall_where_tests_look_at_it(tests: str) -> None:
    look = look_at(tests, "f")
    assert look.judged
    assert look.shared


def test_what_is_neither_kept_nor_changed_travels_as_copies() -> None:
    assert not look_at("def check(candidate):\n    for n in range(3):\n        assert candidate([n]) == [n]\n", "f").shared


ALIASES = {
    "a copy": ("a = [1]\nassert f(a) is not a", "def f(a): return list(a)", "def f(a): return a"),
    "in place": ("a = [3, 1]\nassert f(a) is a", "def f(a): a.sort(); return a", "def f(a): return sorted(a)"),
    "a deep copy": (
        "a = [[1]]\nb = f(a)\nb[0].append(2)\nassert a == [[1]]",
        "import copy\ndef f(x): return copy.deepcopy(x)",
        "def f(x): return list(x)",
    ),
    "rows of their own": (
        "g = f(2)\ng[0][0] = 1\nassert g == [[1, 0], [0, 0]]",
        "def f(n): return [[0] * n for _ in range(n)]",
        "def f(n): return [[0] * n] * n",
    ),
    "no default that grows": (
        "a = f(1)\nb = f(2)\nassert a == [1]",
        "def f(n, into=None): return [*(into or []), n]",
        "def f(n, into=[]): into.append(n); return into",
    ),
    "no cache that tests change": (
        "f(3).append(9)\nassert f(3) == [3]",
        "def f(n): return [n]",
        "import functools\n@functools.cache\ndef f(n): return [n]",
    ),
    "an argument that is not kept": (
        "a = [1]\ns = f(a)\na.append(2)\nassert s() == [1]",
        "def f(a):\n    b = list(a)\n    return lambda: b",
        "def f(a): return lambda: a",
    ),
    "an argument that is kept": (
        "a = [3, 1]\nf(a)()\nassert a == [1, 3]",
        "def f(a): return a.sort",
        "def f(a): return sorted(a).sort",
    ),
    "the same tuple": ("a = (1, [2])\nassert f(a) is a", "def f(a): return a", "def f(a): return (a[0], a[1])"),
    "an attribute that tests change": (
        "s = f(1)\ns.items.append(5)\nassert s.total() == 6",
        "class S:\n    def __init__(self, n): self.items = [n]\n    def total(self): return sum(self.items)\nf = S",
        (
            "class S:\n    def __init__(self, n): self.n = [n]\n    items = property(lambda s: list(s.n))\n"
            "    def total(self): return sum(self.n)\nf = S"
        ),
    ),
    "a global that calls fill": (
        "f(1)\nf(2)\nassert SEEN == [1, 2]",
        "SEEN = []\ndef f(n): SEEN.append(n)",
        "SEEN = []\ndef f(n): SEEN.clear()",
    ),
}


@pytest.mark.parametrize("name", ALIASES)
def test_copying_and_sharing_can_be_tested(sandbox: Sandbox, name: str) -> None:
    tests, right, wrong = ALIASES[name]
    task = Task("f", tests=tests, entry_point="f")
    run = sandbox.run(right, task)
    assert (run.passed, run.channel) == (True, "judged"), run.error
    assert not sandbox.run(wrong, task).passed
