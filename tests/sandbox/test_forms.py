"""Each form of tests means what plain Python, pytest and unittest make of it."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from banditgen.sandbox.base import Sandbox
from banditgen.task import Task

FORMS = tomllib.loads(Path(__file__).with_name("forms.toml").read_text())
FILE = "test_it.py"
CASES = [pytest.param(form, kind, id=f"{kind}: {name}") for kind, forms in FORMS.items() for name, form in forms.items()]


@pytest.mark.slow
@pytest.mark.parametrize(("form", "kind"), CASES)
def test_right_code_passes_and_wrong_code_does_not(sandbox: Sandbox, form: dict[str, Any], kind: str) -> None:
    """Whatever the form; `test_plain_python_agrees` says that it should."""
    task = Task("write it", **{key: value for key, value in form.items() if key not in ("right", "wrong")})
    right = sandbox.run(form["right"], task)
    assert right.passed, (right.channel, right.failure, right.error)
    wrong = sandbox.run(form["wrong"], task)
    assert not wrong.passed, wrong.channel
    assert wrong.verified, wrong.error
    assert kind == "script" or task.kind == "pytest"


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", FORMS)
def test_plain_python_agrees(tmp_path: Path, kind: str) -> None:
    """The same code and tests, run by the interpreter and by pytest as everyone runs them."""
    named = [(f"{name}, {which}", form, which) for name, form in FORMS[kind].items() for which in ("right", "wrong")]
    folders = [_laid(tmp_path / str(number), form[which], form) for number, (_, form, which) in enumerate(named)]
    statuses = (_by_pytest if kind == "pytest" else _by_python)(folders)
    said = zip(named, statuses, strict=True)
    assert [name for (name, _, which), status in said if (status == 0) != (which == "right")] == []


def _by_python(folders: list[Path]) -> list[int]:
    command = [sys.executable, "-W", "ignore", FILE]
    return [subprocess.run(command, cwd=folder, capture_output=True, timeout=120, check=False).returncode for folder in folders]


def _by_pytest(folders: list[Path]) -> list[int]:
    """By forks of one process that has it loaded."""
    command = [sys.executable, "-W", "ignore", str(Path(__file__).with_name("pytests.py")), FILE]
    run = subprocess.run(command, input="\n".join(map(str, folders)), capture_output=True, text=True, timeout=600, check=True)
    return list(map(int, run.stdout.split()))


def _laid(folder: Path, code: str, form: dict[str, Any]) -> Path:
    """The folder with the candidate beside the tests, or above them where they don't import it."""
    names = {form.get("module", "solution"), "main", "candidate", "solution"}
    for path, source in {**{f"{name.replace('.', '/')}.py": code for name in names}, **form.get("files", {})}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(source)
    tests = form["tests"]
    if "solution.py" not in tests and not any(f"{word} {name}" in tests for word in ("import", "from") for name in names):
        marks = [mark for mark in ("annotations\n", '\n"""\nimport doctest\n') if mark in tests]  # what has to come first
        head, mark, rest = tests.partition(marks[0]) if marks else ("", "", tests)
        tests = head + mark + code + "\n" + rest
    if entry_point := form.get("entry_point"):
        tests += f"\ncheck({entry_point})\n"
    (folder / FILE).write_text(tests)
    return folder
