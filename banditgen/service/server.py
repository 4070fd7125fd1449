"""The application on a socket, until a signal ends it: the first lets races end within a limit, a second ends them at once."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from banditgen.errors import UsageError
from banditgen.service.desk import Desk

HEAD_BYTES = 16 << 10  # of a request's line and headers
HEAD_SECONDS = 10.0  # within which they have to be there
AT_ONCE_SECONDS = 1.0  # what a second signal leaves for recording what was cancelled
BACKLOG = 512


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises:
        UsageError: no such address, or it is taken.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        at = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise UsageError(f"cannot listen on {host}, port {port}: {error.strerror or error}") from None
    # connections inherit it; asyncio sees none of TCP's in a socket made like this, and an answer's second packet would wait 40 ms
    at.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return at


def run(app: FastAPI, at: socket.socket, grace: float, ready: Callable[[], None]) -> None:
    """Serve until SIGINT or SIGTERM; what runs then may go on for `grace` seconds, and is recorded however it ends."""
    logging.getLogger("uvicorn").setLevel(logging.CRITICAL)  # what fails is logged where it fails, without the request
    asyncio.run(RaceServer(app, grace, ready).serve(sockets=[at]))


class _TimedHeads(H11Protocol):
    """Closes a connection whose next request has begun, or was to be the first, and is not whole in time; uvicorn would wait."""

    _clock: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Wait for a first request."""
        super().connection_made(transport)
        self._clock = self.loop.call_later(HEAD_SECONDS, transport.close)

    def data_received(self, data: bytes) -> None:
        """Stop the clock while a request is answered; bytes that trickle in do not wind it up."""
        super().data_received(data)
        answering = self.cycle is not None and not self.cycle.response_complete
        if answering and self._clock is not None:
            self._clock.cancel()
            self._clock = None
        elif not answering and self._clock is None:
            self._clock = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        super().connection_lost(exc)
        if self._clock is not None:
            self._clock.cancel()


class RaceServer(uvicorn.Server):
    """uvicorn with an end of our own.

    Args:
        app: what `create_app` made.
        grace: seconds that races may go on after the first signal.
        ready: is called when it listens.
    """

    def __init__(self, app: FastAPI, grace: float, ready: Callable[[], None]) -> None:
        config = uvicorn.Config(
            app,
            http=_TimedHeads,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            h11_max_incomplete_event_size=HEAD_BYTES,
            backlog=BACKLOG,
        )
        super().__init__(config)
        self.desk: Desk = app.state.desk
        self._grace, self._ready, self._signal = grace, ready, 0

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin, and say so."""
        await super().startup(sockets)
        self._ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's signature
        """A first signal ends the server, a second one ends it now."""
        self.force_exit, self._signal = self.should_exit, sig
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the races before the connections: they are what these wait for."""
        for listener in self.servers:
            listener.close()
        closing = asyncio.ensure_future(self.desk.close(self._grace))
        while not closing.done() and not self.force_exit:
            await asyncio.wait([closing], timeout=0.05)
        if not closing.done():
            await asyncio.wait([asyncio.ensure_future(self.desk.close(0))], timeout=AT_ONCE_SECONDS)
            os._exit(128 + self._signal)  # trials that still run would be waited for
        self.config.timeout_graceful_shutdown = 1
        await super().shutdown(sockets)
