"""Messages over a stream of bytes: a length before each."""

from __future__ import annotations

from typing import IO

HEAD = 8


def send(stream: IO[bytes], *parts: bytes) -> None:
    """Write messages.

    Raises:
        OSError: nobody reads any more.

    """
    stream.write(b"".join(len(part).to_bytes(HEAD, "little") + part for part in parts))
    stream.flush()


def receive(stream: IO[bytes], most: int) -> bytes | None:
    """The next message; None at the end of the stream.

    Raises:
        ValueError: it is longer than `most` bytes.

    """
    size = int.from_bytes(_whole(stream, HEAD) or b"", "little")
    if size > most:
        raise ValueError(f"a message of {size} bytes, more than {most}")
    return _whole(stream, size) if size else None


def _whole(stream: IO[bytes], size: int) -> bytes | None:
    data = stream.read(size)
    return data if len(data) == size else None
