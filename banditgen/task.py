"""A task: what is asked for, what kind of thing it is, how a candidate is judged and within which limits."""

from __future__ import annotations

import ast
import dataclasses
import functools
import keyword
import math
import sys
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any, Literal

from banditgen._checks import is_number
from banditgen._suite import faults, signatures
from banditgen._suite import text as suite_text
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
            if not is_number(value) or not math.isfinite(value) or value <= 0:
                raise TaskError(f"limit {field.name} must be a positive number, not {value!r}")


@dataclasses.dataclass(frozen=True, init=False)
class Task:
    """One programming task.

    Args:
        prompt: what to write, in words.
        task_type: the bandit's context ("api_integration", "data_processing", …); None is "general".
        tests: Python source. Either a script with asserts, which runs after the candidate and as `__main__`, HumanEval's
            `check(candidate)`, or a file for pytest or unittest; in each the candidate's names are there, without an import or
            imported from `solution`, `candidate`, `main` or what `module` says.
        entry_point: the function the tests call; None infers it: the first name that the tests call and do not define.
        examples: (stdin, stdout) pairs, or mappings with these keys, for tasks judged as a program. Lines are compared, without
            white space at their ends and empty lines at the end.
        limits: what a candidate may use; None is `Limits()`. A mapping of its fields is accepted.
        name: a short label for people.
        channel: "judged" demands that tests run in another process than the candidate, and refuses tests that can't; "cooperative"
            runs them beside it; None takes the judged channel where the tests allow it, else the cooperative one.
        packages: names of third-party packages that candidates and tests may import.
        module: a further name by which tests import the candidate, "bank" or "shop.bank".
        files: modules beside the candidate, path to Python source ("node_runtime.py", "shop/__init__.py"), which it and the tests may
            import, and neither may change.
        tolerance: by how much numbers in a program's output may differ from those of the examples: absolutely, or as a share of
            the expected number where that is beyond 1 or -1. Everything else must be equal.
        checker: Python source that judges a program's output instead: it defines `check(stdin, stdout, expected)` or
            `check(stdin, stdout)`, texts all of them, and returns or asserts whether the output is right.

    Raises:
        TaskError: empty prompt, tests with a fault of their own, tests beside examples, malformed examples, files or checker.
    """

    prompt: str
    task_type: str | None
    tests: str | None
    entry_point: str | None
    examples: tuple[tuple[str, str], ...]
    limits: Limits
    name: str | None
    channel: Literal["judged", "cooperative"] | None
    packages: tuple[str, ...]
    module: str | None
    files: tuple[tuple[str, str], ...]
    tolerance: float | None
    checker: str | None

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
        channel: Literal["judged", "cooperative"] | None = None,
        packages: Iterable[str] = (),
        module: str | None = None,
        files: Mapping[str, str] | tuple[tuple[str, str], ...] | None = None,
        tolerance: float | None = None,
        checker: str | None = None,
    ) -> None:
        if not isinstance(prompt, str) or not prompt.strip():
            raise TaskError("the prompt is empty: say what code you want")
        texts = {"task_type": task_type, "tests": tests, "entry_point": entry_point, "name": name, "module": module, "checker": checker}
        for field, value in texts.items():
            if value is not None and not isinstance(value, str):
                raise TaskError(f"{field} must be a string or None, not {value!r}")
        for field, value in {"prompt": prompt, **texts}.items():
            if value is not None and any("\ud800" <= character <= "\udfff" for character in value):
                raise TaskError(f"{field} is no valid Unicode text: it has a lone surrogate")
        if task_type is not None and not task_type.strip():
            raise TaskError("task_type is empty: leave it out, or name the kind of task")
        tests = tests.removeprefix("\ufeff") if tests is not None else None  # a byte order mark, as some editors write it
        if entry_point is not None and (not entry_point.isidentifier() or keyword.iskeyword(entry_point)):
            raise TaskError(f"entry_point must be a Python name, not {entry_point!r}")
        if tests is not None and not tests.strip():
            raise TaskError("tests are empty: leave them out, or give at least one assert")
        if channel not in (None, "judged", "cooperative"):
            raise TaskError(f"channel must be 'judged', 'cooperative' or None, not {channel!r}")
        if module is not None and not all(part.isidentifier() and not keyword.iskeyword(part) for part in module.split(".")):
            raise TaskError(f"module must be a name to import, not {module!r}")
        if module is not None and module.partition(".")[0] in sys.stdlib_module_names:
            raise TaskError(f"module can't be {module!r}: a module of Python's own has that name")
        packages = (packages,) if isinstance(packages, str) else tuple(packages)
        for package in packages:
            if not isinstance(package, str) or not package.isidentifier():
                raise TaskError(f"packages must be names to import, not {package!r}")
        pairs = _pairs(examples, checked=checker is not None)
        if tests is not None and pairs:
            raise TaskError("give tests or examples, not both")
        laid = _files(files, {*suite_text.MODULES, *([module] if module else [])})
        _check_comparison(tolerance, checker, pairs)
        if tests is not None:
            suite = suite_text.look(tests, module)
            given = entry_point is not None
            entry_point = entry_point or suite_text.infer_entry_point(suite.tree)
            faults.check(suite, entry_point=entry_point, given=given, packages=packages, files=[path for path, _ in laid], prompt=prompt)
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
        set_(self, "module", module)
        set_(self, "files", laid)
        set_(self, "tolerance", tolerance)
        set_(self, "checker", checker)

    @property
    def kind(self) -> TestKind:
        """How a candidate is judged: "asserts", "pytest", "stdio", or "none" where the task has no tests."""
        if self.examples:
            return "stdio"
        if self.tests is None:
            return "none"
        return "pytest" if suite_text.look(self.tests, self.module).is_pytest else "asserts"

    @property
    def modules(self) -> tuple[str, ...]:
        """The names by which the candidate can be imported."""
        return tuple(dict.fromkeys((*suite_text.MODULES, *([self.module] if self.module else []))))

    @property
    def signatures(self) -> tuple[str, ...]:
        """What the tests call, as `name(parameters)`: names and numbers of arguments, nothing of what they expect."""
        return signatures.signatures(suite_text.look(self.tests, self.module), self.entry_point, self.prompt) if self.tests else ()

    @property
    def wanted(self) -> str | None:
        """The function or class that is asked for: the entry point, else the first that the tests import and call; None for a program."""
        return self.entry_point or next((signature.partition("(")[0] for signature in self.signatures), None)

    @property
    def context(self) -> str:
        """The task type the bandit learns under; "general" where none was given."""
        return self.task_type or DEFAULT_TASK_TYPE


