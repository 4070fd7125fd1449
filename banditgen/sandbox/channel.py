"""Which verdict channel fits a task's tests: a static look at them, and only at them, since a candidate must have no say."""

from __future__ import annotations

import ast
import builtins
import dataclasses
import functools
import marshal
import threading
import warnings
from collections import deque

from banditgen.sandbox import aliasing

CANDIDATE_MODULES = ("solution", "candidate", "main")
HARMLESS_MODULES = """
__future__ bisect cmath collections copy datetime decimal fractions functools heapq itertools json math numbers operator
pathlib pytest random re statistics string typing unittest uuid zoneinfo
"""
SAFE_IMPORTS = frozenset(HARMLESS_MODULES.split())
REFLECTIVE = frozenset(
    {"isinstance", "issubclass", "hasattr", "getattr", "setattr", "type", "callable", "raises", "assertRaises", "id", "dir"}
)
UNJUDGEABLE_BUILTINS = frozenset(
    {"globals", "locals", "vars", "eval", "exec", "compile", "open", "input", "__import__", "setattr", "delattr"}
)
DATA_ATTRIBUTES = frozenset(
    name for kind in (int, float, complex, str, bytes, bytearray, list, tuple, dict, set, frozenset, range, deque) for name in dir(kind)
) - {"__class__", "__dict__", "__globals__", "__code__", "__doc__"}
TEST_OBJECTS = frozenset({"self", "cls"})
_compiling = threading.Lock()  # the filters of warnings are one for all threads


@dataclasses.dataclass(frozen=True)
class Look:
    """What the tests need of the candidate.

    Args:
        judged: whether a judge in another process can run them.
        reason: why not, where not.
        names: the candidate's names that they use.
        compiled: the tests for the interpreter of the same version that runs them, marshalled; empty where that has to compile them.

    """

    judged: bool
    reason: str
    names: tuple[str, ...]
    compiled: bytes


@functools.lru_cache(maxsize=256)
def look_at(tests: str, entry_point: str | None) -> Look:
    """Look at assert-style or pytest tests; `tests` parses (a `Task` has seen to that)."""
    tree = ast.parse(tests)
    visitor = _Visitor(tree, entry_point)
    visitor.visit(tree)
    reason = visitor.reason or aliasing.reason(tree, visitor.is_candidate)
    return Look(not reason, reason, tuple(sorted(visitor.names)), _compiled(tests))


def _compiled(tests: str) -> bytes:
    with _compiling, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what the tests' style is worth is not our caller's business
        try:
            return marshal.dumps(compile(tests, "<tests>", "exec", dont_inherit=True, optimize=0))
        except (SyntaxError, ValueError, RecursionError, MemoryError):  # their own interpreter says so, as the tests' failure
            return b""


