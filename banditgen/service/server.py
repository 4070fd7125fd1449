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

from banditgen.errors import UsageError
from banditgen.service.desk import Desk

HEAD_BYTES = 16 << 10  # of a request's line and headers
AT_ONCE_SECONDS = 1.0  # what a second signal leaves for recording what was cancelled
BACKLOG = 512


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises:
        UsageError: no such address, or it is taken.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise UsageError(f"cannot listen on {host}, port {port}: {error.strerror or error}") from None


def run(app: FastAPI, at: socket.socket, grace: float, ready: Callable[[], None]) -> None:
    """Serve until SIGINT or SIGTERM; what runs then may go on for `grace` seconds, and is recorded however it ends."""
    logging.getLogger("uvicorn").setLevel(logging.CRITICAL)  # what fails is logged where it fails, without the request
    server = _Server(app, grace, ready)
    asyncio.run(server.serve(sockets=[at]))
    if server.force_exit:
        os._exit(130)  # trials that still run would be waited for


class _Server(uvicorn.Server):
    def __init__(self, app: FastAPI, grace: float, ready: Callable[[], None]) -> None:
        config = uvicorn.Config(
            app,
            http="h11",
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
        self._desk: Desk = app.state.desk
        self._grace, self._ready = grace, ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin, and say so."""
        await super().startup(sockets)
        self._ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's signature
        """A first signal ends the server, a second one ends it now."""
        self.force_exit = self.should_exit
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the races before the connections: they are what these wait for."""
        for listener in self.servers:
            listener.close()
        closing = asyncio.ensure_future(self._desk.close(self._grace))
        while not closing.done() and not self.force_exit:
            await asyncio.wait([closing], timeout=0.05)
        if not closing.done():
            await asyncio.wait([closing, asyncio.ensure_future(self._desk.close(0))], timeout=AT_ONCE_SECONDS)
        self.config.timeout_graceful_shutdown = 1
        await super().shutdown(sockets)
