"""Tasks: what is inferred, what is refused."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from banditgen import Limits, Task
from banditgen.errors import TaskError


@pytest.mark.parametrize(
    ("tests", "entry_point"),
    [
        ("assert slugify('A b') == 'a-b'", "slugify"),
        ("import math\nassert math.isclose(area(2), 3.1, rel_tol=0.1)", "area"),
        ("def check(candidate):\n    assert candidate(1) == 2\n\ncheck(increment)", "increment"),
        ("from fractions import Fraction\nassert len(split(Fraction(1))) == sum([1])", "split"),
        ("x = sorted([2, 1])\nassert first(x) == 1", "first"),
        ("def test_it():\n    assert parse('a') == ['a']", "parse"),
        ("assert not_called == 3", None),
        ("\ufeffassert f(1) == 2", "f"),
    ],
)
def test_entry_point_is_inferred(tests: str, entry_point: str | None) -> None:
    """The first name that the tests call and neither define nor import."""
    assert Task("p", tests=tests).entry_point == entry_point


@pytest.mark.parametrize(
    ("tests", "wanted"),
    [
        ("assert slugify('A b') == 'a-b'", "slugify"),
        ("from solution import median\n\ndef test_it():\n    assert median([1]) == 1", "median"),
        ("import solution\n\ndef test_it():\n    assert solution.median([1]) == 1", "median"),
        ("from solution import Stack\n\ndef test_it():\n    s = Stack()\n    s.push(1)\n    assert s.pop() == 1", "Stack"),
        ("from math import sqrt\nassert sqrt(root(4)) == root(2)", "root"),
        (None, None),
    ],
)
def test_what_is_wanted_is_known_from_imports_too(tests: str | None, wanted: str | None) -> None:
    """A model is told, and an answer is searched for, the name that the tests import from the module under test."""
    assert Task("p", tests=tests).wanted == wanted


@pytest.mark.parametrize(
    ("tests", "kind"),
    [
        ("assert f(1) == 1", "asserts"),
        ("def test_f():\n    assert f(1) == 1", "pytest"),
        ("def test_f():\n    assert f(1) == 1\ntest_f()", "asserts"),
        ("import pytest\nassert f(1) == 1", "pytest"),
        ("class TestF:\n    def test_one(self):\n        assert f(1) == 1", "pytest"),
        (None, "none"),
    ],
)
def test_kind_of_tests(tests: str | None, kind: str) -> None:
    assert Task("p", tests=tests).kind == kind


def test_examples_are_pairs_or_mappings() -> None:
    task = Task("p", examples=[("1\n", "2\n"), {"stdin": "a", "stdout": "b"}])
    assert task.kind == "stdio"
    assert task.examples == (("1\n", "2\n"), ("a", "b"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"prompt": ""}, "prompt is empty"),
        ({"prompt": " \n"}, "prompt is empty"),
        ({"prompt": "p", "tests": "assert f(1 =="}, "do not parse: line 1"),
        ({"prompt": "p", "tests": "x = '\x00'"}, "do not parse"),
        ({"prompt": "p", "tests": "  "}, "tests are empty"),
        ({"prompt": "p", "tests": "# to do"}, "test nothing"),
        ({"prompt": "p", "tests": "import pytest"}, "test nothing"),
        ({"prompt": "p", "tests": "def check(candidate):\n    assert candidate(1) == 2"}, "say with entry_point"),
        ({"prompt": "p", "task_type": "\udcff"}, "lone surrogate"),
        ({"prompt": "p", "examples": 5}, "examples must be"),
        ({"prompt": "p", "examples": ["ab"]}, "example 1"),
        ({"prompt": "p", "entry_point": "class"}, "entry_point"),
        ({"prompt": "p", "tests": "assert f()", "examples": [("", "")]}, "not both"),
        ({"prompt": "p", "examples": [("only one",)]}, "example 1"),
        ({"prompt": "p", "entry_point": "not a name"}, "entry_point"),
        ({"prompt": "p", "task_type": ""}, "task_type is empty"),
        ({"prompt": "p", "limits": {"wall": 3}}, "unknown limit 'wall'"),
        ({"prompt": "p", "limits": {"wall_seconds": 0}}, "wall_seconds"),
        ({"prompt": "p", "limits": {"wall_seconds": float("nan")}}, "wall_seconds"),
    ],
)
def test_wrong_tasks_are_refused_in_one_line(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(TaskError, match=message) as caught:
        Task(**arguments)
    assert "\n" not in str(caught.value)


def test_a_field_of_another_task_is_taken() -> None:
    """So `dataclasses.replace` works."""
    task = Task("p", tests="import helper\nassert f(1) == 2", files={"helper.py": "x = 1"})
    changed = dataclasses.replace(task, prompt="q")
    assert (changed.prompt, changed.files, changed.tests) == ("q", task.files, task.tests)
    assert dataclasses.replace(Task("p"), prompt="q") == Task("q")
    with pytest.raises(TaskError, match="files must be a mapping"):
        Task("p", files=("helper.py",))  # type: ignore[arg-type]


def test_limits_from_a_mapping() -> None:
    assert Task("p", limits={"wall_seconds": 3}).limits == Limits(wall_seconds=3)
