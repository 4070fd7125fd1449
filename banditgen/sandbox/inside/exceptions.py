"""Exceptions on the wire: their class, what they hold as data, and what they came from."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from banditgen.sandbox.inside import program

KNOWN_MODULES = frozenset(
    {
        "builtins",
        "json.decoder",
        "decimal",
        "binascii",
        "dataclasses",
        "zlib",
        "struct",
        "statistics",
        "_queue",
        "_csv",
        "configparser",
        "graphlib",
        "ipaddress",
    }
)
MAX_CHAIN = 8
MAX_FIELDS = 30
FIXED = frozenset(dir(BaseException))  # attributes that a candidate may not lay over those that frameworks call
_OS = ("errno", "strerror", "filename", "filename2")

Encode = Callable[[Any], Any]
Decode = Callable[[Any], Any]


def place(kind: type) -> list[str] | None:
    """Module and name of an exception's class that both sides have."""
    module, name = kind.__module__, kind.__qualname__
    return [module, name] if known(module, name) is kind else None


def known(module: str, name: str) -> Any:
    """The library's exception class of that name, if it is one."""
    kind = vars(sys.modules[module]).get(name) if module in KNOWN_MODULES and module in sys.modules else None
    return kind if isinstance(kind, type) and issubclass(kind, BaseException) else None


def describe(error: BaseException, encode: Encode, depth: int = 0) -> dict[str, Any]:
    """What an exception holds; "lossy" where something of it can't travel."""
    data: dict[str, Any] = {}
    try:
        data["args"] = [encode(item) for item in error.args]
        names = [name for name in vars(error) if name not in FIXED and not name.startswith("__")]
        data["fields"] = [[name, encode(vars(error)[name])] for name in names[:MAX_FIELDS]]
        if isinstance(error, OSError):
            data["fields"] += [[name, encode(getattr(error, name))] for name in _OS if getattr(error, name, None) is not None]
        if isinstance(error, ImportError | NameError | AttributeError):
            fields = [name for name in ("name", "path") if isinstance(getattr(error, name, None), str)]
            data["fields"] += [[name, getattr(error, name)] for name in fields]
        if notes := getattr(error, "__notes__", None):
            data["notes"] = [str(note) for note in notes]
        if depth < MAX_CHAIN:
            if isinstance(error, BaseExceptionGroup):
                data["group"] = [encode(item) for item in error.exceptions]
            data["cause"], data["context"] = encode(error.__cause__), encode(error.__context__)
            data["quiet"] = error.__suppress_context__
    except BaseException:  # noqa: BLE001  # then it goes with its text alone
        return {"args": [_text(error)], "lossy": True}
    return data


def _text(error: BaseException) -> str:
    try:
        return str(error)[: program.ERROR_CHARACTERS]
    except BaseException:  # noqa: BLE001
        return ""


def rebuild(kind: Any, data: dict[str, Any], decode: Decode) -> BaseException:
    """An exception of a class, as described."""
    arguments = tuple(map(decode, data.get("args", [])))
    error = _make(kind, arguments, [decode(item) for item in data.get("group", [])])
    for name, item in data.get("fields", [])[: MAX_FIELDS + len(_OS)]:
        if name not in FIXED:
            object.__setattr__(error, str(name), decode(item))
    for note in data.get("notes", []):
        BaseException.add_note(error, str(note))
    cause, context = decode(data.get("cause")), decode(data.get("context"))
    error.__cause__ = cause if isinstance(cause, BaseException) else None
    error.__context__ = context if isinstance(context, BaseException) else None
    error.__suppress_context__ = bool(data.get("quiet", False))
    return error


def _make(kind: Any, arguments: tuple[Any, ...], group: list[Any]) -> BaseException:
    """An exception with these arguments, also where its type's own `__init__` takes others."""
    if issubclass(kind, BaseExceptionGroup):
        arguments = (str(arguments[0]) if arguments else "", group)
    error: BaseException = kind.__new__(kind, *arguments)
    base = next(base for base in kind.__mro__ if base.__module__ in KNOWN_MODULES and issubclass(base, BaseException))
    try:
        base.__init__(error, *arguments)
    except TypeError:  # it takes others
        error.args = arguments
    return error
