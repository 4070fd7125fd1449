"""The demo's tasks: small ones of our own, one TOML file per task type, each with tests and a reference solution."""

from __future__ import annotations

import dataclasses
import functools
import tomllib
from importlib import resources

from banditgen.task import Task

TASK_TYPES = ("simple_function", "text", "data_processing", "api_integration")
LIVE = (
    *("is_even", "reverse_string", "total", "get_name"),
    *("max_of_three", "last_character", "has_item", "count_results"),
    *("factorial", "greet", "keep_even", "extract_ids"),
)
"""What is raced live, in order: the types take turns, the easiest come first."""


@dataclasses.dataclass(frozen=True)
class DemoTask:
    """A task and a solution that passes it. `task.name` and `task.entry_point` are the name of the function asked for."""

    task: Task
    solution: str


@functools.cache
def catalogue() -> tuple[DemoTask, ...]:
    """All tasks of the demo, by task type in the order of `TASK_TYPES`."""
    folder = resources.files("banditgen.demo") / "tasks"
    return tuple(
        DemoTask(Task(entry["prompt"], task_type=task_type, tests=entry["tests"], entry_point=name, name=name), entry["solution"])
        for task_type in TASK_TYPES
        for name, entry in tomllib.loads((folder / f"{task_type}.toml").read_text(encoding="utf-8")).items()
    )


def live_tasks() -> tuple[Task, ...]:
    """The tasks that `banditgen demo` races live, in that order: `LIVE`."""
    tasks = {entry.task.name: entry.task for entry in catalogue()}
    return tuple(tasks[name] for name in LIVE)
