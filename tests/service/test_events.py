"""The feed of all races: what whoever listens hears, in which order, and what becomes of one who is too slow."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from banditgen import GenerationResult
from banditgen.history.base import DecisionRecord
from banditgen.racing.decision import Decision
from banditgen.racing.events import RaceEvent
from banditgen.service import events
from banditgen.service.events import Feed, Happening, Listener, RaceSeen

ABOUT = {"task_type": "demo", "strategy": "balanced", "dialect": "native", "prompt": "Write double(x)."}


def in_a_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """The test in an event loop of its own."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        asyncio.run(test(*args, **kwargs))

    return run


def decision(race_id: str, *names: str, step: int = 0) -> Decision:
    arms = [{"name": name, "arm_id": name, "model": "m", "temperature": 0.1} for name in names]
    record = DecisionRecord(f"{race_id}-{step}", "demo", arms, "thompson", dict.fromkeys(names, 0.5), race_id=race_id, step=step)
    return Decision.of(record, [])


async def heard(listener: Listener, count: int) -> list[Happening]:
    """The next ones, once they came."""
    found = []
    async with asyncio.timeout(60):
        async for one in listener:
            found.append(one)
            if len(found) == count:
                break
    return found


@in_a_loop
async def test_races_are_told_apart_and_in_order() -> None:
    feed = Feed()
    with feed.listen() as listener:
        races = [RaceSeen(feed, ABOUT, lambda: None) for _ in range(2)]
        for number, race in enumerate(races):
            race.decided(decision(f"race{number}", "a", "b"))
        assert [race["race_id"] for race in feed.under_way()] == ["race0", "race1"]
        for arm in ("a", "b"):
            races[0].heard(RaceEvent(arm, "waiting"))
            races[0].heard(RaceEvent(arm, "generating"))
        races[0].heard(RaceEvent("a", "done", result=GenerationResult("a", "x", 1.0, "m", 0.1, test_passed=True, id="r")))
        snapshot = feed.under_way()[0]
        assert [candidate["stage"] for candidate in snapshot["candidates"]] == ["done", "generating"]
        races[0].decided(decision("race0", "c", step=1))
        assert [wave["arms"] for wave in feed.under_way()[0]["waves"]] == [["a", "b"], ["c"]]
        races[0].over("none", "no candidate qualifies")
        assert [race["race_id"] for race in feed.under_way()] == ["race1"]
        found = await heard(listener, 11)
        assert [one.kind for one in found if one.race_id == "race0"] == ["started", "wave", *["candidate"] * 5, "wave", "done"]
        assert found[-1].data["outcome"] == "none"
        passed = next(one.data for one in found if one.data.get("stage") == "done")
        assert (passed["arm"], passed["passed"], passed["result_id"]) == ("a", True, "r")


@in_a_loop
async def test_pieces_of_text_are_gathered_and_none_is_lost() -> None:
    feed = Feed()
    with feed.listen() as listener:
        race = RaceSeen(feed, ABOUT, lambda: None)
        race.decided(decision("race", "a"))
        race.heard(RaceEvent("a", "waiting"))
        race.heard(RaceEvent("a", "generating"))
        for _ in range(1000):
            race.heard(RaceEvent("a", "generating", "xy"))
        race.heard(RaceEvent("a", "testing"))
        race.heard(RaceEvent("a", "done", result=GenerationResult("a", "x", 1.0, "m", 0.1, id="r")))
        race.over("none", "over")
        feed.close()
        found = [one async for one in listener]
        texts = [one.data["text"] for one in found if one.kind == "candidate"]
        assert "".join(texts) == "xy" * 1000
        assert len(texts) < 50
        assert found[-1].kind == "done"
        assert [one.data["characters"] for one in found if one.kind == "candidate"][-1] == 2000


@in_a_loop
async def test_who_listens_too_slowly_misses_text_first_and_is_ended_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "BEHIND", 5)

    def text(number: int) -> Happening:
        return Happening("candidate", "race", {"stage": "generating", "text": str(number)})

    listener = Listener()
    for number in range(20):
        listener.tell(text(number))
    for _ in range(10):
        listener.tell(Happening("wave", "race", {}))
    await asyncio.sleep(0)
    found = await heard(listener, 15)
    assert [one.kind for one in found] == ["candidate"] * 5 + ["wave"] * 10
    for _ in range(100):
        listener.tell(Happening("wave", "race", {}))
    await asyncio.sleep(0)
    assert len([one async for one in listener]) == 50


@in_a_loop
async def test_who_begins_to_listen_at_the_end_hears_nothing_and_does_not_wait() -> None:
    feed = Feed()
    feed.close()
    with feed.listen() as listener:
        async with asyncio.timeout(60):
            assert [one async for one in listener] == []


@in_a_loop
async def test_races_are_heard_of_from_any_thread_and_listeners_may_be_gone() -> None:
    feed, gone = Feed(), Listener()
    with feed.listen() as listener:

        def run(number: int) -> None:
            race = RaceSeen(feed, ABOUT, lambda: None, gone)
            race.decided(decision(f"race{number}", "a"))
            race.over("passed", "over")

        threads = [threading.Thread(target=run, args=(number,)) for number in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            await asyncio.to_thread(thread.join)
        found: dict[str, list[Any]] = {}
        for one in await heard(listener, 60):
            found.setdefault(one.race_id, []).append(one.kind)
        assert len(found) == 20
        assert set(map(tuple, found.values())) == {("started", "wave", "done")}
        assert feed.under_way() == []
