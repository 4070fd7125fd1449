"""Where the next request of several that wait goes, on hosts that hold few models at a time."""

from __future__ import annotations

import asyncio
import dataclasses
from collections import Counter, deque
from collections.abc import Sequence

from banditgen.generators._pool_host import PoolHost

_TURN = 8  # generations of one model on a slot, before what waits for another model is let in
_LOADS = 4  # a turn takes at least as long as so many loads: then a fifth of the time at most goes into them
_LOAD_SECONDS = 0.0  # of a model whose load was not seen yet: it is tried
_SECONDS = 5.0  # of a generation, likewise


Kind = tuple[str, tuple[str, ...]]


@dataclasses.dataclass(eq=False)
class Ticket:
    """A request that waits.

    Args:
        model: `model_key` of its model.
        race: whose it is.
        hosts: where it may go.
        place: where it goes, in time.
        patience: seconds that it waits where all of its hosts rest; None is without end.
    """

    model: str
    race: str
    hosts: Sequence[PoolHost]
    place: asyncio.Future[PoolHost]
    patience: float | None = None
    arrival: int = 0
    cold: bool = False  # whether the model has to be loaded where it goes
    alone: asyncio.TimerHandle | None = None  # while all of its hosts rest

    def __post_init__(self) -> None:
        self.kind: Kind = (self.model, tuple(host.name for host in self.hosts))


class Placing:
    """Gives waiting requests their hosts.

    Races take turns: a request of the race that has the least running goes first, of two the one that was served longer ago. It goes
    where its model is in memory and a slot is free; else to a host on which nothing runs and whose models nobody else waits for, though
    not while a model waits that is in no memory, nor where waiting for a slot has been seen to take less than the load. So requests for
    one model stay together, of whatever race they are; what they have overtaken for a turn gets the next host.
    """

    def __init__(self) -> None:
        self.waiting: list[Ticket] = []  # in order of arrival
        self._queues: dict[Kind, dict[str, deque[Ticket]]] = {}  # the same, by kind and race
        self._overtaken: Counter[Kind] = Counter()  # how often, of those that wait, since one of the kind was placed
        self._running: Counter[str] = Counter()
        self._served: dict[str, int] = {}  # by race, when last
        self._arrivals = self._turn = 0

    def add(self, ticket: Ticket) -> None:
        """Let a request wait."""
        self._arrivals += 1
        ticket.arrival = self._arrivals
        self.waiting.append(ticket)
        self._queues.setdefault(ticket.kind, {}).setdefault(ticket.race, deque()).append(ticket)

    def leave(self, ticket: Ticket) -> None:
        """A request waits no more; a second call does nothing."""
        if ticket not in self.waiting:
            return
        self.waiting.remove(ticket)
        races = self._queues[ticket.kind]
        races[ticket.race].remove(ticket)
        if not races[ticket.race]:
            del races[ticket.race]
        if not races:
            del self._queues[ticket.kind]
            self._overtaken.pop(ticket.kind, None)

    def dispatch(self) -> None:
        """Place all that can be placed now."""
        while (first := self._first()) is not None:
            ticket, host = first
            if ticket.place.done():  # it was cancelled, or gave up, just now
                self.leave(ticket)
                continue
            self.leave(ticket)
            self._overtaken.pop(ticket.kind, None)
            self._overtaken.update(other.kind for other in self._heads() if other.model != ticket.model)
            ticket.cold = host.take(ticket.model)
            self._turn += 1
            self._running[ticket.race], self._served[ticket.race] = self._running[ticket.race] + 1, self._turn
            ticket.place.set_result(host)

    def _first(self) -> tuple[Ticket, PoolHost] | None:
        """The first request that can be placed now, and where."""
        placed = [  # what holds for one holds for all of a kind
            (races[min(races, key=self._turn_of)][0], host)
            for races in self._queues.values()
            if (host := self._host(next(iter(races.values()))[0])) is not None
        ]
        return min(placed, key=lambda one: (self._turn_of(one[0].race), one[0].arrival), default=None)

    def _turn_of(self, race: str) -> tuple[int, int]:
        return self._running[race], self._served.get(race, 0)

    def release(self, ticket: Ticket, host: PoolHost) -> None:
        """A placed request has ended."""
        host.running[ticket.model] -= 1
        self._running[ticket.race] -= 1
        if not self._running[ticket.race]:
            del self._running[ticket.race]
        self.dispatch()
        if ticket.race not in self._running and not any(ticket.race in races for races in self._queues.values()):
            del self._served[ticket.race]

    def _host(self, ticket: Ticket) -> PoolHost | None:
        model = ticket.model
        usable = [host for host in ticket.hosts if not host.resting and host.free(model)]
        late, kept = self._kept() if usable and len(self._queues) > 1 else (None, None)
        if late is not None and late.model != model:
            usable = [host for host in usable if host is not kept]
        warm = [host for host in usable if model in host.warm]
        if warm:
            return min(warm, key=lambda host: (host.running[model] / host.width, host.seconds(model) or 0.0))
        idle = [host for host in usable if not host.busy and (host is kept or not self._wanted(host))]
        if not idle or not self._worth_a_load(ticket):
            return None
        return min(idle, key=lambda host: (len(host.warm), host.seconds(model) or 0.0))

    def _heads(self) -> list[Ticket]:
        """One request of each kind that waits."""
        return [next(iter(races.values()))[0] for races in self._queues.values()]

    def _kept(self) -> tuple[Ticket, PoolHost] | tuple[None, None]:
        """A request whose model is in no memory and that was overtaken for a turn; and the host that is kept free for it."""
        for ticket in self._heads():
            hosts = [host for host in ticket.hosts if not host.resting]
            if not hosts or self._overtaken[ticket.kind] < _TURN or any(ticket.model in host.warm for host in hosts):
                continue
            load = _mean([host.load_seconds(ticket.model) for host in hosts], _LOAD_SECONDS)
            turn = max(_TURN, _LOADS * load / _mean([host.seconds(ticket.model) for host in hosts], _SECONDS))
            if self._overtaken[ticket.kind] >= turn * sum(host.width for host in hosts):
                return ticket, min(hosts, key=lambda host: host.running.total())
        return None, None

    def _worth_a_load(self, ticket: Ticket) -> bool:
        """Whether the model is to be loaded on one more host."""
        model = ticket.model
        holding = [host for host in ticket.hosts if model in host.warm and not host.resting]
        if not holding:
            return True
        if any(not any(one.model in host.warm and not host.resting for host in one.hosts) for one in self._heads()):
            return False  # a model that is nowhere comes first
        ahead = sum(one.model == model for one in self.waiting) + sum(host.running[model] for host in holding)
        seconds = _mean([host.seconds(model) for host in ticket.hosts], _SECONDS)
        load = _mean([host.load_seconds(model) for host in ticket.hosts], _LOAD_SECONDS)
        return seconds * (ahead - 1) / sum(host.width for host in holding) > load

    def _wanted(self, host: PoolHost) -> bool:
        """Whether somebody waits for what a load might push out of the host's memory, and no other has in its own."""
        for ticket in self._heads():
            if host in ticket.hosts and ticket.model in host.warm and host.free(ticket.model):
                others = (other for other in ticket.hosts if other is not host and not other.resting)
                if not any(ticket.model in other.warm for other in others):
                    return True
        return False


def _mean(values: Sequence[float | None], otherwise: float) -> float:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else otherwise
