"""The course of one race that a strategy decides: each wave drawn, remembered, announced and run, until one is enough."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence

from banditgen._checks import is_number
from banditgen.arm import GeneratorConfig
from banditgen.errors import UsageError
from banditgen.history.base import DecisionRecord
from banditgen.learning.decider import Once
from banditgen.race import ParallelGenerator
from banditgen.racing.beside import Beside
from banditgen.racing.callers import Callers
from banditgen.racing.decision import Decision, OnDecision, Race, finished
from banditgen.racing.events import OnEvent, check_listener
from banditgen.racing.waves import RacePlan
from banditgen.result import GenerationResult
from banditgen.scoring import SelectionCriteria
from banditgen.task import Task


def check_asked(task: object, deadline: object, on_event: object, on_decision: object) -> None:
    """Refuse what no race can be run on (UsageError names it), before anything is looked up or chosen."""
    if not isinstance(task, Task):
        raise UsageError(f"run needs a Task, not {type(task).__name__}: Task(prompt, …)")
    if deadline is not None and (not is_number(deadline) or not 0 < deadline < math.inf):
        raise UsageError(f"deadline must be a number of seconds above 0, not {deadline!r}")
    for name, listener in (("on_event", on_event), ("on_decision", on_decision)):
        check_listener(name, listener)


class DecidedRace:
    """One race, to be run once, on the background loop.

    Args:
        racer: races what is decided.
        waves: decides.
        keep: remembers a decision, on a thread.
        on_decision: hears of each wave before it starts.
        deadline: in seconds; None is no limit.
        first_pass: the race is over when a candidate has passed within the criteria.
    """

    def __init__(
        self,
        racer: ParallelGenerator,
        waves: Once,
        keep: Callable[[DecisionRecord], None],
        on_decision: OnDecision | None,
        deadline: float | None,
        *,
        first_pass: bool,
    ) -> None:
        self._racer, self._waves, self._keep, self._on_decision, self._first_pass = racer, waves, keep, on_decision, first_pass
        self._plan = RacePlan(self._more, waves.has_won if first_pass else waves.enough, waves.reliabilities, deadline)

    async def run(self, task: Task, criteria: SelectionCriteria, on_event: OnEvent | None, beside: Beside) -> Race:
        """The finished race."""
        decision = await asyncio.to_thread(self._waves.next, [])
        assert decision is not None
        await self._begin(decision)
        record = await self._racer.race(decision.record, decision.arms, task, on_event, criteria, self._plan, beside)
        race = finished(record, *self._waves.decisions)
        if race.best is not None and beside.node_id and self._racer.runner is not None:
            await Callers(task, self._racer.runner).save(beside.node_id, race.best.code)
        return race

    async def _begin(self, decision: Decision) -> None:
        await self._racer.prepare([arm.model for arm in decision.arms])
        await asyncio.to_thread(self._keep, decision.record)
        if self._on_decision is not None:
            self._on_decision(decision)

    async def _more(self, results: Sequence[GenerationResult]) -> Sequence[GeneratorConfig]:
        if self._first_pass and self._waves.has_won(results):
            self._plan.ended.append("it was over with the first pass")
            return ()
        following = await asyncio.to_thread(self._waves.next, results)
        if following is None:
            return ()
        if following.arms:
            await self._begin(following)
        else:
            await asyncio.to_thread(self._keep, following.record)
            self._plan.ended.append(self._waves.why)
        return following.arms
