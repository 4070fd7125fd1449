"""Which tests depend on what objects *are*, beside what they hold: identity, and changes that show elsewhere.

Values that travel to another process arrive as copies. For such tests both sides keep what has travelled and tell each other what
changes, so that one object on one side stays one on the other; for the rest that is not worth its time. The look is by name, without
regard to loops or scope: it errs towards "yes".
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Iterator

from banditgen._suite.text import last_name

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

Place = tuple[int, int]


def matters(tree: ast.Module, is_candidate: Callable[[ast.expr], bool]) -> bool:
    """Whether the tests need the objects themselves; `is_candidate` tells the candidate's functions."""
    look = _Look(tree, is_candidate)
    return look.holds_on() or any(look.compares_identity(node) or look.changes(node) for node in ast.walk(tree))


class _Look:
    """The names that may hold a result of the candidate's, a part of one, or an argument of a call."""

    def __init__(self, tree: ast.Module, is_candidate: Callable[[ast.expr], bool]) -> None:
        self._is_candidate = is_candidate
        self._results: set[str] = set()
        self._nodes = list(ast.walk(tree))
        self._functions = {node.name: node for node in self._nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
        size = -1
        while size < len(self._results):
            size = len(self._results)
            for node in self._nodes:
                self._follow(node)
        self._calls = [node for node in self._nodes if isinstance(node, ast.Call) and self._reaches(node)]
        self._passed = {name for call in self._calls for name in _passed_names(call)}

    def _reaches(self, call: ast.Call) -> bool:
        """Whether a call may have the candidate do something: it is one of its functions, or goes through its items."""
        return self._is_candidate(call.func) or any(map(self._holds, (call.func, *_arguments(call))))

    def _follow(self, node: ast.AST) -> None:
        for target, value in _bindings(node):
            if self._holds(value):
                self._results.update(_names(target))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            ends = [part.value for part in ast.walk(node) if isinstance(part, ast.Return | ast.Yield) and part.value is not None]
            if any(map(self._holds, ends)):
                self._results.add(node.name)
        if isinstance(node, ast.Call) and (own := self._functions.get(last_name(node.func))) and any(map(self._holds, _arguments(node))):
            self._results.update(argument.arg for argument in ast.walk(own.args) if isinstance(argument, ast.arg))

    def _holds(self, value: ast.AST) -> bool:
        match value:
            case ast.Name():
                return value.id in self._results
            case ast.Call():
                if self._is_candidate(value.func) or self._holds(value.func):
                    return True
                return last_name(value.func) in PASSING_ON and any(
                    self._holds(argument) or self._is_candidate(argument) for argument in _arguments(value)
                )
            case ast.Attribute():
                return self._is_candidate(value) or self._is_candidate(value.value) or self._holds(value.value)
            case ast.Subscript() | ast.Starred() | ast.NamedExpr():
                return self._holds(value.value)
            case ast.Lambda():
                return self._holds(value.body)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
                return self._holds(value.elt)
            case ast.DictComp():
                return self._holds(value.value)
            case ast.IfExp() | ast.BoolOp() | ast.BinOp() | ast.Tuple() | ast.List() | ast.Set() | ast.Dict():
                return any(map(self._holds, ast.iter_child_nodes(value)))
        return False

    def _is_involved(self, value: ast.expr) -> bool:
        return self._holds(value) or root(value) in self._passed or self._is_candidate(value)

    def compares_identity(self, node: ast.AST) -> bool:
        """Whether two objects are compared, of which a result or an argument is one."""
        if isinstance(node, ast.Compare):
            pairs = zip((node.left, *node.comparators), node.ops, node.comparators, strict=False)
            identities = [(left, right) for left, kind, right in pairs if isinstance(kind, ast.Is | ast.IsNot)]
        elif isinstance(node, ast.Call) and last_name(node.func) in IDENTITY_CALLS and node.args:
            identities = [(node.args[0], node.args[min(1, len(node.args) - 1)])]
        else:
            return False
        return any(
            not (_is_single(left) or _is_single(right)) and (self._is_involved(left) or self._is_involved(right))
            for left, right in identities
        )

    def changes(self, node: ast.AST) -> bool:
        """Whether a result, or what was passed, is changed."""
        match node:
            case ast.Call(func=ast.Attribute(attr=attribute, value=base)) if attribute in MUTATORS and self._is_involved(base):
                return True
            case ast.Call() if last_name(node.func) in CHANGING_FUNCTIONS:
                return any(map(self._is_involved, node.args[:2]))
            case ast.AugAssign(target=ast.Name() as name, op=ast.Add() | ast.BitOr() | ast.BitAnd() | ast.BitXor() | ast.Mult()):
                return self._is_involved(name)
            case ast.Subscript() | ast.Attribute() if isinstance(node.ctx, ast.Store | ast.Del):
                return self._is_involved(node.value)
        return False

    def holds_on(self) -> bool:
        """Whether a result or an argument is looked at again when another call may have changed it."""
        since = [
            (name, _end(node)) for node in self._nodes for target, value in _bindings(node) if self._holds(value) for name in _names(target)
        ]
        since += [(name, _end(call)) for call in self._calls for name in _passed_names(call)]
        calls = [(_end(call.func), _end(call)) for call in self._calls]
        uses: dict[str, Place] = {}
        for node in self._nodes:
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                uses[node.id] = max(uses.get(node.id, (0, 0)), _start(node))
        return any(name in uses and any(place <= start and end <= uses[name] for start, end in calls) for name, place in since)


def _start(node: ast.expr) -> Place:
    return node.lineno, node.col_offset


def _end(node: ast.AST) -> Place:
    return getattr(node, "end_lineno", 0), getattr(node, "end_col_offset", 0)


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
    for node in ast.walk(target):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):  # self.stack = …
            yield root(node)


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
        elif isinstance(node, ast.Subscript | ast.Attribute) and (name := root(node)) and name not in found:
            found.append(name)
    return found


def _is_single(value: ast.expr) -> bool:
    """None and its like, and types: objects that are themselves on either side."""
    if isinstance(value, ast.Constant):
        return isinstance(value.value, SINGLETONS)
    if isinstance(value, ast.Name):
        return value.id == "NotImplemented" or isinstance(getattr(builtins, value.id, None), type)
    return isinstance(value, ast.Call) and last_name(value.func) == "type"


def root(value: ast.expr) -> str:
    """The name that a chain of attributes and indices begins with."""
    while isinstance(value, ast.Subscript | ast.Attribute | ast.Starred):
        value = value.value
    return value.id if isinstance(value, ast.Name) else ""
