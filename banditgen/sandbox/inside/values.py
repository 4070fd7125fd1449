"""Values on the wire between candidate and judge: JSON that is rebuilt as exact builtins and as the standard library's own exact
types, so that nothing carrying code arrives, and an `==` in the tests is never the candidate's.

Containers that can change are numbered in the order in which they are met, and travel once: what is one object on one side is one
object on the other, within one exchange, or, where the tests look closer, as long as the judging lasts.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from operator import is_
from typing import Any

from banditgen.sandbox.inside import exact

MAX_DEPTH = 200
MAX_DIGIT_BITS = 8000  # longer ints travel as hex: json refuses to read more than 4,300 decimal digits

_PLAIN = frozenset({bool, str, float, type(None)})
_CHANGEABLE: dict[type, str] = {
    dict: "dict",
    set: "set",
    bytearray: "bytearray",
    list: "list",
    deque: "deque",
    Counter: "Counter",
    OrderedDict: "OrderedDict",
    defaultdict: "defaultdict",
}


def _empty(kind: type) -> Callable[[Any], Any]:
    return lambda _: kind()


_MAPPINGS = frozenset({dict, Counter, OrderedDict, defaultdict})
_MAKERS: dict[str, Callable[[Any], Any]] = {
    **{name: _empty(kind) for kind, name in _CHANGEABLE.items()},
    "deque": lambda limit: deque(maxlen=limit),
    "defaultdict": defaultdict,
}
# of a subclass's instance, what it holds, by the builtin's own methods: those of the subclass are not asked
CONSTANT: dict[type, Callable[[Any], Any]] = {
    int: int.__int__,
    float: float.__float__,
    complex: complex.__pos__,
    str: str.__str__,
    bytes: lambda value: bytes(memoryview(value)),
    tuple: lambda value: tuple(tuple.__iter__(value)),
    frozenset: lambda value: frozenset(frozenset.__iter__(value)),
}
CHANGING: dict[type, Callable[[Any], Any]] = {
    bytearray: lambda value: bytearray(memoryview(value)),
    list: lambda value: list(list.__iter__(value)),
    set: lambda value: set(set.__iter__(value)),
    deque: lambda value: deque(deque.__iter__(value), value.maxlen),
    Counter: lambda value: Counter(dict(dict.items(value))),
    OrderedDict: lambda value: OrderedDict(OrderedDict.items(value)),
    defaultdict: lambda value: defaultdict(value.default_factory, dict.items(value)),
    dict: lambda value: dict(dict.items(value)),
}
_VIEWS = {type({}.keys()): "keys", type({}.values()): "values", type({}.items()): "items"}
_SEQUENCES: dict[str, Callable[[list[Any]], Any]] = {
    "tuple": tuple,
    "frozenset": frozenset,
    "keys": lambda items: dict.fromkeys(items).keys(),
    "values": lambda items: dict(enumerate(items)).values(),
    "items": lambda items: dict(items).items(),
}
OBJECTS = frozenset({"object", "class", "function", "iterator", "error", "known", "theirs"})  # forms of what is no data


class UnsendableError(Exception):
    """A value that can't travel, and why."""


class Shared:
    """The containers of one exchange, or of all, by number; it keeps them, so that an id stays its object's own.

    Args:
        lasting: it is that of all exchanges. Then tuples and their like are numbered, too.

    """

    __slots__ = ("_before", "lasting", "numbers", "objects")

    def __init__(self, *, lasting: bool = False) -> None:
        self.objects: list[Any] = []
        self.numbers: dict[int, int] = {}
        self.lasting = lasting
        self._before: list[Any] = []

    def add(self, item: Any) -> None:
        """Give an object the next number."""
        self.numbers[id(item)] = len(self.objects)
        self.objects.append(item)

    def cut(self, count: int) -> None:
        """Forget all but the first ones: those that were numbered for a message that is not sent."""
        for item in self.objects[count:]:
            self.numbers.pop(id(item), None)
        del self.objects[count:]

    def settle(self) -> None:
        """Remember what they hold now."""
        self._before = list(map(_snapshot, self.objects))

    def changed(self) -> list[int]:
        """The numbers of those that hold other objects than when they were remembered, or in another order."""
        return [
            number
            for number, before in enumerate(self._before)
            if before is not None and not _same(_snapshot(self.objects[number]), before)
        ]


