"""Where orders become races: the strategies' bandits, the races under way, and how they end when the service does."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from banditgen._loop import run_elsewhere
from banditgen.errors import BanditgenError, StrategyError
from banditgen.racing.decision import Race
from banditgen.service.events import Feed, Listener, Outcome, RaceSeen
from banditgen.service.metrics import Metrics
from banditgen.service.orders import RaceOrder
from banditgen.session import BanditGenerator
from banditgen.strategy import Strategy, known_strategies
from banditgen.strategy.spending import Spending

MOST_RACES = 2000  # at once; what comes beyond is told to come again
MOST_BUDGETS = 16  # whose bandits are kept
BEGUN_SECONDS = 1.0  # an answer that is streamed begins by then, also where models are still loading

logger = logging.getLogger("banditgen.service")


class ClosingError(Exception):
    """The service is ending, or has as many races as it can hold: come again."""


@dataclasses.dataclass(frozen=True)
class RunningRace:
    """A race that was ordered: `race` ends with it, `heard` tells of it, where that was wanted."""

    seen: RaceSeen
    race: asyncio.Future[Race]
    heard: Listener | None
    first: asyncio.Event  # its first wave was chosen

    async def begun(self) -> None:
        """Wait until its first wave was chosen, or as long as an answer may wait with its first word.

        Raises:
            BanditgenError: it failed before that.
        """
        waiting: asyncio.Future[Any] = asyncio.ensure_future(self.first.wait())
        try:
            await asyncio.wait({waiting, self.race}, timeout=BEGUN_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        if self.race.done():
            self.race.result()

    async def over(self) -> Race:
        """The race, when it has ended.

        Raises:
            ClosingError: the service ended it.
            BanditgenError: it failed.
        """
        await asyncio.wait({self.race})
        if self.race.cancelled():
            raise ClosingError("the race was cancelled, as the service is ending")
        return self.race.result()

    async def cancel(self) -> None:
        """End it, if it still runs; what was cancelled is recorded when this returns."""
        self.race.cancel()
        await asyncio.wait([self.race])


class Desk:
    """Races what is ordered with a bandit for each strategy, all on one backend, one history and one sandbox.

    Args:
        bandit: of the default strategy; it stays its owner's, to be closed after the desk.
        parts: what the bandits of other strategies are opened with, as `BanditGenerator.open` takes it.
    """

    def __init__(self, bandit: BanditGenerator, parts: Mapping[str, Any] | None = None) -> None:
        self.bandit = bandit
        self.feed = Feed()
        self.metrics = Metrics()
        self._parts = dict(parts or {})
        self._bandits = {bandit.strategy.name: bandit}
        self._budgets: OrderedDict[tuple[str, Spending], BanditGenerator] = OrderedDict()
        self._opening = asyncio.Lock()
        self._running: set[asyncio.Future[Race]] = set()
        self.closing = False

    def strategies(self) -> list[str]:
        """The names of those that may be asked for."""
        return sorted({self.bandit.strategy.name, *known_strategies()})

    async def of(self, strategy: str | None) -> BanditGenerator:
        """The bandit of a strategy, by its name; None is the default.

        Raises:
            StrategyError: no such strategy, or one that is wrong.
        """
        if strategy is None:
            return self.bandit
        async with self._opening:
            if strategy not in self._bandits:
                path = known_strategies().get(strategy)
                if path is None:
                    raise StrategyError(f"no strategy {strategy!r} here: there are {', '.join(self.strategies())}")
                plan = await asyncio.to_thread(Strategy.load, path)
                listed = plan.models is None or await self.models()
                self._bandits[strategy] = await self._opened(plan if listed else plan.with_arms(self.bandit.arms))
        return self._bandits[strategy]

    async def models(self) -> list[str]:
        """The models that the backend has now.

        Raises:
            BackendError: it does not answer.
        """
        return [model.name for model in await run_elsewhere(self.bandit.backend.models())]

    async def start(self, order: RaceOrder, *, heard: bool = False) -> RunningRace:
        """Begin a race; where it is to be heard of, `RunningRace.heard` does.

        Raises:
            ClosingError: the service takes no more now.
            BanditgenError: the order cannot be raced.
        """
        if self.closing or len(self._running) >= MOST_RACES:
            raise ClosingError("the service is ending" if self.closing else f"{MOST_RACES} races are under way: come again later")
        bandit = await self._for(order)
        listener, first, loop = Listener() if heard else None, asyncio.Event(), asyncio.get_running_loop()
        about = {"task_type": order.task.context, "strategy": bandit.strategy.name, "dialect": order.dialect, "prompt": order.task.prompt}
        seen = RaceSeen(self.feed, about, lambda: loop.call_soon_threadsafe(first.set), listener)
        race = asyncio.ensure_future(self._race(bandit, order, seen))
        self._running.add(race)
        race.add_done_callback(self._ended)
        return RunningRace(seen, race, listener, first)

    def _ended(self, race: asyncio.Future[Race]) -> None:
        self._running.discard(race)
        if not race.cancelled():
            race.exception()  # whoever waits for it hears of it; nobody may

    async def _race(self, bandit: BanditGenerator, order: RaceOrder, seen: RaceSeen) -> Race:
        with self.metrics.race(order.dialect) as ended:
            try:
                race = await bandit.arun(
                    order.task,
                    order.k,
                    exploit=order.exploit,
                    first_pass=order.first_pass,
                    deadline=order.timeout,
                    on_event=seen.heard,
                    on_decision=seen.decided,
                )
            except asyncio.CancelledError:
                ended("cancelled")
                seen.over("cancelled", "it was cancelled")
                raise
            except Exception as error:
                ended("failed")
                seen.over("failed", str(error) if isinstance(error, BanditgenError) else "an error of the service's own")
                raise
            outcome: Outcome = "none" if race.best is None else "passed"
            ended(outcome, race.results)
            seen.over(outcome, race.reason, race)
            return race

    async def _for(self, order: RaceOrder) -> BanditGenerator:
        bandit = await self.of(order.strategy)
        if order.budget is None:
            return bandit
        race = dataclasses.replace(bandit.strategy.race, spend="waves", budget=order.budget, budget_unit=order.budget_unit)
        return await self._budgeted(bandit.strategy, race)

    async def _budgeted(self, strategy: Strategy, race: Spending) -> BanditGenerator:
        plan = dataclasses.replace(strategy, race=race)
        key = (plan.name, race)
        async with self._opening:
            if key not in self._budgets:
                self._budgets[key] = await self._opened(plan)
                while len(self._budgets) > MOST_BUDGETS:
                    self._budgets.popitem(last=False)  # it owns nothing, and its races go on
            self._budgets.move_to_end(key)
            return self._budgets[key]

    async def _opened(self, plan: Strategy) -> BanditGenerator:
        return await BanditGenerator.aopen(plan, backend=self.bandit.backend, history=self.bandit.history, **self._parts)

    async def close(self, grace: float) -> None:
        """Take no more orders, let races end by themselves for so many seconds, then cancel them; all are recorded when this returns."""
        self.closing = True
        if self._running:
            await asyncio.wait(self._running, timeout=grace)
        for race in list(self._running):
            race.cancel()
        if self._running:
            await asyncio.wait(self._running)
        self.feed.close()
