"""A task: what is asked for, what kind of thing it is, how a candidate is judged and within which limits."""

from __future__ import annotations

import ast
import builtins
import dataclasses
import functools
import keyword
import math
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from banditgen.errors import TaskError

TestKind = Literal["asserts", "pytest", "stdio", "none"]
Level = Literal["limits", "confined", "isolated"]
"""How strongly candidates are held: by resource limits alone, by rules of the kernel, in namespaces of their own."""
LEVELS: tuple[Level, ...] = ("limits", "confined", "isolated")  # weakest first
DEFAULT_TASK_TYPE = "general"


@dataclasses.dataclass(frozen=True)
class Limits:
    """What one candidate may use while it is tested.

    Args:
        wall_seconds: deadline on the wall clock, in seconds.
        cpu_seconds: processor seconds over the whole process tree; None is the wall deadline, rounded up.
        memory_bytes: memory beyond what the bare interpreter needs.
        processes: processes and threads at once.
        output_bytes: kept of each of stdout and stderr; a candidate that writes more is stopped.
        disk_bytes: the largest file, and where the sandbox can hold it, all files together.
        inodes: files and folders at once, where the sandbox can hold it.

    Raises:
        TaskError: a value that is not a positive finite number.
    """

    wall_seconds: float = 10.0
    cpu_seconds: float | None = None
    memory_bytes: int = 1 << 30
    processes: int = 64
    output_bytes: int = 1 << 20
    disk_bytes: int = 64 << 20
    inodes: int = 4096

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if value is None and field.name == "cpu_seconds":
                continue
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value <= 0:
                raise TaskError(f"limit {field.name} must be a positive number, not {value!r}")


@dataclasses.dataclass(frozen=True, init=False)
class Task:
    """One programming task.

    Args:
        prompt: what to write, in words.
        task_type: the bandit's context ("api_integration", "data_processing", …); None is "general".
        tests: Python source. Either assert code that runs after the candidate, HumanEval's `check(candidate)`, or a
            pytest file; in each the candidate's names are there without an import.
        entry_point: the function the tests call; None infers it: the first name that the tests call and do not define.
        examples: (stdin, stdout) pairs, or mappings with these keys, for tasks judged as a program.
        limits: what a candidate may use; None is `Limits()`. A mapping of its fields is accepted.
        name: a short label for people.
        channel: "judged" demands that tests run in another process than the candidate, and refuses tests that can't;
            None takes the judged channel where the tests allow it, else the cooperative one.
        packages: names of third-party packages that candidates may import.

    Raises:
        TaskError: empty prompt, tests that do not parse, tests beside examples, or malformed examples.
    """

    prompt: str
    task_type: str | None
    tests: str | None
    entry_point: str | None
    examples: tuple[tuple[str, str], ...]
    limits: Limits
    name: str | None
    channel: Literal["judged"] | None
    packages: tuple[str, ...]

    def __init__(
        self,
        prompt: str,
        *,
        task_type: str | None = None,
        tests: str | None = None,
        entry_point: str | None = None,
        examples: Iterable[tuple[str, str] | Mapping[str, str]] | None = None,
        limits: Limits | Mapping[str, Any] | None = None,
        name: str | None = None,
        channel: Literal["judged"] | None = None,
        packages: Iterable[str] = (),
    ) -> None:
        if not isinstance(prompt, str) or not prompt.strip():
            raise TaskError("the prompt is empty: say what code you want")
        for field, value in (("task_type", task_type), ("tests", tests), ("entry_point", entry_point), ("name", name)):
            if value is not None and not isinstance(value, str):
                raise TaskError(f"{field} must be a string or None, not {value!r}")
        for field, value in (("prompt", prompt), ("task_type", task_type), ("tests", tests), ("name", name)):
            if value is not None and any("\ud800" <= character <= "\udfff" for character in value):
                raise TaskError(f"{field} is no valid Unicode text: it has a lone surrogate")
        if task_type is not None and not task_type.strip():
            raise TaskError("task_type is empty: leave it out, or name the kind of task")
        if entry_point is not None and (not entry_point.isidentifier() or keyword.iskeyword(entry_point)):
            raise TaskError(f"entry_point must be a Python name, not {entry_point!r}")
        if tests is not None and not tests.strip():
            raise TaskError("tests are empty: leave them out, or give at least one assert")
        if channel not in (None, "judged"):
            raise TaskError(f"channel must be 'judged' or None, not {channel!r}")
        packages = (packages,) if isinstance(packages, str) else tuple(packages)
        for package in packages:
            if not isinstance(package, str) or not package.isidentifier():
                raise TaskError(f"packages must be names to import, not {package!r}")
        pairs = _pairs(examples)
        if tests is not None and pairs:
            raise TaskError("give tests or examples, not both")
        tree = _parse(tests) if tests is not None else None
        entry_point = entry_point or (infer_entry_point(tree) if tree else None)
        if tree is not None:
            _check_tests(tree, entry_point)
        set_ = object.__setattr__
        set_(self, "prompt", prompt)
        set_(self, "task_type", task_type)
        set_(self, "tests", tests)
        set_(self, "entry_point", entry_point)
        set_(self, "examples", pairs)
        set_(self, "limits", _limits(limits))
        set_(self, "name", name)
        set_(self, "channel", channel)
        set_(self, "packages", packages)

    @property
    def kind(self) -> TestKind:
        """How a candidate is judged: "asserts", "pytest", "stdio", or "none" where the task has no tests."""
        if self.examples:
            return "stdio"
        if self.tests is None:
            return "none"
        return _kind_of(self.tests)

    @property
    def context(self) -> str:
        """The task type the bandit learns under; "general" where none was given."""
        return self.task_type or DEFAULT_TASK_TYPE


