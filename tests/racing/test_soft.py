"""What a race without tests shows, and what of it reaches the bandit."""

from __future__ import annotations

from typing import Any

import pytest

from banditgen import BanditGenerator, GeneratorConfig, Strategy, Task
from banditgen.errors import StrategyError
from banditgen.history.store import History
from banditgen.learning.follow import Follower
from banditgen.racing.compared import from_even_odds
from banditgen.racing.soft import witnesses
from banditgen.result import LEVELS, FailureKind, GenerationResult
from banditgen.strategy import Learning
from tests.clients import GOOD, Client

ARMS = [GeneratorConfig("good", "good", 0.1), GeneratorConfig("bad", "bad", 0.1)]
CLIENT = {"good": GOOD, "bad": "```python\nboom\n```"}
TASK = Task("Write double(x).", task_type="t")


class Runner:
    def __init__(self) -> None:
        self.codes: dict[str, str] = {}

    def save_code(self, node_id: str, code: str) -> None:
        self.codes[node_id] = code

    def run_node(self, node_id: str, payload: Any) -> tuple[str, str, dict[str, Any]]:
        del payload
        return "", "", {"exit_code": int("boom" in self.codes[node_id])}


class Evaluator:
    def evaluate_full(self, *_: Any) -> dict[str, float]:
        return {"final_score": 0.8}


def opened(strategy: Strategy | None = None, **parts: Any) -> BanditGenerator:
    return BanditGenerator.open(strategy, arms=ARMS, backend=Client(CLIENT), history="sqlite://", seed=1, **parts)


def means(bandit: BanditGenerator) -> dict[str, float]:
    return {row.name: row.expected_reward for row in bandit.recommend("t")}


@pytest.mark.slow
def test_thirty_races_with_a_runner_an_evaluator_and_ratings_teach() -> None:
    """The arm that crashes falls, the one that is rated well rises; neither has an outcome, and it is said what this rests on."""
    with opened(node_runner=Runner(), evaluator=Evaluator()) as bandit:
        for _ in range(30):
            bandit.feedback(bandit.run(TASK, k=2).id, 0.9)
        assert means(bandit)["good"] > 0.6
        assert means(bandit)["bad"] < 0.3
        for row in bandit.recommend("t"):
            assert row.outcomes == 0
            assert row.soft > 5
        assert bandit.generator_stats == {}
        decision = bandit.ask("t", 1)
        assert [arm.name for arm in decision.arms] == ["good"]
        assert "soft evidence worth" in bandit.explain(decision).words
        assert isinstance(bandit.history, History)
        assert bandit.history.check_statistics() == []


@pytest.mark.slow
def test_ratings_alone_teach_also_long_after_the_race_and_corrections_count_once() -> None:
    with opened() as bandit:
        races = []
        for name in ("good", "bad") * 20:
            told = {"generator_name": name, "test_passed": True, "verified": False}
            races.append((name, bandit.tell(bandit.ask("t", 2).id, [told]).id))
        for name, race in races:
            bandit.feedback(race, float(name == "good"), who="ann")
        once = means(bandit)
        assert once["good"] > 0.75
        assert once["bad"] < 0.25
        for name, race in races:
            bandit.feedback(race, float(name == "good"), who="ann")
        assert means(bandit) == pytest.approx(once)
        for name, race in races:
            bandit.feedback(race, float(name == "bad"), who="ann")
        assert means(bandit)["bad"] == pytest.approx(once["good"])


def test_off_learns_nothing_of_it_and_a_strategy_says_so() -> None:
    strategy = Strategy.loads('[learning]\nwithout_tests = "off"\n[[arms]]\nname = "x"\nmodel = "y"\n', name="mine")
    assert strategy.learning == Learning("off")
    assert Strategy.loads(strategy.to_toml(), name="mine") == strategy
    assert strategy.hash != Strategy("mine", strategy.arms).hash
    assert "learning" not in Strategy("mine", strategy.arms).to_toml()
    with pytest.raises(StrategyError, match=r"line 2: learning\.without_tests: without_tests must be soft or off, not 'hard'"):
        Strategy.loads('[learning]\nwithout_tests = "hard"\n', name="mine")
    with opened(strategy) as bandit:
        for _ in range(5):
            bandit.run(TASK, k=2)
        assert means(bandit)["good"] == means(bandit)["bad"]
        assert [row.soft for row in bandit.recommend("t")] == [0, 0]


