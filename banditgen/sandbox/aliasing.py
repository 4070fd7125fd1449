"""Which tests depend on what objects *are*, beside what they hold: identity, and changes that show elsewhere.

Values that travel to another process arrive as copies, so there a test that something was copied, or was not, can't fail. The
look is by name, without regard to order or scope: it errs towards "yes".
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Iterable, Iterator

MUTATOR_NAMES = """
add append appendleft clear difference_update discard extend extendleft insert intersection_update pop popitem popleft remove
reverse rotate setdefault sort symmetric_difference_update update
"""
CHANGING_NAMES = "shuffle heapify heappush heappop heapreplace heappushpop insort insort_left insort_right setitem delitem"
PASSING_NAMES = "dict enumerate filter iter list map max min next reversed set sorted tuple zip deque islice chain copy"
MUTATORS = frozenset(MUTATOR_NAMES.split())
CHANGING_FUNCTIONS = frozenset(CHANGING_NAMES.split())
PASSING_ON = frozenset(PASSING_NAMES.split())
IDENTITY_CALLS = frozenset({"assertIs", "assertIsNot", "is_", "is_not", "id"})
SINGLETONS = (bool, type(None), type(Ellipsis))
FRESH = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)


def reason(tree: ast.Module, is_candidate: Callable[[ast.expr], bool]) -> str:
    """Why the tests need the objects themselves, or an empty string; `is_candidate` tells the candidate's functions."""
    look = _Look(tree, is_candidate)
    for node in ast.walk(tree):
        if look.compares_identity(node):
            return "they compare the identity of what they get or pass"
        if look.changes(node):
            return "they change what they got, or what they had passed for it"
        if look.passes_twice(node):
            return "they pass one object twice in a call"
    return ""


