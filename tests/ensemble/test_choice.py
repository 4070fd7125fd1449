"""Choosing without tests: what speaks for a candidate, and that nothing else does."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Sequence

import numpy as np
import pytest

from banditgen import Task, UsageError
from banditgen.ensemble import Choice, choose
from banditgen.sandbox.base import Execution
from banditgen.sandbox.default import shared_sandbox
from banditgen.sandbox.pool import ZygoteSandbox

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's")
CALLS = [f"f({n})" for n in range(-2, 6)]
SQUARE = ["def f(n): return n * n", "def f(n): return n ** 2", "def f(n):\n    return sum([n] * n) if n > 0 else n * n"]
WRONG = ["def f(n): return n + n", "def f(n): return n * 3", "def f(n): return n - 1", "def f(n): return str(n)", "def f(n): return n + 7"]
CRASHES = "def f(n): raise RuntimeError(n)"


def test_candidates_that_agree_win_over_others_that_are_as_reliable() -> None:
    chosen = choose([WRONG[0], SQUARE[0], WRONG[1], SQUARE[1]], calls=CALLS, models=["a", "b", "c", "d"])
    assert chosen.index in (1, 3)
    assert chosen.sure
    assert chosen.scores[1] == chosen.scores[3] == chosen.confidence == max(chosen.scores)
    assert "2 of 4 candidates behave like it on 8 inputs" in chosen.reason
    assert all(0 <= score <= 1 for score in chosen.scores)


def test_many_unreliable_arms_of_one_model_do_not_outvote_a_reliable_one() -> None:
    codes = [SQUARE[0], WRONG[0], WRONG[0] + " ", WRONG[0] + "\n"]
    kept = choose(codes, calls=CALLS, reliabilities=[0.93, 0.15, 0.15, 0.15], models=["good", "small", "small", "small"])
    assert kept.index == 0
    even = choose(codes, calls=CALLS, reliabilities=[0.5] * 4, models=["good", "small", "small", "small"])
    assert even.index != 0
    apart = choose(codes, calls=CALLS, reliabilities=[0.5] * 4, models=["good", "x", "y", "z"])
    assert apart.confidence > even.confidence, "of one model they are wrong in the same way more often"


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_the_choice_follows_the_candidate_and_not_its_place(seed: int) -> None:
    codes = [*SQUARE, *WRONG, CRASHES]
    trust, models = np.random.default_rng(seed).uniform(0.1, 0.9, len(codes)), list("aabbccdde")
    places = list(range(len(codes)))
    random.Random(seed).shuffle(places)
    first = choose(codes, calls=CALLS, reliabilities=trust.tolist(), models=models)
    again = choose([codes[i] for i in places], calls=CALLS, reliabilities=[trust[i] for i in places], models=[models[i] for i in places])
    assert places[again.index] == first.index
    assert [first.scores[i] for i in places] == pytest.approx(again.scores)
    equals = [f"def f(n): return {n}" for n in range(4, 9)]
    tied = [choose(order, calls=CALLS[:3]).index for order in (equals, equals[::-1])]
    assert tied[0] == len(equals) - 1 - tied[1], "also where nothing tells them apart"


def test_generated_asserts_and_the_prompts_examples_are_witnesses() -> None:
    codes = [SQUARE[0], WRONG[0]]
    tests = [("f(3)", "9", 5), ("f(3)", "7", 2), ("f(1)", "[1] * 1", 3), ("f(4)", "nonsense +", 9), ("f(5)", "10", 1)]
    chosen = choose(codes, tests=tests)
    assert (chosen.index, chosen.sure) == (0, True)
    assert "5 of 11 of the votes of asserts" in chosen.reason
    for prompt in ("Square it.\n>>> f(3)\n9\n", "Square it: f(3) → 9, f(1) returns 1.", "assert f(3) == 9"):
        shown = choose(codes[::-1], entry_point="f", task=Task(prompt))
        assert (shown.index, shown.sure) == (1, True), prompt
    many = choose([WRONG[0], *SQUARE], calls=CALLS, tests=[("f(3)", "6", 1), ("f(4)", "8", 1), ("f(2)", "4", 1)])
    assert many.index != 0, "most asserts are wrong: they are witnesses, not judges"


def test_where_nothing_speaks_it_is_the_most_reliable_arms() -> None:
    alone = choose([f"def f(n): return 'abc'[{n}]" for n in range(3)], calls=CALLS, reliabilities=[0.2, 0.7, 0.4])
    assert (alone.index, alone.sure) == (1, False)
    unasked = choose(["x = 1", "y = 2"], reliabilities=[0.2, 0.7])
    assert (unasked.index, unasked.sure, unasked.scores) == (1, False, (0.2, 0.7))
    assert unasked.confidence == 0.7
    broken = choose(["def f(n): return n", "def f(n) return n", "def g(n): return n"], entry_point="f", reliabilities=[0.2, 0.7, 0.6])
    assert (broken.index, broken.sure) == (0, False), "what can't be loaded or lacks the function is not taken"


def test_nobody_returns_anything() -> None:
    chosen = choose(
        [CRASHES, "def f(n) return", "raise ValueError", "import os; os._exit(0)"], calls=CALLS, reliabilities=[0.3, 0.4, 0.5, 0.6]
    )
    assert 0 <= chosen.index <= 3
    assert not chosen.sure
    assert "none returns anything" in chosen.reason


def test_one_candidate() -> None:
    chosen = choose([SQUARE[0]], calls=CALLS, reliabilities=[0.8])
    assert (chosen.index, chosen.sure) == (0, False)
    told = choose([SQUARE[0]], tests=[("f(3)", "9", 5), ("f(4)", "16", 5)], reliabilities=[0.8])
    against = choose([SQUARE[0]], tests=[("f(3)", "10", 5), ("f(4)", "17", 5)], reliabilities=[0.8])
    assert told.sure
    assert against.sure
    assert told.confidence > against.confidence


@pytest.mark.slow
def test_errors_times_and_chance_are_behaviour() -> None:
    picky = ["def f(n):\n    if n < 0: raise ValueError(n)\n    return n * n", "def f(n):\n    assert n >= 0\n    return n * n"]
    assert choose([picky[0], picky[0] + "\n", SQUARE[0]], calls=CALLS).index in (0, 1), "an error can be what is right"
    assert "1 of 3 candidates" in choose([*picky, SQUARE[0]], calls=CALLS).reason, "another error is another behaviour"
    chance = "import random\ndef f(n): return random.random()"
    mixed = choose([chance, SQUARE[0], chance + "\n", SQUARE[1]], calls=CALLS)
    assert mixed.index in (1, 3)
    assert mixed.scores[0] == pytest.approx(mixed.scores[2])
    assert mixed.scores[0] < mixed.confidence / 2, "two that vary don't agree"
    limits = {"wall_seconds": 3.0}
    hangs = "def f(n):\n    while n == 1:\n        pass\n    return n * n"
    late = choose([hangs, SQUARE[0], SQUARE[1]], calls=["f(0)", "f(1)", "f(2)"], task=Task("Square it.", limits=limits))
    assert late.index != 0
    assert late.scores[0] < late.confidence


HOSTILE = {
    "prints answers of its own": "import sys\nsys.stdout.write('9')\ndef f(n):\n    print('=9')\n    return n + 1",
    "equals everything": "class All:\n    __eq__ = lambda self, other: True\n    __hash__ = None\ndef f(n): return All()",
    "is what it likes": "class I(int):\n    __eq__ = lambda self, other: True\n    __hash__ = int.__hash__\ndef f(n): return I(n + 1)",
    "speaks in advance": (
        "import os, sys\nframe = sys._getframe()\nwhile 'mark' not in frame.f_locals: frame = frame.f_back\n"
        "os.write(1, ('\\n' + frame.f_locals['mark'] + '\"=16\"\\n').encode() * 20)\ndef f(n): return -n"
    ),
    "replaces what asks": "import json, hashlib\njson.dumps = lambda told: '\"=16\"'\ndef f(n): return n + 2",
    "says nonsense": "import json\njson.dumps = lambda told: '[' * 5000\ndef f(n): return n + 2",
    "ends": "import os\ndef f(n): os._exit(0)",
    "has no repr": "class C:\n    def __repr__(self): raise SystemExit\ndef f(n): return C()",
    "repeats for ever": "def f(n):\n    while True: yield n",
    "floods": "def f(n):\n    print('x' * 3_000_000)\n    return n + 5",
    "is no text": "def f(n): return '\\ud800'",
    "is no source": "def f(n): return '\ud800'",
    "has a null": "def f(n): return 1 \0",
}


@pytest.mark.parametrize("code", HOSTILE.values(), ids=HOSTILE)
def test_a_candidate_speaks_for_itself_alone(code: str) -> None:
    """Whatever it does, the two that agree are chosen, and it is no reason to believe them less than a plain wrong one is."""
    plain = choose([WRONG[0], SQUARE[0], SQUARE[1]], calls=CALLS)
    chosen = choose([code, SQUARE[0], SQUARE[1]], calls=CALLS)
    assert chosen.index in (1, 2)
    assert chosen.scores[1] == chosen.scores[2]
    assert chosen.confidence >= plain.confidence - 0.1


def test_forged_agreement_does_not_pay() -> None:
    """Many that do nothing but the same: they agree, and lose to two that answer, as errors speak against them."""
    forgers = [f"def f(n): raise ValueError({i})" for i in range(4)]
    chosen = choose([*forgers, *SQUARE[:2]], calls=CALLS, models=list("aaaabc"), reliabilities=[0.5] * 6)
    assert chosen.index >= 4


def test_programs_are_compared_by_what_they_print() -> None:
    double = ["print(int(input()) * 2)", "import sys\nprint(2 * int(sys.stdin.read()), '')"]
    wrong = "print(int(input()) + 2)"
    for inputs in (["3\n", "5\n"], [r"'3\n'", r"'5\n'"]):
        chosen = choose([wrong, *double], calls=inputs)
        assert chosen.index in (1, 2)
        assert chosen.scores[1] == chosen.scores[2]
    told = choose([wrong, double[0]], tests=[("3", "6", 2), ("5", "10", 1)])
    assert (told.index, told.sure) == (1, True)
    shown = choose([wrong, double[0]], task=Task("Double it.\n\nInput:\n3\n\nOutput:\n6\n"))
    assert (shown.index, shown.sure) == (1, True)
    for prompt in ("Double it.\nInput: 3\nOutput: 6", "Double it.\n\n**Input**\n\n3\n\n**Expected Output**\n\n6\n"):
        assert choose([wrong, double[0]], task=Task(prompt)).confidence > 0.8, prompt
    assert choose([wrong, double[0]], task=Task("Double it.", examples=[("3", "6")])).index == 1
    nothing = choose(["x = 1", "raise ValueError"], reliabilities=[0.2, 0.9])
    assert (nothing.index, nothing.sure) == (0, False)
    unread = choose(["print(input()[0])", "print(int(input()) + 2)", "print((", "import no_such"], reliabilities=[0.4, 0.6, 0.9, 0.9])
    assert (unread.index, unread.confidence, unread.sure) == (1, 0.6, False)
    hello = choose(["print('hello')", "print('Hello')", "print('hello', end='')"], models=list("abc"))
    assert (hello.index in (0, 2), hello.sure) == (True, True)


@pytest.mark.slow
def test_a_program_that_hangs_is_asked_for_no_more_than_twice_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox, asked = shared_sandbox(), list[str]()
    run = sandbox.run

    def counted(code: str, task: Task) -> Execution:
        asked.append(code)
        return run(code, task)

    monkeypatch.setattr(sandbox, "run", counted)
    codes = ["while True: pass", "print(int(input()) * 2)", "print(2 * int(input()))"]
    task = Task("Double it.", limits={"wall_seconds": 2.0})
    chosen = choose(codes, calls=[f"{n}\n" for n in range(9)], task=task, sandbox=sandbox)
    assert (chosen.index in (1, 2), chosen.sure) == (True, True)
    assert asked.count(codes[0]) == 2


def test_inputs_are_drawn_from_type_hints_where_there_are_no_others() -> None:
    prompt = "def total(numbers: list[int], start: int = 0) -> int:\n    '''The sum.'''\n"
    codes = [
        "def total(ns, start=0): return max(ns)",
        "def total(ns, start=0): return sum(ns, start)",
        "from math import fsum\ndef total(ns, start=0): return fsum(ns) + start",
    ]
    chosen = choose(codes, entry_point="total", task=Task(prompt), models=list("abc"))
    assert (chosen.index in (1, 2), chosen.sure) == (True, True)
    in_code = choose(
        ["def g(n: int) -> int: return n + 1", "def g(n: int) -> int: return 1 + n", "def g(n: int): return n"], entry_point="g"
    )
    assert (in_code.index in (0, 1), in_code.sure) == (True, True)
    optional = choose([*WRONG[:1], *SQUARE[:2]], entry_point="f", task=Task("def f(n: int | None = 3) -> int:\n    pass\n"))
    assert (optional.index in (1, 2), optional.sure) == (True, True)


@pytest.mark.parametrize(
    ("codes", "more", "message"),
    [
        ([], {}, "at least one candidate"),
        ("def f(): pass", {}, "at least one candidate"),
        ([3], {}, "at least one candidate"),
        (["x"], {"reliabilities": [0.5, 0.5]}, "one entry for each of the 1 codes"),
        (["x"], {"reliabilities": [1.5]}, "between 0 and 1"),
        (["x"], {"reliabilities": [float("nan")]}, "between 0 and 1"),
        (["x"], {"models": []}, "one entry for each"),
        (["x"], {"calls": "f(1)"}, "a list of source texts"),
        (["x"], {"calls": [1]}, "must be source text"),
        (["x"], {"tests": [("f(1)", "2")]}, r"\(call, expected, votes\)"),
        (["x"], {"tests": [("f(1)", "2", -1)]}, "votes must be"),
        (["x"], {"tests": None}, "a list of"),
        (["x"], {"reliabilities": 0.5}, "one entry for each"),
        (["x"], {"reliabilities": [[0.5]]}, "between 0 and 1"),
        (["x"], {"models": 7}, "one entry for each"),
        (["x"], {"task": "Square it."}, "must be a Task"),
        (["x"], {"entry_point": 3}, "a function's name"),
        (["x"], {"entry_point": "f(1); import os"}, "a function's name"),
        (["x", "y"], {"models": "ab"}, "a list of names"),
        (["x", "y"], {"models": {"a", "b"}}, "a list of names"),
        (["x"], {"models": [None]}, "a list of names"),
        (["x"], {"sandbox": 3}, "a sandbox needs name, run, isolation and close; int is none"),
        (["x"], {"sandbox": "container"}, "str is none"),
        (["x"], {"sandbox": ZygoteSandbox}, "the class ZygoteSandbox is none"),
        (["x"], {"calls": 3}, "a list of source texts"),
        (["x"], {"tests": [("f(1)", "2", True)]}, "votes must be"),
    ],
)
def test_what_cannot_be_is_named(codes: Sequence[str], more: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        choose(codes, **more)  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.parametrize("truth", [0.3, 0.45, 0.6])
def test_planted_truth_is_found_and_confidence_is_higher_where_it_is_and_not_too_high(truth: float) -> None:
    """Candidates that are right with a planted chance, and else wrong in one of twelve ways: better than the first one.

    Wrong ones agree by chance alone here, which they do less than models' do: confidence is careful, not exact.
    """
    rng, right, believed, first = np.random.default_rng(7), [], [], []
    for _ in range(150):
        good = rng.random(5) < truth
        codes = [SQUARE[0] if ok else f"def f(n): return n * n + {rng.integers(1, 13)}" for ok in good]
        chosen = choose(codes, calls=CALLS, reliabilities=[truth] * 5, sandbox=shared_sandbox())
        right.append(good[chosen.index])
        believed.append(chosen.confidence)
        first.append(good[0])
    assert np.mean(right) > np.mean(first) + 0.05
    assert np.mean(right) - 0.3 < np.mean(believed) < np.mean(right) + 0.05
    good_ones = np.array(right)
    assert np.array(believed)[good_ones].mean() > np.array(believed)[~good_ones].mean()


@pytest.mark.parametrize(
    ("alike", "other"),
    [
        (("def f(n): n.sort()", "def f(n): n[:] = sorted(n)"), "def f(n): n.reverse()"),
        (("def f(n): return complex(len(n), 0)", "def f(n): return len(n)"), "def f(n): return 1j"),
        (
            ("from decimal import Decimal\ndef f(n): return Decimal(len(n)) / 4", "def f(n): return len(n) / 4"),
            "from fractions import Fraction\ndef f(n): return Fraction(1 + len(n), 4)",
        ),
        (("def f(n): return {len(n): [float('nan')]}", "def f(n): return {float(len(n)): [-float('nan')]}"), "def f(n): return {0: []}"),
        (("def f(n): return {str(i) for i in n}", "def f(n): return set(map(str, n))"), "def f(n): return set()"),
        (("def f(n): return sum([0.1] * len(n))", "def f(n): return len(n) / 10"), "def f(n): return len(n) / 10 + 1e-6"),
        (
            tuple(f"class P:\n    __slots__ = 'n'\ndef f({n}):\n    p = P()\n    p.n = {n}\n    return p" for n in "nm"),
            "class P: pass\ndef f(n): return P()",
        ),
        (("def f(n): yield from n", "def f(n): return iter(n)"), "def f(n): return iter(n[1:])"),
        (("async def f(n): return n[0]", "def f(n): return n[0]"), "async def f(n): return n[-1]"),
    ],
    ids=["changes its argument", "complex", "decimals", "nan", "sets", "floats", "slots", "iterators", "awaited"],
)
def test_equal_behaviour_is_seen_in_values_of_any_kind(alike: tuple[str, str], other: str) -> None:
    chosen = choose([other, *alike], calls=["f([3, 1, 2])", "f(n=[2, 5])"], models=list("abc"))
    if "(m)" in alike[1]:  # its parameter has another name
        chosen = choose([other, *alike], calls=["f([3, 1, 2])"], models=list("abc"))
    assert chosen.index in (1, 2)
    assert chosen.scores[1] == chosen.scores[2] > chosen.scores[0]


def test_an_assert_among_the_calls_is_a_witness_with_one_vote() -> None:
    chosen = choose([WRONG[0], SQUARE[0]], calls=["assert f(3) == 9", "assert f(4)", "assert f(", "f(5)"])
    assert (chosen.index, chosen.sure) == (1, True)
    assert "on 3 inputs; 1 of 1 of the votes of asserts" in chosen.reason


def test_asserts_that_no_candidate_meets_make_nobody_sure() -> None:
    codes = [f"def f(n): return n + {number}" for number in range(3)]
    chosen = choose(codes, tests=[("f(3)", "'x'", 5)], reliabilities=[0.2, 0.7, 0.4])
    assert (chosen.index, chosen.sure) == (1, False)


@pytest.mark.slow
@pytest.mark.parametrize(
    "prompt",
    ["f(" * 10_000, ">>> f(\n\0 f(2) → ", "f(2) " * 100_000, "def f(" * 20_000, "input:\n" * 20_000, " \t>#*" * 50_000 + "input"],
    ids=["open", "null", "long", "signature", "headings", "blanks"],
)
def test_a_prompt_of_any_kind_is_read_in_a_moment(prompt: str) -> None:
    started = time.process_time()
    assert choose([SQUARE[0], prompt], entry_point="f", task=Task(prompt)).index == 0
    assert time.process_time() - started < 5, "it is a text of a hundred kilobytes, not a program"


@pytest.mark.slow
def test_planted_nothing_is_not_sure() -> None:
    """Candidates of which no two do the same, none of them crashing, under no witness: it says that it doesn't know."""
    rng = np.random.default_rng(3)
    for _ in range(5):
        codes = [f"def f(n): return {number}" for number in rng.choice(1000, 4, replace=False)]
        trust = rng.uniform(0.2, 0.9, 4)
        chosen: Choice = choose(codes, calls=CALLS, reliabilities=trust.tolist())
        assert (chosen.sure, chosen.index) == (False, int(trust.argmax()))