Other = Callable[[Any, Shared], Any]
Object = Callable[[dict[str, Any], Shared], Any]


def encode(value: Any, other: Other, shared: Shared, depth: int = 0) -> Any:
    """A value as JSON-ready data. What is no data is given to `other`, which returns its form or raises."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is int:
        return value if value.bit_length() < MAX_DIGIT_BITS else {"t": "int", "v": hex(value)}
    if depth > MAX_DEPTH:
        raise UnsendableError(f"a value nested deeper than {MAX_DEPTH}")
    if kind in _CHANGEABLE:
        number = shared.numbers.get(id(value))
        if number is not None:
            return {"t": "same", "v": number}
        form: dict[str, Any] = {"t": _CHANGEABLE[kind]}
        if kind is defaultdict:
            form["m"] = encode(value.default_factory, other, shared, depth + 1)
        elif kind is deque:
            form["m"] = value.maxlen
        shared.add(value)
        form["v"] = content(value, other, shared, depth + 1)
        return form["v"] if kind is list else form
    if shared.lasting and id(value) in shared.numbers:
        return {"t": "same", "v": shared.numbers[id(value)]}
    data = _constant(value, kind, other, shared, depth)
    if data is None:
        return other(value, shared)
    if shared.lasting:
        shared.add(value)
    return data


def _constant(value: Any, kind: type, other: Other, shared: Shared, depth: int) -> Any:
    """The form of an object that can't change; None where it is no data."""
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
    return None if taken is None else {"t": taken[0], "v": [encode(part, other, shared, depth + 1) for part in taken[1]]}


def content(value: Any, other: Other, shared: Shared, depth: int = 0) -> Any:
    """What a container that can change holds, as JSON-ready data."""
    if type(value) is bytearray:
        return value.hex()
    if type(value) in _MAPPINGS:
        return [[encode(key, other, shared, depth), encode(item, other, shared, depth)] for key, item in value.items()]
    return [encode(item, other, shared, depth) for item in value]


def builtin_under(kind: type, among: Iterable[type]) -> type | None:
    """The nearest of the given types that a type derives from."""
    return next((base for base in kind.__mro__ if base in among), None)


def no_object(data: dict[str, Any], _: Shared) -> Any:
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
        made = _MAKERS[name](None if kind is list else decode(data.get("m"), handle, shared))
        shared.add(made)
        fill(made, body, handle, shared)
        return made
    if name == "same":
        if type(body) is not int or not 0 <= body < len(shared.objects):
            raise ValueError(f"no such container: {body!r:.50}")
        return shared.objects[body]
    if name in OBJECTS:
        return handle(data, shared)
    if name == "int":
        return int(body, 16)
    value = _rebuilt(name, body, handle, shared)
    if shared.lasting:
        shared.add(value)
    return value


def _rebuilt(name: str, body: Any, handle: Object, shared: Shared) -> Any:
    if name in _SEQUENCES:
        return _SEQUENCES[name]([decode(item, handle, shared) for item in body])
    if name in exact.NAMES:
        return exact.put_together(name, [decode(part, handle, shared) for part in body])
    if name == "range":
        return range(*[decode(part, handle, shared) for part in body])
    if name == "complex":
        return complex(*body)
    if name == "bytes":
        return bytes.fromhex(body)
    raise ValueError(f"no such kind of value: {name!r:.50}")


def fill(container: Any, body: Any, handle: Object, shared: Shared) -> None:
    """Let a container hold what `content` said of another one."""
    kind = type(container)
    if kind is bytearray:
        container[:] = bytes.fromhex(body)
    elif kind in _MAPPINGS:
        pairs = [(decode(key, handle, shared), decode(item, handle, shared)) for key, item in body]
        container.clear()
        for key, item in pairs:
            container[key] = item
    else:
        items = [decode(item, handle, shared) for item in body]
        container.clear()
        container.update(items) if kind is set else container.extend(items)


def _snapshot(item: Any) -> Any:
    """What a container holds now; None of an object that can't change."""
    kind = type(item)
    if kind is bytearray:
        return bytes(item)
    if kind in _MAPPINGS:
        return [*item, *item.values()]
    return list(item) if kind in _CHANGEABLE else None


def _same(now: Any, before: Any) -> bool:
    if isinstance(now, bytes):
        return bool(now == before)
    return len(now) == len(before) and all(map(is_, now, before))
