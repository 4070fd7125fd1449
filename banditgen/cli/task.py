"""The task that `banditgen run` is asked for, from its argument and options."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from banditgen._task_files import read_examples, read_task
from banditgen.errors import TaskError, UsageError
from banditgen.task import Task

F = TypeVar("F", bound=Callable[..., Any])

_FILE = re.compile(r"(?P<path>[^\n]*\.toml)(?::(?P<name>[^\n]+))?")


def task_options(function: F) -> F:
    """Decorate a verb with the options that describe a task."""
    path = click.Path(path_type=Path)
    for option in reversed(
        [
            click.option("--type", "task_type", help="The kind of task the bandit learns under."),
            click.option("--tests", type=path, help="A file of asserts, or a pytest file; - reads stdin."),
            click.option("--example", "examples", nargs=2, metavar="IN OUT", multiple=True, help="A program's stdin and its stdout."),
            click.option("--examples", "examples_file", type=path, help="Such pairs from a file: .json, .jsonl or .toml."),
            click.option("--entry-point", help="The function the tests call; inferred where left out."),
            click.option("--module", help="What the tests call the module under test, beside solution."),
            click.option("--file", "files", type=path, multiple=True, help="A module that lies beside the code, read-only; repeatable."),
            click.option("--package", "packages", multiple=True, help="A third-party package that the code may import; repeatable."),
            click.option("--limit", "limits", metavar="NAME=VALUE", multiple=True, help="Such as wall_seconds=5; repeatable."),
        ]
    ):
        function = option(function)
    return function


def task_from(prompt: str, **options: Any) -> Task:
    """The task of a prompt: its text, `@FILE`, `-` for stdin, or a task file as `FILE.toml` or `FILE.toml:NAME`.

    Raises:
        TaskError: a file that cannot be read, or what `Task` refuses.
    """
    if prompt == "-" and str(options.get("tests")) == "-":
        raise UsageError("the prompt and the tests cannot both come from stdin: give one of them as a file")
    arguments = _arguments(**options)
    named = _FILE.fullmatch(prompt)
    if named and Path(named["path"]).is_file():
        return read_task(Path(named["path"]), named["name"], **arguments)
    if named and (named["name"] or "/" in prompt or " " not in prompt.strip()):
        raise TaskError(f"cannot read the tasks {named['path']}: no such file")
    if prompt == "-" or (prompt.startswith("@") and len(prompt) > 1 and " " not in prompt):
        prompt = read_text(Path(prompt.removeprefix("@")), "prompt")
    return Task(prompt, **arguments)


def _arguments(
    task_type: str | None,
    tests: Path | None,
    examples: Sequence[tuple[str, str]],
    examples_file: Path | None,
    entry_point: str | None,
    module: str | None,
    files: Sequence[Path],
    packages: Sequence[str],
    limits: Sequence[str],
) -> dict[str, Any]:
    """`Task`'s arguments, those that were not given left out."""
    pairs = [*examples, *(read_examples(examples_file) if examples_file is not None else ())]
    given = {
        "task_type": task_type,
        "tests": None if tests is None else read_text(tests, "tests"),
        "examples": pairs or None,
        "entry_point": entry_point,
        "module": module,
        "files": {file.name: read_text(file, "file") for file in files} or None,
        "packages": tuple(packages) or None,
        "limits": dict(map(_limit, limits)) or None,
    }
    return {key: value for key, value in given.items() if value is not None}


def _limit(text: str) -> tuple[str, float]:
    name, equals, value = text.partition("=")
    try:
        number = float(value)
    except ValueError:
        number = float("nan")
    if not equals or number != number:  # noqa: PLR0124 - NaN
        raise TaskError(f"--limit must be NAME=VALUE with a number, such as wall_seconds=5, not {text!r}")
    return name.strip(), int(number) if number.is_integer() else number


def read_text(path: Path, what: str) -> str:
    """A file's text, or stdin's for -; TaskError names what could not be read."""
    try:
        return sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise TaskError(f"cannot read the {what} {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise TaskError(f"cannot read the {what} {path}: not UTF-8 text") from None


def function_from(text: str) -> Callable[..., Any]:
    """The function that MODULE:FUNCTION names, from an installed module or one in the folder that the command runs in.

    Raises:
        UsageError: no such module or function, or one that fails as it is imported.
    """
    module, _, name = text.partition(":")
    if not module or not name:
        raise UsageError(f"a function must be given as MODULE:FUNCTION, not {text!r}")
    sys.path.insert(0, str(Path.cwd()))
    try:
        function: Callable[..., Any] = getattr(importlib.import_module(module), name)
    except Exception as error:  # noqa: BLE001 - a module may raise anything
        raise UsageError(f"cannot use {text}: {type(error).__name__}: {error}") from None
    finally:
        sys.path.pop(0)
    if not callable(function):
        raise UsageError(f"cannot use {text}: it is no function but {type(function).__name__}")
    return function
