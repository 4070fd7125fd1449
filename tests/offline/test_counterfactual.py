"""What another strategy would have done on a history: covered where it is known, refused where nobody can say."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from banditgen import BanditGenerator, GeneratorConfig
from banditgen.bandit import choose, make_policy
from banditgen.history.base import DecisionRecord, RaceRecord
from banditgen.history.ids import new_id
from banditgen.history.store import History
from banditgen.offline.counterfactual import Logged, counterfactual
from banditgen.offline.evaluate import Log, compare
from banditgen.offline.replay import empty_state, observe
from banditgen.racing.record import describe_arm
from banditgen.result import GenerationResult
from banditgen.strategy import Strategy
from tests.cli.command import banditgen
from tests.clients import GOOD, Client
from tests.offline.test_evaluate import covers

RATES = np.linspace(0.2, 0.8, 4)
ARMS = tuple(GeneratorConfig(f"a{i}", f"m{i}", 0.1) for i in range(4))
UNIFORM = Strategy("uniform", arms=ARMS, k=2, policy="uniform")
LEARNED = Strategy("learned", arms=ARMS, k=2, policy="thompson")


def filled(path: Path, strategy: Strategy, rounds: int, rates: Any = RATES) -> History:
    """A history of races that the strategy decided, of arms that pass at these rates."""
    history, rng = History(path), np.random.default_rng(1)
    with BanditGenerator.open(strategy, backend=Client({f"m{i}": GOOD for i in range(4)}), history=history, seed=2) as bandit:
        for _ in range(rounds):
            decision = bandit.ask("t")
            told = [{"generator_name": arm.name, "test_passed": bool(rng.random() < rates[int(arm.name[1])])} for arm in decision.arms]
            bandit.tell(decision.id, [{**one, "quality_score": 0.9 if one["test_passed"] else 0.0} for one in told])
    return history


@pytest.mark.slow
def test_a_policy_that_learns_is_better_than_chance_on_a_log_of_chance(tmp_path: Path) -> None:
    history = filled(tmp_path / "h.db", UNIFORM, 150)
    found = counterfactual(history, UNIFORM, LEARNED)
    assert found.verdict == "better"
    assert found.decisions == 150
    assert found.comparison is not None
    assert covers(found.comparison.a, float(RATES.mean()) * 0.93)  # a pass is worth 0.7·0.9 + 0.3·1
    back = counterfactual(history, LEARNED, UNIFORM)
    assert back.verdict == "worse"
    history.close()


@pytest.mark.slow
def test_where_arms_are_alike_no_policy_is_better(tmp_path: Path) -> None:
    history = filled(tmp_path / "h.db", UNIFORM, 150, rates=np.full(4, 0.5))
    found = counterfactual(history, UNIFORM, LEARNED)
    assert found.verdict == "no difference beyond noise"
    history.close()


def test_what_a_log_cannot_say_is_refused(tmp_path: Path) -> None:
    history = filled(tmp_path / "h.db", UNIFORM, 12)
    short = counterfactual(history, UNIFORM, LEARNED)
    assert short.verdict == "can't say"
    assert "effective sample size" in short.why
    strange = Strategy("strange", arms=(GeneratorConfig("x", "m0", 0.7), *ARMS), k=2)
    found = counterfactual(history, UNIFORM, strange)
    assert (found.verdict, found.comparison) == ("can't say", None)
    assert "races what the log could not: x" in found.why
    history.close()
    empty = counterfactual(History("sqlite://"), UNIFORM, LEARNED)
    assert empty.why == "no logged decision was left to chance and answered"


def test_an_arm_that_never_races_takes_no_chance_from_another(tmp_path: Path) -> None:
    history = filled(tmp_path / "h.db", UNIFORM, 12)
    resting = GeneratorConfig("resting", "m0", 0.9, weight=0.0)
    strategy = dataclasses.replace(LEARNED, arms=(*ARMS, resting))
    read = Logged.read(history, UNIFORM)
    chances = read.chances((strategy, read.arms(history, strategy), 1))
    assert chances.sum(1) == pytest.approx(np.full(12, 2.0))
    history.close()


def test_decisions_that_left_nothing_to_chance_are_left_out_and_counted(tmp_path: Path) -> None:
    history = filled(tmp_path / "h.db", UNIFORM, 5)
    with BanditGenerator.open(UNIFORM, backend=Client({}), history=history, seed=3) as bandit:
        decision = bandit.ask("t", k=2, exploit=True)
        bandit.tell(decision.id, [{"generator_name": arm.name, "test_passed": True} for arm in decision.arms])
        bandit.tell(bandit.ask("t").id, [])
    found = counterfactual(history, UNIFORM, LEARNED)
    assert found.left_out == {"with nothing left to chance": 1, "with an outcome missing": 1}
    history.close()


@pytest.mark.slow
def test_a_strategy_against_itself_differs_by_nothing(tmp_path: Path) -> None:
    history = filled(tmp_path / "h.db", UNIFORM, 40)
    found = counterfactual(history, UNIFORM, dataclasses.replace(UNIFORM, name="copy"))
    assert found.comparison is not None
    assert found.comparison.difference.value == 0
    history.close()


@pytest.mark.slow
def test_the_command_answers_in_words_and_in_json(tmp_path: Path) -> None:
    filled(tmp_path / "h.db", UNIFORM, 40).close()
    for strategy in (UNIFORM, LEARNED):
        strategy.save(tmp_path / f"{strategy.name}.toml")
    command = ["replay", "--history", str(tmp_path / "h.db")]
    command += ["--strategy", str(tmp_path / "uniform.toml"), "--against", str(tmp_path / "learned.toml")]
    done = banditgen(*command, "--json")
    answer = json.loads(done.stdout)
    assert (answer["a"]["strategy"], answer["b"]["strategy"], answer["decisions"]) == ("uniform", "learned", 40)
    low, high = answer["difference"]["interval"]
    assert low < answer["difference"]["value"] < high
    assert "learned against uniform: " in banditgen(*command).stderr


@pytest.mark.slow
def test_intervals_of_a_difference_cover_it_on_adaptive_logs() -> None:
    """At exactly 95 %, fewer than 32 of 40 cover in 1 of 10,000 test runs; of two equal policies none is called better."""
    good, equal = np.eye(4)[[2, 3]].sum(0), np.array([0.6, 0.4, 0.4, 0.6])
    covered, called = 0, 0
    for seed in range(40):
        rng, state, policy = np.random.default_rng(seed), empty_state(ARMS, np.ones(4), 1), make_policy("thompson")
        arms, rewards, q = np.empty((200, 2), np.int64), np.empty((200, 2)), np.empty((200, 4))
        for t in range(200):
            choice = choose(policy, state, 2, rng, particles=32, exploration=0.2)
            arms[t], q[t] = choice.arms, choice.propensities
            rewards[t] = rng.random(2) < RATES[arms[t]]
            observe(state, arms[t : t + 1], rewards[t : t + 1])
        log, uniform = Log(arms, rewards, q), np.full(4, 0.5)
        one, other = compare(log, uniform, good, minimum=20), compare(log, uniform, equal, minimum=20)
        covered += covers(one.difference, float(RATES[2:].mean() - RATES.mean()))
        called += not covers(other.difference, 0.0)
    assert covered >= 32
    assert called <= 8


@pytest.mark.slow
def test_posteriors_are_those_of_the_whole_log_up_to_then(tmp_path: Path) -> None:
    """What decisions that cannot be compared taught counts, too: exploited, another strategy's, told by hand; later ones don't."""
    history = History(tmp_path / "h.db")
    client = Client({f"m{i}": GOOD for i in range(4)})
    with (
        BanditGenerator.open(UNIFORM, backend=client, history=history, seed=2) as bandit,
        BanditGenerator.open(dataclasses.replace(LEARNED, name="other", k=1), backend=client, history=history, seed=3) as other,
    ):

        def answer(decision: Any, best: str) -> None:
            told = [{"generator_name": arm.name, "test_passed": arm.name == best} for arm in decision.arms]
            bandit.tell(decision.id, [{**one, "quality_score": 0.9 if one["test_passed"] else 0.0} for one in told])

        answer(bandit.ask("t"), "a0")
        waits = bandit.ask("t")  # decided before anything else was known, told at the end
        for _ in range(25):
            answer(other.ask("t", exploit=True), "a2")
            other.racer.record_success("a2", "t", True)
            other.racer.record_success("a0", "t", False)
        answer(bandit.ask("t"), "a2")
        answer(waits, "a2")
    read = Logged.read(history, UNIFORM)
    assert [decision.id == waits.id for decision in read.decisions] == [False, False, True]
    chances = read.chances((LEARNED, read.arms(history, LEARNED), 0))
    column = read.column[ARMS[2].arm_id]
    assert chances[1, column] > 0.9
    assert chances[2, column] < 0.9
    history.close()


@pytest.mark.slow
def test_races_of_every_arm_stand_beside_those_of_two_and_say_the_same_of_a_policy(tmp_path: Path) -> None:
    """Full-matrix evidence has chance 1 for each arm; an interval from it and from chance's own log holds the truth, and no row is lost."""
    history, rng = filled(tmp_path / "h.db", UNIFORM, 100), np.random.default_rng(5)
    described = [describe_arm(arm) for arm in ARMS]
    for number in range(150):
        some = described if number < 140 else described[:1]
        detail = {"eligible": {arm["name"]: arm["arm_id"] for arm in some}}
        decision = DecisionRecord(new_id(), "t", some, "bench", {str(arm["name"]): 1.0 for arm in some}, detail=detail)
        history.add_decision(decision)
        passed = [bool(rng.random() < RATES[int(str(arm["name"])[1])]) for arm in some]
        results = [
            GenerationResult(arm["name"], "x", 0.0, arm["model"], 0.1, ok, verified=True, id=new_id(), quality_score=0.9 * ok)
            for arm, ok in zip(some, passed, strict=True)
        ]
        for result, arm in zip(results, some, strict=True):
            result.arm_id, result.speed_score = arm["arm_id"], 1.0
        history.add_race(RaceRecord(decision.id, "t", {"kind": "told"}, results, results[0].id))
    best = dataclasses.replace(UNIFORM, arms=ARMS[2:])
    found = counterfactual(history, UNIFORM, best)
    assert found.comparison is not None
    assert (found.decisions, found.left_out) == (240, {"in which not all of their arms could race": 10})
    worth = 0.7 * 0.9 + 0.3
    assert covers(found.comparison.a, float(RATES.mean()) * worth)
    assert covers(found.comparison.b, float(RATES[2:].mean()) * worth)
    assert found.verdict == "better"
    history.close()
