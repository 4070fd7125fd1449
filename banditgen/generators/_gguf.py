"""The few facts of a GGUF file that generating needs, read from its header without loading the model.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import dataclasses
import hashlib
import struct
from pathlib import Path
from typing import BinaryIO

_FIXED = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}  # value type -> bytes
_STRING, _ARRAY = 8, 9
_LONGEST_KEY = 1 << 16
_SAMPLE = 1 << 20


@dataclasses.dataclass(frozen=True)
class Header:
    """What the header says: whether the model chats (it has a chat template) and how many tokens it was trained to read."""

    chats: bool
    context_length: int | None


def read_header(path: Path) -> Header:
    """Read the metadata of a GGUF file.

    Raises:
        ValueError: the file is no GGUF, or ends early.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        size = path.stat().st_size
        magic, version, _tensors, keys = struct.unpack("<4sIQQ", _take(file, 24))
        if magic != b"GGUF" or version < 2:
            raise ValueError("it does not start like a GGUF file")
        chats, context = False, None
        for _ in range(keys):
            key = _take(file, min(_u64(file), _LONGEST_KEY)).decode(errors="replace")
            kind = int.from_bytes(_take(file, 4), "little")
            if key.endswith(".context_length") and kind in _FIXED:
                context = int.from_bytes(_take(file, _FIXED[kind]), "little")
            else:
                chats = chats or key.startswith("tokenizer.chat_template")
                _skip(file, kind, size)
        return Header(chats, context)


def fingerprint(path: Path) -> str:
    """A digest that tells one model file from another without reading gigabytes: size, first and last MiB."""
    size = path.stat().st_size
    digest = hashlib.sha256(str(size).encode())
    with path.open("rb") as file:
        digest.update(file.read(_SAMPLE))
        file.seek(max(0, size - _SAMPLE))
        digest.update(file.read(_SAMPLE))
    return f"sampled-sha256:{digest.hexdigest()}"


def _take(file: BinaryIO, count: int) -> bytes:
    data = file.read(count)
    if len(data) != count:
        raise ValueError("the file ends within its header")
    return data


def _u64(file: BinaryIO) -> int:
    return int.from_bytes(_take(file, 8), "little")


def _skip(file: BinaryIO, kind: int, size: int) -> None:
    if kind in _FIXED:
        _forward(file, _FIXED[kind], size)
    elif kind == _STRING:
        _forward(file, _u64(file), size)
    elif kind == _ARRAY:
        inner = int.from_bytes(_take(file, 4), "little")
        count = _u64(file)
        if inner in _FIXED:
            _forward(file, count * _FIXED[inner], size)
        elif inner == _STRING:
            for _ in range(count):
                _forward(file, _u64(file), size)
        else:
            raise ValueError(f"an array of unknown kind {inner} in the header")
    else:
        raise ValueError(f"a value of unknown kind {kind} in the header")


def _forward(file: BinaryIO, count: int, size: int) -> None:
    if file.tell() + count > size:
        raise ValueError("the file ends within its header")
    file.seek(count, 1)
