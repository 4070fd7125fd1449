"""Where tests leave early by their own words: the exits and skips in their text, by whatever name they call them.

What a candidate raises ends nothing early. So it is not enough that an exception is an exit: it has to come from a place where the tests
say that they exit, by a name whose meaning is theirs.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator

from banditgen._suite import text

Place = tuple[int, int, int, int]
"""First line, first column, last line, last column; columns in bytes, as the interpreter counts them."""

EXITS = frozenset({"sys.exit", "exit", "quit", "SystemExit", "unittest.main"})
SKIPS = frozenset({"pytest.skip", "pytest.skip.Exception", "pytest.xfail", "pytest.importorskip", "unittest.SkipTest", "self.skipTest"})
OWN_BUILTINS = frozenset({"exit", "quit", "SystemExit"})


@functools.lru_cache(maxsize=256)
def places(suite: text.Suite, entry_point: str | None) -> tuple[tuple[Place, ...], tuple[Place, ...]]:
    """The places in tests where they exit, and where they skip or expect to fail; `entry_point` is the candidate's."""
    meaning = _Meanings(suite, entry_point)
    exits: list[Place] = []
    skips: list[Place] = []
    for node in ast.walk(suite.tree):
        if isinstance(node, ast.Call | ast.Raise):
            said = meaning.of(node.func if isinstance(node, ast.Call) else node.exc)
            (exits if said in EXITS else skips if said in SKIPS else []).extend(_places(node))
    return tuple(exits), tuple(skips)


def _places(node: ast.Call | ast.Raise) -> Iterator[Place]:
    """A node's place; of a method that is called on a line of its own also that from the method's name on."""
    end = (node.end_lineno or 0, node.end_col_offset or 0)
    yield node.lineno, node.col_offset, *end
    name = node.func if isinstance(node, ast.Call) else None
    if isinstance(name, ast.Attribute) and name.end_lineno != node.lineno:
        yield name.end_lineno or 0, (name.end_col_offset or 0) - len(name.attr.encode()), *end


class _Meanings:
    """What expressions in tests mean, as far as the tests say so themselves: "sys.exit", or "" where they don't."""

    def __init__(self, suite: text.Suite, entry_point: str | None) -> None:
        self._bound: dict[str, list[ast.expr | str]] = {} if entry_point is None else {entry_point: [""]}
        self._under_way: set[str] = set()
        values: dict[int, ast.expr] = {}  # of the names that are assigned one
        for node in ast.walk(suite.tree):
            match node:
                case ast.Import(names=aliases):
                    for alias in aliases:
                        name = alias.asname or alias.name.partition(".")[0]
                        self._bind(name, "" if alias.name in suite.modules else alias.name if alias.asname else name)
                case ast.ImportFrom(module=place, names=aliases):
                    for alias in aliases:
                        self._bind(alias.asname or alias.name, "" if place in suite.modules else f"{place}.{alias.name}")
                case ast.Assign(targets=targets, value=value):
                    values.update((id(target), value) for target in targets)
                case ast.NamedExpr(target=target, value=value):
                    values[id(target)] = value
                case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                    self._bind(name, values.get(id(node), ""))
                case ast.ClassDef(name=name, bases=bases, body=body):
                    self._bind(name, bases[0] if bases else "")
                    methods = (item.args for item in body if isinstance(item, text.FUNCTIONS))
                    values.update((id(argument), ast.Constant("self")) for one in methods for argument in one.args[:1])
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ExceptHandler(name=str(name)):
                    self._bind(name, "")
                case ast.arg(arg=name):
                    self._bind(name, "self" if id(node) in values else "")

    def _bind(self, name: str, meaning: ast.expr | str) -> None:
        self._bound.setdefault(name, []).append(meaning)

    def of(self, value: ast.expr | str | None) -> str:
        """What an expression means."""
        match value:
            case str():
                return value.removeprefix("builtins.")
            case ast.Name(id=name):
                return self._of_name(name)
            case ast.Attribute(value=base, attr=name):
                return self.of(f"{whose}.{name}") if (whose := self.of(base)) else ""
            case ast.Call(func=ast.Name(id="getattr"), args=[base, ast.Constant(value=str(name)), *_]):
                return self.of(ast.Attribute(base, name))
            case ast.Call(func=function, args=[first, *_]) if self.of(function) == "functools.partial":
                return self.of(first)
            case ast.Call(func=function) if self.of(function) in ("SystemExit", "unittest.SkipTest"):
                return self.of(function)  # an exception, made before it is raised
            case ast.NamedExpr(value=inner):
                return self.of(inner)
        return ""

    def _of_name(self, name: str) -> str:
        if name not in self._bound:
            return name if name in OWN_BUILTINS else ""
        if name in self._under_way:
            return ""
        self._under_way.add(name)
        meanings = set(map(self.of, self._bound[name]))
        self._under_way.remove(name)
        return meanings.pop() if len(meanings) == 1 else ""
