"""The demo's tasks: their tests pass the reference solution and fail every plausible wrong answer."""

import collections
import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from banditgen.demo.catalogue import LIVE, TASK_TYPES, DemoTask, catalogue, live_tasks

JUDGE = """
import contextlib, io, json, sys
verdicts = []
for code, tests in json.load(sys.stdin):
    names = {"__name__": "candidate"}
    exec(code, names)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            exec(tests, names)
        verdicts.append(True)
    except Exception:
        verdicts.append(False)
json.dump(verdicts, sys.stdout)
"""


def tasks_of(task_type: str) -> list[DemoTask]:
    return [entry for entry in catalogue() if entry.task.task_type == task_type]


def judge(pairs: list[tuple[str, str]]) -> list[bool]:
    """Whether each (code, tests) passes, in an interpreter of its own."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", JUDGE], input=json.dumps(pairs), capture_output=True, text=True, check=True, timeout=60
    )
    verdicts: list[bool] = json.loads(done.stdout)
    return verdicts


def wrong_answers(task_type: str) -> dict[str, list[str]]:
    path = Path(__file__).with_name("wrong") / f"{task_type}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def test_there_are_enough_tasks_over_enough_types() -> None:
    counts = collections.Counter(entry.task.task_type for entry in catalogue())
    assert set(counts) == set(TASK_TYPES)
    assert min(counts.values()) >= 12
    assert len(catalogue()) >= 48
    assert len({entry.task.name for entry in catalogue()}) == len(catalogue())


@pytest.mark.parametrize("task_type", TASK_TYPES)
def test_every_reference_solution_passes(task_type: str) -> None:
    entries = tasks_of(task_type)
    verdicts = judge([(entry.solution, entry.task.tests or "") for entry in entries])
    assert [entry.task.name for entry, passed in zip(entries, verdicts, strict=True) if not passed] == []


@pytest.mark.parametrize("task_type", TASK_TYPES)
def test_every_task_fails_at_least_two_plausible_wrong_answers(task_type: str) -> None:
    wrong = wrong_answers(task_type)
    tests = {entry.task.name: entry.task.tests or "" for entry in tasks_of(task_type)}
    assert set(wrong) == set(tests)
    assert all(len(codes) >= 2 for codes in wrong.values())
    cases = [(name, code) for name, codes in wrong.items() for code in codes]
    verdicts = judge([(code, tests[name]) for name, code in cases])
    assert [code for (_, code), passed in zip(cases, verdicts, strict=True) if passed] == []


@pytest.mark.parametrize("entry", catalogue(), ids=lambda entry: entry.task.name)
def test_every_prompt_asks_for_the_function_that_the_tests_call(entry: DemoTask) -> None:
    name = entry.task.name
    assert entry.task.prompt.startswith(f"Write a Python function {name}(")
    assert entry.task.entry_point == name
    assert entry.task.kind == "asserts"
    assert f"def {name}(" in entry.solution
    assert f"{name}(" in (entry.task.tests or "")


def test_a_dozen_tasks_of_every_type_are_raced_live() -> None:
    assert len(LIVE) == len(set(LIVE)) == 12
    assert {task.task_type for task in live_tasks()} == set(TASK_TYPES)
