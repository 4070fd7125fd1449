"""Which verdict channel fits a task's tests: a static look at them, and only at them, since a candidate must have no say.

A judge in another process runs tests that apply to the candidate and to its results what the wall between them carries: calls,
attributes, the operations of the data model. What it can't carry is the state of a process: patches, seeds, contexts, warnings, logs,
captured output, files. Such tests share the candidate's interpreter.
"""

from __future__ import annotations

import ast
import builtins
import dataclasses
import functools
import marshal

from banditgen._quiet import quiet
from banditgen._suite import text as suite_text
from banditgen._suite.text import last_name
from banditgen.sandbox import aliasing
from banditgen.sandbox.aliasing import root
from banditgen.sandbox.inside import asserts

HARMLESS_MODULES = """
__future__ abc bisect cmath collections contextlib copy dataclasses datetime decimal enum fractions functools heapq itertools json math
numbers operator pathlib pytest random re statistics string textwrap typing unittest uuid zoneinfo
"""
SAFE_IMPORTS = frozenset(HARMLESS_MODULES.split())
STATE = {  # of the modules above, what sets or sees the state of a process
    "contextlib": "redirect_stdout redirect_stderr chdir",
    "decimal": "getcontext setcontext localcontext DefaultContext BasicContext ExtendedContext",
    "pytest": "warns deprecated_call MonkeyPatch importorskip",
    "random": "seed setstate",
    "unittest": "mock IsolatedAsyncioTestCase",
    "zoneinfo": "reset_tzpath",
}
STATEFUL = {module: frozenset(names.split()) for module, names in STATE.items()}
FIXTURE_NAMES = """
monkeypatch capsys capfd capsysbinary capfdbinary capteesys caplog recwarn tmp_path tmp_path_factory tmpdir tmpdir_factory mocker
testdir pytester
"""
FIXTURES = frozenset(FIXTURE_NAMES.split())
STATE_ASSERTIONS = frozenset({"assertWarns", "assertWarnsRegex", "assertLogs", "assertNoLogs"})
FILE_NAMES = """
chmod cwd exists expanduser glob hardlink_to home is_dir is_file iterdir mkdir open read_bytes read_text rename resolve rglob rmdir
samefile stat symlink_to touch unlink write_bytes write_text
"""
FILE_METHODS = frozenset(FILE_NAMES.split())
UNJUDGEABLE_BUILTINS = frozenset({"globals", "locals", "vars", "eval", "exec", "compile", "open", "input", "__import__", "breakpoint"})
OUTSIDE_BUILTINS = frozenset({"print", "exit", "quit"})  # a stand-in for one of them is meant for the candidate, too
ORDERING = frozenset({"sorted", "min", "max", "sort", "assertGreater", "assertGreaterEqual", "assertLess", "assertLessEqual"})
SEARCHING = frozenset({"any", "filter", "takewhile", "dropwhile", "assertIn", "assertNotIn", "contains"})


@dataclasses.dataclass(frozen=True)
class Look:
    """What the tests need of the candidate.

    Args:
        judged: whether a judge in another process can run them.
        reason: why not, where not.
        names: the candidate's names that they use.
        shared: whether objects have to stay the same over all calls: they look at what an earlier one gave or got.
        orders: whether they compare by size, in which a number that is none passes unseen.
        searches: whether they look for something in what they iterate.
        compiled: the tests for the interpreter of the same version that runs them, marshalled; empty where that has to compile them.

    """

    judged: bool
    reason: str
    names: tuple[str, ...]
    shared: bool
    orders: bool
    searches: bool
    compiled: bytes


@functools.lru_cache(maxsize=256)
def look_at(tests: str, entry_point: str | None, module: str | None = None) -> Look:
    """Look at tests, which parse (a `Task` has seen to that); `module` is what else they call the module under test."""
    suite = suite_text.look(tests, module)
    tree = suite.tree
    names = _Names(suite, entry_point)
    visitor = _Visitor(tree, names)
    visitor.visit(tree)
    return Look(
        judged=not visitor.reason,
        reason=visitor.reason,
        names=tuple(sorted(names.wanted)),
        shared=aliasing.matters(tree, names.is_candidate),
        orders=_applies(tree, ORDERING, ast.Lt | ast.LtE | ast.Gt | ast.GtE),
        searches=_applies(tree, SEARCHING, ast.In | ast.NotIn) or any(map(_leaves_early, ast.walk(tree))),
        compiled=_compiled(tests),
    )


def _compiled(tests: str) -> bytes:
    with quiet():
        try:
            return marshal.dumps(asserts.compiled(tests))
        except (SyntaxError, ValueError, RecursionError, MemoryError):  # their own interpreter says so, as the tests' failure
            return b""


def _applies(tree: ast.Module, functions: frozenset[str], comparisons: object) -> bool:
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and any(isinstance(kind, comparisons) for kind in node.ops):  # type: ignore[arg-type]
            return True
        if isinstance(node, ast.Name | ast.Attribute) and last_name(node) in functions:
            return True
    return False


def _leaves_early(node: ast.AST) -> bool:
    return isinstance(node, ast.Break | ast.While) or (isinstance(node, ast.comprehension) and bool(node.ifs))


