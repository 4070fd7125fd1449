"""Where the next of several requests goes: simulated on hosts without any server, generation by generation."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from banditgen.generators._placing import Placing, Ticket
from banditgen.generators._pool_host import PoolHost


def host(name: str = "h", *, warm: Sequence[str] = (), loads: float = 0.0, room: int = 1) -> PoolHost:
    backend: Any = SimpleNamespace(concurrency=1, parallel=1)
    made = PoolHost(name, backend, warm=set(warm), room=room)
    made._seconds.update(m=1.0, n=1.0)  # as if some were seen
    made._loads.update(m=loads, n=loads)
    return made


async def served(hosts: Sequence[PoolHost], wanted: Sequence[tuple[str, str]], late: Sequence[tuple[str, str]] = ()) -> list[Ticket]:
    """Requests (race, model) in the order in which they are placed; of the late ones one comes whenever one has ended."""
    placing, order, running, coming = Placing(), list[Ticket](), deque[Ticket](), deque(late)
    loop = asyncio.get_running_loop()
    tickets: list[Ticket] = []

    def ask(race: str, model: str) -> None:
        tickets.append(Ticket(model, race, hosts, loop.create_future()))
        placing.add(tickets[-1])

    for race, model in wanted:
        ask(race, model)
    placing.dispatch()
    while len(order) < len(wanted) + len(late):
        placed = [ticket for ticket in tickets if ticket.place.done() and ticket not in order]
        order += placed
        running += placed
        assert running, "they wait for each other"
        ended = running.popleft()
        if coming:
            ask(*coming.popleft())
        placing.release(ended, ended.place.result())
        for one in hosts:  # what it would say of its memory
            assert len(one.warm) <= one.room
    return order


def loads(order: Sequence[Ticket]) -> int:
    return sum(ticket.cold for ticket in order)


def test_races_at_the_same_time_share_the_loads() -> None:
    """Three races of five arms on a host that holds one of their two models: it is loaded once, whoever began with which."""
    races = [("a", "mmmnn"), ("b", "nnmmm"), ("c", "mmmnn")]
    order = asyncio.run(served([host(warm="n", loads=3.0)], [(race, model) for race, models in races for model in models]))
    assert loads(order) == 1
    assert [ticket.model for ticket in order] == ["n"] * 6 + ["m"] * 9
    assert {ticket.race for ticket in order[6:9]} == {"a", "b", "c"}


def test_what_is_in_memory_goes_first() -> None:
    order = asyncio.run(served([host(warm="n", loads=3.0)], [("a", model) for model in "mnmnm"]))
    assert "".join(ticket.model for ticket in order) == "nnmmm"


def test_nobody_starves_however_many_want_the_other_model() -> None:
    """A turn is eight generations, or as many as four loads take; then the other model is loaded, and then it is its turn."""
    for seconds, turn in ((0.0, 8), (10.0, 40)):
        stream = [("busy", "m")] * 400
        order = asyncio.run(served([host(warm="m", loads=seconds)], [*stream[:50], *[("a", "n")] * 3], stream[50:]))
        assert [position for position, ticket in enumerate(order) if ticket.model == "n"] == [turn, turn + 1, turn + 2]
        assert loads(order) == 2


def test_two_models_with_endless_queues_take_turns() -> None:
    """With loads of ten generations' time a fifth of the time goes into them, and each race gets its share."""
    wanted = [(race, model) for race in "abcdefgh" for model in "mn" * 20]
    order = asyncio.run(served([host(warm="m", loads=10.0)], wanted))
    assert loads(order) <= len(wanted) / 40
    shares = Counter(ticket.race for ticket in order[: len(order) // 2])
    assert max(shares.values()) - min(shares.values()) <= 2


def test_a_second_host_of_the_same_model_takes_what_waits_for_another() -> None:
    """It need not wait for a turn where the model in use is in memory elsewhere, too; and nothing is loaded twice."""
    both = [host("h1", warm="m", loads=3.0), host("h2", warm="m", loads=3.0)]
    order = asyncio.run(served(both, [*[("a", "m")] * 4, ("b", "n")]))
    assert loads(order) == 1
    assert [ticket.model for ticket in order].index("n") <= 2


def test_a_host_that_holds_both_serves_both() -> None:
    order = asyncio.run(served([host(warm=["m", "n"], room=2)], [("a", "m"), ("a", "m"), ("b", "n"), ("b", "n")]))
    assert loads(order) == 0
    assert sorted(ticket.model for ticket in order[:2]) == ["m", "n"]