def _pairs(examples: Iterable[tuple[str, str] | Mapping[str, str]] | None, *, checked: bool) -> tuple[tuple[str, str], ...]:
    pairs = []
    if not isinstance(examples, Iterable | None) or isinstance(examples, str | bytes):
        raise TaskError(f"examples must be a list of (stdin, stdout) pairs, not {examples!r}")
    for number, example in enumerate(examples or (), start=1):
        if isinstance(example, Mapping):
            pair: tuple[Any, ...] = (example.get("stdin"), example.get("stdout", "" if checked else None))
        else:
            pair = tuple(example) if isinstance(example, tuple | list) else (example,)
        if len(pair) != 2 or not all(isinstance(text, str) for text in pair):
            raise TaskError(f"example {number} must be a (stdin, stdout) pair of strings, not {example!r}")
        pairs.append((str(pair[0]), str(pair[1])))
    return tuple(pairs)


def _files(files: Mapping[str, str] | tuple[tuple[str, str], ...] | None, taken: set[str]) -> tuple[tuple[str, str], ...]:
    if files is None:
        return ()
    if isinstance(files, tuple) and all(isinstance(pair, tuple) and len(pair) == 2 for pair in files):
        files = dict(files)  # the field of another task, as `dataclasses.replace` gives it
    if not isinstance(files, Mapping):
        raise TaskError(f"files must be a mapping of paths to Python source, not {files!r}")
    for path, source in files.items():
        place = PurePosixPath(path) if isinstance(path, str) else PurePosixPath()
        parts = [*place.parts[:-1], place.stem]
        if place.suffix != ".py" or str(place) != path or not all(part.isidentifier() for part in parts):
            said = f"files are Python modules, like 'helper.py' or 'shop/helper.py', not {path!r}"
            raise TaskError(f"{said}; a data file is written by the tests, before they call the code")
        if ".".join(parts) in taken:
            raise TaskError(f"the file {path!r} is what the candidate is imported as")
        if parts[0] in sys.stdlib_module_names:
            raise TaskError(f"the file {path!r} would hide a module of Python's own")
        if not isinstance(source, str):
            raise TaskError(f"the file {path!r} must be a string, not {type(source).__name__}")
        suite_text.parsed(source, f"the file {path!r}")
    return tuple(files.items())


def _check_comparison(tolerance: float | None, checker: str | None, pairs: tuple[tuple[str, str], ...]) -> None:
    """See that how outputs are compared makes sense."""
    for field, value in (("tolerance", tolerance), ("checker", checker)):
        if value is not None and not pairs:
            raise TaskError(f"a {field} is for the output of examples: give examples")
    if tolerance is not None and checker is not None:
        raise TaskError("give a tolerance or a checker, not both")
    if tolerance is not None and (not is_number(tolerance) or not math.isfinite(tolerance) or tolerance < 0):
        raise TaskError(f"tolerance must be a finite number of at least 0, not {tolerance!r}")
    if checker is not None and checker_arguments(checker) is None:
        raise TaskError("the checker must define check(stdin, stdout, expected) or check(stdin, stdout)")


@functools.lru_cache(maxsize=256)  # it is asked for each example of each candidate
def checker_arguments(checker: str) -> int | None:
    """How many arguments a checker's `check` takes, 2 or 3; None where there is none like that."""
    for node in suite_text.parsed(checker, "the checker").body:
        if isinstance(node, ast.FunctionDef) and node.name == "check" and not node.args.kwonlyargs:
            most = 3 if node.args.vararg else len(node.args.posonlyargs) + len(node.args.args)
            least = len(node.args.posonlyargs) + len(node.args.args) - len(node.args.defaults)
            return next((count for count in (3, 2) if least <= count <= most), None)
    return None


@functools.lru_cache(maxsize=256)
def checker_only_asserts(checker: str) -> bool:
    """Whether a checker says by asserts alone what is right: then it has nothing to return."""
    nodes = list(ast.walk(suite_text.parsed(checker, "the checker")))
    returns = any(isinstance(node, ast.Return) and node.value is not None for node in nodes)
    return not returns and any(isinstance(node, ast.Assert) for node in nodes)


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
