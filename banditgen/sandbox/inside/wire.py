"""Frames on the socket between judge and candidate: a length, the request's id, JSON."""

from __future__ import annotations

import _json
import json
import os
import struct
from typing import Any

HEADER = struct.Struct("<I16s")
MAX_FRAME = 8 << 20
PIECE = 1 << 18
SMALL = 448  # most frames whole, in one read, and as an object that CPython keeps in a pool

_strange: list[float] = []


def strange_numbers() -> int:
    """How many of the numbers that came so far are not finite: nothing is greater than some of them, nor less."""
    return len(_strange)


def _number(text: str) -> float:
    value = float(text)
    if value - value != 0:
        _strange.append(value)
    return value


# `json` itself stands on the same two, behind a dozen objects on pages that each job would have to copy
_chunks = _json.make_encoder(None, json.JSONEncoder().default, _json.encode_basestring_ascii, None, ":", ",", False, False, True)
_scan = _json.make_scanner(json.JSONDecoder(parse_float=_number, parse_constant=_number))  # type: ignore[arg-type]  # its own stub is wrong


def encode(data: Any) -> bytes:
    """Data as JSON, without spaces."""
    return "".join(_chunks(data, 0)).encode()


def _decode(text: str) -> Any:
    try:
        value, end = _scan(text, 0)
    except StopIteration as error:
        raise ValueError(f"no JSON at character {error.value}") from None
    if end != len(text):
        raise ValueError(f"more than JSON at character {end}")
    return value


class WireError(Exception):
    """The other side is gone, or what it sent is no frame."""


class MoreThanOneError(WireError):
    """Something follows the frame, though the sides take turns."""


class FrameTooLongError(WireError):
    """A frame over the limit."""


def send(link: int, request_id: bytes, data: Any) -> None:
    """Send one frame; `link` is a descriptor, since a socket object's own methods cost more than the system call.

    Raises:
        FrameTooLongError: nothing was sent.
        OSError: the other side is gone.

    """
    body = encode(data)
    if len(body) > MAX_FRAME:
        raise FrameTooLongError(f"{len(body) >> 20} MiB in one value; {MAX_FRAME >> 20} MiB may travel")
    frame = HEADER.pack(len(body), request_id) + body
    sent = os.write(link, frame)
    while sent < len(frame):
        sent += os.write(link, memoryview(frame)[sent:])


def receive(link: int) -> tuple[bytes, Any]:
    """Wait for one frame: (request id, data).

    Raises:
        MoreThanOneError: more came than one frame.
        WireError: it did not come, or is none.

    """
    data = _at_least(link, HEADER.size, b"")
    length, request_id = HEADER.unpack_from(data)
    if length > MAX_FRAME:
        raise FrameTooLongError("the candidate sent more than a value may hold")
    end = HEADER.size + length
    data = _at_least(link, end, data)
    if len(data) > end:
        raise MoreThanOneError("the candidate sent more than one answer")
    try:
        return request_id, _decode(data[HEADER.size :].decode())
    except (ValueError, RecursionError) as error:
        raise WireError(f"unreadable: {error}") from None


def _at_least(link: int, count: int, data: bytes) -> bytes:
    while len(data) < count:
        try:
            piece = os.read(link, max(SMALL, min(count - len(data), PIECE)))
        except OSError as error:
            raise WireError(error.strerror) from None
        if not piece:
            raise WireError("the candidate's process ended")
        data = data + piece if data else piece
    return data
