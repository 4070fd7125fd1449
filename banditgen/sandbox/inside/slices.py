"""What tests work out by themselves among what has to do with the candidate: where that fails, it fails for everyone.

What stands before the first use of the candidate is run as it is. From there on files, environment and modules may hold what a candidate
has done, so only data is worked out: the `expected[2]` of `assert f(1) == expected[2]`. A statement that mentions something of the
candidate's is not run, and what it names is not looked at any more, nor anything else through which it may be changed.
"""

from __future__ import annotations

import ast
import builtins
import types
from collections.abc import Iterable, Iterator
from typing import Any

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
LATER = (ast.Lambda, ast.IfExp, ast.BoolOp, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.NamedExpr)
DATA = (
    *(ast.Constant, ast.Name, ast.Subscript, ast.Slice, ast.BinOp, ast.UnaryOp, ast.Compare, ast.List, ast.Tuple, ast.Dict, ast.Set),
    *(ast.Assert, ast.Raise, ast.Assign, ast.Call, ast.Starred, ast.expr_context, ast.operator, ast.unaryop, ast.cmpop),
)
FAILS = (ast.Subscript, ast.BinOp, ast.Call, ast.Raise, ast.Assert)
PURE_NAMES = """
abs all any bool bytes complex dict divmod float frozenset int len list max min ord pow range reversed round set sorted str sum tuple zip
"""
ERRORS = {name for name, kind in vars(builtins).items() if isinstance(kind, type) and issubclass(kind, Exception)}
PURE = frozenset(PURE_NAMES.split()) | ERRORS
LEAVES = frozenset({"exit", "quit", "_exit", "abort", "skip", "skipTest", "fail", "xfail", "importorskip", "main", "SystemExit"})


def failure(source: str, names: Iterable[str], modules: Iterable[str]) -> Exception | None:
    """The first exception of a part of tests that has nothing to do with the candidate, but stands behind what has.

    Args:
        source: the tests, which parse.
        names: those they take from the candidate.
        modules: by which they may import it.

    """
    tree = ast.parse(source)
    scope: dict[str, Any] = {"__name__": "slices", "__builtins__": vars(builtins)}
    leaves = LEAVES | set(_other_names(tree))
    look = _Look(set(names), frozenset(modules), scope, leaves)
    look.go(tree.body)
    for function in _tests(tree):
        if look.found is None and not function.decorator_list:
            parameters = {argument.arg for argument in ast.walk(function.args) if isinstance(argument, ast.arg)}
            inner = _Look(look.theirs | parameters, look.modules, {**scope}, leaves)
            inner.go(function.body)
            look.found = inner.found
    return look.found