def result(name: str, **fields: Any) -> GenerationResult:
    return GenerationResult(name, "x = 1", 1.0, "m", 0.1, id=name, **fields)


def test_what_befell_all_is_said_of_none_and_what_was_no_arms_fault_of_nobody() -> None:
    crashed = [result(name, failure=FailureKind.ERROR, verified=False) for name in "ab"]
    assert witnesses(crashed) == []
    ran = result("c", test_passed=True, verified=False)
    assert {(one.result_id, one.kind, one.value) for one in witnesses([*crashed, ran])} == {
        ("a", "ran", 0.0),
        ("b", "ran", 0.0),
        ("c", "ran", 1.0),
    }
    others = [result("d", failure=FailureKind.INFRASTRUCTURE, verified=False), result("e", success=False, failure=FailureKind.EMPTY)]
    assert {one.result_id: one.value for one in witnesses([*others, ran])} == {"c": 1.0, "e": 0.0}


def test_beside_tests_the_runner_and_evaluator_are_compared_with_the_verdict() -> None:
    passed = result("a", test_passed=True, verified=True, channel="judged", measures={"quality": 0.9})
    wrong = result("b", failure=FailureKind.WRONG, verified=True, channel="judged", measures={"quality": 0.4})
    refused = result("c", failure=FailureKind.ERROR, verified=True, channel="runner")
    found = {(one.result_id, one.kind): one.value for one in witnesses([passed, wrong, refused], runner=True, evaluator=True)}
    runner = {("a", "runner"): 1.0, ("b", "runner"): 1.0, ("c", "runner"): 0.0}
    assert found == {**runner, ("a", "evaluator"): 0.9, ("b", "evaluator"): 0.4}
    assert witnesses([passed, wrong, refused]) == []


def test_behaviour_is_evidence_whatever_was_known_of_the_arm() -> None:
    """A chance that is no more than the arm's standing says nothing, from wherever it started; a rise or fall of it does."""
    for trust in (0.0, 0.1, 0.5, 0.9, 1.0):
        assert from_even_odds(trust, trust) == pytest.approx(0.5)
    assert from_even_odds(0.5, 0.1) == pytest.approx(0.9)
    assert from_even_odds(0.1, 0.5) == pytest.approx(0.1)
    agreed = result("a", test_passed=True, verified=False, measures={"agreed": 0.8})
    assert {(one.kind, one.value) for one in witnesses([agreed])} == {("ran", 1.0), ("agreed", 0.8)}


def test_a_verdict_that_is_told_later_shows_what_the_witnesses_were_worth() -> None:
    """What a race without tests saw of the candidate stands beside it: also how far others agreed, which stands beside no test."""
    with opened() as bandit:
        bandit.run(TASK, k=2)
        bandit.record_success("good", "t", True)
        bandit.record_success("bad", "t", False)
        seen = Follower(bandit.history, ARMS).read().soft
        assert seen["ran"].sum((0, 1))[[0, LEVELS]].tolist() == [[1, 0, 1], [0, 1, 1]]  # levels by fail, pass, no verdict
        assert seen["agreed"].sum((0, 1, 2))[:2].sum() >= 1
        assert isinstance(bandit.history, History)
        assert bandit.history.check_statistics() == []
        told = bandit.history.count()
    with opened() as bandit:
        bandit.run(Task("Write double(x).", task_type="t", tests="assert double(2) == 4"), k=2)
        bandit.record_success("good", "t", True)
        assert bandit.history.count()["results"] == told["results"] - 2  # a telling of what a test said is no outcome of its own
