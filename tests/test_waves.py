"""Live races in waves: they go on while that is worth its price, and everything about them is kept."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Callable
from typing import Any

import pytest

from banditgen import BanditGenerator, GeneratorConfig, Strategy, Task, UsageError
from banditgen.generators.base import Deadlines, Generation, ModelInfo, Request
from banditgen.history.store import History
from banditgen.learning.ledger import Ledger
from banditgen.result import FailureKind, Timings
from banditgen.strategy import Spending
from tests.clients import BAD, GOOD, Client

TASK = Task("Write double(x).", tests="assert double(2) == 4", task_type="text")
ARMS = [GeneratorConfig(f"arm{i}", f"model{i}") for i in range(5)]


def strategy(**race: Any) -> Strategy:
    return dataclasses.replace(Strategy.load("balanced"), race=Spending(**{"spend": "waves", "width": 1, **race})).with_arms(ARMS)


def opened(answers: list[str | Exception], history: Any = "sqlite://", seed: int = 1, **race: Any) -> BanditGenerator:
    client = Client({f"model{i}": answer for i, answer in enumerate(answers)})
    return BanditGenerator.open(strategy(**race), backend=client, history=history, seed=seed)


@pytest.mark.slow
def test_a_race_stops_where_one_passed_and_goes_on_where_all_failed() -> None:
    """Once what an arm does is known a pass ends the race, but for the stated share; failures go on, to the budget's credit."""
    with opened([GOOD] * 5) as bandit:
        generations = [len(bandit.run(TASK).results) for _ in range(12)]
    assert sum(generations[2:]) <= 12, generations
    with opened([BAD] * 5) as bandit:
        first = bandit.run(TASK)
        assert len(first.results) > 1
        assert first.best is None
        spent = [len(bandit.run(TASK).results) for _ in range(20)]
    assert sum(spent) / 20 <= 3.0 * 1.05 + 0.2, spent


def test_every_wave_and_the_stop_are_kept_with_their_chances() -> None:
    history = History("sqlite://")
    heard: list[Any] = []
    with opened([BAD, BAD, BAD, GOOD, BAD], history) as bandit:
        race = bandit.run(TASK, on_decision=heard.append)
    kept = history.decisions(race.id)
    assert [decision.step for decision in kept] == list(range(len(kept)))
    assert [decision.arms[0]["name"] for decision in kept if decision.arms] == [wave.arms[0].name for wave in race.waves]
    assert heard == race.waves
    assert race.waves[0] == race.decision
    assert race.waves[0].stop == 0
    for wave in race.waves:
        assert sum(wave.propensities.values()) == pytest.approx(1 - wave.stop)
        assert wave.propensities[wave.arms[0].name] > 0
        assert all(count > 0 for count in wave.propensities.values()), "an arm that failed may run again"
    if not kept[-1].arms:  # it stopped by choice
        assert kept[-1].detail["set_probability"] == pytest.approx(kept[-1].detail["stop"])
        assert "stopped after" in race.reason
    assert sorted(result.step for result in race.results) == list(range(len(race.results)))
    stored = history.race(race.id)
    assert stored is not None
    assert [result.step for result in stored.results] == [result.step for result in race.results]
    assert history.pending("text") == []
    assert race.model_seconds == pytest.approx(sum(result.generation_time for result in race.results))


@pytest.mark.slow
def test_the_budget_is_the_accounts_whoever_spends_it() -> None:
    """Two processes' sessions on one history keep one budget; another budget is another account; at once is nobody's."""
    history = History("sqlite://")
    with opened([BAD] * 5, history, seed=1) as one, opened([BAD] * 5, history, seed=2) as other:
        spent = [len(bandit.run(TASK).results) for _ in range(15) for bandit in (one, other)]
    assert sum(spent) / len(spent) <= 3 * 1.05 + 0.2
    found = Ledger(history).read("text", "balanced: 3 generations")
    assert (found.races, found.generations) == (30, sum(spent))
    with opened([BAD] * 5, history, seed=3, budget=2.0) as bandit:
        bandit.run(TASK)
        bandit.run(TASK, exploit=True)
    assert Ledger(history).read("text", "balanced: 2 generations").races == 1


