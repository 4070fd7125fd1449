"""Answers that come in pieces, and what is done where nobody is there any more to read them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

from fastapi import Request, Response
from starlette.types import Receive, Scope, Send

from banditgen.service.refusals import ClientGoneError, encoded

SILENCE = 15.0  # seconds after which a stream says that it still lives
STALLED = 60.0  # seconds after which a reader who reads nothing is taken as gone
T = TypeVar("T")


def event(data: Any, kind: str | None = None) -> bytes:
    """One server-sent event; its data is one line of ASCII, so nothing in it can end it."""
    name = b"" if kind is None else b"event: " + kind.encode() + b"\n"
    return name + b"data: " + encoded(data) + b"\n\n"


async def unless_gone(request: Request, work: Awaitable[T]) -> T:
    """What comes of the work; where the client leaves first, the work is cancelled.

    Raises:
        ClientGoneError: it left.
    """
    working = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_gone(request.receive))
    try:
        await asyncio.wait([working, gone], return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientGoneError
        return working.result()
    finally:
        await _ended(working)
        await _ended(gone)


class Pieces(Response):
    """An answer in pieces, which ends when its reader leaves.

    Args:
        pieces: as they come.
        media_type: of the answer.
        alive: what is said in a silence; none for "".
        finally_: is called at the end, however it comes; cancelled like the rest, it goes on.
    """

    def __init__(
        self, pieces: AsyncIterator[bytes], media_type: str, finally_: Callable[[], Awaitable[None]] | None = None, alive: bytes = b""
    ) -> None:
        super().__init__(media_type=media_type, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._pieces, self._alive, self._finally = pieces, alive, finally_

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        """Send it."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        sending = asyncio.ensure_future(self._send(send))
        gone = asyncio.ensure_future(_gone(receive))
        try:
            await asyncio.wait([sending, gone], return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                with contextlib.suppress(TimeoutError):
                    sending.result()
        finally:
            await _ended(sending)
            await _ended(gone)
            if self._finally is not None:
                await self._finally()

    async def _send(self, send: Send) -> None:
        following = asyncio.ensure_future(anext(self._pieces, None))
        try:
            while True:
                await asyncio.wait([following], timeout=SILENCE if self._alive else None)
                piece = following.result() if following.done() else self._alive
                if piece is None:
                    break
                async with asyncio.timeout(STALLED):
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                if following.done():
                    following = asyncio.ensure_future(anext(self._pieces, None))
        finally:
            await _ended(following)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _ended(task: asyncio.Future[Any]) -> None:
    """Cancel what still runs, and wait for its end."""
    if not task.done():
        task.cancel()
        await asyncio.wait([task])
