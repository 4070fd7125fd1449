"""Tasks from a file: JSON lines, or TOML as the demo's tasks are kept."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from banditgen.errors import TaskError
from banditgen.task import Task

KEYS = ("prompt", "task_type", "tests", "entry_point", "examples", "limits", "name", "channel", "packages")


def read_tasks(path: Path) -> list[Task]:
    """The tasks of a file, each with a name of its own.

    A line of a `.jsonl` file is an object with `Task`'s arguments as keys. A `.toml` file has a table for each task, named after it,
    with the same keys; its task type is the file's name unless it says otherwise. Other keys, such
    as the demo's `solution`, are left alone.

    Raises:
        TaskError: names the file and the line or table.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise TaskError(f"cannot read the tasks {path}: {getattr(error, 'strerror', None) or 'not UTF-8 text'}") from None
    entries = _toml(path, text) if path.suffix == ".toml" else _json_lines(path, text)
    tasks: dict[str, Task] = {}
    for where, entry in entries:
        try:
            task = Task(**{key: entry[key] for key in KEYS if key in entry}) if "prompt" in entry else None
        except TaskError as error:
            raise TaskError(f"{path}: {where}: {error}") from None
        if task is None or task.name is None:
            raise TaskError(f"{path}: {where}: prompt is missing")
        if task.name in tasks:
            raise TaskError(f"{path}: {where}: two tasks are named {task.name!r}")
        tasks[task.name] = task
    if not tasks:
        raise TaskError(f"{path} has no tasks")
    return list(tasks.values())


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
        entry = {"name": name, "task_type": path.stem, **table}
        entries.append((f"[{name}]", entry))
    return entries
