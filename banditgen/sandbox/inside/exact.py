"""Values of the standard library's own exact types, taken apart into numbers and texts, and put together again.

Only the exact type counts: an instance of a subclass is no value, and whatever the other side claims, what is put together
is an instance of the library's own class, made by it from parts whose types were checked.
"""

from __future__ import annotations

import builtins
import collections
import datetime as dt
import decimal
import fractions
import importlib
import sys
from collections.abc import Callable
from typing import Any

LIBRARY_TYPES = (
    *(collections.Counter, collections.OrderedDict, collections.defaultdict, collections.deque),
    *(decimal.Decimal, fractions.Fraction, dt.date, dt.datetime, dt.time, dt.timedelta, dt.timezone),
)
TYPES = {kind.__name__: kind for kind in (*vars(builtins).values(), type(None), *LIBRARY_TYPES) if isinstance(kind, type)}
_NAMES = {kind: name for name, kind in TYPES.items()}
LIBRARY = {  # loaded where such a value arrives: few do, and each module loaded before makes every fork dearer
    "UUID": "uuid",
    "PurePosixPath": "pathlib",
    "PureWindowsPath": "pathlib",
    "PosixPath": "pathlib",
    "ZoneInfo": "zoneinfo",
}
_TEXT_OR_NONE = (str, type(None))
_DATE = (int, int, int)
_TIME = (int, int, int, int, int, dt.tzinfo | None)


def _time(hour: int, minute: int, second: int, micro: int, fold: int, zone: dt.tzinfo | None) -> dt.time:
    return dt.time(hour, minute, second, micro, fold=fold, tzinfo=zone)


def _datetime(year: int, month: int, day: int, *time: Any) -> dt.datetime:
    return dt.datetime.combine(dt.date(year, month, day), _time(*time))


_PARTS: dict[type, Callable[[Any], list[Any]]] = {
    decimal.Decimal: lambda value: [str(value)],
    fractions.Fraction: lambda value: [value.numerator, value.denominator],
    dt.date: lambda value: [value.year, value.month, value.day],
    dt.datetime: lambda value: [value.year, value.month, value.day, *_PARTS[dt.time](value)],
    dt.time: lambda value: [value.hour, value.minute, value.second, value.microsecond, value.fold, value.tzinfo],
    dt.timedelta: lambda value: [value.days, value.seconds, value.microseconds],
    dt.timezone: lambda value: [*_PARTS[dt.timedelta](value.utcoffset(None)), (*value.__getinitargs__(), None)[1]],
}
_LIBRARY_PARTS: dict[str, Callable[[Any], list[Any]]] = {
    **dict.fromkeys(("PurePosixPath", "PureWindowsPath", "PosixPath"), lambda value: [str(value)]),
    "UUID": lambda value: [value.int],
    "ZoneInfo": lambda value: [value.key],
}
_BUILDERS: dict[str, tuple[tuple[Any, ...], Callable[..., Any]]] = {
    "Decimal": ((str,), decimal.Decimal),
    "Fraction": ((int, int), fractions.Fraction),
    "date": (_DATE, dt.date),
    "datetime": ((*_DATE, *_TIME), _datetime),
    "time": (_TIME, _time),
    "timedelta": ((int, int, int), dt.timedelta),
    "timezone": (
        (int, int, int, _TEXT_OR_NONE),
        lambda days, seconds, micros, name: dt.timezone(dt.timedelta(days, seconds, micros), *(() if name is None else (name,))),
    ),
    "UUID": ((int,), lambda number: _library("UUID")(int=number)),
    **{name: ((str,), lambda text, name=name: _library(name)(text)) for name in LIBRARY if name != "UUID"},
    "type": ((str,), TYPES.__getitem__),
}
NAMES = frozenset(_BUILDERS)


def take_apart(value: Any) -> tuple[str, list[Any]] | None:
    """The name of a value's type and its parts: plain values, or a time zone; None where it is of no such type."""
    kind = type(value)
    if kind in _PARTS:
        zone = getattr(value, "tzinfo", None)
        known = zone is None or type(zone) is dt.timezone or _is_library(type(zone), "ZoneInfo")
        return (kind.__name__, _PARTS[kind](value)) if known else None
    if kind is type and value in _NAMES:
        return "type", [_NAMES[value]]
    name = next((name for name in LIBRARY if _is_library(kind, name)), None)
    return None if name is None else (name, _LIBRARY_PARTS[name](value))


def put_together(name: str, parts: list[Any]) -> Any:
    """The value that `take_apart` was given.

    Raises:
        ValueError, TypeError, KeyError, ArithmeticError: the parts are not of that type's.

    """
    types, build = _BUILDERS[name]
    if len(parts) != len(types) or not all(map(_fits, parts, types)):
        raise ValueError(f"no parts of a {name}: {parts!r:.50}")
    return build(*parts)


def _fits(part: Any, wanted: Any) -> bool:
    if wanted is int or wanted is str:
        return type(part) is wanted
    return isinstance(part, wanted)


def _is_library(kind: type, name: str) -> bool:
    return kind is getattr(sys.modules.get(LIBRARY[name]), name, None)


def _library(name: str) -> Any:
    return getattr(importlib.import_module(LIBRARY[name]), name)