@pytest.mark.slow
@pytest.mark.parametrize("unit", ["model_seconds", "tokens"])
def test_budgets_in_other_units(unit: str) -> None:
    with opened([GOOD] * 5, budget=50.0, budget_unit=unit) as bandit:
        for _ in range(3):
            assert bandit.run(TASK).best is not None


def test_a_backend_that_fails_ends_nobodys_race_early_and_costs_nothing() -> None:
    history = History("sqlite://")
    with opened([ConnectionError("down")] * 5, history) as bandit:
        race = bandit.run(TASK)
    assert {result.failure for result in race.results} == {FailureKind.INFRASTRUCTURE}
    assert Ledger(history).read("text", "balanced: 3 generations").generations == 0


class Slow:
    """A backend that streams: a first token at once, the rest after a while, by model."""

    name = "slow"
    concurrency = 8

    def __init__(self, seconds: dict[str, float]) -> None:
        self.seconds = seconds
        self.cancelled: list[str] = []

    async def models(self) -> list[ModelInfo]:
        return [ModelInfo(name) for name in self.seconds]

    async def prepare(self, models: Any) -> None:
        pass

    async def generate(self, request: Request, on_text: Callable[[str], None] | None = None) -> Generation:
        if on_text is not None:
            on_text("```python\n")
        try:
            await asyncio.sleep(self.seconds[request.arm.model])
        except asyncio.CancelledError:
            self.cancelled.append(request.arm.model)
            raise
        return Generation(GOOD, Timings(wall=self.seconds[request.arm.model]), request.arm.model)

    async def aclose(self) -> None:
        pass


class Seeded(Slow):
    """Answers at once and wrong, and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__({"model": 0.0})
        self.asked: list[Request] = []

    async def generate(self, request: Request, on_text: Callable[[str], None] | None = None) -> Generation:
        self.asked.append(request)
        return dataclasses.replace(await super().generate(request, on_text), text=BAD)


def test_an_arm_that_failed_may_answer_once_more_unless_it_would_say_the_same() -> None:
    """Each answer has a seed, a node and a row of its own; both are one race's pattern. At temperature 0 nobody is asked again."""
    history, backend = History("sqlite://"), Seeded()
    for temperature in (0.7, 0.0):
        arms = [GeneratorConfig("only", "model", temperature)]
        with BanditGenerator.open(strategy(most=3, budget=9.0).with_arms(arms), backend=backend, history=history, seed=1) as bandit:
            race = bandit.run(TASK)
        if not temperature:
            assert len(race.results) == 1
            continue
        assert [result.generator_name for result in race.results] == ["only"] * 3
        assert len({result.node_id for result in race.results}) == len({result.id for result in race.results}) == 3
        assert len({request.seed for request in backend.asked}) == 3
        stored = history.race(race.id)
        assert stored is not None
        assert len(stored.results) == 3
        with BanditGenerator.open(strategy().with_arms(arms), backend=backend, history=history, seed=1) as bandit:
            assert [row.outcomes for row in bandit.recommend("text")] == [3]


def test_what_still_writes_is_stopped_when_it_is_worth_no_more() -> None:
    """In a wave of three the first pass ends it; who was cut off is recorded as that and moves nothing."""
    history, backend = History("sqlite://"), Slow({f"model{i}": 0.05 if i == 0 else 30.0 for i in range(3)})
    arms = [GeneratorConfig(f"arm{i}", f"model{i}") for i in range(3)]
    with BanditGenerator.open(strategy(width=3).with_arms(arms), backend=backend, history=history, seed=1) as bandit:
        race = bandit.run(TASK, deadline=20)
        assert race.wall_seconds < 10
        assert [result.failure for result in race.results] == [None, FailureKind.CANCELLED, FailureKind.CANCELLED]
        assert sorted(backend.cancelled) == ["model1", "model2"]
        assert {(row.name, row.outcomes) for row in bandit.recommend("text")} == {("arm0", 1), ("arm1", 0), ("arm2", 0)}
    assert "stopped" in race.reason


