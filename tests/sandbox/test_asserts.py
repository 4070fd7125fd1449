"""What a failing assert of a task's tests says: itself, and what it got; and that it judges as it did before."""

from __future__ import annotations

from typing import Any

import pytest

from banditgen.sandbox.base import Sandbox
from banditgen.sandbox.inside import asserts
from banditgen.task import Task

MEDIAN = """
def median(numbers):
    return sorted(numbers)[len(numbers) // 2]

class Odd:
    def __repr__(self):
        raise SystemExit
"""
SAID = {
    "assert median([4, 1]) == 2.5": "assert median([4, 1]) == 2.5; got 4",
    "assert 2.5 == median([4, 1])": "assert 2.5 == median([4, 1]); got 4",
    "from solution import median\n\ndef test_even():\n    assert median([4, 1]) == 2.5": "assert median([4, 1]) == 2.5; got 4",
    "x = [5]\nassert median([4, 1]) in x": "assert median([4, 1]) in x; got 4 and [5]",
    "for n in (1, 2):\n    assert median([n]) < 2": "assert median([n]) < 2; got 2",
    "def check(candidate):\n    assert candidate([4, 1]) == 2.5\ncheck(median)": "assert candidate([4, 1]) == 2.5; got 4",
    "assert not median([4, 1])": "assert not median([4, 1]); got 4",
    "assert median([0])": "assert median([0]); got 0",
    "assert median([0]) and True": "assert median([0]) and True",
    "assert median([4, 1]) == 2.5, 'an even number of them'": "an even number of them",
    "x = []\nassert median([9] * 900) == 2 * ['x' * 900]": "got 9 and ['" + "x" * 77 + "..." + "x",
}


@pytest.mark.slow
@pytest.mark.parametrize("tests", SAID)
def test_a_failing_assert_says_what_it_got(sandbox: Sandbox, tests: str) -> None:
    run = sandbox.run(MEDIAN, Task("median", tests=tests))
    assert not run.passed
    assert SAID[tests] in str(run.error)


def test_a_hostile_value_does_not_change_the_verdict(sandbox: Sandbox) -> None:
    run = sandbox.run(MEDIAN, Task("Odd", tests="assert Odd() is None or Odd() == 1\nassert Odd() == 1"))
    assert (run.passed, str(run.failure)) == (False, "wrong")
    assert "; got" not in str(run.error) or "a Odd" in str(run.error)


@pytest.mark.parametrize("tests", [
    "import weakref\nassert weakref.ref(f) is not None",
    "assert f() == 3\nassert sorted(globals())",
    "assert f() == 3, 'a message'",
    "class T:\n    assert f() == 3",
])  # fmt: skip
def test_tests_that_see_names_or_lives_are_compiled_as_they_are(tests: str) -> None:
    assert asserts.compiled(tests).co_code == compile(tests, "<tests>", "exec", optimize=0).co_code


def test_what_holds_keeps_nothing() -> None:
    """A value that was compared lives no longer than it does in plain Python, and no name is left."""
    scope: dict[str, Any] = {"f": lambda: 3}
    exec(asserts.compiled("assert f() == 3\ndef g():\n    assert f() < f() + 1\n    yield"), scope)
    assert set(scope) == {"f", "g", "__builtins__"}
    running = scope["g"]()
    next(running)
    assert running.gi_frame.f_locals == {}
