"""An HTTP server for one test, on a thread and an event loop of its own: a host that fails as it is told to."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import logging
import threading
import time
from collections import deque
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

logger = logging.getLogger("banditgen.testing")

F = TypeVar("F")


@dataclasses.dataclass(frozen=True)
class Received:
    """One request as it arrived."""

    path: str
    body: dict[str, Any]
    at: float
    headers: Mapping[str, str]


class StandIn(Generic[F]):
    """The server, as a context manager. Whoever inherits says in `_answer` what it answers, with faults of kind F.

    Attributes:
        url: where it listens.
        received: every request, in order of arrival.
        left: paths of requests whose client closed the connection before the answer's end.
    """

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.left: list[str] = []
        self.url = ""
        self._faults: deque[F] = deque()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), name="stand-in", daemon=True)

    def fail_next(self, *faults: F) -> None:
        """The next requests to generate meet these faults, one each, in order."""
        self._faults.extend(faults)

    def _begin(self) -> None:
        """Make what belongs to the event loop; called there before the first request."""

    async def _answer(self, request: Received, writer: asyncio.StreamWriter) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self._begin()
        connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.ensure_future(self._connection(reader, writer))
            connections[task] = writer
            task.add_done_callback(lambda _: connections.pop(task))

        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._ready.set()
        await self._stop.wait()
        server.close()
        for _ in range(10):  # a connection may still be on its way in, and transports close in the loop's next rounds
            for task, writer in connections.items():
                task.cancel()
                writer.transport.abort()  # what was not sent yet would keep it open
            await asyncio.gather(*connections, return_exceptions=True)
            await asyncio.sleep(0.001)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request per connection; work for it ends when its client goes away."""
        path = ""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
            raw = await reader.readexactly(int(headers.get("content-length", 0)))
            path = head[0].split(" ")[1]
            body = json.loads(raw) if raw else {}
            request = Received(path, body, time.perf_counter(), headers)
            self.received.append(request)
            await self._work(request, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            self.left.append(path)
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _work(self, request: Received, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        work = asyncio.ensure_future(self._answer(request, writer))
        gone = asyncio.ensure_future(reader.read(1))
        try:
            await asyncio.wait([work, gone], return_when=asyncio.FIRST_COMPLETED)
            if gone.done():
                self.left.append(request.path)
        finally:
            work.cancel()
            gone.cancel()
            failed, _ = await asyncio.gather(work, gone, return_exceptions=True)
        if isinstance(failed, Exception) and not isinstance(failed, ConnectionError):
            logger.error("the stand-in host failed to answer %s", request.path, exc_info=failed)
