"""Classes of the candidate on the wire: a description, and the class made of it in the judge, whose instances are stand-ins."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from banditgen.sandbox.inside import exceptions, handles, operations, values

MAX_NAME = 100
MAX_NAMES = 300
TWO_SIDED = frozenset(operations.BINARY)


def describe(kind: type, refer: Callable[[type], Any]) -> dict[str, Any]:
    """On the candidate's side: what the judge has to know of a class; `refer` makes references to its bases.

    "own" are operations that the class, or one it derives from, has defined; "under" those of the builtin whose instances can change,
    under its instances; "off" those it has not, though every object has. "names" are all it has defined, where they may lie over
    a builtin's.
    """
    constant = values.builtin_under(kind, values.CONSTANT)
    changing = values.builtin_under(kind, values.CHANGING)
    line = kind.__mro__
    kept = {object, constant, *(base for base in line if exceptions.place(base))}
    found: dict[str, list[str]] = {"own": [], "under": [], "off": []}
    for name in [*operations.BINARY, *operations.UNARY]:
        owner = next((base for base in line if name in vars(base)), None)
        if owner is None or owner in kept:
            continue
        found["off" if vars(owner)[name] is None else "under" if changing and owner in changing.__mro__ else "own"].append(name)
    names = {name for base in line if base not in kept for name in vars(base)} if constant else set()
    meta: Any = type(kind)
    return {
        "name": kind.__name__,
        "qualname": kind.__qualname__,
        "module": str(kind.__module__),
        "doc": kind.__doc__ if isinstance(kind.__doc__, str) else None,
        "bases": [refer(base) for base in kind.__bases__ if base is not object],
        "changing": changing.__name__ if changing else None,
        "virtual": any("__instancecheck__" in vars(base) for base in meta.__mro__ if base is not type),
        "names": sorted(names & set(dir(constant)))[:MAX_NAMES] if constant else [],
        **found,
    }


class Mirror(type):
    """Stands for a class of the candidate's. What it makes, and what it has, it asks for."""

    def __new__(cls, name: str, *_: Any, **__: Any) -> Mirror:
        """Classes of the candidate's are made by `make` alone."""
        handles.link().refuse(f"the tests derive {name} from a class of the candidate")

    def __call__(cls, *arguments: Any, **keywords: Any) -> Any:
        """Make an instance."""
        return handles.link().operate(cls, "__call__", arguments, keywords)

    def __getattr__(cls, name: str) -> Any:
        return handles.attribute(cls, name)

    def __setattr__(cls, name: str, value: Any) -> None:
        handles.link().operate(cls, "setattr", (name, value))

    def __delattr__(cls, name: str) -> None:
        handles.link().operate(cls, "delattr", (name,))

    def __instancecheck__(cls, instance: Any) -> bool:
        if type.__instancecheck__(cls, instance):
            return True
        asking = handles.link()
        if not type.__getattribute__(cls, "__dict__").get("\0virtual"):
            return False
        if asking.number_of(instance) is None:
            asking.refuse(f"the tests ask {cls.__name__} of the candidate about a value of their own")
        return bool(asking.operate(instance, "isinstance", (cls,)))

    def __bool__(cls) -> bool:
        return True

    def __repr__(cls) -> str:
        return str(handles.link().operate(cls, "__repr__"))


for _name in ("__iter__", "__len__", "__getitem__", "__reversed__"):
    setattr(Mirror, _name, handles.asked(_name))
setattr(Mirror, "__contains__", handles.between("__contains__", inherited=False))  # noqa: B010  # as above


def make(description: dict[str, Any], bases: tuple[Any, ...]) -> Any:
    """In the judge: the class of that description; `bases` are those that are not `object`, as they are here."""
    constant = next((under for kind in bases if (under := values.builtin_under(kind, values.CONSTANT))), None)
    fails = any(issubclass(base, BaseException) for base in bases)
    space: dict[str, Any] = {
        "__module__": str(description["module"])[:MAX_NAME],
        "__qualname__": str(description["qualname"])[:MAX_NAME],
        "__doc__": description["doc"],
        "__hash__": object.__hash__,
        "\0virtual": bool(description["virtual"]),
    }
    if constant or fails:
        del space["__hash__"]
    else:
        space["__slots__"] = ()
    two_sided = {**dict.fromkeys(description["under"], True), **dict.fromkeys(description["own"], False)}
    for name, inherited in two_sided.items():
        if name in TWO_SIDED:
            space[name] = handles.between(name, inherited=inherited)
        elif name in operations.UNARY:
            space[name] = handles.asked(name)
    if constant and "__eq__" in space and "__hash__" not in space:
        space["__hash__"] = constant.__hash__
    if "__getitem__" in space and "__iter__" not in {*space, *description["off"]}:  # else Python would go through it here
        space["__iter__"] = handles.items_of
    if "__iter__" in space and "__contains__" not in space:
        space["__contains__"] = handles.searched
    if "__iter__" in space and "__bool__" not in space and "__len__" not in space:
        space["__bool__"] = handles.Iterator.__bool__
    for name in description["names"]:
        if name in dir(constant) and not name.startswith("__"):
            space[name] = property(functools.partial(handles.attribute, name=name, depth=1))
    space.update(dict.fromkeys((name for name in description["off"] if name in operations.KNOWN), None))
    if description["changing"] in _BUILTINS:
        under = type(str(description["name"])[:MAX_NAME], (_BUILTINS[description["changing"]],), {})
        space["__class__"] = property(lambda _: under)
    if fails:  # what Python itself notes on an exception in flight is its own
        space["__setattr__"], space["__delattr__"] = BaseException.__setattr__, BaseException.__delattr__
    name = "".join(char for char in str(description["name"])[:MAX_NAME] if char.isalnum() or char == "_") or "Object"
    real = tuple(base for base in bases if isinstance(base, Mirror) or base in values.CONSTANT or issubclass(base, BaseException))
    if not any(issubclass(base, handles.Handle) for base in real):
        real = (*real, handles.Handle) if fails else (handles.Handle, *real)
    try:
        return type.__new__(Mirror, name, real, space)
    except TypeError:  # no such order or layout of bases
        return type.__new__(Mirror, name, (handles.Handle,), {**space, "__slots__": ()})


_BUILTINS = {kind.__name__: kind for kind in values.CHANGING}
