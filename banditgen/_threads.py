"""Blocking calls of unknown length, made from an event loop without holding up the interpreter's exit."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import contextvars
import inspect
import threading
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


def time_limit(function: Callable[..., object], seconds: float) -> dict[str, float]:
    """The keyword argument `timeout` for a caller's function that has one of that name.

    None for one that takes whatever it is given: it may hand that on to something that doesn't.
    """
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return {}
    takes = any(p.name == "timeout" and p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY) for p in parameters)
    return {"timeout": seconds} if takes else {}


async def in_thread(work: Callable[[], T]) -> T:
    """Run `work` in a daemon thread of its own and return what it returns, or raise what it raises.

    A pool's threads would be joined when the interpreter exits, and a caller's client may hang for ever. When this
    coroutine is cancelled the thread goes on; `work` has to notice by itself.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[tuple[T | None, BaseException | None]] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if not future.done():
            future.set_result((result, error))

    def run() -> None:
        result: T | None = None
        failed: BaseException | None = None
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001  # a thread has nobody else to hand it to
            failed = error if isinstance(error, Exception) else RuntimeError(f"{type(error).__name__}: {error}")
        with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile: nobody waits
            loop.call_soon_threadsafe(settle, result, failed)

    context = contextvars.copy_context()  # whatever the caller's code traces there belongs to what asked for it
    threading.Thread(target=context.run, args=(run,), daemon=True, name="banditgen-client").start()
    result, error = await future
    if error is not None:
        raise error
    return result  # type: ignore[return-value]  # None only where T has it


class LoopThread:
    """An event loop in a daemon thread of its own, for coroutines that may block it: they hold up nobody else's."""

    def __init__(self) -> None:
        self._ready = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self._main()), daemon=True, name="banditgen-client-loop").start()
        self._ready.wait()

    async def _main(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._ready.set()
        await self._stop.wait()

    def submit(self, awaitable: Awaitable[T]) -> concurrent.futures.Future[T]:
        """Await it there; cancelling the future cancels what is awaited."""

        async def awaited() -> T:
            return await awaitable

        return asyncio.run_coroutine_threadsafe(awaited(), self._loop)

    def close(self) -> None:
        """Cancel what runs there and end; this waits for neither."""
        with contextlib.suppress(RuntimeError):  # closed already
            self._loop.call_soon_threadsafe(self._stop.set)
