"""What stands in the judge for objects that stay with the candidate: their own operations, asked for one by one.

What a stand-in stands for is known to the link alone, by the identity of the stand-in: it has no attributes of its own that could
be taken for the object's. Between two objects of the candidate its own operators decide. Against a value of the tests they are never
asked, or one object that equals everything would pass: what the builtin under the object says is decided here, and what only an
operator of the candidate's could say can't be judged.
"""

from __future__ import annotations

import functools
import itertools
import sys
from collections import deque
from collections.abc import Callable
from typing import Any, NoReturn, Protocol

from banditgen.sandbox.inside import decoys, operations

MAX_CHUNK = 4096
MAX_SEARCHED = 10_000
FRAMEWORKS = frozenset({"_pytest", "pluggy", "unittest", "inspect", "importlib", "traceback", "warnings"})
# what tests of a text or a list ask, and an object that answers all with yes would pass; its class may have other methods
PREDICATES = frozenset(
    name for kind in (str, list, set) for name in dir(kind) if name.startswith("is") or name in ("startswith", "endswith", "count")
)
VIEWS = frozenset({"keys", "values", "items"})


class Asking(Protocol):
    """The judge's end of the link, as stand-ins use it."""

    def number_of(self, value: Any) -> int | None:
        """The number of the object that a value stands for."""

    def operate(self, operand: Any, operation: str, arguments: tuple[Any, ...] = (), keywords: dict[str, Any] | None = None) -> Any:
        """Have the candidate's side do an operation."""

    def plain(self, operand: Any) -> Any:
        """What an object of a builtin's subclass holds, as that builtin."""

    def pull(self, operand: Any, count: int) -> tuple[list[Any], BaseException | None, bool]:
        """The next items of an iterator, what it raised after them, and whether it is at its end."""

    def hold_to(self, operand: Any, *, size: int | None = None, truth: bool | None = None) -> None:
        """Hold an object to its number of items and its truth, until something may have changed it."""

    def unfinished(self, change: int) -> None:
        """Count iterators that have given items and not ended."""

    def doubt_a_pass(self, reason: str) -> None:
        """What passes from now on is no judged pass."""

    def refuse(self, reason: str, *, forged: bool = False) -> NoReturn:
        """End the judging: the tests ask what only the candidate's own word could answer, or its word is worth nothing."""


_links: list[Asking] = []


def use(link: Asking | None) -> None:
    """The link that all stand-ins ask from now on."""
    _links[:] = [] if link is None else [link]
    _methods.clear()
    _views.clear()
    _courses.clear()


def link() -> Asking:
    """The link."""
    return _links[0]


def name_of(value: Any) -> str:
    """The name of an object's class, for messages."""
    return str(type(value).__name__)[:100]


def has(value: Any, operation: str) -> bool:
    """Whether a value's class has an operation: not its class's class, which `hasattr` would look at as well."""
    return any(operation in vars(base) for base in type(value).__mro__)


def attribute(owner: Any, name: str, depth: int = 2) -> Any:
    """An attribute, asked for; what a test framework looks for in every object is not there. `depth` frames up stands who asks."""
    frame = sys._getframe(depth)  # noqa: SLF001
    if str(frame.f_globals.get("__name__", "")).partition(".")[0] in FRAMEWORKS:
        raise AttributeError(f"{name_of(owner)!r} object has no attribute {name!r}")
    found = link().operate(owner, "getattr", (name,))
    if isinstance(found, Function):
        _methods[id(found)] = (owner, name)
    elif name in PREDICATES | VIEWS and link().number_of(found) is not None:
        link().refuse(f"the tests ask .{name} of a {name_of(owner)} of the candidate")
    return found


_methods: dict[int, tuple[Any, str]] = {}  # of functions that were asked for as attributes: of what, and as what
_views: dict[int, Any] = {}  # of what a view was asked for, whose items are as many as that has


class Handle:
    """Stands for one object of the candidate's. It can be handed back."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        return attribute(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        link().operate(self, "setattr", (name, value))

    def __delattr__(self, name: str) -> None:
        link().operate(self, "delattr", (name,))

    def __copy__(self) -> Any:
        return link().operate(self, "copy")

    def __deepcopy__(self, _: Any) -> Any:
        return link().operate(self, "deepcopy")

    def __str__(self) -> str:
        return str(link().operate(self, "__str__"))

    def __repr__(self) -> str:
        return str(link().operate(self, "__repr__"))

    def __format__(self, form: str) -> str:
        return str(link().operate(self, "__format__", (form,)))


class Function(Handle):
    """Stands for a function of the candidate's, or for what is called like one."""

    __slots__ = ()

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """Have the candidate call it."""
        method = _methods.get(id(self))
        if method is None:
            return link().operate(self, "__call__", arguments, keywords)
        owner, name = method
        if name in PREDICATES:
            link().refuse(f"the tests ask .{name}() of a {name_of(owner)} of the candidate")
        if name not in VIEWS or arguments or keywords:
            return link().operate(self, "__call__", arguments, keywords)
        view = link().operate(self, "view")
        if link().number_of(view) is not None:
            _views[id(view)] = owner
        elif has(view, "__len__"):
            _hold_to_length(owner, len(view))
        return view


class Iterator(Handle):
    """Stands for an iterator: its items are asked for one by one, so that nothing is done before its time.

    What takes all of them in one go, as `list` does, asks for a hint of their number first, and gets them in chunks.
    """

    __slots__ = ()

    def __iter__(self) -> Any:
        return self

    def __next__(self) -> Any:
        return next(_course(self))

    def __bool__(self) -> bool:
        link().hold_to(self, truth=True)
        return True

    def __length_hint__(self) -> int:
        _course(self).chunk = MAX_CHUNK
        return 0


