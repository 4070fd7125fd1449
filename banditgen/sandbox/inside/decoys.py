"""Does an object of the candidate's agree to everything? It is asked about values that the tests have nothing to do with.

An object that compares with the tests' values by an operator of its own can't be judged, and its tests run beside it, where it would
have the last word. One that equals a random number and a random word as well isn't worth that.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

OPPOSITE = {"__lt__": "__ge__", "__ge__": "__lt__", "__gt__": "__le__", "__le__": "__gt__"}

Ask = Callable[[str, Any], Any]


def agrees_to_all(ask: Ask, name: str, value: Any) -> bool:
    """Whether an object that says yes to everything would answer like this one; `ask(operation, decoy)` asks it."""
    word = os.urandom(8).hex()
    decoys = [word, int(word, 16), [word], _like(value, word)]
    if name in OPPOSITE:
        return all(_says(ask, operation, decoy, yes=True) for decoy in decoys for operation in (name, OPPOSITE[name]))
    if name in ("__eq__", "__ne__", "__contains__"):
        return all(_says(ask, name, decoy, yes=name != "__ne__") for decoy in decoys)
    return False


def _says(ask: Ask, operation: str, decoy: Any, *, yes: bool) -> bool:
    try:
        return bool(ask(operation, decoy)) is yes
    except Exception:  # noqa: BLE001  # an honest object may not know what to do with it
        return False


def _like(value: Any, word: str) -> Any:
    """Another value of a builtin's type."""
    match value:
        case bool() | None:
            return -int(word, 16)
        case int() | float():
            return value + 1 + int(word[:4], 16)
        case str():
            return value + word
        case tuple():
            return (*value, word)
        case _:
            return {word: word}