class _Visitor(ast.NodeVisitor):
    """Walks the tests once and keeps the first reason why a judge could not run them."""

    def __init__(self, tree: ast.Module, entry_point: str | None) -> None:
        self.reason = ""
        self._modules: set[str] = set()
        self._candidate_modules: set[str] = set()
        self._code: set[str] = set()
        self._known = set(TEST_OBJECTS)
        own: set[str] = set()
        imported: dict[str, str] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                self._note_import(node)
            elif isinstance(node, ast.ImportFrom):
                self._note_import_from(node, imported, own)
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                own.add(node.name)
                self._code.add(node.name)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                own.add(node.id)
            elif isinstance(node, ast.arg):
                own.add(node.arg)
            elif isinstance(node, ast.ExceptHandler) and node.name:
                own.add(node.name)
                self._known.add(node.name)
            elif isinstance(node, ast.withitem) and isinstance(node.optional_vars, ast.Name):
                self._known.add(node.optional_vars.id)
        for node in ast.walk(tree):  # rng = random.Random(42): an object of the tests' own
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Attribute):
                source = node.value.func.value
                if isinstance(source, ast.Name) and source.id in self._modules:
                    self._known.update(target.id for target in node.targets if isinstance(target, ast.Name))
        used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        free = used - own - set(dir(builtins)) - self._modules - self._candidate_modules - set(imported)
        if entry_point and entry_point not in own:
            free.add(entry_point)
        attributes = {
            node.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in self._candidate_modules
        }
        self._compared = {
            id(operand) for node in ast.walk(tree) if isinstance(node, ast.Compare) for operand in (node.left, *node.comparators)
        }
        self.names = free | set(imported.values()) | attributes
        self._called = free | set(imported) | {"candidate"}

    def _note_import(self, node: ast.Import) -> None:
        for alias in node.names:
            name = (alias.asname or alias.name).split(".")[0]
            if alias.name in CANDIDATE_MODULES:
                self._candidate_modules.add(name)
                continue
            self._modules.add(name)
            if alias.name.split(".")[0] not in SAFE_IMPORTS or alias.name == "unittest.mock":
                self._refuse(f"they import {alias.name}")

    def _note_import_from(self, node: ast.ImportFrom, imported: dict[str, str], own: set[str]) -> None:
        module = node.module or ""
        if module in CANDIDATE_MODULES:
            imported.update({alias.asname or alias.name: alias.name for alias in node.names if alias.name != "*"})
            return
        own.update(alias.asname or alias.name for alias in node.names)
        self._code.update(alias.asname or alias.name for alias in node.names)
        if module.split(".")[0] not in SAFE_IMPORTS or any(alias.name == "mock" for alias in node.names):
            self._refuse(f"they import {module}")

    def _refuse(self, reason: str) -> None:
        self.reason = self.reason or reason

    def visit_Name(self, node: ast.Name) -> None:
        """A candidate's name that is neither called nor handed on: it may be a class or carry state."""
        if node.id in self.names and isinstance(node.ctx, ast.Load):
            self._refuse(f"they use {node.id} without calling it")
        if node.id in UNJUDGEABLE_BUILTINS:
            self._refuse(f"they use {node.id}")
        if node.id in self._candidate_modules:
            self._refuse(f"they use the module {node.id} itself")

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """An attribute that plain data does not have, unless it is a module's, a caught exception's or a thing's of the tests' own."""
        base = node.value
        known = self._modules | self._known
        if isinstance(base, ast.Name) and base.id in known:
            return
        if isinstance(base, ast.Attribute) and isinstance(base.value, ast.Name) and base.value.id in known:
            return
        if node.attr not in DATA_ATTRIBUTES and not (isinstance(base, ast.Name) and base.id in self._code):
            self._refuse(f"they use .{node.attr}, which plain data does not have")
        self.visit(base)

    def visit_Call(self, node: ast.Call) -> None:
        """A call of the candidate with data; or of something else, which may be handed the candidate's function."""
        name = self._candidate_call(node.func)
        if name is None:
            self.visit(node.func)
        elif name[0].isupper() and "_" not in name and not name.isupper() and id(node) not in self._compared:
            self._refuse(f"they call {name}, which looks like a class")
        reflective = _last_name(node.func) in REFLECTIVE
        for argument in [*node.args, *(keyword.value for keyword in node.keywords)]:
            if name is not None and self._is_code(argument):
                self._refuse(f"they hand {name} a function or an object")
            if not (isinstance(argument, ast.Name) and argument.id in self.names and not reflective and name is None):
                self.visit(argument)

    def is_candidate(self, function: ast.expr) -> bool:
        """Whether an expression names a function of the candidate's."""
        return self._candidate_call(function) is not None

    def _candidate_call(self, function: ast.expr) -> str | None:
        if isinstance(function, ast.Name) and function.id in self._called:
            return function.id
        if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and function.value.id in self._candidate_modules:
            return function.attr
        return None

    def _is_code(self, argument: ast.expr) -> bool:
        if isinstance(argument, ast.Lambda):
            return True
        if isinstance(argument, ast.Name):
            return argument.id in self._code
        return (
            isinstance(argument, ast.Attribute) and isinstance(argument.value, ast.Name) and argument.value.id in self._modules - {"math"}
        )

    def visit_Await(self, node: ast.Await) -> None:
        """A coroutine of the candidate can't travel."""
        self._refuse("they await the candidate")
        self.generic_visit(node)


def _last_name(function: ast.expr) -> str:
    if isinstance(function, ast.Name):
        return function.id
    return function.attr if isinstance(function, ast.Attribute) else ""
