"""What travels between candidate and judge arrives as exact builtins, changed arguments and exceptions travel back."""

from __future__ import annotations

import datetime as dt
import decimal
import fractions
import json
import pathlib
import random
import uuid
import zoneinfo
from collections import deque
from typing import Any

import pytest

from banditgen.result import FailureKind
from banditgen.sandbox.base import Sandbox
from banditgen.sandbox.inside import values
from banditgen.task import Task


def refuse(value: Any, _: values.Shared) -> Any:
    raise values.UnsendableError(repr(value))


def random_value(generator: random.Random, depth: int = 0) -> Any:
    """A value of nested builtins."""
    leaves: list[Any] = [
        None,
        True,
        0,
        -1,
        2**70,
        -(1 << 9000),
        0.1,
        float("inf"),
        "",
        "é\ud800\x00",
        b"\xff",
        1j,
        range(3),
        frozenset({1}),
    ]
    if depth > 3 or generator.random() < 0.4:
        return generator.choice(leaves)
    items = [random_value(generator, depth + 1) for _ in range(generator.randrange(4))]
    kind = generator.choice(["list", "tuple", "dict", "set"])
    if kind == "dict":
        return {("key", number): item for number, item in enumerate(items)}
    if kind == "set":
        return {(2, None)}
    return items if kind == "list" else tuple(items)


def types_of(value: Any) -> Any:
    """The types in a nested value."""
    if isinstance(value, list | tuple):
        return type(value), [types_of(item) for item in value]
    if isinstance(value, dict):
        return dict, [(types_of(key), types_of(item)) for key, item in value.items()]
    return type(value)


def test_builtins_come_back_equal_and_of_the_same_types() -> None:
    generator = random.Random(7)
    for _ in range(500):
        value = random_value(generator)
        back = values.decode(json.loads(json.dumps(values.encode(value, refuse, values.Shared()))))
        assert back == value
        assert types_of(back) == types_of(value)


@pytest.mark.parametrize(
    "data", [{"t": "x", "v": 1}, {"v": 1}, {"t": "dict", "v": [1]}, {"t": "set", "v": [[]]}, {"t": "bytes", "v": "zz"}]
)
def test_what_is_no_value_is_an_error(data: Any) -> None:
    with pytest.raises((ValueError, TypeError, KeyError)):
        values.decode(data)


ZONED = "datetime(2024, 2, 29, 12, 30, tzinfo=timezone(timedelta(hours=5, minutes=30), 'IST'))"
EXACT = [
    dt.datetime(2024, 2, 29, 12, 30, 1, 7, tzinfo=dt.timezone(dt.timedelta(hours=-3), "x"), fold=1),
    dt.datetime(1, 1, 1, tzinfo=dt.UTC),
    dt.datetime(2024, 7, 1, tzinfo=zoneinfo.ZoneInfo("Europe/Vienna")),
    dt.time(1, 2, 3, 4, tzinfo=dt.timezone(dt.timedelta(seconds=-1)), fold=1),
    dt.date.max,
    dt.timedelta.min,
    dt.timezone.utc,  # noqa: UP017  # the zone itself
    dt.timezone(dt.timedelta(0), "zero"),
    decimal.Decimal("-0E-7"),
    decimal.Decimal("-Infinity"),
    fractions.Fraction(-(1 << 9000), 3),
    uuid.UUID(int=(1 << 128) - 1),
    pathlib.PurePosixPath("a/é"),
    pathlib.PureWindowsPath("c:/a"),
    pathlib.Path("/tmp"),
    int,
    type(None),
    KeyError,
]


@pytest.mark.parametrize("value", EXACT, ids=repr)
def test_exact_types_of_the_library_come_back_as_they_were(value: Any) -> None:
    for whole in (value, [value, (value,)]):
        back = values.decode(json.loads(json.dumps(values.encode(whole, refuse, values.Shared()))))
        assert back == whole
        assert (repr(back), types_of(back)) == (repr(whole), types_of(whole))


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("UUID", ["1"]),
        ("UUID", [1 << 128]),
        ("UUID", [-1]),
        ("UUID", [1, 2]),
        ("UUID", [True]),
        ("UUID", []),
        ("Fraction", [1, 0]),
        ("Fraction", [0.5, 1]),
        ("Fraction", ["1/2", 1]),
        ("Decimal", ["one"]),
        ("Decimal", [[0, [1], 2]]),
        ("datetime", [2024, 13, 1, 0, 0, 0, 0, 0, None]),
        ("datetime", [2024, 1, 1, 0, 0, 0, 0, 0, "UTC"]),
        ("datetime", [2024, 1, 1]),
        ("time", [25, 0, 0, 0, 0, None]),
        ("timezone", [2, 0, 0, None]),
        ("timezone", [0, 0, 0, 1]),
        ("timedelta", [10**10, 0, 0]),
        ("date", [1 << 70, 1, 1]),
        ("ZoneInfo", ["../../etc/passwd"]),
        ("PosixPath", [["a"]]),
        ("type", ["os.system"]),
        ("type", ["__import__"]),
        ("same", [0]),
    ],
)
def test_malformed_parts_are_an_error(name: str, parts: Any) -> None:
    with pytest.raises((ValueError, TypeError, KeyError, ArithmeticError)):
        values.decode({"t": name, "v": parts})


