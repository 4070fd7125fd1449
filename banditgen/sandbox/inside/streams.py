"""A program's own streams by name: `/dev/stdin`, `/dev/stdout`, `/dev/stderr`, `/dev/fd/N`.

Where there is no /proc, these names lead nowhere, and what the output goes into can't be opened anew: a second opening would write over
the first. So Python's `open` gives another descriptor of the same stream here, as some systems' own /dev/fd does.
"""

from __future__ import annotations

import builtins
import functools
import io
import os
import re
from typing import Any

NAMES = {"/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2}
NUMBERED = re.compile(r"/dev/fd/(\d{1,4})")

_open, _os_open = io.open, os.open


def install() -> None:
    """Have a program's `open` and `os.open` know its streams."""
    builtins.open = io.open = open_stream  # the same, but for a few names
    os.open = open_descriptor


def _stream(file: object) -> int | None:
    """The number of the stream that a path names."""
    name = os.fspath(file) if isinstance(file, os.PathLike) else file
    if isinstance(name, bytes):
        name = os.fsdecode(name)
    if not isinstance(name, str):
        return None
    numbered = NUMBERED.fullmatch(name)
    return int(numbered[1]) if numbered else NAMES.get(name)


@functools.wraps(_open)
def open_stream(file: Any, mode: str = "r", *arguments: Any, **keywords: Any) -> Any:
    """`open`; what is appended to a stream is written to it, which comes to the same."""
    number = _stream(file)
    if number is None or not isinstance(mode, str):
        return _open(file, mode, *arguments, **keywords)
    return _open(os.dup(number), mode.replace("a", "w").replace("x", "w"), *arguments, **keywords)


@functools.wraps(_os_open)
def open_descriptor(path: Any, flags: int, *arguments: Any, **keywords: Any) -> int:
    """`os.open`."""
    number = _stream(path)
    return _os_open(path, flags, *arguments, **keywords) if number is None else os.dup(number)
