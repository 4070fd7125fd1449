"""The measures that weights ask for: what each says of code whose worth was worked out by hand, and what a broken tool may not do."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from banditgen import GenerationResult, GeneratorConfig, ParallelGenerator, SelectionCriteria, Task
from banditgen.errors import UsageError
from banditgen.evaluators import measurer, measures
from banditgen.evaluators.complexity import cognitive_complexity
from banditgen.evaluators.covered import covered
from banditgen.evaluators.linted import lint, security
from banditgen.evaluators.measurer import Measurer
from banditgen.evaluators.measures import Subject, find, known_measures, tool_of
from banditgen.evaluators.memory import memory
from banditgen.evaluators.structure import documentation, type_hints
from banditgen.sandbox.base import Execution
from banditgen.sandbox.default import shared_sandbox
from tests.clients import Client
from tests.installed import leave_package

TASK = Task("double a number", tests="assert double(2) == 4")
RAN = Execution(passed=True, verified=True)


def subject(code: str, task: Task = TASK, **ran: Any) -> Subject:
    return Subject(code, Execution(passed=True, verified=True, **ran), task)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("def double(n):\n    return 2 * n\n", 1.0),
        ("def double(n):\n    return 2 * m\n", 1 / 2),  # F821, an error: 1
        ("def double(n, seen=[]):\n    return 2 * n\n", 1 / 1.5),  # B006, a likely bug: 0.5
        ("import os\n\n\ndef double(n):\n    return 2 * n  # noqa: F401\n", 1 / 1.25),  # F401: 0.25, whatever comments say
        ("def double(n):\n    return eval(f'2 * {n}')\n", 1.0),  # a danger, and no lint
    ],
)
def test_lint_falls_with_what_ruff_finds(code: str, expected: float) -> None:
    assert lint(subject(code)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("def double(n):\n    assert n\n    return 2 * n\n", 1.0),
        ("def double(n):\n    return eval('2 * n')  # noqa: S307\n", 1 / 2),
        ("import pickle\n\n\ndef load(data):\n    exec(data)\n    return pickle.loads(data)\n", 1 / 3),  # S102, S301
        ("import random\n\nimport os\n\n\ndef double(n):\n    if not n:\n        return None\n    else:\n        return m\n", 1.0),
    ],
)
def test_security_counts_dangers_alone(code: str, expected: float) -> None:
    assert security(subject(code)) == pytest.approx(expected)


def nested(depth: int) -> str:
    lines = [f"{'    ' * (level + 1)}if n > {level}:" for level in range(depth)]
    return "\n".join(["def double(n):", *lines, f"{'    ' * (depth + 1)}n = 2 * n", "    return n", ""])


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("def double(n):\n    return 2 * n\n", 1.0),
        (nested(2), 1.0),  # 1 + 2 = 3
        (nested(5), 0.5),  # 1 + 2 + 3 + 4 + 5 = 15
        (nested(5).replace("(n):", "(n):  # complexipy: ignore"), 0.5),
        (nested(7), 0.0),  # 28
        ("for n in range(9):\n    if n and n > 1 or n < 3:\n        while n:\n            n -= 1\n", 17 / 20),  # 1 + 2 + 2 + 3 = 8
    ],
)
def test_cognitive_complexity_falls_from_5_to_25(code: str, expected: float) -> None:
    assert cognitive_complexity(subject(code)) == pytest.approx(expected)


def test_documentation_and_type_hints_are_shares() -> None:
    code = 'def double(n: int, m) -> int:\n    """Twice."""\n    return 2 * n\n\n\ndef other(n):\n    return n\n'
    assert documentation(subject(code)) == 1 / 2
    assert type_hints(subject(code)) == 2 / 5  # of n, m, a return value; n, a return value


def test_memory_is_logarithmic_between_nothing_and_the_limit() -> None:
    assert memory(subject("", peak_memory_bytes=0)) == 1.0
    assert memory(subject("", peak_memory_bytes=31 << 20)) == pytest.approx(0.5, abs=1e-3)  # 32 of 1025, nearly its square root
    assert memory(subject("", peak_memory_bytes=2 << 30)) == 0.0
    with pytest.raises(ValueError, match="only the sandbox"):
        memory(subject("", channel="runner"))


CODE = "def double(n):\n    if n > 0:\n        return 2 * n\n    return n + n\n"
PROGRAM = "n = int(input())\nif n > 0:\n    print(2 * n)\nelse:\n    print(n + n)\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "task", "expected"),
    [
        (CODE, TASK, 3 / 4),
        (CODE.replace("return n + n", "return n + n  # pragma: no cover"), TASK, 3 / 4),
        (
            CODE,
            Task("p", tests="def check(candidate):\n    assert candidate(2) == 4\n    assert candidate(-1) == -2\n", entry_point="double"),
            1,
        ),
        (
            CODE,
            Task("p", tests="from __future__ import annotations\nimport pytest\ndef test_it() -> None:\n    assert double(-1) == -2"),
            3 / 4,
        ),
        (CODE, Task("p", tests="from shop.sums import double\nassert double(2) == 4", module="shop.sums"), 3 / 4),
        (PROGRAM, Task("p", examples=[("1\n", "2\n")]), 3 / 4),
        (PROGRAM, Task("p", examples=[("1\n", "2\n"), ("-1\n", "-2\n")]), 1),
    ],
)
def test_coverage_is_the_share_of_statements_that_the_tests_reach(code: str, task: Task, expected: float) -> None:
    assert covered(Subject(code, RAN, task), shared_sandbox()) == pytest.approx(expected)


def test_each_measure_has_its_tool_and_version() -> None:
    known = known_measures()
    assert set(known) >= {"lint", "security", "cognitive_complexity", "documentation", "type_hints", "coverage", "memory"}
    assert all(tool.split()[-1][0].isdigit() for tool in known.values())
    assert known["lint"].startswith("ruff ")
    assert known["coverage"].startswith("coverage ")


OWN = """\
import os
import time

