"""The default evaluator: what raises and lowers each component, and that hostile code does not hurt it."""

import concurrent.futures
import logging
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from banditgen.evaluators import lint as lint_module
from banditgen.evaluators.default import MAX_CODE_CHARS, WEIGHTS, DefaultEvaluator
from banditgen.result import FailureKind
from banditgen.sandbox.base import Execution
from banditgen.task import Task

Install = Callable[[str], None]
TASK = Task("add one", tests="assert f(1) == 2")
PASSED = Execution(passed=True, verified=True, exit_code=0)
PLAIN = "def f(x):\n    return x + 1\n"
KEPT = 'def f(x: int) -> int:\n    """One more than x."""\n    return x + 1\n'


def measures(code: str, execution: Execution = PASSED, task: Task = TASK) -> dict[str, float]:
    return DefaultEvaluator().evaluate(code, execution, task)


def test_the_weights_sum_to_one() -> None:
    assert sum(WEIGHTS.values()) == pytest.approx(1.0)


def test_a_flawless_candidate_scores_one_and_a_plain_one_little_less() -> None:
    assert measures(KEPT)["quality"] == pytest.approx(1.0)
    assert measures(PLAIN)["quality"] == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("component", "worse"),
    [
        ("soundness", "def f(x):\n    return y + 1\n"),
        ("soundness", "def f(x, seen=[]):\n    return x + 1\n"),
        ("soundness", "import os\ndef f(x):\n    return x + 1\n"),
        ("soundness", "def f(x):\n    return eval('x + 1')\n"),
        ("style", "def f(x):\n    if x == None:\n        return 0\n    return x + 1\n"),
        ("structure", PLAIN + "print(f(1))\n"),
        ("structure", "def g(x):\n    return x + 1\n"),
        ("structure", PLAIN + "def helper():\n    pass\n"),
    ],
)
def test_each_flaw_lowers_its_component_and_the_quality(component: str, worse: str) -> None:
    good, bad = measures(PLAIN), measures(worse)
    assert bad[component] < good[component]
    assert bad["quality"] < good["quality"]


def test_a_comment_cannot_excuse_a_candidate() -> None:
    assert measures("# ruff: noqa\ndef f(x):\n    return y + 1  # noqa\n")["soundness"] < 1.0


def test_branches_lower_simplicity_until_it_is_zero() -> None:
    def branchy(count: int) -> str:
        return "def f(x):\n" + "".join(f"    if x == {n}:\n        return {n}\n" for n in range(count)) + "    return x + 1\n"

    values = [measures(branchy(count))["simplicity"] for count in (1, 4, 10, 19, 40)]
    assert values == [1.0, 1.0, pytest.approx(9 / 15), 0.0, 0.0]


@pytest.mark.parametrize(
    ("execution", "expected"),
    [
        (PASSED, 1.0),
        (Execution(passed=True, verified=True, stderr="DeprecationWarning"), 0.5),
        (Execution(passed=False, verified=True, failure=FailureKind.WRONG), 0.5),
        (Execution(passed=False, verified=True, failure=FailureKind.ERROR), 0.0),
        (Execution(passed=False, verified=True, failure=FailureKind.TIMEOUT, limit="wall"), 0.0),
    ],
)
def test_clean_run_looks_at_how_it_ran(execution: Execution, expected: float) -> None:
    assert measures(PLAIN, execution)["clean_run"] == expected


def test_a_program_judged_by_its_output_may_print_at_top_level() -> None:
    task = Task("echo", examples=[("a", "a")])
    assert measures("print(input())\n", task=task)["structure"] == 1.0


@pytest.mark.parametrize("code", ["", "def f(", "x = '" + "y" * MAX_CODE_CHARS + "'", "a\0b", "-" * 40_000 + "1", "(" * 4_000])
def test_what_is_not_readable_python_scores_zero_in_everything(code: str) -> None:
    result = measures(code)
    assert set(result) == {*WEIGHTS, "quality"}
    assert set(result.values()) == {0.0}


@pytest.mark.slow
def test_thousands_of_findings_are_read_only_so_far() -> None:
    result = measures("y;" * (MAX_CODE_CHARS // 2))
    assert result["soundness"] < 0.01


def test_the_code_is_never_run(tmp_path: Path) -> None:
    measures(f"open({str(tmp_path / 'trace')!r}, 'w')\nraise SystemExit\n")
    assert not list(tmp_path.iterdir())


def test_many_threads_may_evaluate_at_once() -> None:
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda n: measures(KEPT if n % 2 else PLAIN)["quality"], range(32)))
    assert results == [pytest.approx(1.0) if n % 2 else pytest.approx(0.9) for n in range(32)]


@pytest.fixture
def broken_ruff(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """A stand-in for the binary that runs the given shell line."""

    def install(line: str) -> None:
        path = tmp_path / "ruff"
        path.write_text(f"#!/bin/sh\n{line}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setattr(lint_module, "_command", lambda _: (str(path),))

    return install


@pytest.mark.parametrize("line", ["exit 2", "cat >/dev/null; echo nonsense", "cat >/dev/null; echo '[1]'"])
def test_where_ruff_is_broken_the_rest_is_measured_and_it_is_logged(
    broken_ruff: Install, caplog: pytest.LogCaptureFixture, line: str
) -> None:
    broken_ruff(line)
    with caplog.at_level(logging.WARNING, "banditgen.evaluator"):
        result = measures(KEPT)
    assert set(result) == {"structure", "documentation", "annotations", "clean_run", "quality"}
    assert result["quality"] == pytest.approx(1.0)
    assert "ruff" in caplog.text


def test_where_ruff_is_missing_the_rest_is_measured(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(lint_module, "_command", lambda _: ("/nonexistent/ruff",))
    assert measures(KEPT)["quality"] == pytest.approx(1.0)
    assert "ruff failed" in caplog.text


def test_code_that_ruff_cannot_get_through_in_time_scores_zero_there(broken_ruff: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lint_module, "TIMEOUT_SECONDS", 0.2)
    broken_ruff("exec sleep 60")
    result = measures(KEPT)
    assert [result[name] for name in ("soundness", "simplicity", "style")] == [0.0, 0.0, 0.0]
    assert result["quality"] == pytest.approx(0.4)


@pytest.mark.slow
def test_the_callers_warnings_are_left_alone() -> None:
    """Neither importing nor evaluating changes the process's warning filters, and a candidate's odd escapes warn nobody."""
    script = (
        "import warnings, numpy\n"
        "before = list(warnings.filters)\n"
        "from banditgen.evaluators.default import DefaultEvaluator\n"
        "from banditgen.scoring import has_error_handling\n"
        "from banditgen.sandbox.base import Execution\n"
        "from banditgen.task import Task\n"
        "assert warnings.filters == before, warnings.filters\n"
        "warnings.simplefilter('error')\n"
        "before = list(warnings.filters)\n"
        "code = 'import re\\ndef f(s):\\n    return re.match(\"\\\\d\", s)\\n'\n"
        "DefaultEvaluator().evaluate(code, Execution(passed=True, verified=True, exit_code=0), Task('p'))\n"
        "has_error_handling(code)\n"
        "assert warnings.filters == before\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "escape" not in done.stderr