class _Look:
    """The names that may hold a result of the candidate's, a part of one, or an argument of a call that made one."""

    def __init__(self, tree: ast.Module, is_candidate: Callable[[ast.expr], bool]) -> None:
        self._is_candidate = is_candidate
        self._results: set[str] = set()
        self._nodes = list(ast.walk(tree))
        self._functions = {node.name: node for node in self._nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
        self._calls = [node for node in self._nodes if isinstance(node, ast.Call) and is_candidate(node.func)]
        self._passed = {name for call in self._calls for name in _passed_names(call)}
        self._fresh = {name for node in self._nodes for target, value in _bindings(node) if _is_fresh(value) for name in _names(target)}
        size = -1
        while size < len(self._results):
            size = len(self._results)
            for node in self._nodes:
                self._follow(node)
        self._sources: set[str] = set()
        for node in self._nodes:
            for _, value in _bindings(node):
                if self._holds(value):
                    self._sources.update(name for part in ast.walk(value) if isinstance(part, ast.Call) for name in self._kept(part))

    def _kept(self, call: ast.Call) -> Iterable[str]:
        return _passed_names(call) if self._is_candidate(call.func) else ()

    def _follow(self, node: ast.AST) -> None:
        for target, value in _bindings(node):
            if self._holds(value):
                self._results.update(_names(target))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            ends = [part.value for part in ast.walk(node) if isinstance(part, ast.Return | ast.Yield) and part.value is not None]
            if any(map(self._holds, ends)):
                self._results.add(node.name)
        if isinstance(node, ast.Call) and (own := self._functions.get(_last_name(node.func))) and any(map(self._holds, _arguments(node))):
            self._results.update(argument.arg for argument in ast.walk(own.args) if isinstance(argument, ast.arg))

    def _holds(self, value: ast.AST) -> bool:
        match value:
            case ast.Name():
                return value.id in self._results
            case ast.Call():
                if self._is_candidate(value.func) or self._holds(value.func):
                    return True
                return _last_name(value.func) in PASSING_ON and any(
                    self._holds(argument) or self._is_candidate(argument) for argument in _arguments(value)
                )
            case ast.Subscript() | ast.Attribute() | ast.Starred() | ast.NamedExpr():
                return self._holds(value.value)
            case ast.Lambda():
                return self._holds(value.body)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
                return self._holds(value.elt)
            case ast.DictComp():
                return self._holds(value.value)
            case ast.IfExp() | ast.BoolOp() | ast.Tuple() | ast.List() | ast.Set() | ast.Dict():
                return any(map(self._holds, ast.iter_child_nodes(value)))
        return False

    def _is_involved(self, value: ast.expr) -> bool:
        return self._holds(value) or _root(value) in self._passed

    def compares_identity(self, node: ast.AST) -> bool:
        """Whether two objects are compared, of which a result or an argument is one."""
        if isinstance(node, ast.Compare):
            pairs = zip((node.left, *node.comparators), node.ops, node.comparators, strict=False)
            identities = [(left, right) for left, kind, right in pairs if isinstance(kind, ast.Is | ast.IsNot)]
        elif isinstance(node, ast.Call) and _last_name(node.func) in IDENTITY_CALLS and node.args:
            identities = [(node.args[0], node.args[min(1, len(node.args) - 1)])]
        else:
            return False
        return any(
            not (_is_single(left) or _is_single(right)) and (self._is_involved(left) or self._is_involved(right))
            for left, right in identities
        )

    def changes(self, node: ast.AST) -> bool:
        """Whether a result, or an argument that a kept result was made of, is changed."""
        match node:
            case ast.Call(func=ast.Attribute(attr=attribute, value=base)) if attribute in MUTATORS and self._is_shared(base):
                return True
            case ast.Call() if _last_name(node.func) in CHANGING_FUNCTIONS:
                return any(map(self._is_shared, node.args[:2]))
            case ast.AugAssign(target=ast.Name() as name, op=ast.Add() | ast.BitOr() | ast.BitAnd() | ast.BitXor() | ast.Mult()):
                return self._is_shared(name)
            case ast.Subscript() | ast.Attribute() if isinstance(node.ctx, ast.Store | ast.Del):
                return self._is_shared(node.value)
        return False

    def _is_shared(self, value: ast.expr) -> bool:
        return self._holds(value) or _root(value) in self._sources

    def passes_twice(self, node: ast.AST) -> bool:
        """Whether one call gets a container under one name twice."""
        if not (isinstance(node, ast.Call) and self._is_candidate(node.func)):
            return False
        names = [name for name in _passed_names(node) if name in self._fresh or name in self._results]
        return len(names) > len(set(names))


def _bindings(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    """The (target, value) pairs of a node that binds names."""
    if isinstance(node, ast.Assign):
        yield from ((target, node.value) for target in node.targets)
    elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
        yield node.target, node.value
    elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
        yield node.target, node.iter
    elif isinstance(node, ast.withitem) and node.optional_vars is not None:
        yield node.optional_vars, node.context_expr


def _names(target: ast.expr) -> Iterator[str]:
    return (node.id for node in ast.walk(target) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))


def _arguments(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(keyword.value for keyword in call.keywords)]


def _passed_names(call: ast.Call) -> list[str]:
    """The names whose objects a call gets: as they are, or in a display."""
    found = []
    waiting: list[ast.AST] = list(_arguments(call))
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.List | ast.Tuple | ast.Dict | ast.Starred | ast.Set):
            waiting.extend(ast.iter_child_nodes(node))
        elif isinstance(node, ast.Name):
            found.append(node.id)
        elif isinstance(node, ast.Subscript) and (root := _root(node)) and root not in found:
            found.append(root)
    return found


def _is_fresh(value: ast.expr) -> bool:
    """Whether a value may be a container that can change."""
    if isinstance(value, ast.BinOp):
        return _is_fresh(value.left) or _is_fresh(value.right)
    if isinstance(value, ast.Call):
        return _last_name(value.func) in {
            "list",
            "dict",
            "set",
            "bytearray",
            "deque",
            "sorted",
            "defaultdict",
            "Counter",
            "copy",
            "deepcopy",
        }
    return isinstance(value, FRESH)


def _is_single(value: ast.expr) -> bool:
    """None and its like, and types: objects that are themselves on either side."""
    if isinstance(value, ast.Constant):
        return isinstance(value.value, SINGLETONS)
    if isinstance(value, ast.Name):
        return value.id == "NotImplemented" or isinstance(getattr(builtins, value.id, None), type)
    return isinstance(value, ast.Call) and _last_name(value.func) == "type"


def _root(value: ast.expr) -> str:
    while isinstance(value, ast.Subscript | ast.Attribute | ast.Starred):
        value = value.value
    return value.id if isinstance(value, ast.Name) else ""


def _last_name(function: ast.expr) -> str:
    if isinstance(function, ast.Name):
        return function.id
    return function.attr if isinstance(function, ast.Attribute) else ""