class OneByOne(Slow):
    """Has one slot, and says when it begins; its first answer comes soon."""

    def __init__(self, seconds: dict[str, float]) -> None:
        super().__init__(seconds)
        self.slot = asyncio.Semaphore(1)

    async def generate(self, request: Request, on_text: Callable[[str], None] | None = None) -> Generation:
        async with self.slot:
            if on_text is not None:
                on_text("")
            done = await super().generate(request, on_text)
            self.seconds = dict.fromkeys(self.seconds, 30.0)
            return done


def test_what_waits_for_a_slot_when_the_race_is_over_is_asked_nothing_and_costs_nothing() -> None:
    backend = OneByOne({f"model{i}": 0.05 for i in range(3)})
    arms = [GeneratorConfig(f"arm{i}", f"model{i}") for i in range(3)]
    events: list[tuple[str, str]] = []
    with BanditGenerator.open(strategy(spend="at_once").with_arms(arms), backend=backend, history="sqlite://", seed=1) as bandit:
        race = bandit.run(TASK, k=3, first_pass=True, on_event=lambda event: events.append((event.arm, event.stage)))
    won, *others = race.results
    assert [result.failure for result in others] == [FailureKind.CANCELLED] * 2
    began = {arm for arm, stage in events if stage == "generating"}
    waited = next(result for result in others if result.generator_name not in began)
    assert waited.generation_time == 0
    assert waited.timings is not None
    assert waited.timings.queue == pytest.approx(waited.timings.wall)
    assert won.generator_name in began
    assert len(backend.cancelled) == len(began) - 1


@pytest.mark.slow
@pytest.mark.parametrize("spend", ["waves", "at_once"])
def test_a_deadline_and_the_first_pass_end_a_race(spend: str) -> None:
    backend = Slow({"model0": 0.05, "model1": 30.0, "model2": 30.0})
    arms = [GeneratorConfig(f"arm{i}", f"model{i}") for i in range(3)]
    plan = strategy(spend=spend, width=3).with_arms(arms)
    with BanditGenerator.open(plan, backend=backend, history="sqlite://", seed=1) as bandit:
        started = time.monotonic()
        race = bandit.run(TASK, k=3, first_pass=True)
        assert race.best is not None
        assert time.monotonic() - started < 10
    slow = Slow(dict.fromkeys(backend.seconds, 30.0))
    with BanditGenerator.open(plan, backend=slow, history="sqlite://", seed=1) as bandit:
        race = bandit.run(TASK, k=3, deadline=0.5)
        assert {result.failure for result in race.results} == {FailureKind.CANCELLED}
        assert "0.5 s" in race.reason
        for wrong in (0, -1, float("nan"), True):
            with pytest.raises(UsageError, match="deadline must be a number of seconds above 0"):
                bandit.run(TASK, deadline=wrong)


def test_the_criterias_generation_time_holds_while_the_race_runs() -> None:
    backend = Slow({"model0": 0.05, "model1": 30.0})
    arms = [GeneratorConfig(f"arm{i}", f"model{i}") for i in range(2)]
    plan = strategy(spend="at_once").with_arms(arms)
    plan = dataclasses.replace(plan, criteria=dataclasses.replace(plan.criteria, max_generation_time=0.5))
    with BanditGenerator.open(plan, backend=backend, history="sqlite://", seed=1, deadlines=Deadlines()) as bandit:
        race = bandit.run(TASK, k=2)
    assert race.best is not None
    [late] = [result for result in race.results if result.generator_name == "arm1"]
    assert late.failure is FailureKind.TIMEOUT
    assert "max_generation_time" in str(late.error)


@pytest.mark.slow
def test_a_strategys_race_table_is_read_and_written() -> None:
    made = strategy(most=6, budget=20.0, budget_unit="model_seconds")
    assert Strategy.loads(made.to_toml(), name=made.name) == made
    assert made.hash != strategy().hash
    for text, message in (
        ('[race]\nspend = "later"', "spend must be one of waves, at_once"),
        ("[race]\nmost = 0", "most must be a whole number"),
        ("[race]\nbudget = -1", "budget must be a finite number above 0"),
        ('[race]\nbudget_unit = "tokens"', "needs its number"),
        ("[race]\nwidht = 2", "did you mean width"),
    ):
        with pytest.raises(UsageError, match=message):
            Strategy.loads(f'models = "available"\n{text}\n', name="x")
