"""A task as `banditgen run` is given it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from banditgen.cli.task import function_from, task_from
from banditgen.errors import TaskError, UsageError
from banditgen.task import Task

NOTHING: dict[str, Any] = {
    "task_type": None,
    "tests": None,
    "examples": (),
    "examples_file": None,
    "entry_point": None,
    "module": None,
    "files": (),
    "packages": (),
    "limits": (),
}
TASKS = """
[double]
prompt = "Write double(x)."
tests = "assert double(2) == 4"

[echo]
prompt = "Write a program that repeats its input."
examples = [["a", "a"]]
task_type = "stdio"
"""


def task(prompt: str, **options: Any) -> Task:
    return task_from(prompt, **{**NOTHING, **options})


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("tasks.toml").write_text(TASKS)


def test_a_prompt_is_text_a_file_or_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("prompt.md").write_text("\ufeffWrite f.\n")
    monkeypatch.setattr("sys.stdin", io.StringIO("Write g.\n"))
    assert task("Write h.toml readers").prompt == "Write h.toml readers"
    assert task("@prompt.md").prompt == "Write f.\n"
    assert task("-").prompt == "Write g.\n"
    assert task("@a decorator that counts calls").prompt == "@a decorator that counts calls"


def test_a_task_of_a_file_and_what_replaces_its_parts() -> None:
    double = task("tasks.toml:double", limits=("wall_seconds=2.5", "processes=3"), task_type="maths")
    assert (double.name, double.task_type, double.entry_point) == ("double", "maths", "double")
    assert (double.limits.wall_seconds, double.limits.processes) == (2.5, 3)
    assert task("tasks.toml:double").task_type == "tasks"
    other = task("tasks.toml:double", examples=(("1", "2"),))
    assert (other.examples, other.tests) == ((("1", "2"),), None)
    Path("one.toml").write_text(TASKS.partition("[echo]")[0])
    assert task("one.toml").name == "double"


@pytest.mark.parametrize("text", ['[["1", "2"], {"stdin": "3", "stdout": "4"}]', '["1", "2"]\n{"stdin": "3", "stdout": "4"}\n'])
def test_examples_from_the_line_and_from_files(text: str) -> None:
    path = Path("e.json" if text.startswith("[[") else "e.jsonl")
    path.write_text(text)
    assert task("p", examples=(("0", "0"),), examples_file=path).examples == (("0", "0"), ("1", "2"), ("3", "4"))
    Path("e.toml").write_text('examples = [["5", "6"]]\n')
    assert task("p", examples_file=Path("e.toml")).examples == (("5", "6"),)


@pytest.mark.parametrize(
    ("prompt", "options", "message"),
    [
        ("@nowhere.md", {}, "cannot read the prompt nowhere.md"),
        ("nowhere.toml:x", {}, "cannot read the tasks nowhere.toml"),
        ("nowhere.toml", {}, "cannot read the tasks nowhere.toml"),
        ("tasks.toml", {}, "2 tasks: name one, as tasks.toml:double"),
        ("tasks.toml:nothing", {}, "no task 'nothing': it has double, echo"),
        ("p", {"limits": ("wall_seconds",)}, "NAME=VALUE"),
        ("p", {"limits": ("wall_seconds=much",)}, "NAME=VALUE"),
        ("p", {"limits": ("speed=3",)}, "unknown limit 'speed'"),
        ("p", {"tests": Path("nowhere.py")}, "cannot read the tests nowhere.py"),
        ("p", {"files": (Path("nowhere.py"),)}, "cannot read the file nowhere.py"),
        ("p", {"examples_file": Path("tasks.toml")}, "examples must be a list"),
        ("p", {"packages": ("not a name",)}, "names to import"),
        ("", {}, "prompt is empty"),
    ],
)
def test_what_cannot_be_is_said(prompt: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(TaskError, match=message):
        task(prompt, **options)


def test_prompt_and_tests_cannot_both_be_stdin() -> None:
    with pytest.raises(UsageError, match="stdin"):
        task("-", tests=Path("-"))


def test_a_function_by_its_name() -> None:
    Path("mine.py").write_text("def take(text, task): return text\nnumber = 3\n")
    assert function_from("mine:take")("x", None) == "x"
    for text, message in (
        ("mine", "MODULE:FUNCTION"),
        ("mine:nothing", "nothing"),
        ("mine:number", "no function"),
        ("nowhere:f", "nowhere"),
    ):
        with pytest.raises(UsageError, match=message):
            function_from(text)
