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
    "a = [1]\nf(a, a)\nassert a == [1]",
    "import random\na = f(3)\nrandom.shuffle(a)\nassert f(3) == [1, 2, 3]",
]
COOPERATIVE = [
    "s = Stack()\ns.push(1)\nassert s.pop() == 1",
    "assert isinstance(f(1), Thing)",
    "assert f(lambda n: n, [1]) == [1]",
    "def g(n): return n\nassert f(g) == 1",
    "import unittest.mock\nassert f(1) == 2",
    "from unittest import mock\nassert f(1) == 2",
    "import solution\nsolution.cache.clear()\nassert f(1) == 2",
    "import asyncio\nassert asyncio.run(f(1)) == 2",
    "import io, contextlib\nwith contextlib.redirect_stdout(io.StringIO()) as out:\n    f(1)\nassert out.getvalue() == ''",
    "assert f.__doc__",
    "assert getattr(f, 'x', 1)",
    "assert f(1).value == 2",
    "with open_it() as x:\n    assert f(x) == 1\nassert f(1).value",
    "exec('assert f(1) == 2')",
]


@pytest.mark.parametrize("tests", JUDGED)
def test_data_in_data_out_is_judged(tests: str) -> None:
    look = look_at(tests, "f")
    assert look.judged, look.reason
    assert "f" in look.names


@pytest.mark.parametrize("tests", COOPERATIVE + IDENTITY)
def test_what_needs_the_candidate_s_interpreter_is_not(tests: str) -> None:
    look = look_at(tests, "f")
    assert not look.judged
    assert look.reason.startswith("they ")


@pytest.mark.parametrize(
    ("tests", "right", "wrong"),
    [
        ("a = [1]\nassert f(a) is not a", "def f(a): return list(a)", "def f(a): return a"),
        ("a = [3, 1]\nassert f(a) is a", "def f(a): a.sort(); return a", "def f(a): return sorted(a)"),
        (
            "a = [[1]]\nb = f(a)\nb[0].append(2)\nassert a == [[1]]",
            "import copy\ndef f(x): return copy.deepcopy(x)",
            "def f(x): return list(x)",
        ),
        (
            "g = f(2)\ng[0][0] = 1\nassert g == [[1, 0], [0, 0]]",
            "def f(n): return [[0] * n for _ in range(n)]",
            "def f(n): return [[0] * n] * n",
        ),
    ],
)
def test_copying_and_sharing_can_be_tested(sandbox: Sandbox, tests: str, right: str, wrong: str) -> None:
    task = Task("f", tests=tests)
    assert sandbox.run(right, task).passed
    assert not sandbox.run(wrong, task).passed
