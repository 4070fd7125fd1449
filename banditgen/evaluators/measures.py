"""Measures that weights may ask for beside what an evaluator gives: what each needs to know, and where it is found by its name."""

from __future__ import annotations

import dataclasses
import functools
import importlib.metadata
from collections.abc import Callable
from importlib.metadata import EntryPoint

from banditgen._packages import registered, registered_as
from banditgen.errors import EvaluatorError
from banditgen.sandbox.base import Execution
from banditgen.task import Task

GROUP = "banditgen.measures"  # of entry points: the name is the measure's, the object a `Measure`


@dataclasses.dataclass(frozen=True)
class Subject:
    """A candidate that passed, as a measure sees it: its code, how it ran, and the task. Code and output are hostile text."""

    code: str
    execution: Execution
    task: Task


Measure = Callable[[Subject], float]
"""Gives a finite number in [0, 1] where more is better, and raises where it can't tell. It runs in a process of its own, which is
stopped after the task's wall limit: what it raises, and how it ends, only leaves its measure out.
"""

COVERAGE = "coverage"  # the one that runs the candidate, and so needs the sandbox
_BUILT_IN = {
    "lint": ("banditgen.evaluators.linted:lint", "ruff"),
    "security": ("banditgen.evaluators.linted:security", "ruff"),
    "cognitive_complexity": ("banditgen.evaluators.complexity:cognitive_complexity", "complexipy"),
    "documentation": ("banditgen.evaluators.structure:documentation", "banditgen"),
    "type_hints": ("banditgen.evaluators.structure:type_hints", "banditgen"),
    COVERAGE: ("banditgen.evaluators.covered:covered", "coverage"),
    "memory": ("banditgen.evaluators.memory:memory", "banditgen"),
}
"""By name: where the measure is, and the distribution whose version it goes by."""


def known_measures() -> dict[str, str]:
    """Every measure that can be asked for here, ours and those of packages, by name: what gives it, and its version."""
    return {name: tool_of(name) for name in (*_BUILT_IN, *registered(GROUP))}


def find(name: str) -> EntryPoint:
    """Where a measure is; one of ours goes before a package's of the same name.

    Raises:
        EvaluatorError: there is none of that name.
        UsageError: several packages register it.
    """
    if name in _BUILT_IN:
        return EntryPoint(name, _BUILT_IN[name][0], GROUP)
    if (found := _of_package(name)) is None:
        raise EvaluatorError(f"neither the evaluator nor a package gives it; known are {', '.join((*_BUILT_IN, *registered(GROUP)))}")
    return found


@functools.cache
def tool_of(name: str) -> str:
    """What gives a measure, and its version, "ruff 0.15.8"; without a version where it isn't installed."""
    own = find(name)
    tool = _BUILT_IN[name][1] if name in _BUILT_IN else own.dist.name if own.dist is not None else own.module
    try:
        return f"{tool} {importlib.metadata.version(tool)}"
    except importlib.metadata.PackageNotFoundError:
        return tool


@functools.cache
def _of_package(name: str) -> EntryPoint | None:
    return registered_as(name, GROUP, "measure")
