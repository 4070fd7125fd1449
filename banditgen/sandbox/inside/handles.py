"""What stands in the judge for objects that stay with the candidate: their own operations, asked for one by one.

Equality is no such operation. It is identity here, and `in` goes through the items, so that no object of the candidate's can
claim to equal, or to contain, what the tests expect.
"""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable
from typing import Any

OPERATIONS = (
    "__bool__",
    "__len__",
    "__iter__",
    "__getitem__",
    "__str__",
    "__repr__",
    "__int__",
    "__float__",
    "__index__",
    "__call__",
)
MAX_CHUNK = 256

Operate = Callable[[int, str, tuple[Any, ...], dict[str, Any]], Any]
Pull = Callable[[int, int], tuple[list[Any], BaseException | None, bool]]


class Handle:
    """Stands for one object of the candidate's. Equal to itself alone; it can be handed back.

    Args:
        number: the candidate's number for the object.
        kind: the name of its type.
        operate: asks the candidate for an operation on it.

    """

    __slots__ = ("kind", "number", "operate")

    def __init__(self, number: int, kind: str, operate: Operate) -> None:
        self.number = number
        self.kind = kind
        self.operate = operate

    def __repr__(self) -> str:
        return f"<{self.kind} object of the candidate>"


def operations_of(kind: type) -> list[str]:
    """The operations that a type has beyond those of every object."""
    own = {name: item for base in reversed(kind.__mro__[:-1]) for name, item in vars(base).items()}  # getattr would find the metaclass's
    return [name for name in OPERATIONS if own.get(name) is not None]


@functools.lru_cache(maxsize=256)
def handle_type(operations: frozenset[str]) -> type[Handle]:
    """The type of handles with just these operations: `callable(handle)`, say, is true of what can be called alone."""
    known = {name: _operation(name) for name in OPERATIONS if name in operations}
    return type("Handle", (Handle,), {"__slots__": (), **known})


def _operation(name: str) -> Callable[..., Any]:
    def operation(handle: Handle, *arguments: Any, **keywords: Any) -> Any:
        return handle.operate(handle.number, name, arguments, keywords)

    return operation


class Pulled:
    """Stands for an iterator of the candidate's, whose items are asked for in chunks of 1, 2, 4, … as they are needed."""

    def __init__(self, number: int, pull: Pull) -> None:
        self._number = number
        self._pull = pull
        self._items: deque[Any] = deque()
        self._chunk = 1
        self._error: BaseException | None = None
        self._done = False

    def __iter__(self) -> Pulled:
        return self

    def __next__(self) -> Any:
        if not self._items and not self._done:
            items, self._error, self._done = self._pull(self._number, self._chunk)
            self._items.extend(items)
            self._chunk = min(2 * self._chunk, MAX_CHUNK)
        if self._items:
            return self._items.popleft()
        self._done = True
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        raise StopIteration

    def hand_back(self) -> dict[str, Any]:
        """Its form on the wire; what was asked for and not used goes on on the candidate's side."""
        unread = len(self._items)
        self._items.clear()
        self._chunk, self._done = 1, False
        return {"t": "pull", "v": self._number, "unread": unread}


class Source:
    """The candidate's end of a `Pulled`: the iterator, and items that the judge hands back unused."""

    def __init__(self, iterator: Any) -> None:
        self._iterator = iterator
        self._back: deque[Any] = deque()
        self._last: list[Any] = []

    def __iter__(self) -> Source:
        return self

    def __next__(self) -> Any:
        return self._back.popleft() if self._back else next(self._iterator)

    def take(self, count: int) -> tuple[list[Any], BaseException | None, bool]:
        """The next items, what the iterator raised after them, and whether it is at its end."""
        self._last = []
        try:
            while len(self._last) < count:
                self._last.append(next(self))
        except StopIteration:
            return self._last, None, True
        except BaseException as error:  # noqa: BLE001
            return self._last, error, True
        return self._last, None, False

    def resume(self, unread: int) -> Any:
        """The iterator as it is for the judge, of whose last chunk so many items were not used."""
        self._back.extendleft(reversed(self._last[len(self._last) - unread :]))
        self._last = []
        return self if self._back else self._iterator
