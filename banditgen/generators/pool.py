"""Several hosts as one backend: a request goes where its model is in memory and free, and elsewhere when a host fails."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import random
from collections import Counter
from collections.abc import Sequence

from banditgen._text import one_line
from banditgen.arm import check_arms, model_key
from banditgen.errors import BackendError, UsageError
from banditgen.generators._placing import Placing, Ticket
from banditgen.generators._pool_host import PoolHost
from banditgen.generators.base import Generation, GenerationError, Generator, ModelInfo, OnText, Request
from banditgen.result import FailureKind, Timings

logger = logging.getLogger("banditgen.generators")

_LOOK_SECONDS = 15.0


class PoolGenerator:
    """Generates on several hosts.

    A request that a host has not begun to answer is taken over by another one that has the model; what was begun is never repeated. A
    host that fails rests, for longer each time, and is used again when it has written a token. Where hosts have a model under different
    digests, the name means the digest that most of them have; the others' is `NAME@HOST`, another model with evidence of its own.

    Args:
        hosts: name to backend, each of one host and without tries of its own; and how many requests per model it runs side by side,
            where that is to be another number than the backend says.
        slots: see there; by name.
        seed: of the rests' jitter.

    Raises:
        UsageError: no host.
    """

    def __init__(self, hosts: dict[str, Generator], *, slots: dict[str, int] | None = None, seed: int | None = None) -> None:
        if not hosts:
            raise UsageError("a pool needs at least one host")
        self.name = "hosts"
        self._hosts = [PoolHost(name, generator, (slots or {}).get(name)) for name, generator in hosts.items()]
        self._placing = Placing()
        self._jitter = random.Random(seed)  # noqa: S311  # rests are no secret
        self._looked = False
        self._listing: asyncio.Task[list[ModelInfo]] | None = None
        self._waking: set[asyncio.Task[None]] = set()

    @property
    def concurrency(self) -> int:
        """What the hosts that are in use can run side by side."""
        return max(1, sum(host.width for host in self._hosts if not host.resting))

    async def models(self) -> list[ModelInfo]:
        """What any host has, each name once.

        Raises:
            BackendError: no host answers.
        """
        looked = await asyncio.gather(*(self._look(host) for host in self._hosts))
        if not any(looked):
            raise BackendError("; ".join(f"{host.name}: {host.why}" for host in self._hosts))
        self._looked = True
        self._placing.dispatch()
        found: dict[str, ModelInfo] = {}
        for host in self._hosts:
            for key, info in host.models.items():
                name = info.name if self._has(host, key) else f"{info.name}@{host.name}"
                if model_key(name) not in found or found[model_key(name)].digest is None:
                    found[model_key(name)] = dataclasses.replace(info, name=name)
        return list(found.values())

    async def prepare(self, models: Sequence[str]) -> None:
        """Have the models loaded that are in no memory, each on a host of its own, as far as there are any that nobody uses or wants."""
        await self._listed()
        places = [self._where(name) for name in dict.fromkeys(models)]
        there = {key for key, hosts in places if any(key in host.warm for host in hosts)}
        idle = [host for host in self._hosts if not host.busy and not host.resting and not host.warm & there]
        asked = []
        for key, hosts in places:
            host = next((host for host in idle if host in hosts), None)
            if host is not None and key not in there:
                idle.remove(host)
                host.take(key)
                asked.append((host, key))
        try:
            await asyncio.gather(*(host.generator.prepare([host.models[key].name]) for host, key in asked), return_exceptions=True)
            for host, _ in asked:
                await self._remember(host)
        finally:
            for host, key in asked:
                host.running[key] -= 1
            self._placing.dispatch()

    async def generate(self, request: Request, on_text: OnText | None = None) -> Generation:
        """See `Generator.generate`. The wait for a host, and what others have tried in vain, is queue."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        await self._listed()
        [arm] = check_arms([request.arm])
        key, hosts = self._where(arm.model)
        if not hosts:
            raise GenerationError(FailureKind.INFRASTRUCTURE, f"no host has the model {one_line(request.arm.model, 80)}")
        failed: GenerationError | None = None
        while hosts:
            ticket = Ticket(key, request.race, hosts, loop.create_future(), request.deadlines.connect)
            try:
                host = await self._placed(ticket)
            except GenerationError as error:
                raise failed or error from None
            waited = loop.time() - started
            try:
                theirs = dataclasses.replace(arm, model=host.models[key].name)
                done = await host.generator.generate(dataclasses.replace(request, arm=theirs), on_text)
            except GenerationError as error:
                failed = GenerationError(
                    error.kind, f"{host.name}: {error.message}", text=error.text, timings=_later(error.timings, waited)
                )
                if not error.elsewhere:
                    raise failed from None
                self._rest(host, key, error.message)
                hosts = [other for other in hosts if other is not host]
            else:
                host.did(key, done, cold=ticket.cold)
                if ticket.cold:
                    await self._remember(host)
                return dataclasses.replace(done, timings=_later(done.timings, waited) or done.timings, model=request.arm.model)
            finally:
                self._placing.release(ticket, host)
        assert failed is not None
        raise failed

    async def aclose(self) -> None:
        """Close all hosts' backends."""
        tasks = [*self._waking, *([self._listing] if self._listing is not None else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(host.generator.aclose() for host in self._hosts))

    async def _listed(self) -> None:
        if self._looked:
            return
        if self._listing is None or self._listing.done():  # one looks for all that come at once, and all go on together
            self._listing = asyncio.ensure_future(self.models())
            self._listing.add_done_callback(lambda done: done.cancelled() or done.exception())
        try:
            await asyncio.shield(self._listing)
        except BackendError as error:
            raise GenerationError(FailureKind.INFRASTRUCTURE, one_line(error)) from None

    async def _look(self, host: PoolHost) -> bool:
        if host.resting:
            return False
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                await host.look()
        except TimeoutError:
            self._rest(host, "", f"it did not answer within {_LOOK_SECONDS:g} s")
            return False
        except Exception as error:  # noqa: BLE001  # whatever a backend raises
            self._rest(host, "", one_line(error))
            return False
        return True

    async def _remember(self, host: PoolHost) -> None:
        """See what a host holds after a load, which may have pushed something out."""
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                await host.look_at_memory()
        except Exception as error:  # noqa: BLE001  # whatever a backend raises: the generation is done
            logger.info("host %s: %s", host.name, one_line(error))

    def _digest(self, key: str) -> str | None:
        """The digest that a model's name means: the one that most hosts have, of several the first host's."""
        seen = Counter(host.models[key].digest for host in self._hosts if key in host.models and host.models[key].digest)
        return seen.most_common(1)[0][0] if seen else None

    def _has(self, host: PoolHost, key: str) -> bool:
        """Whether a host has what a model's name means; one that tells no digest is believed."""
        return key in host.models and host.models[key].digest in (None, self._digest(key))

    def _where(self, name: str) -> tuple[str, list[PoolHost]]:
        """A model's key, and the hosts that have it."""
        model, at, place = name.rpartition("@")
        if at and (named := [host for host in self._hosts if host.name == place]):
            return model_key(model), [host for host in named if model_key(model) in host.models]
        key = model_key(name)
        return key, [host for host in self._hosts if self._has(host, key)]

    async def _placed(self, ticket: Ticket) -> PoolHost:
        """Wait for a host; for one that rests no longer than for a connection."""
        self._placing.add(ticket)
        try:
            await asyncio.sleep(0)  # those who ask at the same time are all there before the first is placed
            self._placing.dispatch()
            self._watch([ticket])
            return await ticket.place
        except BaseException:
            if not ticket.place.done() or ticket.place.cancelled() or ticket.place.exception() is not None:
                self._placing.leave(ticket)
            else:
                self._placing.release(ticket, ticket.place.result())
            ticket.place.cancel()
            self._placing.dispatch()
            raise
        finally:
            if ticket.alone is not None:
                ticket.alone.cancel()

    def _watch(self, tickets: Sequence[Ticket]) -> None:
        """Count the time of those that wait for hosts which all rest."""
        loop = asyncio.get_running_loop()
        for ticket in tickets:
            alone = all(host.resting for host in ticket.hosts)
            if alone and ticket.alone is None and ticket.patience is not None:
                ticket.alone = loop.call_later(ticket.patience, _give_up, ticket)
            elif not alone and ticket.alone is not None:
                ticket.alone.cancel()
                ticket.alone = None

    def _rest(self, host: PoolHost, key: str, why: str) -> None:
        if host.resting:
            return
        logger.warning("host %s rests: %s", host.name, one_line(why))
        host.rest(why)
        self._watch(self._placing.waiting)

        async def wake() -> None:
            await host.wake(key, self._jitter)
            logger.warning("host %s is in use again", host.name)
            self._placing.dispatch()
            self._watch(self._placing.waiting)

        task = asyncio.ensure_future(wake())
        self._waking.add(task)
        task.add_done_callback(self._waking.discard)


def _give_up(ticket: Ticket) -> None:
    said = "; ".join(f"{host.name}: {host.why}" for host in ticket.hosts)
    if not ticket.place.done():
        ticket.place.set_exception(GenerationError(FailureKind.INFRASTRUCTURE, one_line(f"no host answers ({said})", 400)))


def _later(timings: Timings | None, waited: float) -> Timings | None:
    """Timings with what passed before the host was asked."""
    if timings is None:
        return None
    first = None if timings.first_token is None else timings.first_token + waited
    return dataclasses.replace(timings, wall=timings.wall + waited, queue=(timings.queue or 0.0) + waited, first_token=first)