@functools.lru_cache(maxsize=256)  # asked for with every candidate
def _kind_of(tests: str) -> TestKind:
    return "pytest" if is_pytest_file(ast.parse(tests)) else "asserts"


def is_pytest_file(tree: ast.Module) -> bool:
    """Whether tests want pytest: they import it, or have a TestCase, or test functions or classes that nothing in them calls."""
    cases = {"TestCase", "IsolatedAsyncioTestCase"}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module == "unittest":
            cases.update(alias.asname for alias in node.names if alias.name in cases and alias.asname)
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    for node in tree.body:
        if isinstance(node, ast.Import) and any(alias.name.split(".")[0] == "pytest" for alias in node.names):
            return True
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "pytest":
            return True
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test") and node.name not in called:
            return True
        if isinstance(node, ast.ClassDef) and any(_last_name(base) in cases for base in node.bases):
            return True
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test") and node.name not in called:
            return True
    return False


def _last_name(base: ast.expr) -> str:
    if isinstance(base, ast.Attribute):
        return base.attr
    return base.id if isinstance(base, ast.Name) else ""


def infer_entry_point(tree: ast.Module) -> str | None:
    """The first name that tests call, in source order, and neither define, import nor find among the builtins.

    A function handed to HumanEval's `check(…)` counts as called.
    """
    known = set(dir(builtins))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            known.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            known.update((alias.asname or alias.name).split(".")[0] for alias in node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
            known.add(node.id)
        elif isinstance(node, ast.arg):
            known.add(node.arg)
    called: list[tuple[int, int, str]] = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        called.append((node.lineno, node.col_offset, node.func.id))
        if node.func.id == "check":
            called.extend((arg.lineno, arg.col_offset, arg.id) for arg in node.args[:1] if isinstance(arg, ast.Name))
    return next((name for _, _, name in sorted(called) if name not in known), None)


def _parse(tests: str) -> ast.Module:
    try:
        return ast.parse(tests)
    except SyntaxError as error:
        raise TaskError(f"the tests do not parse: line {error.lineno}: {error.msg}") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise TaskError(f"the tests do not parse: {error or type(error).__name__}") from None


def _check_tests(tree: ast.Module, entry_point: str | None) -> None:
    """Refuse tests that cannot fail, and a `check(candidate)` that nobody knows what to call with."""
    if not any(isinstance(node, ast.Assert | ast.Raise | ast.Call) for node in ast.walk(tree)):
        raise TaskError("the tests test nothing: give at least one assert")
    checks = any(isinstance(node, ast.FunctionDef) and node.name == "check" for node in tree.body)
    if checks and entry_point is None:
        raise TaskError("the tests define check(candidate): say with entry_point which function to check")


def _pairs(examples: Iterable[tuple[str, str] | Mapping[str, str]] | None) -> tuple[tuple[str, str], ...]:
    pairs = []
    if not isinstance(examples, Iterable | None) or isinstance(examples, str | bytes):
        raise TaskError(f"examples must be a list of (stdin, stdout) pairs, not {examples!r}")
    for number, example in enumerate(examples or (), start=1):
        if isinstance(example, Mapping):
            pair: tuple[Any, ...] = (example.get("stdin"), example.get("stdout"))
        else:
            pair = tuple(example) if isinstance(example, tuple | list) else (example,)
        if len(pair) != 2 or not all(isinstance(text, str) for text in pair):
            raise TaskError(f"example {number} must be a (stdin, stdout) pair of strings, not {example!r}")
        pairs.append((str(pair[0]), str(pair[1])))
    return tuple(pairs)


def _limits(limits: Limits | Mapping[str, Any] | None) -> Limits:
    if limits is None:
        return Limits()
    if isinstance(limits, Limits):
        return limits
    if not isinstance(limits, Mapping):
        raise TaskError(f"limits must be a Limits or a mapping of its fields, not {limits!r}")
    known = [field.name for field in dataclasses.fields(Limits)]
    for key in limits:
        if key not in known:
            raise TaskError(f"unknown limit {key!r}: use one of {', '.join(known)}")
    return Limits(**limits)
