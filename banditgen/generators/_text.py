"""Hostile text made fit to show: one line, no control characters, a bounded length."""

from __future__ import annotations

import unicodedata


def one_line(text: object, limit: int = 200) -> str:
    """`text` as one line of at most `limit` characters, control and format characters (escape codes, bidi) removed."""
    raw = str(text)[: limit * 20]
    spaced = " ".join(raw.split())
    clean = "".join(char for char in spaced if unicodedata.category(char)[0] != "C")
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"
