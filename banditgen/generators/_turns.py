"""Whose turn it is on a host that may have to throw one model out to load another."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections import Counter
from collections.abc import AsyncIterator

_PATIENCE = 8  # how often a waiting request is overtaken by requests for models in memory


@dataclasses.dataclass(eq=False)
class _Ticket:
    model: str
    overtaken: int = 0


class ModelTurns:
    """Lets requests for one model run together and keeps a load of another from pushing it out meanwhile.

    A request whose model is resident or in use goes first, and beside other resident models. One whose model would have to be loaded
    waits until nobody uses another model and nobody waits for a resident one; it is overtaken only a few times, so that
    no model waits for ever. Within a model at most `parallel` requests run at once.
    """

    def __init__(self, parallel: int) -> None:
        self._parallel = parallel
        self._inside: Counter[str] = Counter()
        self._waiting: list[_Ticket] = []
        self._resident: set[str] = set()
        self._changed = asyncio.Condition()
        self._slots: dict[str, asyncio.Semaphore] = {}
        self.running = 0

    async def know_resident(self, models: set[str]) -> None:
        """Tell what the host has in memory."""
        self._resident = models
        await self._wake()

    @contextlib.asynccontextmanager
    async def turn(self, model: str) -> AsyncIterator[int]:
        """Wait for the model's turn and a slot; the value is how many requests run now, this one included."""
        ticket = _Ticket(model)
        self._waiting.append(ticket)
        try:
            await asyncio.sleep(0)  # those who ask at the same time are all there before the first is let in
            async with self._changed:
                await self._changed.wait_for(lambda: self._may_enter(ticket))
                self._inside[model] += 1
                for older in self._waiting[: self._waiting.index(ticket)]:
                    older.overtaken += older.model != model
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

    def _may_enter(self, ticket: _Ticket) -> bool:
        others = {model for model, count in self._inside.items() if count} - {ticket.model}
        at_hand = ticket.model in self._resident or self._inside[ticket.model] > 0
        # whoever else is inside and not resident may be loading, and about to push this one out
        free = others <= self._resident if at_hand else not others
        if any(one.overtaken >= _PATIENCE for one in self._waiting):
            return free and ticket is self._waiting[0]
        if at_hand:
            return free
        first = next(one for one in self._waiting if one.model not in self._resident)
        return free and first.model == ticket.model and not any(one.model in self._resident for one in self._waiting)

    async def _wake(self) -> None:
        async with self._changed:
            self._changed.notify_all()
