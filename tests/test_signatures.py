"""What the tests call is told by name and arguments, and never what they expect."""

import pytest

from banditgen import Task

CASES = {
    "a literal's type": ("assert slugify('A b') == 'a-b'", ["slugify(text: str)"]),
    "types that differ": ("assert add(1, 2) == 3\nassert add('a', 'b') == 'ab'", ["add(value1, value2)"]),
    "whole numbers and others": ("assert half(1) == 0.5\nassert half(0.5) == 0.25", ["half(number: float)"]),
    "fewer arguments": ("assert total([1]) == total([1], 2)", ["total(items: list, number: int=...)"]),
    "keywords": ("assert area(2, height=3) == 6", ["area(number: int, height=...)"]),
    "names of variables": ("data = load()\nassert mean(data) == 2", ["load()", "mean(data)"]),
    "check(candidate)": ("def check(candidate):\n    assert candidate([1], 3) == 4\ncheck(grow)", ["grow(items: list, number: int)"]),
    "pytest": (
        "import pytest\n\n@pytest.mark.parametrize('a', [1])\ndef test_it(a):\n    assert double(a) == 2\n    assert double('x') == 'xx'",
        ["double(a)"],
    ),
    "imports": ("from solution import f, g\nassert f(1) == g([])", ["f(number: int)", "g(items: list)"]),
    "a module's attributes": ("import solution\nassert solution.f({}) == 6", ["f(mapping: dict)"]),
    "a class and its methods": (
        "s = Stack()\ns.push(1)\nassert s.pop() == 1\nassert len(s) == 0",
        ["Stack() with the methods push(number: int), pop()"],
    ),
    "a context manager": ("with Timer('x') as t:\n    assert t.halt()", ["Timer(text: str) with the methods halt()"]),
    "arguments out of a star": ("assert f(*[1, 2]) == 3", ["f()"]),
    "negative numbers and nothing": ("assert f(-1, None) == 3", ["f(number: int, value)"]),
}


@pytest.mark.parametrize("name", CASES)
def test_what_the_tests_call(name: str) -> None:
    tests, expected = CASES[name]
    found = Task("Do it.", tests=tests).signatures
    assert list(found) == expected


def test_the_prompts_own_parameters_are_kept() -> None:
    assert Task("Write add(a, b: int = 0).", tests="assert add(1, 2) == 3").signatures == ("add(a, b: int = 0)",)
    assert Task("def add(a, b):\n    '''Add.'''", tests="assert add(1, 2) == 3").signatures == ("add(a, b)",)
    assert Task("Write add(1) well.", tests="assert add(1, 2) == 3").signatures == ("add(number1: int, number2: int)",)


def test_no_value_is_told() -> None:
    task = Task("Do it.", tests="assert secret('needle', 4711) == 'haystack'\nassert secret('b', 1) == [0.125]")
    told = " ".join(task.signatures)
    assert not any(value in told for value in ("needle", "4711", "haystack", "0.125"))


def test_without_tests_nothing_is_known() -> None:
    assert Task("Do it.").signatures == ()
    assert Task("Do it.", examples=[("1", "2")]).signatures == ()
