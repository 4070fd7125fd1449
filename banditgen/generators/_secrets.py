"""Keys kept out of all that is shown or stored, also where a server sends them back."""

from __future__ import annotations

from collections.abc import Iterable

HIDDEN = "[key]"
_SHORTEST_IN_AN_ERROR = 3
_SHORTEST_IN_AN_ANSWER = 8  # a shorter one ("none", "dummy") is no secret, and may be a word of a program


class Secrets:
    """The keys of one server."""

    def __init__(self, keys: Iterable[str] = ()) -> None:
        self._keys = sorted(set(keys), key=len, reverse=True)

    def hide(self, message: str) -> str:
        """An error's text without them."""
        for key in self._keys:
            if len(key) >= _SHORTEST_IN_AN_ERROR:
                message = message.replace(key, HIDDEN)
        return message

    def filter(self) -> Filter:
        """What takes them out of one answer."""
        return Filter([key for key in self._keys if len(key) >= _SHORTEST_IN_AN_ANSWER])


class Filter:
    """Takes keys out of a text that comes in pieces, however they are cut: what may be a key's beginning waits for the next piece."""

    def __init__(self, keys: list[str]) -> None:
        self._keys = keys
        self._waiting = ""

    def feed(self, piece: str) -> str:
        """What may be passed on now."""
        text = self._waiting + piece
        for key in self._keys:
            text = text.replace(key, HIDDEN)
        kept = max((_overlap(text, key) for key in self._keys), default=0)
        self._waiting = text[len(text) - kept :]
        return text[: len(text) - kept]

    def end(self) -> str:
        """What still waited."""
        text, self._waiting = self._waiting, ""
        return text


def _overlap(text: str, key: str) -> int:
    """How much of the text's end is a beginning of the key, short of all of it."""
    return next((size for size in range(min(len(key) - 1, len(text)), 0, -1) if text.endswith(key[:size])), 0)
