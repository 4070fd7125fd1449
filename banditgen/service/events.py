"""What happens in all races of one service, for whoever listens in the process.

    with feed.listen() as heard:  # in the service's event loop; before the snapshot, so that nothing falls between
        for race in feed.under_way():  # what is running now, as `RaceSeen.snapshot` has it
            ...
        async for happening in heard:  # ends when the service does
            happening.kind, happening.race_id, happening.data

Kinds, in the order in which a race has them, and their data (JSON-ready; texts are hostile, escape them where they are shown):

- "started": task_type, strategy, dialect ("openai", "ollama", "native"), prompt, started_at (Unix seconds).
- "wave", before each: step (from 0), arms (names), propensities (by name), stop (the chance that it was to stop there).
- "candidate", for each stage of each: arm, answer (1; 2 where it answers a second time), stage ("waiting",
  "generating", "testing", "done"), text (what came since the last time, gathered for `GATHERED` seconds), characters
  (so far); at "done" also passed, failure, error, score, seconds, tokens, result_id.
- "done": outcome ("passed", "none", "cancelled", "failed"), reason, best (an arm's name or None), wall_seconds.

Races are heard of from their first decision on. A listener that falls behind by `BEHIND` misses pieces of text, and is ended when it falls
behind by ten times that.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Literal

from banditgen.racing.decision import Decision, Race
from banditgen.racing.events import RaceEvent

GATHERED = 0.05  # seconds in which pieces of a candidate's text become one
BEHIND = 1000  # what a listener may leave unread before it misses text
Kind = Literal["started", "wave", "candidate", "done"]
Outcome = Literal["passed", "none", "cancelled", "failed"]


@dataclasses.dataclass(frozen=True)
class Happening:
    """Something that happened in a race; see the module."""

    kind: Kind
    race_id: str
    data: dict[str, Any]

    @property
    def is_text(self) -> bool:
        """Whether it is a piece of text and nothing more."""
        return bool(self.data.get("text")) and self.data.get("stage") == "generating"


class Listener:
    """What was heard and not read yet; made, read and ended in one event loop, told from any thread."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._unread: asyncio.Queue[Happening | None] = asyncio.Queue()
        self._ended = False

    def tell(self, happening: Happening | None) -> None:
        """Something happened; None is the end."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens
            self._loop.call_soon_threadsafe(self._take, happening)

    def _take(self, happening: Happening | None) -> None:
        left = self._unread.qsize()
        if self._ended or (happening is not None and happening.is_text and left >= BEHIND):
            return
        self._ended = happening is None or left >= 10 * BEHIND
        self._unread.put_nowait(None if self._ended else happening)

    async def __aiter__(self) -> AsyncIterator[Happening]:
        while (happening := await self._unread.get()) is not None:
            yield happening


class Feed:
    """All races of a service: whoever listens hears of them; safe in any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: set[Listener] = set()
        self._races: dict[str, RaceSeen] = {}
        self._closed = False

    @contextlib.contextmanager
    def listen(self) -> Iterator[Listener]:
        """A listener for as long as the block runs."""
        listener = Listener()
        with self._lock:
            self._listeners.add(listener)
        if self._closed:
            listener.tell(None)
        try:
            yield listener
        finally:
            with self._lock:
                self._listeners.discard(listener)

    def under_way(self) -> list[dict[str, Any]]:
        """The races that run now, oldest first, each as `RaceSeen.snapshot` has it."""
        with self._lock:
            races = list(self._races.values())
        return [race.snapshot() for race in races]

    def tell(self, race: RaceSeen, happening: Happening) -> None:
        """Something happened in a race."""
        with self._lock:
            if happening.kind == "done":
                self._races.pop(race.id, None)
            else:
                self._races.setdefault(race.id, race)
            listeners = list(self._listeners)
        for listener in listeners:
            listener.tell(happening)

    def close(self) -> None:
        """End all listeners; those who begin to listen hear nothing any more."""
        self._closed = True
        with self._lock:
            listeners = list(self._listeners)
        for listener in listeners:
            listener.tell(None)


class RaceSeen:
    """One race as it is heard of: its listener's methods are called on the race's own thread.

    Args:
        feed: tells everybody.
        about: task_type, strategy, dialect and prompt.
        began: is called with its first decision.
        also: who ordered it, and wants to hear of it alone.
    """

    def __init__(self, feed: Feed, about: dict[str, Any], began: Callable[[], object], also: Listener | None = None) -> None:
        self.id = ""
        self.about = {**about, "started_at": time.time()}
        self._feed, self._began, self._also = feed, began, also
        self._waves: list[dict[str, Any]] = []
        self._candidates: dict[tuple[str, int], dict[str, Any]] = {}
        self._answers: dict[str, int] = {}
        self._texts: dict[str, str] = {}
        self._told: dict[str, float] = {}

    def snapshot(self) -> dict[str, Any]:
        """Where it stands: race_id, what "started" says, `waves` and `candidates`, each as last told, without text."""
        candidates = [{**candidate} for candidate in list(self._candidates.values())]
        return {"race_id": self.id, **self.about, "waves": list(self._waves), "candidates": candidates}

    def decided(self, decision: Decision) -> None:
        """A wave was chosen, and is about to start."""
        record = decision.record
        if not self.id:
            self.id = record.race_id
            self._tell("started", self.about)
            self._began()
        arms = [arm["name"] for arm in record.arms]
        self._waves.append({"step": record.step, "arms": arms, "propensities": decision.propensities, "stop": decision.stop})
        self._tell("wave", self._waves[-1])

    def heard(self, event: RaceEvent) -> None:
        """Something happened to a candidate."""
        arm = event.arm
        if event.stage == "waiting":  # in waves an arm may answer again
            self._answers[arm] = self._answers.get(arm, 0) + 1
            self._candidates[arm, self._answers[arm]] = {"arm": arm, "answer": self._answers[arm], "stage": "", "characters": 0}
        seen = self._candidates[arm, self._answers[arm]]
        seen["characters"] += len(event.text)
        text = self._texts.pop(arm, "") + event.text
        moment = time.monotonic()
        if event.stage == seen["stage"] and event.result is None and moment - self._told.get(arm, 0.0) < GATHERED:
            self._texts[arm] = text
            return
        if text and event.stage != "generating":  # what was gathered before it went on
            self._tell("candidate", {**seen, "text": text})
            text = ""
        seen["stage"], self._told[arm] = event.stage, moment
        if event.result is not None:
            result = event.result
            seen |= {"passed": result.test_passed, "failure": result.failure, "error": result.error, "score": result.combined_score}
            seen |= {"seconds": result.generation_time, "tokens": result.tokens, "result_id": result.id}
        self._tell("candidate", {**seen, "text": text})

    def over(self, outcome: Outcome, reason: str, race: Race | None = None) -> None:
        """It has ended."""
        best = race.best.generator_name if race is not None and race.best is not None else None
        seconds = race.wall_seconds if race is not None else time.time() - self.about["started_at"]
        if self.id:
            self._tell("done", {"outcome": outcome, "reason": reason, "best": best, "wall_seconds": seconds})
        if self._also is not None:
            self._also.tell(None)

    def _tell(self, kind: Kind, data: dict[str, Any]) -> None:
        happening = Happening(kind, self.id, data)
        self._feed.tell(self, happening)
        if self._also is not None:
            self._also.tell(happening)
