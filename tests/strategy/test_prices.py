"""Prices: what a generation cost in money, by result, arm and race, and budgets in it."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest

from banditgen.arm import GeneratorConfig
from banditgen.errors import StrategyError
from banditgen.generators.openai import OpenAIGenerator
from banditgen.history.store import History
from banditgen.result import FailureKind, GenerationResult, Timings
from banditgen.session import BanditGenerator
from banditgen.strategy import Strategy
from banditgen.strategy.prices import Price, Prices
from banditgen.strategy.spending import Spending
from banditgen.task import Task
from banditgen.testing.openai_server import Fault, HostModel, OpenAIServer
from tests.cli.command import banditgen

TASK = Task("Write add(a, b).", tests="assert add(1, 2) == 3")
TEXT = """
k = 2
[prices]
function = "tests.strategy.test_prices:by_hand"
[prices."gpt-4o"]
prompt = 2.5
cached = 1.25
completion = 10.0
[prices.local]
second = 0.001
request = 0.5
[[arms]]
name = "a"
model = "tiny"
"""


def loads(text: str) -> Strategy:
    return Strategy.loads(text, name="p")


def by_hand(result: GenerationResult) -> float:
    return len(result.text) / 4


def generation(model: str = "gpt-4o", **timings: Any) -> GenerationResult:
    return GenerationResult("a", "x", 2.0, model, 0.1, timings=Timings(2.0, **timings))


def test_a_price_is_of_tokens_seconds_and_requests() -> None:
    """Tokens from a cache have one of their own; what the host did not count makes it unknown, and infrastructure's failures have none."""
    plan = loads(TEXT)
    price = plan.prices.of
    assert price(generation(prompt_tokens=1000, completion_tokens=200)) == pytest.approx(0.0025 + 0.002)
    assert price(generation(prompt_tokens=1000, cached_tokens=400, completion_tokens=200)) == pytest.approx(0.0015 + 0.0005 + 0.002)
    assert price(generation(completion_tokens=200)) is None
    assert price(generation("LOCAL:latest")) == pytest.approx(0.502)
    other = generation("other")
    other.text = "12345678"
    assert price(other) == 2.0
    other.failure = FailureKind.INFRASTRUCTURE
    assert price(other) is None
    assert loads(plan.to_toml()) == plan
    assert loads(plan.to_toml()).hash == plan.hash != loads(TEXT.replace("2.5", "2.6")).hash


@pytest.mark.parametrize(
    "function", ["nobodys_module:price", "json:no_such", lambda _: -1, lambda _: "dear", lambda _: 1 / 0, lambda _: float("nan")]
)
def test_a_function_that_fails_leaves_the_price_unknown_and_says_so_once(function: object, caplog: pytest.LogCaptureFixture) -> None:
    prices = Prices(function=function)  # type: ignore[arg-type]
    assert [prices.of(generation()) for _ in range(3)] == [None] * 3
    assert [record.message[:24] for record in caplog.records] == ["prices stay unknown: the"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[prices.m]\nprompt = -1\n", "line 2: prices.m.prompt: prompt must be a finite number of at least 0, not -1"),
        ("[prices.m]\npromt = 1\n", "line 2: prices.m.promt: unknown key; did you mean prompt?"),
        ("[prices]\nm = 1\n", r"prices.m: must be a table"),
        ('[prices]\nfunction = "no colon"\n', "function must be a function or module:function"),
        ('[race]\nbudget = 1\nbudget_unit = "price"\n', r"a budget in price needs \[prices\]"),
    ],
)
def test_what_is_wrong_in_a_file_is_named(text: str, said: str) -> None:
    with pytest.raises(StrategyError, match=said):
        loads(text + '[[arms]]\nname = "a"\nmodel = "m"\n')


@pytest.mark.slow
def test_results_arms_and_races_say_what_they_cost(tmp_path: Path) -> None:
    """In Python and at the command; a failed candidate costs as well, one of the infrastructure's does not."""
    url = f"sqlite:///{tmp_path / 'h.db'}"
    good, bad = HostModel("good"), HostModel("bad", ["def add(a, b):\n", "    return 0\n"])
    arms = tuple(GeneratorConfig(name, name, 0.1) for name in ("good", "bad"))
    plan = Strategy("p", arms, k=2, prices=Prices({"good": Price(completion=1e6), "bad": Price(prompt=1e6)}), brief=False)
    with OpenAIServer([good, bad]) as server, BanditGenerator.open(plan, backend=OpenAIGenerator(server.url), history=url) as bandit:
        race = bandit.run(TASK)
        assert {result.generator_name: result.price for result in race.results} == {"good": 5.0, "bad": 3.0}
        assert race.price == 8.0
        assert race.tokens == (3 + 5) + (3 + 2)
        server.fail_next(Fault.SERVER_ERROR, Fault.SERVER_ERROR)
        assert bandit.run(TASK).price is None
        [arm] = [row for row in bandit.recommend("general") if row.name == "good"]
        assert arm.spent[1:] == (1.0, pytest.approx(race.best.generation_time), 8.0, 5.0)  # type: ignore[union-attr]
    with contextlib.closing(History(url)) as history:
        assert [cost.price for cost in history.costs(0.0, 9)] == [0.0, 8.0]
    shown = banditgen("history", "show", race.id, "--history", url)
    assert "13 tokens, 8 in money" in shown.stdout
    listed = json.loads(banditgen("arms", "list", "--json", "--history", url).stdout)
    assert {row["name"]: row["price"] for row in listed if row["name"] in ("good", "bad")} == {"good": 5.0, "bad": 3.0}


@pytest.mark.slow
def test_a_budget_in_money_is_kept_in_the_mean() -> None:
    """Two arms that fail always, one ten times as dear: races in waves spend what they may, and not what generations would."""
    models = [HostModel("cheap", ["def add(a, b):\n", "    return 0\n"]), HostModel("dear", ["def add(a, b):\n", "    return 1\n"])]
    arms = [GeneratorConfig(f"{model.name}{heat}", model.name.partition(":")[0], heat) for model in models for heat in (0.1, 0.5, 0.9)]
    prices = Prices({"cheap": Price(request=1.0), "dear": Price(request=10.0)})
    plan = Strategy(
        "p", tuple(arms), policy="best_set", prices=prices, race=Spending("waves", most=6, width=1, budget=6.0, budget_unit="price")
    )
    with (
        OpenAIServer(models) as server,
        BanditGenerator.open(plan, backend=OpenAIGenerator(server.url), history="sqlite://", seed=1) as bandit,
    ):
        spent = [bandit.run(TASK).price or 0.0 for _ in range(60)]
    assert sum(spent[20:]) / 40 == pytest.approx(6.0, rel=0.35)
