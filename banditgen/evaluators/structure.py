"""What the syntax tree alone says about a candidate; each function returns a measure in [0, 1]."""

from __future__ import annotations

import ast

from banditgen._quiet import quiet
from banditgen.evaluators.measures import Subject
from banditgen.task import Task

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_LEFTOVERS = (ast.Expr, ast.Assert, ast.For, ast.While)


def structure(tree: ast.Module, task: Task) -> float:
    """The mean of three: the entry point is defined, nothing is a stub, nothing runs beside the definitions.

    A task judged by stdin and stdout is a program, so there the first and the last hold.
    """
    program = task.kind == "stdio"
    defined = 1.0 if program or task.entry_point is None or task.entry_point in _top_level_names(tree) else 0.0
    functions = _functions(tree)
    finished = 1.0 - sum(_is_stub(function) for function in functions) / len(functions) if functions else 1.0
    tidy = 1.0 if program else 1.0 / (1.0 + sum(_is_leftover(statement) for statement in tree.body))
    return (defined + finished + tidy) / 3.0


def documented(tree: ast.Module) -> float:
    """The share of public functions and classes that have a docstring; 1 where there are none."""
    public = [node for node in ast.walk(tree) if isinstance(node, _Function | ast.ClassDef) and not node.name.startswith("_")]
    return sum(ast.get_docstring(node, clean=False) is not None for node in public) / len(public) if public else 1.0


def annotated(tree: ast.Module) -> float:
    """The share of parameters (without self and cls) and return values that have a type; 1 where there are none."""
    given = possible = 0
    for function in _functions(tree):
        spec = function.args
        parameters = [*spec.posonlyargs, *spec.args, *spec.kwonlyargs, *(arg for arg in (spec.vararg, spec.kwarg) if arg)]
        typed = [arg.annotation for arg in parameters if arg.arg not in ("self", "cls")] + [function.returns]
        given += sum(annotation is not None for annotation in typed)
        possible += len(typed)
    return given / possible if possible else 1.0


def documentation(subject: Subject) -> float:
    """`documented`, as a measure that weights ask for."""
    return documented(_read(subject.code))


def type_hints(subject: Subject) -> float:
    """`annotated`, as a measure that weights ask for."""
    return annotated(_read(subject.code))


def _read(code: str) -> ast.Module:
    with quiet():
        return ast.parse(code)


def _functions(tree: ast.Module) -> list[_Function]:
    return [node for node in ast.walk(tree) if isinstance(node, _Function)]


def _top_level_names(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for statement in tree.body:
        if isinstance(statement, _Function | ast.ClassDef):
            names.add(statement.name)
        elif isinstance(statement, ast.Assign):
            names.update(target.id for target in statement.targets if isinstance(target, ast.Name))
    return names


def _is_stub(function: _Function) -> bool:
    """A body of nothing but docstring, `...`, `pass` and `raise NotImplementedError`."""
    return all(
        isinstance(statement, ast.Pass)
        or (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))
        or (isinstance(statement, ast.Raise) and "NotImplementedError" in ast.dump(statement))
        for statement in function.body
    )


def _is_leftover(statement: ast.stmt) -> bool:
    constant = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return isinstance(statement, _LEFTOVERS) and not constant