def brevity(subject):
    return 1 / len(subject.code.splitlines())

def crash(subject):
    os._exit(3)

def loop(subject):
    while True:
        pass

def sleep(subject):
    time.sleep(3600)

def raising(subject):
    raise RuntimeError("no")

def outside(subject):
    return 1.5

def talking(subject):
    print("x" * 100_000)
    return 0.25

def number(subject):
    with open(NAME, "a") as file:
        file.write("x")
    return 1.0
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package that brings measures."""
    names = ("brevity", "crash", "loop", "sleep", "raising", "outside", "talking", "number")
    (tmp_path / "own_measures.py").write_text(OWN + f"\nNAME = {str(tmp_path / 'calls')!r}\n")
    leave_package(tmp_path, "own-measures", "1.2", "banditgen.measures", {name: f"own_measures:{name}" for name in names})
    monkeypatch.syspath_prepend(tmp_path)
    _forget()
    yield tmp_path / "calls"
    _forget()


def _forget() -> None:
    measures._of_package.cache_clear()
    tool_of.cache_clear()
    measurer._close_all()
    measurer._known.clear()


def test_a_package_brings_measures_of_its_own(own: Path) -> None:
    taken = Measurer(None).measure(["brevity", "talking", "lint"], subject(CODE))
    assert taken["brevity"] == (1 / 4, "own-measures 1.2")
    assert taken["talking"][0] == 0.25
    assert taken["lint"] == (1.0, tool_of("lint"))
    assert known_measures()["brevity"] == "own-measures 1.2"


def test_a_name_that_several_packages_give_is_refused_with_their_names(own: Path, tmp_path: Path) -> None:
    leave_package(tmp_path, "other-measures", "2.0", "banditgen.measures", {"brevity": "own_measures:brevity"})
    with pytest.raises(UsageError, match=r"several packages register a measure 'brevity' \(other-measures, own-measures\)"):
        measures.find("brevity")


@pytest.mark.slow
def test_a_tool_that_crashes_loops_or_lies_is_left_out_with_one_warning_each(own: Path, caplog: pytest.LogCaptureFixture) -> None:
    task = Task("p", limits={"wall_seconds": 2})
    with caplog.at_level(logging.WARNING, "banditgen.evaluator"):
        taking = Measurer(None)
        names = ["crash", "loop", "sleep", "raising", "outside", "coverage", "nothing", "brevity"]
        for code in ("a = 1\n", "a = 2\n"):
            assert taking.measure(names, subject(code, task)) == {"brevity": (1.0, "own-measures 1.2")}
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 7
    for part in ("exit code 3", "not done within 2 s", "RuntimeError: no", "not 1.5", "needs the sandbox", "neither the evaluator nor"):
        assert any(part in line for line in told), part


def test_one_code_is_measured_once_by_however_many_ask(own: Path) -> None:
    taking = Measurer(None)
    asking = [threading.Thread(target=taking.measure, args=(["number"], subject(CODE))) for _ in range(8)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    Measurer(None).measure(["number"], subject(CODE))
    assert own.read_text() == "x"


def test_a_package_does_not_take_the_place_of_ours(own: Path) -> None:
    assert find("lint").value == "banditgen.evaluators.linted:lint"


def _race(criteria: SelectionCriteria, **replies: str) -> dict[str, GenerationResult]:
    arms = [GeneratorConfig(name, name) for name in replies]
    racing = ParallelGenerator(Client(replies), criteria=criteria)
    return {result.generator_name: result for result in racing.generate_parallel("p", arms, "n", "d", task=TASK)}


@pytest.mark.slow
def test_a_race_takes_the_measures_that_weights_ask_for_and_no_others() -> None:
    good, bad = f"```python\n{CODE}```", "```python\ndef double(n):\n    return eval('2 * n')\n```"
    plain = _race(SelectionCriteria(), good=good, bad=bad)
    assert "security" not in plain["good"].measures
    assert not plain["good"].tools
    raced = _race(
        SelectionCriteria(measure_weights={"security": 1.0, "coverage": 0.5}), good=good, bad=bad, wrong="```python\ndouble = str\n```"
    )
    assert (raced["good"].measures["security"], raced["bad"].measures["security"]) == (1.0, 0.5)
    assert (raced["good"].measures["coverage"], raced["bad"].measures["coverage"]) == (3 / 4, 1.0)
    assert raced["good"].tools == {"security": tool_of("security"), "coverage": tool_of("coverage")}
    assert not raced["wrong"].tools
    one = raced["bad"]
    assert one.combined_score == pytest.approx((0.7 * one.quality_score + 0.3 * one.speed_score + 0.5 + 0.5) / 2.5)


@pytest.mark.slow
def test_a_measure_that_fails_changes_neither_verdict_nor_winner(own: Path) -> None:
    task = Task("double a number", tests="assert double(2) == 4", limits={"wall_seconds": 2})
    racing = ParallelGenerator(Client({"a": f"```python\n{CODE}```"}), criteria=SelectionCriteria(measure_weights={"loop": 1.0}))
    (result,) = racing.generate_parallel("p", [GeneratorConfig("a", "a")], "n", "d", task=task)
    assert result.test_passed
    assert result.failure is None
    assert "loop" not in result.measures
    assert result.combined_score == pytest.approx(0.7 * result.quality_score + 0.3 * result.speed_score)