@pytest.mark.parametrize("number", [1, -1, True, "0", None, 0.0])
def test_only_a_container_that_was_met_can_be_met_again(number: Any) -> None:
    with pytest.raises(ValueError, match="no such container"):
        values.decode([{"t": "same", "v": number}])


def test_what_is_one_container_stays_one() -> None:
    row, key = [0], {"k": bytearray(b"x")}
    whole: list[Any] = [row, (row, key), key, deque([row])]
    whole.append(whole)
    back = values.decode(json.loads(json.dumps(values.encode(whole, refuse, values.Shared()))))
    assert back[0] is back[1][0] is back[3][0]
    assert back[1][1] is back[2]
    assert back[4] is back
    assert (back[0], back[2]) == (row, key)


CASES: dict[str, tuple[str, str]] = {
    "times with zones": (
        f"from datetime import *\ndef f(): return {ZONED}, timezone.utc",
        (
            f"from datetime import datetime, timedelta, timezone\nassert f() == ({ZONED}, timezone.utc)\n"
            "assert str(f()[0]) == '2024-02-29 12:30:00+05:30'"
        ),
    ),
    "a zone by name": (
        "from zoneinfo import ZoneInfo\nfrom datetime import *\ndef f(x): return datetime(2024, 7, 1, 12, tzinfo=ZoneInfo('Asia/Tokyo'))",
        "from datetime import datetime, timezone\nx = datetime(2024, 7, 1, 3, tzinfo=timezone.utc)\nassert f(x) == x",
    ),
    "identifiers and paths": (
        "import uuid, pathlib\ndef f(x): return uuid.UUID(int=x.int + 1), pathlib.Path('a') / 'b', pathlib.PureWindowsPath('a')",
        "import uuid, pathlib\na, b, c = f(uuid.UUID(int=1))\nassert a == uuid.UUID(int=2) and b == pathlib.Path('a/b')\nassert c != b",
    ),
    "values of modules the tests don't load": (
        "import uuid, pathlib\ndef f(): return [uuid.UUID(int=7), pathlib.PurePath('a')]",
        "assert str(f()) == \"[UUID('00000000-0000-0000-0000-000000000007'), PurePosixPath('a')]\"",
    ),
    "types": ("def f(x): return type(x)", "assert [f(1), f(None)] == [int, type(None)] and f([]) is list and f(int) is type"),
    "rows that are one": (
        "def f(x):\n    x[0].append(1)\n    return len(x)",
        "x = [[0]] * 3\nassert f(x) == 3\nassert x == [[0, 1]] * 3\nx[0].append(2)\nassert x == [[0, 1, 2]] * 3",
    ),
    "one row of several that are one": (
        "def f(x): x[0] = [5]; x[1].append(1)",
        "row = [0]\nx = [row, row, row]\nf(x)\nassert x == [[5], row, [0, 1]]\nrow.append(2)\nassert x == [[5], [0, 1, 2], [0, 1, 2]]",
    ),
    "rows that change places": (
        "def f(x): x.reverse()",
        "a, b = [1], [2]\nx = [a, b]\nf(x)\nassert x == [[2], [1]] and a == [1]\nb.append(3)\nassert x == [[2, 3], [1]]",
    ),
    "a changed keyword argument": ("def f(*, x): x.add(2)", "x = {1}\nf(x=x)\nassert x == {1, 2}"),
    "a list put into itself": ("def f(x): x.append(x)", "x = [1]\nf(x)\nx[0] = 5\nassert x[1][0] == x[1][1][0] == 5 and len(x) == 2"),
    "a change before an exception": (
        "def f(x):\n    x.append([2])\n    raise ValueError(x)",
        "x = [1]\ntry:\n    f(x)\nexcept ValueError as error:\n    assert error.args[0] == x\nassert x == [1, [2]]",
    ),
    "a change to what is equal": ("def f(x): x[0] = True", "x = [1]\nf(x)\nassert x[0] is True"),
    "numbers compare as the tests' own": ("def f(): return 212.0", "assert f() == 212"),
    "an int subclass": (
        "class I(int): pass\ndef f(): return I(3)",
        "assert f() == 3 and f() + 1 == 4\nassert isinstance(f(), int) and type(f()) is not int",
    ),
    "a named tuple": ("from collections import namedtuple\nP = namedtuple('P', 'x y')\ndef f(): return P(1, 2)", "assert f() == (1, 2)"),
    "a counter": ("from collections import Counter\ndef f(): return Counter('aab')", "assert f() == {'a': 2, 'b': 1}"),
    "a generator": ("def f():\n    yield 1\n    yield 2", "assert list(f()) == [1, 2]"),
    "an endless generator": ("import itertools\ndef f(): return itertools.count()", "assert next(f()) == 0"),
    "a changed list": ("def f(x): x.sort()", "x = [3, 1]\nassert f(x) is None\nassert x == [1, 3]"),
    "a changed nested list": ("def f(x): x[0].append(1)", "inner = []\nx = [inner]\nf(x)\nassert inner == [1]"),
    "a changed dict": ("def f(d): d['a'] = 1; d.pop('b')", "d = {'b': 2}\nf(d)\nassert d == {'a': 1}"),
    "an exception": (
        "def f(): raise KeyError('k')",
        "try:\n    f()\nexcept KeyError as error:\n    assert error.args == ('k',)\nelse:\n    assert 0",
    ),
    "an exception of its own": (
        "class E(ValueError): pass\ndef f(): raise E('no')",
        "try:\n    f()\nexcept ValueError as error:\n    assert str(error) == 'no'\nelse:\n    assert 0",
    ),
    "keyword arguments": ("def f(a, *, b): return a - b", "assert f(b=1, a=3) == 2"),
    "a dict view handed back": ("def g(): return {1: 2}.keys()\ndef f(k): return list(k)", "assert f(g()) == [1]"),
    "an object handed back": ("class N:\n    x = 5\ndef g(): return N()\ndef f(n): return n.x", "assert f(g()) == 5"),
    "a constant": ("LIMIT = [1]\ndef f(): return 1", "assert sorted(map(f, [])) == []\nassert f() == 1"),
    "dates and decimals": (
        "import datetime, decimal\ndef f(): return datetime.date(2024, 2, 29), decimal.Decimal('1.10')",
        "from datetime import date\nfrom decimal import Decimal\nassert f() == (date(2024, 2, 29), Decimal('1.1'))",
    ),
    "a closure": (
        "def f(a): return lambda b: a + b",
        "assert f(1)(2) == 3\nassert list(map(f(1), [1, 2])) == [2, 3]\nassert callable(f(1))",
    ),
    "the text of an object": ("class A:\n    def __repr__(self): return 'A!'\ndef f(): return A()", "assert str(f()) == repr(f()) == 'A!'"),
    "the items of an object": (
        (
            "class A:\n    def __iter__(self): return iter([1, 2])\n    def __len__(self): return 2\n"
            "    def __getitem__(self, n): return 'ab'[n]\n"
            "def f(): return A()"
        ),
        "assert list(f()) == [1, 2] and len(f()) == 2 and f()[1] == 'b' and 2 in f() and 3 not in f()\nassert not callable(f())",
    ),
    "a number of its own": (
        "class A:\n    def __int__(self): return 3\n    def __float__(self): return .5\ndef f(): return A()",
        ("assert int(f()) == 3 and float(f()) == .5"),
    ),
    "one object, one handle": ("A = object()\ndef f(): return [A, A]", "a, b = f()\nassert a == b and len({a, b, *f()}) == 1"),
    "items as far as they are needed": (
        "def f():\n    n = 0\n    while True:\n        assert n < 8\n        yield n\n        n += 1",
        "from itertools import islice\nassert list(islice(f(), 5)) == [0, 1, 2, 3, 4]\nassert next(f()) == 0",
    ),
    "an iterator that fails later": (
        "def f():\n    yield 1\n    raise ValueError('no')",
        (
            "it = f()\nassert next(it) == 1\ntry:\n    next(it)\nexcept ValueError as e:\n    assert str(e) == 'no'\nelse:\n    assert 0\n"
            "assert next(it, None) is None"
        ),
    ),
    "an iterator handed back": (
        "import itertools\ndef g(): return itertools.count()\ndef f(it, n): return list(itertools.islice(it, n))",
        "it = g()\nassert [next(it), next(it)] == [0, 1]\nassert f(it, 2) == [2, 3]\nassert next(it) == 4\nassert f(it, 1) == [5]",
    ),
    "an enumeration of strings": (
        (
            "import enum\nclass C(str, enum.Enum):\n    R = 'red'\nclass I(enum.IntEnum):\n    A = 3\n    def __int__(self): return 4\n"
            "def f(): return C.R, I.A"
        ),
        "assert f() == ('red', 3)",
    ),
    "a str with a text of its own": ("class S(str):\n    def __str__(self): return 'b'\ndef f(): return S('a')", "assert f() == 'a'"),
    "an ordered dict": (
        "from collections import OrderedDict\ndef f():\n    d = OrderedDict(a=1, b=2)\n    d.move_to_end('a')\n    return d",
        "assert list(f()) == ['b', 'a']",
    ),
    "two arguments": (
        "def f(): raise ValueError('a', 2)",
        "try:\n    f()\nexcept ValueError as error:\n    assert error.args == ('a', 2) and type(error) is ValueError\nelse:\n    assert 0",
    ),
    "a JSON error": (
        "import json\ndef f(): json.loads('{')",
        "import json\ntry:\n    f()\nexcept json.JSONDecodeError as error:\n    assert error.pos == 1\nelse:\n    assert 0",
    ),
    "a decimal error": (
        "import decimal\ndef f(): decimal.Decimal('x')",
        (
            "import decimal\ntry:\n    f()\nexcept decimal.InvalidOperation as error:\n"
            "    assert type(error) is decimal.InvalidOperation\nelse:\n    assert 0"
        ),
    ),
    "a decoding error": (
        "def f(): b'\\xff'.decode()",
        (
            "try:\n    f()\nexcept UnicodeDecodeError as error:\n"
            "    assert error.start == 0 and error.reason == 'invalid start byte'\nelse:\n    assert 0"
        ),
    ),
    "an exit": (
        "def f(): raise SystemExit(3)",
        "try:\n    f()\nexcept SystemExit as error:\n    assert error.code == 3\nelse:\n    assert 0",
    ),
    "an exception's attributes": (
        (
            "class E(Exception):\n    def __init__(self, code, more):\n        super().__init__(code)\n"
            "        self.code = code\n    def __str__(self): return 'E!'\ndef f(): raise E(7, 8)"
        ),
        "try:\n    f()\nexcept Exception as error:\n    assert error.code == 7 and str(error) == 'E!'\nelse:\n    assert 0",
    ),
    "a helper of the candidate's": ("def helper(n): return n * 2\ndef f(n): return helper(n)", "assert helper(2) == f(2) == 4"),
}


