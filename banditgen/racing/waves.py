"""A race under way: its waves one after another, the arms of each side by side, until its plan has enough."""

from __future__ import annotations

import asyncio
import dataclasses
import re
from collections.abc import Awaitable, Callable, Collection, Sequence

import numpy as np

from banditgen.arm import GeneratorConfig
from banditgen.racing import telemetry
from banditgen.racing.candidate import RaceSetting, run_candidate, run_incumbent
from banditgen.racing.compared import compare
from banditgen.racing.events import OnEvent, RaceEvent
from banditgen.result import GenerationResult


async def _no_more(_results: Sequence[GenerationResult]) -> Sequence[GeneratorConfig]:
    return ()


@dataclasses.dataclass
class RacePlan:
    """How a race goes on after its first wave; by itself it does not.

    Args:
        more: the next wave's arms, given all results so far in the order in which they came; none ends the race.
        enough: whether what is still running in a wave is worth no more waiting, given the results so far.
        reliabilities: of the arms of some results, the chance that what they write is right; wanted where no tests judge candidates.
        seconds: after so long the race is over, whatever still runs; None is no limit.
        done: candidates of it that there are already.
        ended: why the race ended as it did, in words; filled in while it runs.
    """

    more: Callable[[Sequence[GenerationResult]], Awaitable[Sequence[GeneratorConfig]]] = _no_more
    enough: Callable[[Sequence[GenerationResult]], bool] | None = None
    reliabilities: Callable[[Sequence[GenerationResult]], Sequence[float]] | None = None
    seconds: float | None = None
    done: Sequence[GenerationResult] = ()
    ended: list[str] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True)
class RaceUnderWay:
    """A race whose waves run one after another.

    Args:
        setting: of each candidate.
        max_workers: how many generate at once, at least 1; the backend's own bound holds too.
        plan: how it goes on.
        on_event: hears of each arm's progress.
        rng: draws the order in which arms start.
        results: filled as they come, also where the race is interrupted.
        compared: what comparing the candidates showed after each wave, in words, where no tests judge them.
    """

    setting: RaceSetting
    max_workers: int
    plan: RacePlan
    on_event: OnEvent
    rng: np.random.Generator
    results: list[GenerationResult] = dataclasses.field(default_factory=list)
    compared: list[str] = dataclasses.field(default_factory=list)

    async def run(self, arms: Sequence[GeneratorConfig], incumbent: str | None = None) -> None:
        """Run wave after wave, the first of these arms, and then try the incumbent's code, if there is one."""
        step = 0
        try:
            async with asyncio.timeout(self.plan.seconds):
                while len(arms):
                    with telemetry.wave(step, len(arms)):
                        await self._run_wave(arms, step)
                    step += 1
                    await self._compare()
                    arms = await self.plan.more(self.results)
        except TimeoutError:
            self.plan.ended.append(f"it was over after its {self.plan.seconds:g} s")
        if incumbent is not None:
            self.results.append(await run_incumbent(self.setting, incumbent))
            await self._compare()

    async def _compare(self) -> None:
        if self.setting.task.kind == "none" and self.plan.reliabilities is not None:
            trusted = await asyncio.to_thread(self.plan.reliabilities, self.results)
            self.compared.extend(filter(None, [await compare(self.setting, self.results, trusted)]))

    async def _run_wave(self, arms: Sequence[GeneratorConfig], step: int) -> None:
        order = start_order(arms, self.rng)
        # the backend has a bound of its own, and sees all that wait: those of one model, of whatever race, go together
        slot = asyncio.Semaphore(self.max_workers)
        running, tested, over = dict[str, asyncio.Future[None]](), set[str](), False

        def cut_off() -> None:
            """Stop what waits or writes; what is being tested may end."""
            for name in running.keys() - tested:
                running[name].cancel()

        def stage(arm: GeneratorConfig, what: str, text: str) -> None:
            if what == "testing":
                tested.add(arm.name)
            self.on_event(RaceEvent(arm.name, what, text))

        async def one(arm: GeneratorConfig, node_id: str) -> None:
            nonlocal over
            self.on_event(RaceEvent(arm.name, "waiting"))
            result = await run_candidate(self._setting_of(arm), arm, node_id, slot, lambda what, text: stage(arm, what, text))
            result.step, result.price = step, self.setting.price(result)
            self.results.append(result)
            running.pop(arm.name, None)
            self.on_event(RaceEvent(arm.name, "done", result=result))
            enough = self.plan.enough
            if not over and running and enough is not None and await asyncio.to_thread(enough, list(self.results)) and not over:
                over = True
                self.plan.ended.append(f"after {arm.name} what still wrote was stopped")
                cut_off()

        for arm, node_id in zip(order, node_ids(self.setting.node_id, order, {result.node_id for result in self.results}), strict=True):
            running[arm.name] = asyncio.ensure_future(one(arm, node_id))
        tasks = list(running.values())
        try:
            ends = await asyncio.gather(*tasks, return_exceptions=True)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for end in ends:
            if isinstance(end, Exception):
                raise end

    def _setting_of(self, arm: GeneratorConfig) -> RaceSetting:
        """An arm's second answer is sampled from a seed of its own."""
        seed, before = self.setting.seed, sum(result.generator_name == arm.name for result in self.results)
        return self.setting if seed is None or not before else dataclasses.replace(self.setting, seed=seed + before)


def start_order(arms: Sequence[GeneratorConfig], rng: np.random.Generator) -> list[GeneratorConfig]:
    """Arms of one model together, in random order, so that no arm always pays for the model's load or its prompt."""
    models = list(dict.fromkeys(arm.model for arm in arms))
    order: list[GeneratorConfig] = []
    for index in rng.permutation(len(models)):
        group = [arm for arm in arms if arm.model == models[index]]
        order.extend(group[position] for position in rng.permutation(len(group)))
    return order


def node_ids(node_id: str, arms: Sequence[GeneratorConfig], taken: Collection[str] = ()) -> list[str]:
    """A node id for each arm, none of them `taken`: the race's, two underscores, and the arm's name in characters safe in a path."""
    ids: list[str] = []
    for arm in arms:
        own = f"{node_id}__{re.sub(r'[^A-Za-z0-9_.-]+', '_', arm.name)}"
        while own in ids or own in taken:
            own += "_"
        ids.append(own)
    return ids
