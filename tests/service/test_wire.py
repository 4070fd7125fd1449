"""What reaches the socket as no client would send it: two meanings in one head, heads and bodies that trickle or never end."""

from __future__ import annotations

import json
import time

import httpx
import pytest

from banditgen.service import server
from tests.service.asked import DOUBLE, TOKEN
from tests.service.served import request, served
from tests.waiting import until

BODY = json.dumps(DOUBLE).encode()
HEAD = f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {TOKEN}\r\n"
SMUGGLED = {
    "a length beside chunks": f"Content-Length: {len(BODY)}\r\nTransfer-Encoding: chunked\r\n",
    "two lengths": f"Content-Length: {len(BODY)}\r\nContent-Length: 3\r\n",
    "a negative length": "Content-Length: -1\r\n",
    "a signed length": f"Content-Length: +{len(BODY)}\r\n",
    "a length of many digits": f"Content-Length: {'9' * 5000}\r\n",
    "chunks called otherwise": "Transfer-Encoding: xchunked\r\n",
    "two encodings": "Transfer-Encoding: gzip, chunked\r\n",
    "two hosts": f"Host: evil.example\r\nContent-Length: {len(BODY)}\r\n",
    "two tokens": f"Authorization: Bearer x\r\nContent-Length: {len(BODY)}\r\n",
    "a folded header": f"X-A: b\r\n c\r\nContent-Length: {len(BODY)}\r\nHost: x\r\n",
    "a space before the colon": f"Content-Length : {len(BODY)}\r\n",
    "a null byte": f"X-A: \x00\r\nContent-Length: {len(BODY)}\r\n",
    "a long head": f"X-A: {'a' * 2_000_000}\r\nContent-Length: {len(BODY)}\r\n",
}


def test_heads_that_two_readers_may_read_otherwise_are_refused() -> None:
    with served() as service:
        for name, more in SMUGGLED.items():
            status = service.raw(HEAD.encode() + more.encode() + b"\r\n" + BODY).partition(b"\r\n")[0].decode()
            assert status.startswith("HTTP/1.1 4") or not status, (name, status)
        first = service.raw(b"GET http://evil.example/v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert first.startswith(b"HTTP/1.1 4")
        hidden = request("/v1/models", {}) + b"GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        assert b" 200 " not in service.raw(hidden)  # the second has no token of its own, and the first is no GET
        for rubbish in (
            b"\x16\x03\x01\x02\x00\x01\x00",
            b"\r\n" * 1000,
            b"GET / HTTP/9.9\r\n\r\n",
            b"\x00" * 100,
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        ):
            assert b" 200 " not in service.raw(rubbish, seconds=0.3)
        assert service.raw(request("/v1/chat/completions", DOUBLE, "Connection: close")).startswith(b"HTTP/1.1 200")


def test_bodies_over_the_limit_are_refused_while_they_are_read() -> None:
    slow = HEAD.encode() + f"Content-Length: {len(BODY)}\r\n\r\n".encode()
    with served(max_body_bytes=4000, body_seconds=60) as service:  # after which it would be a 408
        endless = HEAD.encode() + b"Transfer-Encoding: chunked\r\n\r\n" + b"1000\r\n" + b"x" * 4096 + b"\r\n"
        assert service.raw(endless).startswith(b"HTTP/1.1 413")  # its end never came
        announced = HEAD.encode() + b"Content-Length: 999999999999\r\n\r\n"
        assert service.raw(announced).startswith(b"HTTP/1.1 413")
        assert service.raw(slow, then=BODY, after=0.1).startswith(b"HTTP/1.1 200")
    with served(body_seconds=0.2) as service:
        for begun in (slow, slow + BODY[:-1]):
            assert service.raw(begun).startswith(b"HTTP/1.1 408")


def test_heads_that_trickle_are_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "HEAD_SECONDS", 0.3)
    with served() as service:
        for begun in (b"", b"GET /v1/mod", HEAD.encode()):
            started = time.monotonic()
            assert service.raw(begun) == b""
            assert time.monotonic() - started < 30  # `raw` itself gives up after 60 s
        ask = request("/v1/chat/completions", DOUBLE)
        again = service.raw(ask, then=ask[:20], after=0.1)  # a next request that never ends
        assert again.startswith(b"HTTP/1.1 200")


def test_an_answer_does_not_wait_for_its_acknowledgement() -> None:
    """Its head and body are two packets; 40 ms pass where the second waits for word of the first, but in a connection's first answer."""
    with served() as service, httpx.Client(headers=service.headers, timeout=60) as client:

        def quick() -> bool:
            started = time.monotonic()
            assert client.get(f"{service.url}/v1/models/banditgen").status_code == 200
            return time.monotonic() - started < 0.03

        quick()
        assert until(quick)