@pytest.mark.parametrize("name", CASES)
def test_judged_calls_behave_as_direct_ones(sandbox: Sandbox, name: str) -> None:
    code, tests = CASES[name]
    run = sandbox.run(code, Task("f", tests=tests, entry_point="f", channel="judged"))
    assert run.passed, run.error


def test_a_lie_about_arguments_changes_only_the_arguments(sandbox: Sandbox) -> None:
    """A candidate may answer what it likes; the tests compare it, and their own expected values are out of its reach."""
    code = "def f(x):\n    x.clear()\n    return [1, 2, 3]"
    run = sandbox.run(code, Task("f", tests="expected = [3]\nassert f([3]) == expected", channel="judged"))
    assert run.failure is FailureKind.WRONG


@pytest.mark.parametrize("kind", ["StopIteration", "StopAsyncIteration"])
@pytest.mark.parametrize(
    "tests", ["for a, b in zip(map(f, [1, 2]), [2, 3]):\n    assert a == b", "assert all(map(lambda n: f(n) == n + 1, [1, 2]))"]
)
def test_a_candidate_can_not_end_the_tests_loops(sandbox: Sandbox, kind: str, tests: str) -> None:
    """PEP 479: the end of an iteration that leaves a call is an error."""
    task = Task("f", tests=tests, channel="judged")
    assert sandbox.run("def f(n): return n + 1", task).passed
    assert not sandbox.run(f"def f(n): raise {kind}", task).passed
    assert not sandbox.run(f"class E({kind}): pass\ndef f(n): raise E(1)", task).passed


