"""Inputs that nobody wrote: drawn from the type hints of a function's signature."""

from __future__ import annotations

import ast
import contextlib
import functools
import re
import sys
import threading
from collections.abc import Sequence
from typing import Any

import platformdirs

from banditgen._quiet import quiet

MOST = 12
DEEPEST = 4
READ, LONGEST = 20_000, 1000  # characters of a source, and of a signature
_LETTERS = "abcxyzABC 0123.,()"
_LISTS = {"list", "List", "Sequence", "Iterable", "Collection"}
_SETS = {"set", "Set", "frozenset", "FrozenSet"}
_MAPPINGS = {"dict", "Dict", "Mapping"}
_drawing = threading.Lock()


def guessed(sources: Sequence[str], entry_point: str) -> list[str]:
    """Calls of a function with small arguments of the types that its signature names, always the same ones; none where it names none.

    Args:
        sources: where the signature may stand: a prompt, candidates; the first in which each parameter that must be given has a
            known type counts.
        entry_point: the function's name.
    """
    for source in sources:
        for found in re.finditer(rf"\bdef {re.escape(entry_point)}\s*\(.{{0,{LONGEST}}}?\)\s*(?:->[^:\n]*)?:", source[:READ], re.DOTALL):
            hints = _hints(found[0])
            if hints and all(_is_known(hint) for hint in hints):
                return list(_drawn(entry_point, tuple(ast.unparse(hint) for hint in hints if hint is not None)))
    return []


def _hints(signature: str) -> list[ast.expr | None]:
    """The annotations of the parameters that must be given by position, or where none must, of those that may."""
    try:
        with quiet():
            function = ast.parse(f"{signature} ...").body[0]
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return []
    if not isinstance(function, ast.FunctionDef) or any(default is None for default in function.args.kw_defaults):
        return []
    parameters = [*function.args.posonlyargs, *function.args.args]
    needed = parameters[: len(parameters) - len(function.args.defaults)]
    return [parameter.annotation for parameter in needed or parameters]


def _parts(hint: ast.expr) -> tuple[str, list[ast.expr]]:
    """A hint's name and what stands in its brackets; a union is called "|"."""
    if isinstance(hint, ast.BinOp) and isinstance(hint.op, ast.BitOr):
        return "|", [hint.left, hint.right]
    if isinstance(hint, ast.Subscript):
        inside = list(hint.slice.elts) if isinstance(hint.slice, ast.Tuple) else [hint.slice]
        name, _ = _parts(hint.value)
        if name == "Optional":
            return "|", [*inside, ast.Constant(None)]
        return "|" if name == "Union" else name, inside
    if isinstance(hint, ast.Constant):
        return ("None" if hint.value is None else "..." if hint.value is ... else ""), []
    return (hint.id if isinstance(hint, ast.Name) else hint.attr if isinstance(hint, ast.Attribute) else ""), []


def _is_known(hint: ast.expr | None, depth: int = 0) -> bool:
    if hint is None or depth > DEEPEST:
        return False
    name, inside = _parts(hint)
    containers = {*_LISTS, *_SETS, *_MAPPINGS, "tuple", "Tuple", "|"}
    if name in containers:
        return bool(inside or name != "|") and all(_is_known(part, depth + 1) for part in inside)
    return name in {"int", "float", "str", "bool", "None", "..."} and not inside


@functools.lru_cache(maxsize=256)
def _drawn(entry_point: str, hints: tuple[str, ...]) -> tuple[str, ...]:
    with _drawing:
        _keep_its_files_apart()
        from hypothesis import HealthCheck, Phase, given, settings  # noqa: PLC0415 - it takes 0.3 s to import
        from hypothesis import strategies as st  # noqa: PLC0415

        found: list[str] = []
        options = {"max_examples": MOST, "derandomize": True, "database": None, "deadline": None, "phases": [Phase.generate]}

        @settings(**options, suppress_health_check=list(HealthCheck))  # type: ignore[arg-type]
        @given(st.tuples(*(_strategy(ast.parse(hint, mode="eval").body, st) for hint in hints)))
        def draw(arguments: tuple[object, ...]) -> None:
            found.append(f"{entry_point}({', '.join(repr(argument) for argument in arguments)})")

        with contextlib.suppress(Exception):  # hints may ask for what there is not, such as a set of lists
            draw()
        return tuple(dict.fromkeys(found))


def _keep_its_files_apart() -> None:
    """Hypothesis keeps files in the working directory, which is our caller's, unless it is told where; who uses it has told it."""
    if "hypothesis" not in sys.modules:
        from hypothesis.configuration import set_hypothesis_home_dir  # noqa: PLC0415 - as above

        set_hypothesis_home_dir(platformdirs.user_cache_path("banditgen") / "hypothesis")


def _strategy(hint: ast.expr, st: Any) -> Any:
    """Small values: what candidates can work on in a moment, and what people write in examples."""
    name, inside = _parts(hint)
    within = [_strategy(part, st) for part in inside if _parts(part)[0] != "..."]
    plain = {
        "int": st.integers(-10, 40),
        "float": st.integers(-100, 400).map(lambda tenths: tenths / 10),
        "str": st.text(_LETTERS, max_size=10),
        "bool": st.booleans(),
        "None": st.none(),
    }
    if name in plain:
        return plain[name]
    if name == "|":
        return st.one_of(within)
    if name in _MAPPINGS:
        key, value = within if len(within) == 2 else (plain["str"], plain["int"])
        return st.dictionaries(key, value, max_size=5)
    if name in _SETS:
        return st.sets(within[0] if within else plain["int"], max_size=6)
    if name in _LISTS or len(within) != len(inside) or not within:  # tuple[int, ...] is a sequence, too
        items = st.lists(within[0] if within else plain["int"], max_size=6)
        return items if name in _LISTS else items.map(tuple)
    return st.tuples(*within)
