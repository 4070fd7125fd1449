"""A piece of text as a Python program: what it binds, what it needs, whether it is only tests or only an example."""

from __future__ import annotations

import ast
import builtins
import dataclasses
import functools
import re
import symtable
import sys
from collections.abc import Iterator

from banditgen._quiet import quiet
from banditgen.generators._parse import has_code, parse

_KNOWN = frozenset(dir(builtins)) | {"__file__", "__name__", "__doc__", "__annotations__", "__builtins__", "__spec__"}
_READS = re.compile(r"\binput\s*\(|\bstdin\b|\bopen\(0|\bfileinput\b|/dev/stdin")
_DEFINITIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclasses.dataclass(frozen=True)
class Program:
    """Code that parses and does something.

    Args:
        code: the code.
        tree: its syntax tree.
        bound: the names that its top level binds, in whatever way.
        needed: the names that it reads and that neither it nor the builtins bind (or not before they are read).
    """

    code: str
    tree: ast.Module
    bound: frozenset[str]
    needed: frozenset[str]

    @functools.cached_property
    def defines(self) -> bool:
        """Whether it has a function or a class that is no test."""
        return any(not _is_test(node) for node in self.tree.body if _is_definition(node))

    @functools.cached_property
    def is_tests(self) -> bool:
        """Whether all that it defines, or does without defining anything, is to test."""
        if any(_is_definition(node) for node in self.tree.body):
            return not self.defines
        return any(isinstance(node, ast.Assert) for node in self.tree.body)

    @functools.cached_property
    def acts(self) -> bool:
        """Whether its top level does more than import, define and assign."""
        quiet = ast.Import | ast.ImportFrom | ast.Assign | ast.AnnAssign | _DEFINITIONS
        return any(not isinstance(node, quiet) and not is_docstring(node) for node in self.tree.body)

    @property
    def reads(self) -> bool:
        """Whether it reads standard input."""
        return _READS.search(self.code) is not None

    @property
    def imports_all(self) -> bool:
        """Whether it imports `*`, so that it may bind any name."""
        return any(alias.name == "*" for node in self.tree.body if isinstance(node, ast.ImportFrom) for alias in node.names)

    def strength(self, name: str, packages: tuple[str, ...] = ()) -> int:
        """How well it binds a name: 0 not at all, 1 by importing it from a module that nobody knows, 2 by a stub, 3 well.

        An example imports what it shows from a module of a made-up name, and a stub repeats the question.
        """
        if name not in self.bound:
            return 0
        ways = [node for node in ast.walk(self.tree) if name in _made_by(node)]
        if ways and all(isinstance(node, ast.ImportFrom) for node in ways):
            known = sys.stdlib_module_names | set(packages)
            roots = {(node.module or "").split(".")[0] for node in ways if isinstance(node, ast.ImportFrom) and not node.level}
            return 3 if roots & known else 1
        return 2 if ways and all(_is_stub(node) for node in ways) else 3


def read(code: str) -> Program | None:
    """The program that a text is; None where it does not parse or does nothing."""
    tree = parse(code)
    if not isinstance(tree, ast.Module) or not has_code(tree):
        return None
    try:
        with quiet():
            table = symtable.symtable(code, "<answer>", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        return None
    bound = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
    needed = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_referenced()}
    for inner in _inner(table):
        for symbol in inner.get_symbols():
            if symbol.is_declared_global() and symbol.is_assigned():
                bound.add(symbol.get_name())
            if symbol.is_global() and symbol.is_referenced():
                needed.add(symbol.get_name())
    bound = (bound - _only_annotated(tree)) | _through_globals(tree)
    return Program(code, tree, frozenset(bound), frozenset((needed - bound - _KNOWN) | _too_early(tree, bound)))


def is_docstring(statement: ast.stmt) -> bool:
    """Whether a statement is a text and nothing else."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant) and isinstance(statement.value.value, str)


def _inner(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    waiting = list(table.get_children())
    while waiting:
        inner = waiting.pop()
        waiting.extend(inner.get_children())
        yield inner


def _is_definition(node: ast.stmt) -> bool:
    if isinstance(node, ast.Assign | ast.AnnAssign):
        return isinstance(node.value, ast.Lambda)
    return isinstance(node, _DEFINITIONS)


def _is_test(node: ast.stmt) -> bool:
    if isinstance(node, ast.ClassDef):
        bases = {base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "") for base in node.bases}
        return node.name.startswith("Test") or any(base.endswith("TestCase") for base in bases)
    return (
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and re.match(r"_*tests?(?:_|$)|(?:run|check)_.*tests?$", node.name) is not None
    )


def _is_stub(node: ast.AST) -> bool:
    """Whether a function's body is left to be written."""
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    left = (ast.Pass, ast.Raise)
    return all(isinstance(one, left) or (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant)) for one in node.body) and not (
        isinstance(node.body[-1], ast.Raise) and "NotImplemented" not in ast.dump(node.body[-1])
    )


def _made_by(node: ast.AST) -> set[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    return {node.id} if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) else set()


def _only_annotated(tree: ast.Module) -> set[str]:
    """Names that are declared (`name: type`) and never given a value at the top level."""
    declared = {
        node.target.id for node in tree.body if isinstance(node, ast.AnnAssign) and not node.value and isinstance(node.target, ast.Name)
    }
    if not declared:
        return declared
    bare = {id(node.target) for node in tree.body if isinstance(node, ast.AnnAssign) and not node.value}
    return declared - {name for node in ast.walk(tree) if id(node) not in bare for name in _made_by(node)}


def _through_globals(tree: ast.Module) -> set[str]:
    """Names bound as `globals()["name"] = …` or `globals().update(name=…)`."""
    names = set()
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Subscript)
            and isinstance(node.ctx, ast.Store)
            and _is_globals(node.value)
            and isinstance(node.slice, ast.Constant)
        ):
            names.add(str(node.slice.value))
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "update"
            and _is_globals(node.func.value)
        ):
            names.update(keyword.arg for keyword in node.keywords if keyword.arg)
    return names


def _is_globals(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("globals", "vars", "locals")


def _too_early(tree: ast.Module, bound: set[str]) -> set[str]:
    """Names that the top level reads before it binds them, as `add` in `add = cache(add)`."""
    early: set[str] = set()
    there: set[str] = set()
    for statement in tree.body:
        nodes = list(_at_once(statement))
        made = {name for node in nodes for name in _made_by(node)}
        simple = isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign | _DEFINITIONS)
        read_ = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
        if isinstance(statement, ast.AugAssign):
            read_ |= made
        early |= (read_ & bound) - there - (set() if simple else made)
        there |= made
    return early - _KNOWN


def _at_once(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes that run with a statement: not those in the bodies of functions."""
    waiting: list[ast.AST] = [node]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            waiting += [*node.decorator_list, *node.args.defaults]
        elif isinstance(node, ast.Lambda):
            waiting += node.args.defaults
        elif not isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            waiting += ast.iter_child_nodes(node)
