"""The names that a task's tests want of a candidate, and how they call them: never what they expect."""

from __future__ import annotations

import ast
import dataclasses
import functools
import keyword
import re
from collections.abc import Iterator

from banditgen._suite.text import MODULES, Suite, humaneval_check

METHODS = " with the methods "  # behind what makes an object that has some
_NAMES = {str: "text", bool: "flag", int: "number", float: "number", bytes: "data"}
_LITERALS = {ast.List: ("items", "list"), ast.Tuple: ("values", "tuple"), ast.Dict: ("mapping", "dict"), ast.Set: ("items", "set")}
_MOST = 8  # names and methods that are told


@dataclasses.dataclass
class _Calls:
    """How one name is called: its arguments by position and by keyword, the fewest and the most of the former."""

    arguments: list[list[ast.expr]] = dataclasses.field(default_factory=list)
    keywords: dict[str, ast.expr] = dataclasses.field(default_factory=dict)
    fewest: int = 99

    def see(self, call: ast.Call) -> None:
        given = [argument for argument in call.args if not isinstance(argument, ast.Starred)]
        if len(given) == len(call.args) and not any(word.arg is None for word in call.keywords):
            self.fewest = min(self.fewest, len(given))
            self.arguments += [[] for _ in range(len(given) - len(self.arguments))]
            for position, argument in enumerate(given):
                self.arguments[position].append(argument)
            self.keywords |= {word.arg: word.value for word in call.keywords if word.arg}


@functools.lru_cache(maxsize=256)  # each candidate of a race asks for them
def signatures(suite: Suite, entry_point: str | None, prompt: str = "") -> tuple[str, ...]:
    """What the tests call, as `name(parameters)`, the entry point first; for a class with its methods: `Stack() with push(number)`.

    Parameters are called what the prompt calls them where it shows the name with as many, else by what the tests pass. Of the values
    that the tests pass or expect nothing is said but the type of literals.
    """
    wanted = {entry_point: _Calls()} if entry_point else {}
    checked = humaneval_check(suite.tree)
    inside = checked.args.args[0].arg if checked is not None else None
    made: dict[str, str] = {}  # a variable of the tests: the wanted name that made it
    methods: dict[str, dict[str, _Calls]] = {}
    names = (suite.free | suite.imported | ({entry_point} if entry_point else set())) - {inside}
    nodes = sorted((node for node in ast.walk(suite.tree) if isinstance(node, ast.Call | ast.Assign | ast.withitem)), key=_place)
    for node in nodes:
        maker = _made_by(node, names)
        for variable in _variables(node) if maker else ():
            made[variable] = maker or ""
    for node in nodes:
        if not isinstance(node, ast.Call):
            continue
        name = _called(node, names, entry_point if inside else None, inside)
        if name:
            wanted.setdefault(name, _Calls()).see(node)
        elif isinstance(node.func, ast.Attribute):
            owner = made.get(node.func.value.id) if isinstance(node.func.value, ast.Name) else None
            owner = owner or (_called(node.func.value, names, None, None) if isinstance(node.func.value, ast.Call) else None)
            if (owner and not hasattr(str, node.func.attr) and not hasattr(list, node.func.attr)) or (owner and owner[:1].isupper()):
                methods.setdefault(owner, {}).setdefault(node.func.attr, _Calls()).see(node)
    told = []
    for name, calls in list(wanted.items())[:_MOST]:
        own = [_signature(method, seen, prompt) for method, seen in list(methods.get(name, {}).items())[:_MOST]]
        told.append(_signature(name, calls, prompt) + (METHODS + ", ".join(own) if own else ""))
    return tuple(told)


def _place(node: ast.AST) -> tuple[int, int]:
    node = node.context_expr if isinstance(node, ast.withitem) else node
    return getattr(node, "lineno", 0), getattr(node, "col_offset", 0)


def _called(node: ast.AST, names: frozenset[str] | set[str], checked: str | None, inside: str | None) -> str | None:
    """The wanted name that a node calls; `inside` is what HumanEval's check calls it."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name | ast.Attribute):
        return None
    if isinstance(node.func, ast.Attribute):
        module = node.func.value.id if isinstance(node.func.value, ast.Name) else None
        return node.func.attr if module in MODULES and module != inside else None
    name = node.func.id
    return checked if inside and name == inside else name if name in names and name != "check" else None


def _made_by(node: ast.AST, names: frozenset[str] | set[str]) -> str | None:
    value = node.value if isinstance(node, ast.Assign) else node.context_expr if isinstance(node, ast.withitem) else None
    return _called(value, names, None, None) if value is not None else None


def _variables(node: ast.AST) -> Iterator[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.optional_vars] if isinstance(node, ast.withitem) else []
    return (target.id for target in targets if isinstance(target, ast.Name))


def _signature(name: str, calls: _Calls, prompt: str) -> str:
    shown = _in_prompt(name, calls, prompt)
    if shown is not None:
        return f"{name}({shown})"
    parameters: list[str] = []
    for position, values in enumerate(calls.arguments):
        parameter = _parameter(values)
        if position >= calls.fewest:
            parameter += "=..."
        parameters.append(parameter)
    plain = [re.match(r"\w+", parameter)[0] for parameter in parameters]  # type: ignore[index]
    for position, parameter in enumerate(parameters):
        if plain.count(plain[position]) > 1:
            parameters[position] = plain[position] + str(plain[: position + 1].count(plain[position])) + parameter[len(plain[position]) :]
    return f"{name}({', '.join([*parameters, *(f'{word}=...' for word in calls.keywords)])})"


def _in_prompt(name: str, calls: _Calls, prompt: str) -> str | None:
    """The parameters that the prompt shows, where there are as many as the tests pass."""
    for found in re.finditer(rf"\b{re.escape(name)}\(([^()\n]*)\)", prompt):
        words = [word.strip() for word in found[1].split(",") if word.strip()]
        bare = [re.split(r"[:=]", word)[0].strip().lstrip("*") for word in words]
        if all(word.isidentifier() and not keyword.iskeyword(word) for word in bare) and len(words) >= len(calls.arguments):
            return ", ".join(words)
    return None


def _parameter(values: list[ast.expr]) -> str:
    """A parameter's name and type, from what is passed for it."""
    kinds = {_kind(value) for value in values}
    names = {value.id for value in values if isinstance(value, ast.Name)}
    if kinds == {("number", "int"), ("number", "float")}:
        kinds = {("number", "float")}
    name, kind = kinds.pop() if len(kinds) == 1 else ("value", "")
    if len(names) == 1 and not kind:
        name = names.pop()
    return f"{name}: {kind}" if kind else name


def _kind(value: ast.expr) -> tuple[str, str]:
    if isinstance(value, ast.UnaryOp):
        value = value.operand
    if isinstance(value, ast.Constant) and type(value.value) in _NAMES:
        return _NAMES[type(value.value)], type(value.value).__name__
    return _LITERALS.get(type(value), ("value", ""))