class _Names:
    """Whose the names in the tests are.

    Args:
        suite: the tests.
        entry_point: the wanted function.

    """

    def __init__(self, suite: suite_text.Suite, entry_point: str | None) -> None:
        self.modules: dict[str, str] = {}
        self.library: set[str] = set()
        self.candidate_modules: set[str] = set()
        self.under_test = suite.modules
        self._imported: dict[str, str] = {}
        nodes = list(ast.walk(suite.tree))
        for node in nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    self._note(alias)
            elif isinstance(node, ast.ImportFrom):
                names = {alias.asname or alias.name: alias.name for alias in node.names if alias.name != "*"}
                if node.module in suite.modules:
                    self._imported.update(names)
                else:
                    self.library.update(names)
        defined = {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
        free = suite.free | ({entry_point} if entry_point and entry_point not in defined | self.library else set())
        self._local = free | set(self._imported)
        attributes = {node.attr for node in nodes if isinstance(node, ast.Attribute) and self.is_candidate(node)}
        self.wanted = free | set(self._imported.values()) | attributes

    def _note(self, alias: ast.alias) -> None:
        if alias.name in self.under_test:
            self.candidate_modules.add(alias.asname or alias.name)
        else:
            self.modules[(alias.asname or alias.name).split(".")[0]] = alias.name if alias.asname else alias.name.split(".")[0]

    def is_candidate(self, value: ast.expr) -> bool:
        """Whether an expression names something of the candidate's: `candidate` is what `check` calls it."""
        if isinstance(value, ast.Name):
            return value.id in self._local or value.id == "candidate"
        return isinstance(value, ast.Attribute) and isinstance(value.value, ast.Name) and value.value.id in self.candidate_modules


class _Visitor(ast.NodeVisitor):
    """Walks the tests once and keeps the first reason why a judge could not run them."""

    def __init__(self, tree: ast.Module, names: _Names) -> None:
        self.reason = ""
        self._names = names
        self._files = any(module.split(".")[0] == "pathlib" for module in names.modules.values()) or any(
            isinstance(node, ast.ImportFrom) and node.module == "pathlib" for node in ast.walk(tree)
        )

    def _refuse(self, reason: str) -> None:
        self.reason = self.reason or reason

    def visit_Import(self, node: ast.Import) -> None:
        """A module with state of its own, or one that is not known to have none."""
        for alias in node.names:
            if alias.name not in self._names.under_test:
                self._check_module(alias.name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        """The same, and single names of a module."""
        module = node.module or ""
        if module in self._names.under_test:
            return
        self._check_module(module)
        for alias in node.names:
            if alias.name in STATEFUL.get(module, ()) or (alias.name == "*" and module in STATEFUL):
                self._refuse(f"they import {alias.name} from {module}")

    def _check_module(self, name: str) -> None:
        package, _, rest = name.partition(".")
        if package not in SAFE_IMPORTS or rest.partition(".")[0] in STATEFUL.get(package, ()):
            self._refuse(f"they import {name}")

    def visit_Name(self, node: ast.Name) -> None:
        """A module that is handed on, or a builtin that reaches what is not on the wall's other side."""
        if node.id in UNJUDGEABLE_BUILTINS:
            self._refuse(f"they use {node.id}")
        elif isinstance(node.ctx, ast.Load) and (node.id in self._names.candidate_modules or node.id in self._names.modules):
            self._refuse(f"they use the module {node.id} itself")
        elif not isinstance(node.ctx, ast.Load) and node.id in OUTSIDE_BUILTINS:
            self._refuse(f"they give {node.id} another meaning")

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """What sets or sees the state of a process; or changes what the candidate may use, too."""
        base = node.value
        module = self._names.modules.get(base.id) if isinstance(base, ast.Name) else None
        if node.attr in STATEFUL.get(module or "", ()) or node.attr in STATE_ASSERTIONS or (self._files and node.attr in FILE_METHODS):
            self._refuse(f"they use {node.attr}")
        start = root(node)
        shared = start in self._names.modules or start in self._names.library or start in self._names.candidate_modules
        if not isinstance(node.ctx, ast.Load) and (shared or hasattr(builtins, start)):
            self._refuse(f"they change {start}.{node.attr}")
        if not isinstance(base, ast.Name) or (module is None and base.id not in self._names.candidate_modules):
            self.visit(base)

    def visit_Constant(self, node: ast.Constant) -> None:
        """A fixture by name."""
        if isinstance(node.value, str) and node.value in FIXTURES:
            self._refuse(f"they use the fixture {node.value}")

    def visit_arg(self, node: ast.arg) -> None:
        """A fixture as an argument."""
        if node.arg in FIXTURES:
            self._refuse(f"they use the fixture {node.arg}")
        self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """A class that is made with one of the candidate's."""
        if any(map(self._names.is_candidate, [*node.bases, *(keyword.value for keyword in node.keywords), *node.decorator_list])):
            self._refuse(f"they make the class {node.name} of one of the candidate's")
        self.generic_visit(node)

    def _refuse_coroutine(self, node: ast.AST) -> None:
        """A coroutine can't travel."""
        self._refuse("they await the candidate")
        self.generic_visit(node)

    visit_Await = visit_AsyncFunctionDef = visit_AsyncFor = visit_AsyncWith = _refuse_coroutine  # noqa: N815