def _other_names(tree: ast.Module) -> Iterator[str]:
    """What the tests also call what leaves them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield from (alias.asname for alias in node.names if alias.asname and alias.name in LEAVES)
        elif isinstance(node, ast.Assign) and any(
            isinstance(part, ast.Name | ast.Attribute) and _last(part) in LEAVES for part in ast.walk(node.value)
        ):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))


def _last(part: ast.Name | ast.Attribute) -> str:
    return part.id if isinstance(part, ast.Name) else part.attr


def _tests(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    for node in tree.body:
        for item in node.body if isinstance(node, ast.ClassDef) and not node.decorator_list else [node]:
            if isinstance(item, ast.FunctionDef) and item.name.startswith("test"):
                yield item


class _Look:
    """A body of statements, with the names that may hold something of the candidate's."""

    def __init__(self, theirs: set[str], modules: frozenset[str], scope: dict[str, Any], leaves: frozenset[str]) -> None:
        self.theirs = theirs
        self.modules = modules
        self.found: Exception | None = None
        self._scope = scope
        self._leaves = leaves
        self._met = False

    def go(self, statements: Iterable[ast.stmt]) -> None:
        """Go through statements until one fails by itself, or until it can't be told whether the next is come to."""
        for statement in statements:
            if any(isinstance(part, ast.Return | ast.Yield | ast.YieldFrom | ast.Await) for part in _own(statement)):
                return
            if self._mentions(statement):
                self._met = self._met or not isinstance(statement, (*FUNCTIONS, ast.ClassDef, ast.Import, ast.ImportFrom))
                if isinstance(statement, ast.Assign | ast.Expr | ast.Assert):
                    for part in self._apart(statement):
                        if self.found is None:
                            self.found = self._run(ast.Expression(part))
                self._take(statement)
                if self.found is not None or _leaves(statement, self._leaves):
                    return
            elif not self._met or _is_data(statement):
                error = self._run(ast.Module([statement], []))
                if error is not None:
                    self.found = error if self._met else None  # else the run over the stub has seen it
                    return
            else:
                self._take(statement)
                if _leaves(statement, self._leaves):
                    return

    def _take(self, statement: ast.AST) -> None:
        """Look at nothing any more that a statement names."""
        names: set[str] = set()
        for node in _own(statement):
            if isinstance(node, ast.Name):
                names.add(node.id)
            elif isinstance(node, ast.Import | ast.ImportFrom):
                names.update((alias.asname or alias.name).partition(".")[0] for alias in node.names)
            elif isinstance(node, (*FUNCTIONS, ast.ClassDef, ast.Lambda)):
                own = {part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}
                used = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
                names.update(used - own, [] if isinstance(node, ast.Lambda) else [node.name])
        values = [self._scope[name] for name in names if name in self._scope]
        if all(map(_is_plain, values)):
            shared = {number for value in values for number in _containers(value)}
            names.update(name for name, value in self._scope.items() if not shared.isdisjoint(_containers(value)))
        else:  # a function or an object of the tests' own: what it may change can't be told
            names.update(self._scope)
        self.theirs |= names

    def _mentions(self, part: ast.AST) -> bool:
        for node in ast.walk(part):
            if isinstance(node, ast.Name) and node.id in self.theirs:
                return True
            if isinstance(node, ast.ImportFrom) and (node.module in self.modules or any(alias.name == "*" for alias in node.names)):
                return True
            if isinstance(node, ast.Import) and any(alias.name in self.modules for alias in node.names):
                return True
        return False

    def _apart(self, node: ast.AST) -> Iterator[ast.expr]:
        """The largest parts of a statement that are data, surely worked out, and mention nothing of the candidate's."""
        if isinstance(node, ast.Compare) and len(node.ops) > 1:
            return  # the later ones depend on the earlier
        for child in ast.iter_child_nodes(node):
            if isinstance(child, LATER) or (isinstance(node, ast.Assert) and child is node.msg):
                continue
            if not isinstance(child, ast.expr) or self._mentions(child):
                yield from self._apart(child)
            elif _is_data(child):
                yield child

    def _run(self, tree: ast.Module | ast.Expression) -> Exception | None:
        mode = "exec" if isinstance(tree, ast.Module) else "eval"
        try:
            exec(compile(ast.fix_missing_locations(tree), "<tests>", mode, dont_inherit=True), self._scope)  # noqa: S102  # the tests' own
        except NameError:  # of what a function sets: names without any are seen before
            return None
        except Exception as error:  # noqa: BLE001
            return error
        except BaseException:  # noqa: BLE001  # a skip, an exit: nothing can be told
            return Exception() if not self._met else None
        return None


def _own(statement: ast.AST) -> Iterator[ast.AST]:
    """The parts of a statement without what functions and classes in it hold."""
    yield statement
    if not isinstance(statement, (*FUNCTIONS, ast.ClassDef, ast.Lambda)):
        for child in ast.iter_child_nodes(statement):
            yield from _own(child)


def _leaves(statement: ast.stmt, names: frozenset[str]) -> bool:
    """Whether what comes behind a statement may not be come to."""
    for part in _own(statement):
        if isinstance(part, ast.Raise | ast.Continue | ast.Break):
            return True
        if isinstance(part, ast.Name | ast.Attribute) and _last(part) in names:
            return True
    return False


def _is_data(part: ast.AST) -> bool:
    """Whether working a part out depends on data alone, and may fail."""
    nodes = list(ast.walk(part))
    if not all(isinstance(node, DATA) for node in nodes):
        return False
    calls = [node.func for node in nodes if isinstance(node, ast.Call)]
    if not all(isinstance(function, ast.Name) and function.id in PURE for function in calls):
        return False
    return isinstance(part, ast.Assign) or any(isinstance(node, FAILS) for node in nodes)


def _is_plain(value: object) -> bool:
    """Whether a value is data, or something of Python's own that holds none of the tests'."""
    if isinstance(value, dict):
        return type(value) is dict and all(map(_is_plain, [*value, *value.values()]))
    if isinstance(value, list | tuple | set | frozenset):
        return type(value) in (list, tuple, set, frozenset) and all(map(_is_plain, value))
    plain = (int, float, complex, str, bytes, type(None), types.ModuleType, types.BuiltinFunctionType)
    return isinstance(value, plain) or (isinstance(value, type) and value.__module__ != "slices")


def _containers(value: object) -> Iterator[int]:
    """The numbers of all containers in a value that can be changed."""
    if isinstance(value, list | dict | set):
        yield id(value)
    if isinstance(value, list | tuple | dict | set | frozenset):
        for part in [*value, *value.values()] if isinstance(value, dict) else value:
            yield from _containers(part)
