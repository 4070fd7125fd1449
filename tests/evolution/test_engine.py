"""Evolution on an executor: heats side by side, candidates tried elsewhere, and the same arms as without."""

from __future__ import annotations

import asyncio
import contextlib
from concurrent.futures import Executor, ThreadPoolExecutor

import pytest

from banditgen.arm import GeneratorConfig
from banditgen.errors import UsageError
from banditgen.evolution.offline import Evolved, evolve
from banditgen.evolution.plan import Plan
from banditgen.generators.base import Generation, ModelInfo, OnText, Request
from banditgen.history.store import History
from banditgen.race import ParallelGenerator
from banditgen.result import Timings
from banditgen.task import Task

TASKS = [Task(f"Write double(x), number {n}.", name=f"t{n}", tests="assert double(3) == 6") for n in range(3)]
ARMS = [GeneratorConfig("low", "one:1b", 0.1), GeneratorConfig("high", "one:1b", 0.9)]


class Planted:
    """Smaller temperatures pass more often; how long an answer takes has nothing to do with how long it is said to have taken."""

    name, concurrency = "planted", 4

    async def models(self) -> list[ModelInfo]:
        return [ModelInfo("one:1b"), ModelInfo("two:1b")]

    async def prepare(self, models: object) -> None:
        pass

    async def aclose(self) -> None:
        pass

    async def generate(self, request: Request, on_text: OnText | None = None) -> Generation:
        await asyncio.sleep(0.01 * ((request.seed or 0) % 3))
        right = (request.seed or 0) % 10 > 6 * request.arm.temperature
        return Generation("def double(x):\n    return " + ("2 * x" if right else "x") + "\n", Timings(0.1, eval=0.1), request.arm.model)


def evolved(executor: Executor | None = None, at_once: int = 1) -> tuple[Evolved, int]:
    """What comes out, and how many generations the history has kept."""
    with contextlib.closing(History("sqlite://")) as history:
        racer = ParallelGenerator(Planted(), history=history)
        plan = Plan(generations=2, population=2, seed=1, screened=1)
        found = evolve(racer, ARMS, ["one:1b", "two:1b"], TASKS, plan, executor=executor, at_once=at_once)
        return found, sum(len(race.results) for race in history.races(1000))


@pytest.mark.slow
def test_what_is_bred_does_not_depend_on_the_engine() -> None:
    with ThreadPoolExecutor(2) as threads:
        there, kept = evolved(threads, at_once=2)
    here, _ = evolved(at_once=2)
    assert there == here
    assert sum(arm.tries for arm in there.arms) <= kept == round(there.model_seconds / 0.1)


def test_heats_side_by_side_are_a_number() -> None:
    with pytest.raises(UsageError, match="at_once must be a whole number of at least 1, not 0"):
        evolved(at_once=0)