for _kind in (Handle, Function, Iterator):
    for _name in ("__doc__", "__module__"):
        setattr(_kind, _name, property(functools.partial(attribute, name=_name, depth=1)))  # else they would be this class's own


class Course:
    """How far an iterator has come.

    Args:
        iterator: its stand-in.
        source: the stand-in of the object whose items they are.

    """

    def __init__(self, iterator: Any, source: Any) -> None:
        self.chunk = 1
        self._iterator = iterator
        self._source = source
        self._items: deque[Any] = deque()
        self._count = 0
        self._error: BaseException | None = None
        self._done = False

    def __next__(self) -> Any:
        if not self._items and not self._done:
            self._pull()
        if self._items:
            return self._items.popleft()
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        raise StopIteration

    def _pull(self) -> None:
        items, self._error, self._done = link().pull(self._iterator, self.chunk)
        if items and not self._count:
            link().unfinished(1)
        self._count += len(items)
        self._items.extend(items)
        if self._done and self._count:
            link().unfinished(-1)
        if self._done and self._error is None:
            if not self._count:
                link().hold_to(self._source, size=0)
            if self._source is not self._iterator:
                _hold_to_length(self._source, self._count)


_courses: dict[int, Course] = {}


def _course(iterator: Any) -> Course:
    if id(iterator) not in _courses:
        _courses[id(iterator)] = Course(iterator, _views.get(id(iterator), iterator))
    return _courses[id(iterator)]


def items_of(operand: Any) -> Any:
    """What `iter` makes of an object."""
    iterator = link().operate(operand, "__iter__")
    if iterator is not operand and id(iterator) not in _courses and link().number_of(iterator) is not None:
        _courses[id(iterator)] = Course(iterator, _views.get(id(operand), operand))
    return iterator


def _hold_to_length(operand: Any, count: int) -> None:
    """See that something with so many items says so, where it says anything."""
    for name, said in (("__len__", count), ("__bool__", count > 0)):
        if has(operand, name) and link().operate(operand, name) != said:
            link().refuse(f"a {name_of(operand)} of the candidate has not as many items as it says")


def _count(operand: Any, enough: int) -> int:
    """How many items something has, counted from the start, up to one more than enough."""
    iterator = link().operate(operand, "__iter__")
    if iterator is operand or link().number_of(iterator) is None:
        link().refuse(f"the items of a {name_of(operand)} of the candidate can be counted only once")
    count, done = 0, False
    while not done and count <= enough:
        items, error, done = link().pull(iterator, min(MAX_CHUNK, enough + 1 - count))
        count += len(items)
        if error is not None:
            link().refuse(f"the items of a {name_of(operand)} of the candidate can't be counted")
    return count


def asked(name: str) -> Callable[..., Any]:
    """The method of a stand-in that has the candidate's side do an operation of one value."""

    def operation(handle: Any, *arguments: Any, **keywords: Any) -> Any:
        return link().operate(handle, name, arguments, keywords)

    return _SPECIAL.get(name, operation)


def between(name: str, *, inherited: bool) -> Callable[..., Any]:
    """The method of a stand-in for an operation of two values.

    Args:
        name: the special method.
        inherited: it is that of the builtin under the object, which can be applied here.

    """

    def operation(handle: Any, other: Any, *more: Any) -> Any:
        asking = link()
        if asking.number_of(other) is not None or (inherited and name.startswith("__i")):
            return asking.operate(handle, name, (other, *more))
        if not inherited:
            agrees = decoys.agrees_to_all(lambda asked, decoy: asking.operate(handle, asked, (decoy,)), name, other)
            what = f"a {name_of(handle)} of the candidate"
            if agrees:
                asking.refuse(f"{what} agrees to everything under {name}", forged=True)
            asking.refuse(f"the tests apply {name} to {what} and a value of their own")
        return operations.BINARY[name](asking.plain(handle), other, *more)

    return operation


def searched(handle: Any, other: Any) -> bool:
    """`in` for what has items and no `__contains__`."""
    if link().number_of(other) is not None:
        return bool(link().operate(handle, "__contains__", (other,)))
    items = list(itertools.islice(items_of(handle), MAX_SEARCHED + 1))
    if len(items) > MAX_SEARCHED:
        link().refuse(f"the tests look for a value in a {name_of(handle)} of the candidate, which has no end")
    return other in items


def _len(handle: Any) -> int:
    size: int = link().operate(handle, "__len__")
    link().hold_to(handle, size=size)
    if has(handle, "__iter__") and _count(handle, size) != size:
        link().refuse(f"a {name_of(handle)} of the candidate has not as many items as it says")
    return size


def _bool(handle: Any) -> bool:
    truth: bool = link().operate(handle, "__bool__")
    link().hold_to(handle, truth=truth)
    if truth and has(handle, "__iter__") and not _count(handle, 0):
        link().refuse(f"a {name_of(handle)} of the candidate that has no items says that it is true")
    return truth


def _leave(handle: Any, _: Any, error: Any, __: Any) -> Any:
    swallowed = link().operate(handle, "__exit__", (None if error is None else type(error), error))
    if swallowed and error is not None:
        link().doubt_a_pass("an exception that the tests raised ended with the candidate")
    return swallowed


_SPECIAL: dict[str, Callable[..., Any]] = {
    "__len__": _len,
    "__bool__": _bool,
    "__iter__": items_of,
    "__next__": Iterator.__next__,
    "__exit__": _leave,
}
