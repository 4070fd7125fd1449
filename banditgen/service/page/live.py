"""What the pages hear while races run: server-sent events whose data are fragments of the page."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

from banditgen._text import printable
from banditgen.service.events import Feed, Happening

OFTEN = 0.3  # seconds between two fragments
TAIL = 12  # lines of what a candidate writes
KEPT = 4000  # characters of it
LEAVE = 5.0  # seconds in which a page closes what it need not hear any more


def fragment(html: str, kind: str) -> bytes:
    """One event; each line of the fragment is a line of data."""
    data = "".join(f"data: {line}\n" for line in html.split("\n"))
    return f"event: {kind}\n{data}\n".encode("utf-8", "replace")


async def all_races(feed: Feed, running: Callable[[list[dict[str, Any]]], str]) -> AsyncIterator[bytes]:
    """`running`, the races under way, whenever something has changed; `done` when one has ended."""
    with feed.listen() as heard:
        yield fragment(running(feed.under_way()), "running")
        async for kinds in _gathered(aiter(heard)):
            yield fragment(running(feed.under_way()), "running")
            if any(one.kind == "done" for one in kinds):
                yield fragment("", "done")


async def one_race(feed: Feed, race_id: str, standing: Callable[[dict[str, Any]], str]) -> AsyncIterator[bytes]:
    """`standing`, where a race stands and what its candidates write, whenever it has changed; `over` when it runs no more."""
    texts: dict[tuple[str, int], str] = {}
    with feed.listen() as heard:
        if (now := _now(feed, race_id, texts)) is not None:
            yield fragment(standing(now), "standing")
            async for happenings in _gathered(aiter(heard)):
                own = [one for one in happenings if one.race_id == race_id]
                for one in own:
                    if one.kind == "candidate":
                        own_text = one.data["arm"], one.data["answer"]
                        texts[own_text] = (texts.get(own_text, "") + one.data.get("text", ""))[-KEPT:]
                now = _now(feed, race_id, texts)
                if now is None:
                    break
                if own:
                    yield fragment(standing(now), "standing")
        yield fragment("", "over")
        await asyncio.sleep(LEAVE)  # who hears it closes; an end of ours would be a fault to the browser


def _now(feed: Feed, race_id: str, texts: dict[tuple[str, int], str]) -> dict[str, Any] | None:
    race = next((race for race in feed.under_way() if race["race_id"] == race_id), None)
    if race is not None:
        for candidate in race["candidates"]:
            candidate["tail"] = "\n".join(printable(texts.get((candidate["arm"], candidate["answer"]), "")).splitlines()[-TAIL:])
    return race


async def _gathered(heard: AsyncIterator[Happening]) -> AsyncIterator[list[Happening]]:
    """What happened, gathered: at once where it was quiet, else every `OFTEN` seconds."""
    last = 0.0
    following = asyncio.ensure_future(anext(heard, None))
    try:
        while (first := await following) is not None:
            happenings = [first]
            until = max(last + OFTEN, time.monotonic())
            following = asyncio.ensure_future(anext(heard, None))
            while True:
                await asyncio.wait([following], timeout=max(0.0, until - time.monotonic()))
                if not following.done():
                    break
                if (another := following.result()) is None:
                    break
                happenings.append(another)
                following = asyncio.ensure_future(anext(heard, None))
            last = time.monotonic()
            yield happenings
    finally:
        following.cancel()
