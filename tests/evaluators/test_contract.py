"""What every evaluator promises, held over each of ours."""

import math
from typing import Any

import pytest

from banditgen.evaluators import DefaultEvaluator, Evaluator, ExternalEvaluator
from banditgen.result import FailureKind
from banditgen.sandbox.base import Execution
from banditgen.task import Task

TASKS = [
    Task("add", tests="assert add(1, 2) == 3"),
    Task("add", examples=[("1 2", "3")]),
    Task("add"),
]
EXECUTIONS = [
    Execution(passed=True, verified=True, exit_code=0),
    Execution(passed=False, verified=True, failure=FailureKind.WRONG, stderr="AssertionError", exit_code=1),
    Execution(passed=False, verified=True, failure=FailureKind.TIMEOUT, limit="wall", stdout="\x1b[2J" * 1000),
]
CODES = [
    "def add(a, b):\n    return a + b\n",
    "import os, sys\ndef add(a=[], b=None):\n    if b == None: return y\nprint(add(1))\n",
    "def add(",
    "",
    "# nothing but a comment",
    "a\0b",
    "\ud800",
    'def add(a, b):\n    return "\\d"\n',
    "def add(a, b): # noqa\n    return c # noqa: F821\n",
]


class Judge:
    """The kind of evaluator that a caller brings."""

    def evaluate_full(self, stdout: str, stderr: str, metrics: dict[str, Any]) -> dict[str, Any]:
        return {"final_score": 0.5 if metrics["exit_code"] == 0 else 0.25, "comment": "fine"}


@pytest.fixture(params=[DefaultEvaluator, lambda: ExternalEvaluator(Judge())], ids=["default", "external"])
def evaluator(request: pytest.FixtureRequest) -> Evaluator:
    made: Evaluator = request.param()
    return made


def test_it_is_an_evaluator(evaluator: Evaluator) -> None:
    assert isinstance(evaluator, Evaluator)


@pytest.mark.parametrize("code", CODES)
def test_every_measure_is_a_finite_number_in_the_unit_interval_and_quality_is_there(evaluator: Evaluator, code: str) -> None:
    for task in TASKS:
        for execution in EXECUTIONS:
            measures = evaluator.evaluate(code, execution, task)
            assert "quality" in measures
            for name, value in measures.items():
                assert isinstance(name, str)
                assert isinstance(value, float)
                assert math.isfinite(value)
                assert 0.0 <= value <= 1.0


def test_the_same_candidate_gets_the_same_measures(evaluator: Evaluator) -> None:
    first, second = (evaluator.evaluate(CODES[1], EXECUTIONS[0], TASKS[0]) for _ in range(2))
    assert first == second
