"""Which race, decision or result a person means: a whole id, the beginning of one that no other has, or `last`."""

from __future__ import annotations

from banditgen.errors import UsageError
from banditgen.history.base import HistoryStore

LAST = "last"
SHOWN = 5


def find(store: HistoryStore, text: str) -> str:
    """The id that is meant.

    Args:
        store: the history.
        text: an id, the beginning of one (at least 3 characters), or "last" for the newest race.

    Raises:
        UsageError: there is none, or more than one.
    """
    if text == LAST:
        newest = store.races(1)
        if not newest:
            raise UsageError("there is no last race: the history is empty")
        return newest[0].id
    if store.race(text) is not None or store.decision(text) is not None or store.result(text) is not None:
        return text
    found = store.ids_beginning(text, SHOWN + 1) if len(text) >= 3 else []
    if not found:
        raise UsageError(f"unknown race or result {text!r}: `banditgen history list` shows the races, `history show` a race's results")
    if len(found) > 1:
        raise UsageError(f"{text!r} begins several ids: {', '.join(found[:SHOWN])}{' and more' if len(found) > SHOWN else ''}")
    return found[0]
