"""One event loop in the background, so that the synchronous API works everywhere, inside a running loop too."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from typing import Any, TypeVar

T = TypeVar("T")

_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None


def background_loop() -> asyncio.AbstractEventLoop:
    """The process's background loop, started at first use in a daemon thread."""
    global _loop  # noqa: PLW0603 - one loop per process is the point
    with _lock:
        if _loop is None or _loop.is_closed():
            _loop = asyncio.new_event_loop()
            threading.Thread(target=_loop.run_forever, name="banditgen-loop", daemon=True).start()
        return _loop


def run_sync(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on the background loop and wait for it; an interrupt cancels it and waits for its clean-up."""
    future = asyncio.run_coroutine_threadsafe(coroutine, background_loop())
    try:
        return future.result()
    except BaseException:
        if not future.done():
            future.cancel()
            concurrent.futures.wait([future], timeout=10)
        raise


async def run_elsewhere(coroutine: Coroutine[Any, Any, T]) -> T:
    """Await a coroutine that runs on the background loop, from any loop; cancelling passes on."""
    return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(coroutine, background_loop()))


def iterate_sync(items: AsyncIterator[T]) -> Iterator[T]:
    """The items of an asynchronous iterator, as they come; leaving early closes it."""
    try:
        while True:
            try:
                yield run_sync(_next(items))
            except StopAsyncIteration:
                return
    finally:
        close = getattr(items, "aclose", None)
        if close is not None:
            run_sync(close())


async def _next(items: AsyncIterator[T]) -> T:
    return await anext(items)
