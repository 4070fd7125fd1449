"""Blocking calls of unknown length, made from an event loop without holding up the interpreter's exit."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


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

    threading.Thread(target=run, daemon=True, name="banditgen-client").start()
    result, error = await future
    if error is not None:
        raise error
    return result  # type: ignore[return-value]  # None only where T has it
