"""Values on the wire between candidate and judge: JSON that is rebuilt as exact builtins and as the standard library's own exact
types, so that nothing carrying code arrives, and an `==` in the tests is never the candidate's.

Containers that can change are numbered in the order in which they are met, and travel once: what is one object on one side is one
object on the other.
"""

from __future__ import annotations

import numbers
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from operator import is_
from typing import Any

from banditgen.sandbox.inside import exact

MAX_DEPTH = 200
MAX_DIGIT_BITS = 8000  # longer ints travel as hex: json refuses to read more than 4,300 decimal digits
MAX_ITERATED = 100_000

_PLAIN = frozenset({bool, str, float, type(None)})
_CHANGEABLE: dict[type, str] = {dict: "dict", set: "set", deque: "deque", bytearray: "bytearray", list: "list"}
_MAKERS: dict[str, Callable[[], Any]] = {name: kind for kind, name in _CHANGEABLE.items()}
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
    "frozenset": frozenset,
    "keys": lambda items: dict.fromkeys(items).keys(),
    "values": lambda items: dict(enumerate(items)).values(),
}


class UnsendableError(Exception):
    """A value that can't travel as data, such as a function."""


class Shared:
    """The containers of one exchange that can change, by number; it keeps them, so that an id stays its object's own."""

    __slots__ = ("numbers", "objects")

    def __init__(self, objects: Iterable[Any] = ()) -> None:
        self.objects: list[Any] = list(objects)
        self.numbers: dict[int, int] = {id(item): number for number, item in enumerate(self.objects)}

    def add(self, item: Any) -> None:
        """Give a container the next number."""
        self.numbers[id(item)] = len(self.objects)
        self.objects.append(item)


Other = Callable[[Any, Shared], Any]
Object = Callable[[dict[str, Any]], Any]
OBJECTS = ("handle", "pull")  # forms of what stays with the candidate


def encode(value: Any, other: Other, shared: Shared, depth: int = 0) -> Any:
    """A value as JSON-ready data. What is no data is given to `other`, which returns its form or raises."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is int:
        return value if value.bit_length() < MAX_DIGIT_BITS else {"t": "int", "v": hex(value)}
    if depth > MAX_DEPTH:
        raise UnsendableError("the value is nested too deeply")
    if kind in _CHANGEABLE:
        number = shared.numbers.get(id(value))
        if number is not None:
            return {"t": "same", "v": number}
        shared.add(value)
        body = content(value, other, shared, depth + 1)
        return body if kind is list else {"t": _CHANGEABLE[kind], "v": body}
    for name in ("tuple", "frozenset"):
        if kind is _SEQUENCES[name]:
            return {"t": name, "v": [encode(item, other, shared, depth + 1) for item in value]}
    if kind in _VIEWS:
        return {"t": _VIEWS[kind], "v": [encode(item, other, shared, depth + 1) for item in value]}
    if kind is complex:
        return {"t": "complex", "v": [value.real, value.imag]}
    if kind is bytes:
        return {"t": "bytes", "v": value.hex()}
    if kind is range:
        return {"t": "range", "v": [encode(part, other, shared) for part in (value.start, value.stop, value.step)]}
    taken = exact.take_apart(value)
    if taken is not None:
        return {"t": taken[0], "v": [encode(part, other, shared, depth + 1) for part in taken[1]]}
    return other(value, shared)


def content(value: Any, other: Other, shared: Shared, depth: int = 0) -> Any:
    """What a container that can change holds, as JSON-ready data."""
    if type(value) is bytearray:
        return value.hex()
    if type(value) is dict:
        return [[encode(key, other, shared, depth), encode(item, other, shared, depth)] for key, item in value.items()]
    return [encode(item, other, shared, depth) for item in value]


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


def decode(data: Any, handle: Object = no_object, shared: Shared | None = None) -> Any:
    """Rebuild what `encode` made; `handle` rebuilds the forms in `OBJECTS`, `shared` has the containers that are known already.

    Raises:
        ValueError, TypeError, KeyError, ArithmeticError: the data is not of that form.

    """
    kind = type(data)
    if kind in _PLAIN or kind is int:
        return data
    if shared is None:
        shared = Shared()
    name, body = ("list", data) if kind is list else (data["t"], data["v"])
    if name in _MAKERS:
        made = _MAKERS[name]()
        shared.add(made)
        fill(made, body, handle, shared)
        return made
    if name == "same":
        if type(body) is not int or not 0 <= body < len(shared.objects):
            raise ValueError(f"no such container: {body!r:.50}")
        return shared.objects[body]
    if name in _SEQUENCES:
        return _SEQUENCES[name]([decode(item, handle, shared) for item in body])
    if name in exact.NAMES:
        return exact.put_together(name, [decode(part, handle, shared) for part in body])
    if name == "iter":
        return _replay([decode(item, handle, shared) for item in body], more=bool(data["more"]))
    if name == "range":
        return range(*[decode(part, handle, shared) for part in body])
    if name == "int":
        return int(body, 16)
    if name == "complex":
        return complex(*body)
    if name == "bytes":
        return bytes.fromhex(body)
    if name in OBJECTS:
        return handle(data)
    raise ValueError(f"no such kind of value: {name!r:.50}")


def fill(container: Any, body: Any, handle: Object, shared: Shared) -> None:
    """Let a container hold what `content` said of another one."""
    kind = type(container)
    if kind is bytearray:
        container[:] = bytes.fromhex(body)
    elif kind is dict:
        pairs = [(decode(key, handle, shared), decode(item, handle, shared)) for key, item in body]
        container.clear()
        container.update(pairs)
    else:
        items = [decode(item, handle, shared) for item in body]
        container.clear()
        container.update(items) if kind is set else container.extend(items)


def snapshot(container: Any) -> bytes | list[Any]:
    """What a container that can change holds now, for `is_changed`."""
    if type(container) is bytearray:
        return bytes(container)
    return [*container, *container.values()] if type(container) is dict else list(container)


def is_changed(container: Any, before: bytes | list[Any]) -> bool:
    """Whether it holds other objects than at its snapshot, or in another order."""
    now = snapshot(container)
    if isinstance(now, bytes):
        return now != before
    return len(now) != len(before) or not all(map(is_, now, before))


def _replay(items: list[Any], *, more: bool) -> Iterator[Any]:
    yield from items
    if more:
        raise RuntimeError(f"the candidate's iterator is longer than {MAX_ITERATED} items")
