"""Namespaces and functions as bytes in memory: equal bytes mean unchanged objects, and reading them touches none.

To look at an object from Python is to count a reference to it, which writes to its page; in a forked process the kernel copies
that page. The check of some two thousand objects before and after tests would copy the better part of the heap: without this module
a cooperative job takes 6.7 ms of processor time instead of 2.6 (experiments/sandbox/RESULTS.md).

It reads what CPython lays out as it did when this was written. So it is used where the interpreter is one of those that were tried and
where it shows on objects of its own that it sees changes; elsewhere `usable` is False, and the objects are compared one by one.
"""

from __future__ import annotations

import ctypes
import os
import sys
import types
from collections.abc import Callable, Collection, Iterable
from typing import Any

WORD = 8
OBJECT_HEAD = 2 * WORD  # reference count and type
DICT_BODY = 4 * WORD  # number of items, version (a new one at each change), pointers to keys and values
KEYS_POINTER, LOG2_INDEX_BYTES, KEYS_HEAD, ENTRY = OBJECT_HEAD + 2 * WORD, WORD + 1, 4 * WORD, 2 * WORD
MAX_VECTORS = 1024
TRIED = sys.implementation.name == "cpython" and (3, 11) <= sys.version_info[:2] <= (3, 13) and not sys.abiflags and sys.maxsize > 1 << 32

_writev = ctypes.CDLL(None).writev


class Image:
    """The state of dictionaries and of functions' code when this was made.

    Args:
        namespaces: dictionaries, or views of a class's.
        functions: Python functions.
        growing: a dictionary with names as keys, that may grow.
        free: those of its names whose values may change.

    """

    __slots__ = ("_before", "_counted", "_entries", "_free", "_growing", "_vectors", "usable")

    def __init__(
        self, namespaces: Iterable[Any], functions: Iterable[Callable[..., Any]], growing: dict[str, Any], free: Collection[str] = ()
    ) -> None:
        code = _code_offset() if TRIED else None
        self.usable = code is not None and _shows_changes() and _shows_entries()
        regions = [(id(_dictionary(space)) + OBJECT_HEAD, DICT_BODY) for space in namespaces]
        regions += [(id(function) + (code or 0), WORD) for function in functions]
        regions = regions if self.usable else []
        self._vectors = [_vectors(regions[start : start + MAX_VECTORS]) for start in range(0, len(regions), MAX_VECTORS)]
        self._growing = id(growing)
        self._counted = len(growing)
        keys = [id(key).to_bytes(WORD, sys.byteorder) for key in growing if key in free]
        found = _entries(self._growing, self._counted) if self.usable else b""
        self._free = [place for place in range(0, len(found), ENTRY) if found[place : place + WORD] in keys]
        self._entries = self._of_growing()
        self._before = self._read()

    def same(self) -> bool:
        """Whether nothing at all has changed but for new names in `growing`; False also where that can't be told."""
        return self.usable and self._of_growing() == self._entries and self._read() == self._before != b""

    def _of_growing(self) -> bytes:
        """The entries that it had, without the values that may change."""
        if not self.usable:
            return b""
        found = bytearray(_entries(self._growing, self._counted))
        for place in self._free:
            found[place + WORD : place + ENTRY] = bytes(WORD)
        return bytes(found)

    def _read(self) -> bytes:
        """All regions, one after the other: the kernel gathers them, in one call for each thousand. Empty where it can't."""
        found = b""
        try:
            receiving, sending = os.pipe()
        except OSError:
            return found
        try:
            os.set_blocking(sending, False)
            for vectors in self._vectors:
                size = _writev(sending, vectors, len(vectors) // 2)
                if size < 0:
                    return b""
                found += os.read(receiving, size)
        finally:
            os.close(receiving)
            os.close(sending)
        return found


def _vectors(regions: list[tuple[int, int]]) -> ctypes.Array[ctypes.c_uint64]:
    return (ctypes.c_uint64 * (2 * len(regions)))(*[number for region in regions for number in region])


def _dictionary(space: Any) -> Any:
    """The dictionary itself, which a class shows a view of only."""
    import gc  # noqa: PLC0415

    return gc.get_referents(space)[0] if isinstance(space, types.MappingProxyType) else space


def _entries(address: int, count: int) -> bytes:
    """The first (key, value) pointers of a dictionary whose keys are all strings."""
    keys = ctypes.c_uint64.from_address(address + KEYS_POINTER).value
    index_bytes = 1 << ctypes.c_uint8.from_address(keys + LOG2_INDEX_BYTES).value
    return ctypes.string_at(keys + KEYS_HEAD + index_bytes, count * ENTRY)


def _code_offset() -> int | None:
    """Where a function object keeps the pointer to its code."""
    function = _code_offset
    words = (ctypes.c_uint64 * (sys.getsizeof(function) // WORD - 2)).from_address(id(function))
    return next((WORD * place for place, word in enumerate(words) if word == id(function.__code__)), None)


def _shows_changes() -> bool:
    """Whether this interpreter's dictionaries have a version that changes with each change."""
    space: dict[str, Any] = {"name": _vectors, "other": None}
    seen = set()
    for value in (_entries, _vectors, _entries):
        seen.add(ctypes.string_at(id(space) + OBJECT_HEAD, DICT_BODY))
        space["name"] = value
    seen.add(ctypes.string_at(id(space) + OBJECT_HEAD, DICT_BODY))
    del space["other"]
    space["other"] = None
    seen.add(ctypes.string_at(id(space) + OBJECT_HEAD, DICT_BODY))
    return len(seen) == 5


def _shows_entries() -> bool:
    """Whether a dictionary's entries lie where they are looked for, also in one that has grown."""
    space: dict[str, Any] = {"first": _entries, "second": _vectors}
    wanted = b"".join(id(part).to_bytes(WORD, sys.byteorder) for item in space.items() for part in item)
    before = _entries(id(space), 2)
    space.update({str(number): None for number in range(300)})
    return before == wanted == _entries(id(space), 2)
