"""What a look can tell to be wrong with a task's tests themselves: nothing that a candidate is or does."""

from __future__ import annotations

import ast
import difflib
import re
import sys
from collections.abc import Collection, Iterator, Sequence

from banditgen._suite import leaving
from banditgen._suite.text import REACHES_BY_TEXT, Suite, last_name, names_any
from banditgen.errors import TaskError

JUDGES = re.compile(  # names of what raises when something is not as expected
    r"assert|fail|raises|warns|deprecated_call|exit|check|expect|verify|ensure|should|testmod|testfile|run_docstring|main|run|abort|benchmark"
)
RUNS_TEXT = frozenset({"exec", "run_path", "run_module"})
CATCHES_ABSENCE = ("ImportError", "ModuleNotFoundError", "Exception", "BaseException")
TESTERS = ("pytest", "_pytest")


def check(suite: Suite, *, entry_point: str | None, given: bool, packages: Sequence[str], files: Collection[str], prompt: str) -> None:
    """Refuse tests with a fault of their own.

    Args:
        suite: the tests.
        entry_point: the function that they call.
        given: whether the caller named it.
        packages: names that may be imported.
        files: paths of the task's own modules.
        prompt: what is asked for.

    Raises:
        TaskError: what is wrong, and with which line.
    """
    running = suite.running()
    if suite.is_checked and entry_point is None:
        raise TaskError("the tests define check(candidate): say with entry_point which function to check")
    for fault in (
        *_tuples(suite.tree),
        *_imports(suite, packages, files),
        *_names(suite, running, entry_point if given else None, prompt),
        *_nothing(suite, running, entry_point),
        *_strangers(suite, running, entry_point),
        *_coroutines(suite),
    ):
        raise TaskError(fault)


def _tuples(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert) and isinstance(node.test, ast.Tuple) and node.test.elts:
            yield f"line {node.lineno} of the tests asserts a tuple, which is always true: take the brackets away"


def _nothing(suite: Suite, running: Sequence[ast.AST], entry_point: str | None) -> Iterator[str]:
    """Whether nothing in the tests can fail but the candidate itself."""
    if _imports_elsewhere(suite) or names_any(running, RUNS_TEXT) or leaving.places(suite, entry_point)[0]:
        return  # what that judges is not known
    for node in running:
        if isinstance(node, ast.Raise) or (isinstance(node, ast.Assert) and not isinstance(node.test, ast.Constant)):
            return
        if isinstance(node, ast.Assert) and isinstance(node.test, ast.Constant) and not node.test.value:
            return  # `assert False` where the tests must not get to
        if isinstance(node, ast.With | ast.AsyncWith) and any(_is_theirs(function, suite) for function in _entered(node)):
            return  # a context manager of the candidate's may be all that keeps the block from raising
        if isinstance(node, ast.Call) and JUDGES.search(last_name(node.func).lower()) and not _is_theirs(node.func, suite):
            return
    asserts = any(isinstance(node, ast.Assert) for node in ast.walk(suite.tree))
    never = ", and what asserts something is never run" if asserts else ""
    yield f"the tests test nothing: give at least one assert{never}"


def _entered(node: ast.With | ast.AsyncWith) -> list[ast.expr]:
    """What makes the context managers of a `with`."""
    made = [item.context_expr for item in node.items]
    return [one.func if isinstance(one, ast.Call) else one for one in made]


def _is_theirs(function: ast.expr, suite: Suite) -> bool:
    return isinstance(function, ast.Name) and (function.id in suite.free or function.id in suite.imported)


def _imports_elsewhere(suite: Suite) -> bool:
    """Whether tests import from modules that are neither the one under test nor Python's own nor pytest."""
    known = {*sys.stdlib_module_names, *TESTERS, *(name.partition(".")[0] for name in suite.modules)}
    return any(
        name.partition(".")[0] not in known
        for node in ast.walk(suite.tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names])
    )


def _imports(suite: Suite, packages: Sequence[str], files: Collection[str]) -> Iterator[str]:
    known = {*TESTERS, *packages, *sys.stdlib_module_names, *(name.partition(".")[0] for name in suite.modules)}
    known |= {path.partition("/")[0].removesuffix(".py") for path in files}
    optional = {
        id(part)
        for node in ast.walk(suite.tree)
        if _may_miss(node)
        for statement in getattr(node, "body", ())
        for part in ast.walk(statement)
    }
    for node in ast.walk(suite.tree):
        if id(node) in optional or not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        if isinstance(node, ast.ImportFrom) and node.level:
            yield f"line {node.lineno} of the tests imports from a package that they are not in: name the module without a dot"
            continue
        for name in [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]:
            package = name.partition(".")[0]
            if package not in known:
                yield (
                    f"line {node.lineno} of the tests imports {name}, which is not there: say packages=[{package!r}] (--package {package}) "
                    f"if it is installed, module={name!r} (--module {name}) if it is what candidates are imported as, "
                    f"or files={{{package + '.py'!r}: …}} (--file {package}.py) if it is your own"
                )


