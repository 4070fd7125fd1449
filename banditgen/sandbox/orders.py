"""What a job is told of a task: in the terms of the far side, which knows no tasks."""

from __future__ import annotations

import ast
import dataclasses
import functools
import marshal
import re
from typing import Any, Protocol

from banditgen._suite import leaving
from banditgen._suite import text as suite_text
from banditgen.sandbox.channel import Look
from banditgen.sandbox.report import Report
from banditgen.task import Limits, Task, checker_arguments, checker_only_asserts

LAYS = ("__file__", "multiprocessing", "ProcessPool", "main.py", "runpy")  # in code that may look for its own file
STARTS = ("subprocess", "os.system", "popen")  # in tests that may start a program
NAME = re.compile(r"[^\W\d]\w*")
READS_SOURCE = frozenset({"getsource", "getsourcelines", "getsourcefile", "getfile"})  # which a stub has none of


@dataclasses.dataclass(frozen=True)
class Order:
    """One job: the role it is run in ("program", "cooperative", "judged", "alone"), the candidate as `candidate` packs it, and texts."""

    role: str
    code: bytes
    tests: dict[str, Any] | None = None
    stdin: str | None = None
    paths: tuple[str, ...] = ()


class AnyWorker(Protocol):
    """What runs jobs, one at a time; `held` is what it said of itself when it started."""

    held: dict[str, Any]

    def run(self, order: Order, limits: Limits) -> Report:
        """Run one job to its end; raises WorkerDiedError where the worker is gone."""
        ...

    def close(self) -> None:
        """End the worker and all it started."""
        ...


def candidate(code: str, task: Task) -> bytes:
    """A candidate, as `inside.beside.Candidate` has it."""
    lay = any(word in code for word in LAYS) or reaches_for_files(task)
    later = task.tests is not None and _imports_later(task.tests, task.module)
    return marshal.dumps((code, task.modules, task.files, lay, later))


def program(code: str) -> bytes:
    """A program that belongs to no task, in the same form."""
    return marshal.dumps((code, suite_text.MODULES, (), False, False))


def tests(task: Task, look: Look, environment: tuple[str, ...]) -> dict[str, Any]:
    """A task's tests, as `inside.tests.run_tests` takes them."""
    assert task.tests is not None
    own, used, script = _names(task.tests, task.module)
    suite = suite_text.look(task.tests, task.module)
    exits, skips = leaving.places(suite, task.entry_point)
    return {
        "kind": task.kind,
        "tests": task.tests,
        "entry_point": task.entry_point,
        "names": look.names,
        "call_check": suite.is_checked,
        "compiled": look.compiled,
        "shared": look.shared,
        "orders": look.orders,
        "searches": look.searches,
        "seconds": task.limits.wall_seconds,
        "paths": environment,
        "modules": task.modules,
        "files": task.files,
        "own": own,
        "used": used,
        "script": script,
        "star": suite.star,
        "exits": exits,
        "skips": skips,
    }


def alone(task: Task, look: Look, environment: tuple[str, ...]) -> dict[str, Any]:
    """A task's tests, to be run once over a stub."""
    assert task.tests is not None
    suite = suite_text.look(task.tests, task.module)
    wanted = suite.free | suite.imported | ({task.entry_point} if task.entry_point else set())
    imports = [
        alias for node in ast.walk(suite.tree) if isinstance(node, ast.Import) for alias in node.names if alias.name in suite.modules
    ]
    return {
        **tests(task, look, environment),
        "stub": sorted(wanted),
        "handles": [alias.asname or alias.name.partition(".")[0] for alias in imports],
        "later": _imports_later(task.tests, task.module),
    }


def check(task: Task, stdin: str, printed: str, expected: str) -> dict[str, Any]:
    """A task's checker and what it has to judge, as `inside.checker.run` takes them."""
    assert task.checker is not None
    return {
        "checker": task.checker,
        "texts": (stdin, printed, expected),
        "arguments": checker_arguments(task.checker),
        "only_asserts": checker_only_asserts(task.checker),
        "paths": (),
    }


def names_its_uses(task: Task) -> bool:
    """Whether a look at a task's tests shows where they use the candidate: by its names, not as a program or by text."""
    return task.tests is not None and not reaches_for_files(task) and _names_its_uses(task.tests, task.module)


def reaches_for_files(task: Task) -> bool:
    """Whether a task's tests may start the candidate's file as a program, or import it in one, which is no use of a name."""
    tests = task.tests or ""
    return any(f"{name}.py" in tests for name in task.modules) or (
        any(word in tests for word in STARTS) and _names_in_texts(tests, task.module)
    )


def paths(task: Task, code: str, environment: tuple[str, ...]) -> tuple[str, ...]:
    """The folders of packages that a candidate may import from; one that comes with tests of its own may import what runs them."""
    return environment if task.packages or (task.kind == "pytest" and "pytest" in code) else ()


@functools.lru_cache(maxsize=256)
def _names(source: str, module: str | None) -> tuple[tuple[str, ...], tuple[str, ...], bool]:
    """The names that tests bind, and those that they use; and whether their module itself asserts something."""
    suite = suite_text.look(source, module)
    own: set[str] = set()
    used: set[str] = set(suite.imported)
    for node in ast.walk(suite.tree):
        match node:
            case ast.Name(id=name, ctx=ast.Load()):
                used.add(name)
            case ast.Name(id=name) | ast.arg(arg=name):
                own.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                own.add(name)
            case ast.ImportFrom(module=place, names=aliases):
                (used if place in suite.modules else own).update(alias.asname or alias.name for alias in aliases)
            case ast.Import(names=aliases):
                own.update((alias.asname or alias.name).partition(".")[0] for alias in aliases)
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                own.add(name)
    if suite_text.names_any(ast.walk(suite.tree), suite_text.REACHES_BY_TEXT):
        texts = (node.value for node in ast.walk(suite.tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))
        used.update(name for text in texts for name in NAME.findall(text))
    script = any(isinstance(node, ast.Assert | ast.With) for node in suite_text.reached(suite.tree, guarded=False))
    return tuple(own), tuple(used), script


@functools.lru_cache(maxsize=256)
def _names_in_texts(source: str, module: str | None) -> bool:
    """Whether a text in the tests is, imports, or runs by `-m` the module under test."""
    suite = suite_text.look(source, module)
    names = "|".join(map(re.escape, suite.modules))
    named = re.compile(rf"\A(?:{names})\Z|\b(?:import|from)\s+(?:{names})\b|-m\s+(?:{names})\b")
    texts = (node.value for node in ast.walk(suite.tree) if isinstance(node, ast.Constant))
    return any(isinstance(text, str) and named.search(text) for text in texts)


@functools.lru_cache(maxsize=256)
def _names_its_uses(source: str, module: str | None) -> bool:
    tree = suite_text.look(source, module).tree
    return not suite_text.names_any(ast.walk(tree), suite_text.REACHES_BY_TEXT | READS_SOURCE)


@functools.lru_cache(maxsize=256)
def _imports_later(source: str, module: str | None) -> bool:
    """Whether tests import the candidate inside functions alone: what they do before, such as patching `input`, comes first then."""
    suite = suite_text.look(source, module)
    if not suite.explicit or suite.free:
        return False
    return not any(
        (isinstance(node, ast.ImportFrom) and node.module in suite.modules)
        or (isinstance(node, ast.Import) and any(alias.name in suite.modules for alias in node.names))
        for node in suite_text.top_level(suite.tree.body)
    )
