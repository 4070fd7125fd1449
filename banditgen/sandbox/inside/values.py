"""Values on the wire between candidate and judge: JSON that is rebuilt as exact builtins, so that nothing carrying code
arrives, and an `==` in the tests is always a builtin's own.
"""

from __future__ import annotations

import datetime as dt
import decimal
import fractions
import numbers
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

MAX_DEPTH = 200
MAX_DIGIT_BITS = 8000  # longer ints travel as hex: json refuses to read more than 4,300 decimal digits
MAX_ITERATED = 100_000

_PLAIN = frozenset({bool, str, float, type(None)})
_EXACT_PARTS: dict[str, tuple[type, Callable[[Any], list[Any]]]] = {
    "decimal": (decimal.Decimal, lambda value: [str(value)]),
    "fraction": (fractions.Fraction, lambda value: [value.numerator, value.denominator]),
    "datetime": (dt.datetime, lambda value: [*value.timetuple()[:6], value.microsecond]),
    "date": (dt.date, lambda value: [value.year, value.month, value.day]),
    "time": (dt.time, lambda value: [value.hour, value.minute, value.second, value.microsecond]),
    "timedelta": (dt.timedelta, lambda value: [value.days, value.seconds, value.microseconds]),
}
# of a subclass's instance, what it holds, by the builtin's own methods: those of the subclass are not asked
_SUBCLASSABLE: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (int, int.__int__),
    (float, float.__float__),
    (complex, complex.__pos__),
    (str, str.__str__),
    (bytes, lambda value: bytes(memoryview(value))),
    (bytearray, lambda value: bytearray(memoryview(value))),
    (list, lambda value: list(list.__iter__(value))),
    (tuple, lambda value: tuple(tuple.__iter__(value))),
    (OrderedDict, lambda value: dict(OrderedDict.items(value))),
    (dict, lambda value: dict(dict.items(value))),
    (set, lambda value: set(set.__iter__(value))),
    (frozenset, lambda value: frozenset(frozenset.__iter__(value))),
    (deque, lambda value: deque(deque.__iter__(value))),
)
_NUMBERS: tuple[tuple[type, Any], ...] = ((numbers.Integral, int), (numbers.Real, float), (numbers.Complex, complex))
_FOREIGN_BOOLS = (("numpy", "bool"), ("numpy", "bool_"))
_VIEWS = {type({}.keys()): "keys", type({}.values()): "values"}
_SEQUENCES: dict[str, Callable[[list[Any]], Any]] = {
    "tuple": tuple,
    "set": set,
    "frozenset": frozenset,
    "deque": deque,
    "keys": lambda items: dict.fromkeys(items).keys(),
    "values": lambda items: dict(enumerate(items)).values(),
}


class UnsendableError(Exception):
    """A value that can't travel as data, such as a function."""


Other = Callable[[Any], Any]
Object = Callable[[dict[str, Any]], Any]
OBJECTS = ("handle", "pull")  # forms of what stays with the candidate


