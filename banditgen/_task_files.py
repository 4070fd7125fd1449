"""Tasks from files: JSON lines, or TOML as the demo's tasks are kept, or folders of them; and examples of stdin and stdout."""

from __future__ import annotations

import inspect
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from banditgen.errors import TaskError
from banditgen.task import Task

KEYS = tuple(inspect.signature(Task).parameters)  # of a task in a file: `Task`'s arguments


def read_tasks(path: Path) -> list[Task]:
    """The tasks of a file, each with a name of its own; or of a folder's files, by their names.

    A line of a `.jsonl` file is an object with `Task`'s arguments as keys. A `.toml` file has a table for each task, named after it,
    with the same keys; its task type is the file's name unless it says otherwise. Other keys, such
    as the demo's `solution`, are left alone.

    Raises:
        TaskError: names the file and the line or table.
    """
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix in (".toml", ".jsonl") and file.is_file())
        if not files:
            raise TaskError(f"the folder {path} has no .toml or .jsonl file of tasks")
        return [task for file in files for task in read_tasks(file)]
    tasks: dict[str, Task] = {}
    for where, entry in _entries(path):
        task = _task(path, where, entry)
        if task.name is None:
            raise TaskError(f"{path}: {where}: the name is missing")
        if task.name in tasks:
            raise TaskError(f"{path}: {where}: two tasks are named {task.name!r}")
        tasks[task.name] = task
    if not tasks:
        raise TaskError(f"{path} has no tasks")
    return list(tasks.values())


def read_task(path: Path, name: str | None = None, **arguments: Any) -> Task:
    """One task of a file: the one of that name, or the only one.

    Args:
        path: a file as `read_tasks` takes it; the other tasks in it need not be right.
        name: the task's; None where the file has one only.
        arguments: of `Task`, in place of the file's.

    Raises:
        TaskError: no such task, several where none is named, or one that is none.
    """
    entries = {str(entry["name"]): (where, entry) for where, entry in _entries(path)}
    if name is None and len(entries) != 1:
        raise TaskError(f"{path} has {len(entries) or 'no'} tasks: name one, as {path}:{next(iter(entries), 'NAME')}")
    if name is not None and name not in entries:
        raise TaskError(f"{path} has no task {name!r}: it has {', '.join(entries) or 'none'}")
    where, entry = entries[name] if name is not None else next(iter(entries.values()))
    for rival, given in (("tests", "examples"), ("examples", "tests")):  # what is said beside the file replaces it
        if given in arguments and rival not in arguments:
            entry = {key: value for key, value in entry.items() if key != rival}
    return _task(path, where, {**entry, **arguments})


def read_examples(path: Path) -> list[Any]:
    """Pairs of stdin and stdout from a file: JSON lines, a JSON list, or TOML with `[[examples]]`; `Task` checks them.

    Raises:
        TaskError: a file that cannot be read, or is none of these; names it.
    """
    text = _text(path, "examples")
    try:
        if path.suffix == ".toml":
            found = tomllib.loads(text).get("examples")
        elif path.suffix == ".jsonl":
            found = [json.loads(line) for line in text.splitlines() if line.strip()]
        else:
            found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise TaskError(f"{path}: not {'TOML' if path.suffix == '.toml' else 'JSON'}: {error}") from None
    if not isinstance(found, list) or not found:
        raise TaskError(f"{path}: examples must be a list of (stdin, stdout) pairs, or of objects with these keys")
    return found


def _task(path: Path, where: str, entry: Mapping[str, Any]) -> Task:
    if "prompt" not in entry:
        raise TaskError(f"{path}: {where}: prompt is missing")
    try:
        return Task(**{key: entry[key] for key in KEYS if key in entry})
    except TaskError as error:
        raise TaskError(f"{path}: {where}: {error}") from None


def _entries(path: Path) -> list[tuple[str, dict[str, Any]]]:
    text = _text(path, "tasks")
    return _toml(path, text) if path.suffix == ".toml" else _json_lines(path, text)


def _text(path: Path, what: str) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise TaskError(f"cannot read the {what} {path}: {getattr(error, 'strerror', None) or 'not UTF-8 text'}") from None


def _json_lines(path: Path, text: str) -> list[tuple[str, dict[str, Any]]]:
    entries = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise TaskError(f"{path}: line {number}: not JSON: {error}") from None
        if not isinstance(entry, Mapping):
            raise TaskError(f"{path}: line {number}: a task must be an object with a prompt, not {line[:40]!r}")
        entries.append((f"line {number}", {"name": f"task {number}", **entry}))
    return entries


def _toml(path: Path, text: str) -> list[tuple[str, dict[str, Any]]]:
    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise TaskError(f"{path}: not TOML: {error}") from None
    entries = []
    for name, table in tables.items():
        if not isinstance(table, Mapping):
            raise TaskError(f"{path}: {name}: a task must be a table with a prompt: [{name}]")
        entries.append((f"[{name}]", {"name": name, "task_type": path.stem, **table}))
    return entries
