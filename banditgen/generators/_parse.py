"""Parsing hostile text as Python without being crashed, hung or warned by it."""

from __future__ import annotations

import ast

from banditgen._quiet import quiet

_DEEPEST = 90  # brackets; CPython's parser allows 200, and takes exponential time on some texts below that


def parse(text: str) -> ast.Module | SyntaxError:
    """The program's tree, or why it is none; never raises."""
    if _depth(text) > _DEEPEST:
        return SyntaxError("brackets are nested too deeply", ("", 1, 1, ""))
    try:
        with quiet():
            return ast.parse(text)
    except SyntaxError as error:
        return error
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        return SyntaxError(str(error) or type(error).__name__, ("", 1, 1, ""))


def is_code(statement: ast.stmt) -> bool:
    """Whether a statement is more than a word or two of prose that happen to parse (`Done`, `Note: see below`)."""
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Call | ast.Await)
    if isinstance(statement, ast.AnnAssign):
        return statement.value is not None
    return not isinstance(statement, ast.Pass)


def has_code(tree: ast.Module) -> bool:
    """Whether a module has at least one statement that does something."""
    return any(is_code(statement) for statement in tree.body)


def defines(tree: ast.Module, name: str) -> bool:
    """Whether a module binds `name` at its top level."""
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and statement.name == name:
            return True
        if isinstance(statement, ast.Assign) and any(isinstance(node, ast.Name) and node.id == name for node in statement.targets):
            return True
    return False


def _depth(text: str) -> int:
    """The deepest nesting of brackets, those within strings and comments counted too: an upper bound is enough."""
    depth = deepest = 0
    for char in text:
        if char in "([{":
            depth += 1
            deepest = max(deepest, depth)
        elif char in ")]}" and depth:
            depth -= 1
    return deepest
