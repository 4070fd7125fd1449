"""Frames on the socket between judge and candidate: a length, the request's id, JSON."""

from __future__ import annotations

import json
import os
import struct
from typing import Any

HEADER = struct.Struct("<I16s")
MAX_FRAME = 8 << 20
PIECE = 1 << 18

_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode
_decode = json.JSONDecoder().decode


class WireError(Exception):
    """The other side is gone, or what it sent is no frame."""


class FrameTooLongError(WireError):
    """A frame over the limit."""


def send(link: int, request_id: bytes, data: Any) -> None:
    """Send one frame; `link` is a descriptor, since a socket object's own methods cost more than the system call.

    Raises:
        FrameTooLongError: nothing was sent.
        OSError: the other side is gone.

    """
    body = _encode(data).encode()
    if len(body) > MAX_FRAME:
        raise FrameTooLongError(f"{len(body) >> 20} MiB in one value; {MAX_FRAME >> 20} MiB may travel")
    frame = HEADER.pack(len(body), request_id) + body
    sent = os.write(link, frame)
    while sent < len(frame):
        sent += os.write(link, memoryview(frame)[sent:])


def receive(link: int) -> tuple[bytes, Any]:
    """Wait for one frame: (request id, data).

    Raises:
        WireError: it did not come, or is none.

    """
    head = _exactly(link, HEADER.size)
    length, request_id = HEADER.unpack(head)
    if length > MAX_FRAME:
        raise FrameTooLongError("the candidate sent more than a value may hold")
    try:
        return request_id, _decode(_exactly(link, length).decode())
    except (ValueError, RecursionError) as error:
        raise WireError(f"unreadable: {error}") from None


def _exactly(link: int, count: int) -> bytes:
    data = b""
    while len(data) < count:
        try:
            piece = os.read(link, min(count - len(data), PIECE))
        except OSError as error:
            raise WireError(error.strerror) from None
        if not piece:
            raise WireError("the candidate's process ended")
        data = data + piece if data else piece
    return data
