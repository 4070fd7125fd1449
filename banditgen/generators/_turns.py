"""Whose turn it is on a host that may have to throw one model out to load another."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, deque
from collections.abc import AsyncIterator


class ModelTurns:
    """Lets requests for one model run together and keeps a load of another from pushing it out meanwhile.

    A request goes on at once when its model is resident or nobody else's is in use; otherwise it waits until those that
    came before it have left. First come, first served, so that no model waits for ever. Within a model at most
    `parallel` requests run at once.
    """

    def __init__(self, parallel: int) -> None:
        self._parallel = parallel
        self._inside: Counter[str] = Counter()
        self._waiting: deque[object] = deque()
        self._resident: set[str] = set()
        self._changed = asyncio.Condition()
        self._slots: dict[str, asyncio.Semaphore] = {}
        self.running = 0

    def know_resident(self, models: set[str]) -> None:
        """Tell what the host has in memory."""
        self._resident = models

    @contextlib.asynccontextmanager
    async def turn(self, model: str) -> AsyncIterator[int]:
        """Wait for the model's turn and a slot; the value is how many requests run now, this one included."""
        ticket = object()
        self._waiting.append(ticket)
        try:
            async with self._changed:
                await self._changed.wait_for(lambda: self._waiting[0] is ticket and self._may_enter(model))
                self._inside[model] += 1
        finally:
            self._waiting.remove(ticket)
            await self._wake()
        try:
            async with self._slots.setdefault(model, asyncio.Semaphore(self._parallel)):
                self.running += 1
                try:
                    yield self.running
                finally:
                    self.running -= 1
        finally:
            self._inside[model] -= 1
            await self._wake()

    def _may_enter(self, model: str) -> bool:
        return model in self._resident or all(name == model or not count for name, count in self._inside.items())

    async def _wake(self) -> None:
        async with self._changed:
            self._changed.notify_all()