def encode(value: Any, other: Other, depth: int = 0) -> Any:
    """A value as JSON-ready data. What is no data is given to `other`, which returns its form or raises."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is int:
        return value if value.bit_length() < MAX_DIGIT_BITS else {"t": "int", "v": hex(value)}
    if depth > MAX_DEPTH:
        raise UnsendableError("the value is nested too deeply, or contains itself")
    deeper = depth + 1
    if kind is list:
        return [encode(item, other, deeper) for item in value]
    if kind is dict:
        return {"t": "dict", "v": [[encode(key, other, deeper), encode(item, other, deeper)] for key, item in value.items()]}
    for name in ("tuple", "set", "frozenset", "deque"):
        if kind is _SEQUENCES[name]:
            return {"t": name, "v": [encode(item, other, deeper) for item in value]}
    if kind in _VIEWS:
        return {"t": _VIEWS[kind], "v": [encode(item, other, deeper) for item in value]}
    if kind is complex:
        return {"t": "complex", "v": [value.real, value.imag]}
    if kind in (bytes, bytearray):
        return {"t": kind.__name__, "v": value.hex()}
    if kind is range:
        return {"t": "range", "v": [encode(part, other) for part in (value.start, value.stop, value.step)]}
    for name, (type_, parts) in _EXACT_PARTS.items():
        if kind is type_ and getattr(value, "tzinfo", None) is None:
            return {"t": name, "v": [encode(part, other) for part in parts(value)]}
    return other(value)


def simplify(value: Any) -> Any:
    """On the candidate's side: an instance of a builtin's subclass, or another library's number, as that builtin.

    Raises:
        UnsendableError: neither of them.

    """
    for builtin, plain in _SUBCLASSABLE:
        if isinstance(value, builtin):
            return plain(value)
    for abstract, number in _NUMBERS:
        if isinstance(value, abstract):
            return number(value)
    if (type(value).__module__, type(value).__name__) in _FOREIGN_BOOLS:
        return bool(value)
    raise UnsendableError(type(value).__name__)


def iter_of(iterator: Iterator[Any]) -> dict[str, Any]:
    """The first items of an iterator, as wire data whose items are not encoded yet."""
    items = list(islice(iterator, MAX_ITERATED + 1))
    return {"t": "iter", "v": items[:MAX_ITERATED], "more": len(items) > MAX_ITERATED}


def no_object(data: dict[str, Any]) -> Any:
    """Refuses what is no data."""
    raise ValueError(f"no data: {data!r:.50}")


def decode(data: Any, handle: Object = no_object) -> Any:
    """Rebuild what `encode` made, as exact builtins; `handle` rebuilds the forms in `OBJECTS`.

    Raises:
        ValueError, TypeError, KeyError: the data is not of that form.

    """
    kind = type(data)
    if kind in _PLAIN or kind is int:
        return data
    if kind is list:
        return [decode(item, handle) for item in data]
    name, body = data["t"], data["v"]
    if name == "dict":
        return {decode(key, handle): decode(item, handle) for key, item in body}
    if name in _SEQUENCES:
        return _SEQUENCES[name]([decode(item, handle) for item in body])
    if name in _EXACT_PARTS:
        return _EXACT_PARTS[name][0](*[decode(part, handle) for part in body])
    if name == "iter":
        return _replay([decode(item, handle) for item in body], more=bool(data["more"]))
    if name == "range":
        return range(*[decode(part, handle) for part in body])
    if name == "int":
        return int(body, 16)
    if name == "complex":
        return complex(*body)
    if name in ("bytes", "bytearray"):
        return (bytes if name == "bytes" else bytearray).fromhex(body)
    if name in OBJECTS:
        return handle(data)
    raise ValueError(f"no such kind of value: {name!r:.50}")


def _replay(items: list[Any], *, more: bool) -> Iterator[Any]:
    yield from items
    if more:
        raise RuntimeError(f"the candidate's iterator is longer than {MAX_ITERATED} items")


def refresh(old: Any, new: Any) -> Any:
    """Make `old` equal to `new` in place where it is a mutable container, as a call that changed its argument would."""
    if type(old) is not type(new):
        return new
    if isinstance(old, list):
        old[:] = [refresh(before, after) for before, after in zip(old, new, strict=False)] + new[len(old) :]
    elif isinstance(old, dict):
        merged = {key: refresh(old[key], value) if key in old else value for key, value in new.items()}
        old.clear()
        old.update(merged)
    elif isinstance(old, set):
        old.clear()
        old.update(new)
    elif isinstance(old, bytearray):
        old[:] = new
    elif isinstance(old, deque):
        old.clear()
        old.extend(new)
    elif isinstance(old, tuple):
        return tuple(refresh(before, after) for before, after in zip(old, new, strict=False)) if len(old) == len(new) else new
    else:
        return new
    return old
