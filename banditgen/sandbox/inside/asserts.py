"""Asserts in a task's tests that keep what they compared, so that a failing one can say what it got."""

from __future__ import annotations

import ast
import re
import reprlib
import types
from typing import Any

# a test that looks at its own names, or at what still lives, is left as it is
_SEES_NAMES = re.compile(r"\b(globals|locals|vars|dir|eval|exec|_getframe|inspect|weakref|gc|getrefcount|tracemalloc)\b")
_KEPT = re.compile(r"@(left|right) (\d+)-(\d+)")
_SHOWN = 160

_repr = reprlib.Repr()
_repr.maxlevel, _repr.maxstring, _repr.maxlong, _repr.maxother = 4, _SHOWN, _SHOWN, _SHOWN
_repr.maxlist = _repr.maxtuple = _repr.maxdict = _repr.maxset = _repr.maxfrozenset = 20


def compiled(source: str) -> types.CodeType:
    """Tests as code in which `assert A == B`, `assert f()` and `assert not A` keep what these came to until they have held.

    Raises:
        SyntaxError: and what else compiling raises.
    """
    if "assert" not in source or _SEES_NAMES.search(source):
        return compile(source, "<tests>", "exec", dont_inherit=True, optimize=0)
    tree = ast.parse(source)
    for node in ast.walk(tree):
        for field in () if isinstance(node, ast.ClassDef) else ("body", "orelse", "finalbody"):
            body = getattr(node, field, None)
            if isinstance(body, list):
                body[:] = [part for statement in body for part in _keeping(statement)]
    return compile(tree, "<tests>", "exec", dont_inherit=True, optimize=0)


def _keeping(statement: Any) -> list[Any]:
    """A statement; where it asserts a comparison or a call, with the values in names that only it has, and their removal."""
    if not isinstance(statement, ast.Assert) or statement.msg:
        return [statement]
    test = statement.test
    names = []

    def kept(side: Any, which: str) -> Any:
        try:
            ast.literal_eval(side)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            names.append(f"@{which} {statement.lineno}-{statement.end_lineno}")
            name = ast.copy_location(ast.Name(names[-1], ast.Store()), side)
            return ast.copy_location(ast.NamedExpr(name, side), side)
        return side

    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        test.left, test.comparators[0] = kept(test.left, "left"), kept(test.comparators[0], "right")
    elif isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        test.operand = kept(test.operand, "left")
    elif isinstance(test, ast.Call):
        statement.test = kept(test, "left")
    if not names:
        return [statement]
    removal = ast.Delete([ast.copy_location(ast.Name(name, ast.Del()), statement) for name in names])
    return [statement, ast.copy_location(removal, statement)]


def got(frame: types.FrameType, line: int) -> str:
    """What the sides of the assert at a line of a frame came to, "; got 3" or "; got 3 and 4"; "" where it kept none."""
    values = []
    for name, value in frame.f_locals.items():
        kept = _KEPT.fullmatch(name) if name[:1] == "@" else None
        if kept is not None and int(kept[2]) <= line <= int(kept[3]):
            values.append((kept[1], value))
    return "; got " + " and ".join(_shown(value) for _, value in sorted(values, key=lambda pair: pair[0])) if values else ""


def _shown(value: Any) -> str:
    try:
        text = _repr.repr(value)
    except BaseException:  # noqa: BLE001  # a candidate's own __repr__
        text = f"a {type(value).__name__}"
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
