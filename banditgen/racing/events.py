"""What is heard of a race while it runs."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

from banditgen.errors import UsageError
from banditgen.result import GenerationResult

logger = logging.getLogger("banditgen.race")


@dataclasses.dataclass(frozen=True)
class RaceEvent:
    """Something that happened to one arm in a race: "waiting", "generating" (with a piece of text), "testing", "done"."""

    arm: str
    stage: str
    text: str = ""
    result: GenerationResult | None = None


OnEvent = Callable[[RaceEvent], None]


def check_listener(name: str, listener: Any) -> None:
    """Refuse what cannot hear of a race (UsageError)."""
    if listener is not None and not callable(listener):
        raise UsageError(f"{name} must be a function of one argument or None, not {listener!r:.80}")


def heard(on_event: OnEvent | None) -> OnEvent:
    """A listener that cannot hurt the race."""

    def hear(event: RaceEvent) -> None:
        if on_event is None:
            return
        try:
            on_event(event)
        except Exception:
            logger.exception("a listener of the race failed")

    return hear


async def each_finished(race: Callable[[OnEvent], Coroutine[Any, Any, Any]]) -> AsyncIterator[GenerationResult]:
    """Each result of a race as it finishes; leaving early cancels the rest."""
    finished: asyncio.Queue[GenerationResult | None] = asyncio.Queue()

    def hear(event: RaceEvent) -> None:
        if event.result is not None:
            finished.put_nowait(event.result)

    running = asyncio.ensure_future(race(hear))
    running.add_done_callback(lambda _: finished.put_nowait(None))
    try:
        while (result := await finished.get()) is not None:
            yield result
        await running
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
