"""The operations of the data model that cross between judge and candidate, by special method, and how the candidate's side does each."""

from __future__ import annotations

import copy
import math
import operator
from collections.abc import Callable
from typing import Any

ARITHMETIC = ("add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "divmod", "pow", "lshift", "rshift", "and", "xor", "or")
COMPARISONS = ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__")


def _forward(name: str) -> Callable[..., Any]:
    if name in ("divmod", "pow"):
        return divmod if name == "divmod" else pow
    return getattr(operator, f"{name}_" if name in ("and", "or") else name)  # type: ignore[no-any-return]


def _reflected(name: str) -> Callable[..., Any]:
    forward = _forward(name)
    return lambda right, left: forward(left, right)


def _exit(manager: Any, kind: Any, error: Any) -> bool:
    return bool(type(manager).__exit__(manager, kind, error, None if error is None else error.__traceback__))


BINARY: dict[str, Callable[..., Any]] = {
    **{name: getattr(operator, name) for name in COMPARISONS},
    **{f"__{name}__": _forward(name) for name in ARITHMETIC},
    **{f"__r{name}__": _reflected(name) for name in ARITHMETIC},
    **{f"__i{name}__": getattr(operator, f"i{name}") for name in ARITHMETIC if name != "divmod"},
    "__contains__": operator.contains,
}
"""Of two values. Between two of the candidate's its own operators decide; where one is the tests', they are never asked."""

UNARY: dict[str, Callable[..., Any]] = {
    "__bool__": bool,
    "__len__": len,
    "__iter__": iter,
    "__next__": next,
    "__reversed__": reversed,
    "__getitem__": operator.getitem,
    "__setitem__": operator.setitem,
    "__delitem__": operator.delitem,
    "__str__": str,
    "__repr__": repr,
    "__format__": format,
    "__hash__": hash,
    "__int__": int,
    "__float__": float,
    "__complex__": complex,
    "__index__": operator.index,
    "__bytes__": bytes,
    "__abs__": abs,
    "__neg__": operator.neg,
    "__pos__": operator.pos,
    "__invert__": operator.invert,
    "__round__": round,
    "__trunc__": math.trunc,
    "__floor__": math.floor,
    "__ceil__": math.ceil,
    "__call__": lambda function, *arguments, **keywords: function(*arguments, **keywords),
    "__enter__": lambda manager: type(manager).__enter__(manager),
    "__exit__": _exit,
    "__dir__": dir,
}
"""Of one value, as such: what else it gets are indices, names and arguments of a call."""

ALWAYS: dict[str, Callable[..., Any]] = {
    "getattr": getattr,
    "setattr": setattr,
    "delattr": delattr,
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "isinstance": isinstance,
    "view": lambda method: method(),
}
KNOWN = {**BINARY, **UNARY, **ALWAYS}
QUIET = (
    frozenset(KNOWN)
    - {"__call__", "__enter__", "__exit__", "__setitem__", "__delitem__", "setattr", "delattr", "__next__"}
    - {f"__i{name}__" for name in ARITHMETIC}
)
"""Those of which one expects that they change nothing."""