def _may_miss(node: ast.AST) -> bool:
    """Whether imports in the body of a statement may fail, or are for readers alone."""
    if isinstance(node, ast.If):
        return "TYPE_CHECKING" in {last_name(part) for part in ast.walk(node.test) if isinstance(part, ast.expr)}
    if isinstance(node, ast.With):
        calls = [item.context_expr for item in node.items if isinstance(item.context_expr, ast.Call)]
        return any(last_name(call.func) in ("suppress", "raises") for call in calls)
    if not isinstance(node, ast.Try):
        return False
    caught = [handler.type for handler in node.handlers]
    names = {last_name(part) for kind in caught if kind is not None for part in ast.walk(kind) if isinstance(part, ast.expr)}
    return None in caught or bool(names.intersection(CATCHES_ABSENCE))


def _names(suite: Suite, running: Sequence[ast.AST], entry_point: str | None, prompt: str) -> Iterator[str]:
    """Names that neither the tests nor a candidate can define.

    A candidate can define what the tests call, and what they are told of. Where tests import the module under test, nothing of it is
    there without.
    """
    lines = {node.id: node.lineno for node in reversed(running) if isinstance(node, ast.Name)}
    if entry_point is not None and entry_point.lower() not in suite.source.lower() and not suite.is_checked:
        yield f"the tests never use {entry_point}, which entry_point says they do"
    if names_any(running, REACHES_BY_TEXT):
        return
    given = {node.attr for node in running if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)}
    for name in sorted(suite.free - given, key=lambda name: lines.get(name, 0)):
        if name not in lines or name == entry_point:
            continue
        place = f"line {lines[name]} of the tests uses {name}, which"
        if suite.explicit:
            yield f"{place} they neither define nor import"
        elif re.match(r"assert[A-Z]", name) or name == "self":
            yield f"{place} is only there inside a unittest.TestCase"
        elif name.islower() and _is_compared_alone(name, running) and not re.search(rf"\b{name}\b", prompt):
            near = difflib.get_close_matches(name, {node.id for node in running if isinstance(node, ast.Name) and node.id != name}, 1, 0.75)
            yield f"{place} nothing defines: no prompt asks for it" + (f" (did you mean {near[0]}?)" if near else "")


def _is_compared_alone(name: str, running: Sequence[ast.AST]) -> bool:
    """Whether a name stands for what another's result is compared with, and for nothing else: no candidate would think of it."""
    uses = sum(isinstance(node, ast.Name) and node.id == name for node in running)
    for node in running:
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            if any(isinstance(side, ast.Call) for side in sides):
                uses -= sum(isinstance(side, ast.Name) and side.id == name for side in sides)
    return uses == 0


def _strangers(suite: Suite, running: Sequence[ast.AST], entry_point: str | None) -> Iterator[str]:
    """Whether the tests use nothing at all of the candidate's."""
    mentioned = {last_name(node) for node in running if isinstance(node, ast.expr)}
    if suite.free or suite.imported or suite.is_checked or entry_point in mentioned:
        return
    for node in ast.walk(suite.tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            if any(name in suite.modules for name in names):
                return
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and any(name in node.value for name in suite.modules):
            return
        if isinstance(node, ast.Name | ast.Attribute) and last_name(node) in REACHES_BY_TEXT:
            return
    yield "the tests use nothing of the candidate's: they call no function that they don't define or import from elsewhere"


def _coroutines(suite: Suite) -> Iterator[str]:
    """Coroutines that a TestCase makes, and nobody ever runs."""
    for node in suite.tree.body:
        if isinstance(node, ast.ClassDef) and any(last_name(base) == "TestCase" for base in node.bases):
            for item in node.body:
                if isinstance(item, ast.AsyncFunctionDef) and item.name.startswith("test") and not item.decorator_list:
                    yield f"line {item.lineno} of the tests: a TestCase does not run the coroutine {item.name}: use IsolatedAsyncioTestCase"
