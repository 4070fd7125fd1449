"""What tests and verdict rest on: remembered before any candidate has run, and compared before and after the tests.

This raises the price of a forgery beside the tests. It stops nobody who walks the frames to this check itself.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Iterable, Mapping
from typing import Any

from banditgen.sandbox.inside import image

OWN = ("__main__", "solution", "candidate", "main")  # what a job itself puts into sys.modules
WATCHED = """
bisect builtins cmath collections copy datetime decimal fractions functools heapq itertools json marshal math operator os random re
statistics string traceback unittest unittest.case unittest.result _frozen_importlib _frozen_importlib_external
banditgen.sandbox.inside banditgen.sandbox.inside.program banditgen.sandbox.inside.pristine banditgen.sandbox.inside.pytest_run
banditgen.sandbox.inside.image banditgen.sandbox.inside.roles banditgen.sandbox.inside.beside banditgen.sandbox.inside.places
banditgen.sandbox.inside.tests banditgen.sandbox.inside.wire
"""

Entry = tuple[Mapping[str, Any], str, frozenset[str] | None, tuple[tuple[str, Any, Any], ...]]
"""A namespace as it lives, its name, for a class all names in it, and its (name, value, code of a function)."""


class Memory:
    """What was there; a job keeps it in a local variable, where no module holds it.

    Args:
        entries: of the watched modules and their classes.
        image: the same in memory; where that is unchanged, a closer look is not needed.
        modules: sys.modules.
        finders, hooks, path: of the import system.

    """

    __slots__ = ("entries", "finders", "hooks", "image", "modules", "path")

    def __init__(self) -> None:
        self.entries = entries_of(WATCHED.split())
        self.modules = tuple((name, module) for name, module in sys.modules.items() if name not in OWN)
        self.finders = tuple(sys.meta_path)
        self.hooks = tuple(sys.path_hooks)
        self.path = tuple(sys.path)
        spaces = [space for space, _, _, _ in self.entries]
        functions = [value for _, _, _, kept in self.entries for _, value, code in kept if code is not None]
        self.image = image.Image(spaces, functions, sys.modules, free=OWN)

    def replaced(self) -> str | None:
        """The first thing that is not what it was, by name."""
        if self.image.same():
            return None
        for name, module in self.modules:
            if sys.modules.get(name) is not module:
                return f"the module {name}"
        return replaced_in(self.entries)

    def imports_changed(self) -> str | None:
        """What was put before the finders of Python; further ones behind them are ordinary."""
        for name, now, before in (("sys.meta_path", sys.meta_path, self.finders), ("sys.path_hooks", sys.path_hooks, self.hooks)):
            if [*map(id, now[: len(before)])] != [*map(id, before)]:
                return name
        return None


def entries_of(names: Iterable[str]) -> tuple[Entry, ...]:
    """The namespaces of the loaded ones among the named modules, and of the classes they define."""
    spaces: dict[int, Entry] = {}
    for name in names:
        module = sys.modules.get(name)
        if module is None:
            continue
        spaces[id(module)] = _entry(module, name)
        for value in tuple(vars(module).values()):
            if isinstance(value, type) and value.__flags__ & (1 << 9) and id(value) not in spaces:  # a class made by a class statement
                spaces[id(value)] = _entry(value, f"{value.__module__}.{value.__qualname__}")
    return tuple(spaces.values())


def replaced_in(entries: tuple[Entry, ...]) -> str | None:
    """The first name whose value, or whose function's code, is not what it was; or a method that a class did not have."""
    for space, label, names, kept in entries:
        for name, value, code in kept:
            if space.get(name) is not value or (code is not None and getattr(value, "__code__", None) is not code):
                return f"{label}.{name}"
        if names is not None and not space.keys() <= names:
            for name in space.keys() - names:
                if _counts(space[name]):
                    return f"{label}.{name}"
    return None


def _counts(value: Any) -> bool:
    return callable(value) or isinstance(value, types.ModuleType | property | classmethod | staticmethod)


def _entry(owner: types.ModuleType | type, label: str) -> Entry:
    kept = tuple(
        (name, value, value.__code__ if isinstance(value, types.FunctionType) else None)
        for name, value in vars(owner).items()
        if _counts(value)
    )
    return vars(owner), label, frozenset(vars(owner)) if isinstance(owner, type) else None, kept
