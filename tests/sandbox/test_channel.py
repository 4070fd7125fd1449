"""Which tests a judge can run, from a static look at them."""

from __future__ import annotations

import pytest

from banditgen.sandbox.channel import look_at

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


@pytest.mark.parametrize("tests", COOPERATIVE)
def test_what_needs_the_candidate_s_interpreter_is_not(tests: str) -> None:
    look = look_at(tests, "f")
    assert not look.judged
    assert look.reason.startswith("they ")