@pytest.mark.slow
def test_a_fraction_of_giant_numbers_is_stopped_by_the_limits(sandbox: Sandbox) -> None:
    """They have no common divisor; to find that out takes the judge longer than the job may."""
    code = (
        "from fractions import Fraction\nF = Fraction(1, 2)\n"
        "F._numerator, F._denominator = 3 << 16_000_000, (1 << 15_000_000) + 1\ndef f(): return F"
    )
    tests = "from fractions import Fraction\nassert f() == Fraction(1, 2)"
    run = sandbox.run(code, Task("f", tests=tests, channel="judged", limits={"wall_seconds": 1.5}))
    assert run.failure is FailureKind.TIMEOUT


WRONG = {
    "an exit": ("def f(n): raise SystemExit(0)", "assert f(1) == 2"),
    "an exit that claims to be an error": (
        "class ValueError(Exception): __module__ = 'builtins'; __qualname__ = 'SystemExit'\ndef f(n): raise ValueError(0)",
        "assert f(1) == 2",
    ),
    "an exception of pytest's": ("import unittest\ndef f(n): raise unittest.SkipTest", "import unittest\nassert f(1) == 2"),
    "another exception": ("def f(n): raise KeyError", "try:\n    f(1)\nexcept ValueError:\n    pass\nelse:\n    assert 0"),
    "a false object": ("class A:\n    def __bool__(self): return False\ndef f(): return A()", "assert f()"),
    "an empty object": ("class A:\n    def __len__(self): return 0\ndef f(): return A()", "assert f()"),
    "an object that claims to contain all": (
        "class A:\n    def __contains__(self, x): return True\ndef f(): return A()",
        "assert 3 in f()",
    ),
    "items equal to everything": (
        (
            "class E:\n    def __eq__(self, other): return True\n    __hash__ = None\n"
            "class A:\n    def __iter__(self): return iter([E()])\ndef f(): return A()"
        ),
        "assert 3 in f()",
    ),
    "a call with a wrong result": ("def f(a): return lambda b: a", "assert f(1)(2) == 3"),
    "a result equal to everything": (
        "class E:\n    def __eq__(self, other): return True\n    def __call__(self, x): return self\ndef f(a): return E()",
        "assert f(1)(2) == 3",
    ),
    "an end of iteration in a call of a call": (
        "def g(b): raise StopIteration\ndef f(a): return g",
        "assert all(map(lambda n: f(n)(n) == 2 * n, [1, 2]))",
    ),
    "a subclass of a date's": (
        "import datetime\nclass D(datetime.date):\n    def __eq__(s, o): return True\n    __hash__ = None\ndef f(): return D(1, 1, 1)",
        "from datetime import date\nassert f() == date(2024, 2, 29)",
    ),
    "a zone of its own": (
        (
            "import datetime\nclass Z(datetime.tzinfo):\n    def utcoffset(self, when): return datetime.timedelta(hours=2)\n"
            "def f(): return datetime.datetime(1, 1, 1, tzinfo=Z())"
        ),
        "from datetime import datetime, timezone\nassert f() == datetime(2024, 1, 1, tzinfo=timezone.utc)",
    ),
    "an identifier that claims to be the library's": (
        (
            "class UUID:\n    __module__ = 'uuid'\n    int = 1\n    def __eq__(self, other): return True\n    __hash__ = None\n"
            "def f(): return UUID()"
        ),
        "import uuid\nassert f() == uuid.UUID(int=2)",
    ),
    "an identifier in the library's place": (
        (
            "import uuid\nclass UUID:\n    int = 1\n    def __eq__(self, other): return True\n    __hash__ = None\n"
            "uuid.UUID = UUID\ndef f(): return UUID()"
        ),
        "import uuid\nassert f() == uuid.UUID(int=2)",
    ),
    "an identifier without a number": (
        "import uuid\nu = uuid.UUID(int=2)\nobject.__setattr__(u, 'int', 'x')\ndef f(): return u",
        "import uuid\nassert f() == uuid.UUID(int=2)",
    ),
    "a fraction with no denominator": (
        "from fractions import Fraction\nF = Fraction(1, 2)\nF._denominator = 0\ndef f(): return F",
        "from fractions import Fraction\nassert f() == Fraction(1, 2)",
    ),
    "a type of its own": (
        "class M(type):\n    def __eq__(self, other): return True\n    __hash__ = None\nclass A(metaclass=M): pass\ndef f(): return A",
        "assert f() == int",
    ),
    "an iterator that ends early": ("def f(): return iter([1])", "assert list(f()) == [1, 2]"),
}


@pytest.mark.parametrize("name", WRONG)
def test_objects_that_stay_behind_forge_nothing(sandbox: Sandbox, name: str) -> None:
    code, tests = WRONG[name]
    run = sandbox.run(code, Task("f", tests=tests, entry_point="f", channel="judged"))
    assert not run.passed
