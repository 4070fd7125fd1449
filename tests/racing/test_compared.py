"""Races without tests: who wins is who is most likely right, and how likely is said."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Mapping
from typing import Any

import pytest

from banditgen import BanditGenerator, GeneratorConfig, ParallelGenerator, SandboxError, Strategy, Task
from banditgen.result import CONFIDENCE
from banditgen.sandbox.base import Execution
from banditgen.sandbox.default import shared_sandbox
from banditgen.strategy import Spending
from tests.clients import GOOD, Client

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's")
PROMPT = "Write double(x: int), twice the number.\n>>> double(4)\n8\n"
ARMS = [GeneratorConfig(f"arm{i}", f"model{i}") for i in range(4)]


def answer(expression: str) -> str:
    return f"```python\ndef double(x: int) -> int:\n    return {expression}\n```"


def opened(answers: Mapping[str, str], history: Any = "sqlite://", **race: Any) -> BanditGenerator:
    strategy = dataclasses.replace(Strategy.load("balanced"), race=Spending(**race)).with_arms(ARMS[: len(answers)])
    return BanditGenerator.open(strategy, backend=Client(answers), history=history, seed=1)


@pytest.mark.slow
def test_the_winner_is_the_likeliest_and_says_how_likely() -> None:
    answers = {"model0": answer("x"), "model1": answer("2 * x"), "model2": answer("x + x"), "model3": "no code"}
    with opened(answers) as bandit:
        for prompt in ("Write double(x: int), twice the number.", PROMPT):
            race = bandit.run(Task(prompt, task_type="text"), k=4)
            assert race.best is not None
            assert race.best.model_used in {"model1", "model2"}
            assert race.results[0] is race.best
            assert race.best.confidence == race.best.measures[CONFIDENCE]
            assert f"the likeliest of 3 to be right, {race.best.confidence:.0%}" in race.reason or "combined score" in race.reason
            assert "2 of 3 candidates behave like it" in race.reason
            likely = {result.model_used: result.confidence for result in race.results}
            assert likely["model1"] == likely["model2"] == max(chance for chance in likely.values() if chance)
            assert likely["model1"] != likely["model0"]
            assert likely["model3"] is None
            stored = bandit.history.race(race.id)
            assert stored is not None
            assert {result.model_used: result.confidence for result in stored.results} == likely
        tested = bandit.run(Task("Write double(x).", tests="assert double(2) == 4"), k=3)
        assert all(result.confidence is None for result in tested.results)
        assert "text" not in bandit.generator_stats, "nothing of it is a verdict"


@pytest.mark.slow
def test_where_nothing_tells_them_apart_it_is_the_most_reliable_arms() -> None:
    """What tests taught before, on this type or another, decides; without a session it is what the history tells."""
    answers = {f"model{i}": answer(f"2 * x + {i + 1}" if i != 2 else "2 * x") for i in range(4)}
    with opened(answers) as bandit:
        for _ in range(4):
            bandit.run(Task("Write double(x).", tests="assert double(2) == 4", task_type="text"), k=4)
        for task_type in ("text", "other"):
            race = bandit.run(Task("Write it: a thing", task_type=task_type), k=4)
            assert race.best is not None
            assert race.best.model_used == "model2"
        racer = ParallelGenerator(Client(answers), history=bandit.history)
        first = racer.generate_parallel("Write it", ARMS, "n", "d", task=Task("Write it", task_type="text"))[0]
        assert first.model_used == "model2"


def test_a_runner_of_the_callers_decides_who_ran_and_behaviour_who_wins() -> None:
    class Runner:
        def save_code(self, node_id: str, code: str) -> None: ...

        def run_node(self, node_id: str, payload: Any) -> tuple[str, str, dict[str, Any]]:
            return "", "", {"exit_code": int(node_id.endswith("arm2")), "latency_ms": 1.0}

    answers = {"model0": answer("x"), "model1": answer("2 * x"), "model2": answer("x + x"), "model3": answer("x ** 2")}
    results = ParallelGenerator(Client(answers), Runner()).generate_parallel(PROMPT, ARMS, "node", "d")
    assert results[0].generator_name == "arm1"
    assert [result.generator_name for result in results if not result.test_passed] == ["arm2"]


class Failing:
    """A sandbox that runs candidates, and fails where they are asked."""

    name = "failing"

    def run(self, code: str, task: Task) -> Execution:
        if "\nask(" in code:
            raise SandboxError("no worker is left")
        return shared_sandbox().run(code, task)

    def isolation(self) -> dict[str, str]:
        return {}

    def close(self) -> None: ...


class Counting:
    """A sandbox that keeps which candidates were asked what they do."""

    name = "counting"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def run(self, code: str, task: Task) -> Execution:
        if "\nask(" in code:
            self.asked.append(code.rpartition("\nask(")[2].partition(", ")[0])
        return shared_sandbox().run(code, task)

    def isolation(self) -> dict[str, str]:
        return {}

    def close(self) -> None: ...


def test_a_race_in_waves_asks_each_candidate_once() -> None:
    sandbox = Counting()
    answers = {f"model{i}": answer(f"x + {i % 3}") for i in range(4)}
    strategy = dataclasses.replace(Strategy.load("balanced"), race=Spending(spend="waves", width=1, budget=4.0)).with_arms(ARMS)
    with BanditGenerator.open(strategy, backend=Client(answers), history="sqlite://", sandbox=sandbox, seed=1) as bandit:
        race = bandit.run(Task("Write double(x: int), twice the number."), k=4)
    assert len({result.step for result in race.results}) > 1
    assert sorted(sandbox.asked) == sorted({repr(result.code) for result in race.results})


def test_a_sandbox_that_fails_ends_no_race() -> None:
    with BanditGenerator.open(
        Strategy.load("balanced").with_arms(ARMS[:2]),
        backend=Client({"model0": GOOD, "model1": GOOD}),
        history="sqlite://",
        sandbox=Failing(),
    ) as bandit:
        race = bandit.run(Task(PROMPT), k=2)
    assert race.best is not None
    assert race.best.confidence is None
    assert "the candidates were not compared: no worker is left" in race.reason


@pytest.mark.slow
def test_waves_go_on_while_another_is_worth_its_price() -> None:
    """Without tests an arm's gain shrinks with the chance that the choice is right already; the price is that of races with tests."""
    same = {f"model{i}": answer(right) for i, right in enumerate(("2 * x", "x + x", "x * 2", "x << 1"))}
    with opened(same, spend="waves", width=1) as bandit:
        sure = bandit.run(Task(PROMPT), k=4)
    assert sure.best is not None
    assert len(sure.results) < 4
    assert (sure.best.confidence or 0) >= 0.9
    assert "below its price" in sure.reason
    with opened({f"model{i}": answer(str(i)) for i in range(4)}, spend="waves", width=1) as bandit:
        unsure = bandit.run(Task("Write double(x: int), twice the number."), k=4)
    assert len(unsure.results) > len(sure.results)
    assert all((result.confidence or 0) < 0.9 for result in unsure.results)
