"""What crosses the link is one frame of JSON, and nothing else."""

from __future__ import annotations

import math
import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from banditgen.sandbox.inside import wire


@pytest.fixture
def ends() -> Iterator[tuple[int, int]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours.fileno(), theirs.fileno()


def test_data_arrives_as_it_was(ends: tuple[int, int]) -> None:
    everything: list[Any] = [{"a": [1, -2.5, True, None, "ä\n\ud800"]}, [], "text", 10**50, 1e308, {"deep": {"er": [[[]]]}}]
    for data in everything:
        wire.send(ends[0], bytes(16), data)
        assert wire.receive(ends[1]) == (bytes(16), data)


def test_numbers_that_are_not_finite_are_counted(ends: tuple[int, int]) -> None:
    before = wire.strange_numbers()
    wire.send(ends[0], bytes(16), [math.inf, -math.inf, 1.5])
    assert wire.receive(ends[1])[1] == [math.inf, -math.inf, 1.5]
    os.write(ends[0], wire.HEADER.pack(5, bytes(16)) + b"1e999")
    assert wire.receive(ends[1])[1] == math.inf
    assert wire.strange_numbers() == before + 3


@pytest.mark.parametrize("body", [b"", b"nonsense", b"{} {}", b"[1", b"\xff", b"[" * 100_000])
def test_what_is_no_json_is_refused(ends: tuple[int, int], body: bytes) -> None:
    os.write(ends[0], wire.HEADER.pack(len(body), bytes(16)) + body)
    with pytest.raises(wire.WireError, match="unreadable"):
        wire.receive(ends[1])
