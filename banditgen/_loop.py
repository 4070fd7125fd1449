"""One event loop in the background, so that the synchronous API works everywhere, inside a running loop too."""

from __future__ import annotations

import asyncio
import concurrent.futures
import functools
import os
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar

from banditgen.errors import UsageError

T = TypeVar("T")
P = ParamSpec("P")

CLEAN_UP_SECONDS = 10  # what was cancelled is waited for at most so long

_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None
_thread: threading.Thread | None = None


def background_loop() -> asyncio.AbstractEventLoop:
    """The process's background loop, started at first use in a daemon thread."""
    global _loop, _thread  # noqa: PLW0603 - one loop per process is the point
    with _lock:
        if _loop is None or _thread is None or not _thread.is_alive():
            _loop = asyncio.new_event_loop()
            _thread = threading.Thread(target=_loop.run_forever, name="banditgen-loop", daemon=True)
            _thread.start()
        return _loop


def _after_fork() -> None:
    """A forked child has none of its parent's threads: it starts a loop of its own at first use."""
    global _loop, _thread, _lock
    _loop, _thread, _lock = None, None, threading.Lock()


os.register_at_fork(after_in_child=_after_fork)


def run_sync(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on the background loop and wait for it; an interrupt cancels it and waits for its clean-up.

    Raises:
        UsageError: called on the loop's own thread, where waiting would never end.
    """
    loop = background_loop()
    if threading.current_thread() is _thread:
        coroutine.close()
        raise UsageError("a listener or callback of a race cannot wait for another race: start it from a thread of your own")
    future = asyncio.run_coroutine_threadsafe(coroutine, loop)
    try:
        return future.result()
    except BaseException:
        if not future.done():
            future.cancel()
            concurrent.futures.wait([future], timeout=CLEAN_UP_SECONDS)
        raise


async def run_elsewhere(coroutine: Coroutine[Any, Any, T]) -> T:
    """Await a coroutine that runs on the background loop, from any loop; cancelling passes on, and waits for its clean-up."""
    future = asyncio.run_coroutine_threadsafe(coroutine, background_loop())
    try:
        return await asyncio.wrap_future(future)
    except asyncio.CancelledError:
        await asyncio.to_thread(concurrent.futures.wait, [future], CLEAN_UP_SECONDS)
        raise


def iterate_sync(items: Callable[[], AsyncIterator[T]]) -> Iterator[T]:
    """The items of an asynchronous iterator that lives on the background loop, as they come; leaving early closes it."""
    iterator = items()
    try:
        while True:
            try:
                yield run_sync(_next(iterator))
            except StopAsyncIteration:
                return
    finally:
        run_sync(_close(iterator))


async def iterate_elsewhere(items: Callable[[], AsyncIterator[T]]) -> AsyncIterator[T]:
    """`iterate_sync` for callers in an event loop."""
    iterator = items()
    try:
        while True:
            try:
                yield await run_elsewhere(_next(iterator))
            except StopAsyncIteration:
                return
    finally:
        await run_elsewhere(_close(iterator))


async def _next(items: AsyncIterator[T]) -> T:
    return await anext(items)


async def _close(items: AsyncIterator[Any]) -> None:
    close = getattr(items, "aclose", None)
    if close is not None:
        await close()


async def release(things: Sequence[Any]) -> None:
    """Close things that have `aclose` or `close`."""
    for thing in things:
        if hasattr(thing, "aclose"):
            await thing.aclose()
        else:
            await asyncio.to_thread(thing.close)


class Closing:
    """What closes the things that it made, `_owned`; as a context manager, too, of both kinds."""

    _owned: list[Any]

    def close(self) -> None:
        """Release what was built for it; a second call does nothing."""
        run_sync(self._close())

    async def aclose(self) -> None:
        """`close` for callers in an event loop."""
        await run_elsewhere(self._close())

    async def _close(self) -> None:
        owned, self._owned = self._owned, []
        await release(owned)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.aclose()


def in_thread(method: Callable[P, T]) -> Callable[P, Coroutine[Any, Any, T]]:
    """The async twin of a blocking method, for callers in an event loop."""

    @functools.wraps(method)
    async def twin(*args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.to_thread(method, *args, **kwargs)

    twin.__name__ = f"a{method.__name__}"
    twin.__doc__ = f"`{method.__name__}` for callers in an event loop."
    return twin
