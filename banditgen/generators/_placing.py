"""Where the next request of several that wait goes, on hosts that hold few models at a time."""

from __future__ import annotations

import asyncio
import dataclasses
from collections import Counter
from collections.abc import Sequence

from banditgen.generators._pool_host import PoolHost

_PATIENCE = 8  # how often a waiting request is overtaken before hosts are kept free for it
_LOAD_SECONDS = 0.0  # of a model whose load was not seen yet: it is tried
_SECONDS = 5.0  # of a generation, likewise


@dataclasses.dataclass(eq=False)
class Ticket:
    """A request that waits.

    Args:
        model: `model_key` of its model.
        race: whose it is.
        hosts: where it may go.
        place: where it goes, in time.
    """

    model: str
    race: str
    hosts: Sequence[PoolHost]
    place: asyncio.Future[PoolHost]
    overtaken: int = 0
    cold: bool = False  # whether the model has to be loaded where it goes

    def __post_init__(self) -> None:
        self.kind = (self.model, tuple(host.name for host in self.hosts))


class Placing:
    """Gives waiting requests their hosts.

    Races take turns: a request of the race that has the least running goes first, of two the one that was served longer ago. It goes
    where its model is in memory and a slot is free; else to a host on which nothing runs, though not while a model waits that is in no
    memory, nor where waiting for a slot has been seen to take less than the load. So requests for one model stay together, and one that
    is overtaken too often is waited for.
    """

    def __init__(self) -> None:
        self.waiting: list[Ticket] = []
        self._running: Counter[str] = Counter()
        self._served: dict[str, int] = {}  # by race, when last
        self._turn = 0

    def dispatch(self) -> None:
        """Place all that can be placed now."""
        self.waiting = [ticket for ticket in self.waiting if not ticket.place.done()]
        while True:
            order = sorted(self.waiting, key=lambda ticket: (self._running[ticket.race], self._served.get(ticket.race, 0)))
            placed = self._first(order)
            if placed is None:
                return
            ticket, host = placed
            for older in self.waiting[: self.waiting.index(ticket)]:
                older.overtaken += older.model != ticket.model
            self.waiting.remove(ticket)
            host.running[ticket.model] += 1
            ticket.cold = ticket.model not in host.warm
            host.warm.add(ticket.model)  # on its way there: others of the model may follow
            self._turn += 1
            self._running[ticket.race], self._served[ticket.race] = self._running[ticket.race] + 1, self._turn
            ticket.place.set_result(host)

    def _first(self, order: Sequence[Ticket]) -> tuple[Ticket, PoolHost] | None:
        """The first request that can be placed now, and where; what holds for one holds for all of its model with the same hosts."""
        in_vain: set[tuple[str, tuple[str, ...]]] = set()
        for ticket in order:
            if ticket.kind in in_vain:
                continue
            if (host := self._host(ticket)) is not None:
                return ticket, host
            in_vain.add(ticket.kind)
        return None

    def release(self, ticket: Ticket, host: PoolHost) -> None:
        """A placed request has ended."""
        host.running[ticket.model] -= 1
        self._running[ticket.race] -= 1
        if not self._running[ticket.race]:
            del self._running[ticket.race]
        self.dispatch()
        if ticket.race not in self._running and all(one.race != ticket.race for one in self.waiting):
            del self._served[ticket.race]

    def _host(self, ticket: Ticket) -> PoolHost | None:
        model = ticket.model
        kept = next((one for one in self.waiting if one.overtaken >= _PATIENCE), None)
        usable = [
            host
            for host in ticket.hosts
            if not host.resting and host.free(model) and (kept is None or kept.model == model or host not in kept.hosts)
        ]
        warm = [host for host in usable if model in host.warm]
        if warm:
            return min(warm, key=lambda host: (host.running[model] / host.width, host.seconds(model) or 0.0))
        idle = [host for host in usable if not host.busy]
        if not idle or not self._worth_a_load(ticket):
            return None
        return min(idle, key=lambda host: (self._wanted(host), len(host.warm), host.seconds(model) or 0.0))

    def _worth_a_load(self, ticket: Ticket) -> bool:
        """Whether the model is to be loaded on one more host."""
        model = ticket.model
        holding = [host for host in ticket.hosts if model in host.warm and not host.resting]
        if not holding:
            return True
        if any(not any(one.model in host.warm and not host.resting for host in one.hosts) for one in self.waiting):
            return False  # a model that is nowhere comes first
        ahead = sum(one.model == model for one in self.waiting) + sum(host.running[model] for host in holding)
        seconds = _mean([host.seconds(model) for host in ticket.hosts], _SECONDS)
        load = _mean([host.load_seconds(model) for host in ticket.hosts], _LOAD_SECONDS)
        return seconds * (ahead - 1) / sum(host.width for host in holding) > load

    def _wanted(self, host: PoolHost) -> int:
        """How many wait for what a load might push out of the host's memory."""
        return sum(ticket.model in host.warm and host in ticket.hosts for ticket in self.waiting)


def _mean(values: Sequence[float | None], otherwise: float) -> float:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else otherwise
