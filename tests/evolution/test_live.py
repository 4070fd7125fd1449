"""Live evolution: births, trials and retirement on real histories; other processes see the same arms; the share stays bounded."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from banditgen import BanditGenerator, GeneratorConfig, Strategy
from banditgen.arm import arm_settings
from banditgen.history.base import ArmEvent, ArmRecord
from banditgen.history.store import History
from banditgen.strategy.evolution import Evolution
from tests.clients import Client

FOUNDERS = [GeneratorConfig(f"t{heat:g}", "model", heat, max_tokens=500) for heat in (0.1, 0.9, 1.3)]
EVOLUTION = Evolution(every=10, max_arms=5, trial=15, trial_share=0.4)
PLAN = Strategy("live", arms=tuple(FOUNDERS), k=2, policy="best_set", evolution=EVOLUTION)
Rate = Callable[[Any], float]


def opened(store: History, plan: Strategy = PLAN, seed: int = 1) -> BanditGenerator:
    return BanditGenerator.open(plan, backend=Client({}), history=store, seed=seed)


def race(bandit: BanditGenerator, rate: Rate, races: int, seed: int = 0, task_type: str = "t") -> list[Any]:
    """The decisions, each told by the arms' true rates."""
    rng, decisions = np.random.default_rng(seed), []
    for _ in range(races):
        decision = bandit.ask(task_type)
        told = [
            {"generator_name": arm.name, "test_passed": bool(rng.random() < rate(arm)), "quality_score": 0.9} | {"generation_time": 2.0}
            for arm in decision.arms
        ]
        bandit.tell(decision.id, [t if t["test_passed"] else {**t, "quality_score": 0.1} for t in told])
        decisions.append(decision)
    return decisions


def bear(store: History, name: str, temperature: float, *, parents: list[GeneratorConfig] = FOUNDERS[:1]) -> GeneratorConfig:
    """A child by hand, as live evolution writes one."""
    child = GeneratorConfig(name, "model", temperature, max_tokens=500)
    ids = [parent.arm_id for parent in parents]
    store.add_arms([ArmRecord(child.arm_id, child.name, child.model, arm_settings(child), ids, "evolved")])
    detail = {"parents": ids, "shares": [1 / len(ids)] * len(ids), "change": "by hand", "look": 0}
    store.add_arm_event(ArmEvent("live", child.arm_id, "born", detail))
    return child


def happened(store: History, own: str) -> list[str]:
    return [event.event for event in store.arm_events("live") if event.arm_id == own]


@pytest.mark.slow
def test_children_are_born_of_arms_that_race_and_the_number_of_arms_stays_bounded() -> None:
    store = History("sqlite://")
    with opened(store) as bandit:
        race(bandit, lambda arm: 0.9 - 0.6 * abs(arm.temperature - 0.5), 90)
        arms = bandit.arms
        names = [arm.name for arm in bandit.recommend("t", top_k=20)]
    assert len(FOUNDERS) < len(arms) <= EVOLUTION.max_arms
    assert set(names) == {arm.name for arm in arms}
    records = {record.arm_id: record for record in store.arms()}
    births = [event for event in store.arm_events("live") if event.event == "born"]
    assert births
    for birth in births:
        record = records[birth.arm_id]
        assert record.origin == "evolved"
        assert record.model == "model"
        assert record.parents == birth.detail["parents"]
        assert set(record.parents) <= set(records)
        assert sum(birth.detail["shares"]) == pytest.approx(1)
        assert birth.detail["shares"] == sorted(birth.detail["shares"], reverse=True)
    assert len({birth.arm_id for birth in births}) == len(births)


@pytest.mark.slow
def test_a_child_on_trial_has_its_share_of_races_and_no_more() -> None:
    """Share 0.4: the logged chances of arms on trial add up to 0.4 in every decision, and about 0.4 of 100 races hold one."""
    store = History("sqlite://")
    children = {bear(store, f"c{i}", 0.4 + i / 10).name for i in range(2)}
    never = dataclasses.replace(PLAN, evolution=dataclasses.replace(EVOLUTION, every=10**6))
    with opened(store, never) as bandit:
        decisions = race(bandit, lambda _: 0.5, 100)
        exploited = bandit.ask("t", 2, exploit=True)
    for decision in decisions:
        assert sum(decision.propensities[name] for name in children) == pytest.approx(0.4)
        assert sum(decision.propensities.values()) == pytest.approx(2)
        assert decision.record.detail["on_trial"]["share"] == 0.4
        assert len({arm.name for arm in decision.arms} & children) <= 1
    held = sum(bool({arm.name for arm in decision.arms} & children) for decision in decisions)
    assert 20 <= held <= 60
    assert not {arm.name for arm in exploited.arms} & children, "someone who is waiting gets no arm on trial"


@pytest.mark.slow
@pytest.mark.parametrize(("rate", "fate"), [(0.98, "graduated"), (0.02, "retired")])
def test_a_trial_ends_by_what_the_child_brings(rate: float, fate: str) -> None:
    """Founders pass 40 %: a child that nearly always passes graduates and takes over, one that nearly never does retires."""
    store = History("sqlite://")
    child = bear(store, "child", 0.5, parents=FOUNDERS[:2])
    with opened(store) as bandit:
        decisions = race(bandit, lambda arm: rate if arm.arm_id == child.arm_id else 0.4, 100)
        racing = {arm.arm_id for arm in bandit.arms}
    assert happened(store, child.arm_id) == ["born", fate]
    (verdict,) = (event for event in store.arm_events("live") if event.arm_id == child.arm_id and event.event == fate)
    assert verdict.detail["outcomes"] >= 10
    assert verdict.detail["why"]
    assert (verdict.detail["gain"]["expected"] > 0) == (fate == "graduated")
    assert (child.arm_id in racing) == (fate == "graduated")
    last = [child.arm_id in {arm.arm_id for arm in decision.arms} for decision in decisions[-25:]]
    assert np.mean(last) > 0.8 if fate == "graduated" else not any(last)
    evidence = [tally for tally in store.tallies("t") if tally.arm_id == child.arm_id]
    assert sum(tally.passes + tally.fails for tally in evidence) >= 10, "its evidence stays"


@pytest.mark.slow
def test_a_dominated_arm_makes_room_and_the_best_stay() -> None:
    """Room for three: the founder that never passes is retired for a birth, those that pass stay, and never fewer than k are left."""
    store = History("sqlite://")
    full = dataclasses.replace(PLAN, evolution=dataclasses.replace(EVOLUTION, max_arms=3))
    with opened(store, full) as bandit:
        race(bandit, lambda arm: 0.02 if arm.temperature > 1 else 0.7, 140)
        racing = [arm.arm_id for arm in bandit.arms]
    assert happened(store, FOUNDERS[2].arm_id) == ["retired"]
    assert len(racing) <= 3
    assert {FOUNDERS[0].arm_id, FOUNDERS[1].arm_id} & set(racing)


@pytest.mark.slow
def test_arms_that_are_alike_are_not_retired_for_room() -> None:
    store = History("sqlite://")
    full = dataclasses.replace(PLAN, evolution=dataclasses.replace(EVOLUTION, max_arms=3))
    with opened(store, full) as bandit:
        race(bandit, lambda _: 0.6, 60)
        assert {arm.arm_id for arm in bandit.arms} == {arm.arm_id for arm in FOUNDERS}
    assert not store.arm_events("live")


@pytest.mark.slow
def test_a_restart_and_another_process_race_the_same_arms(tmp_path: Path) -> None:
    path = tmp_path / "h.db"
    store = History(path)
    with opened(store) as bandit:
        race(bandit, lambda arm: 0.9 - 0.6 * abs(arm.temperature - 0.5), 60)
        mine = sorted(arm.arm_id for arm in bandit.arms)
        with opened(History(path), seed=9) as again:
            assert sorted(arm.arm_id for arm in again.arms) == mine
        PLAN.save(tmp_path / "live.toml")
        program = (
            "import sys; from banditgen import BanditGenerator; from tests.clients import Client\n"
            "bandit = BanditGenerator.open(sys.argv[1], backend=Client({}), history=sys.argv[2])\n"
            "print(' '.join(sorted(arm.arm_id for arm in bandit.arms)))"
        )
        told = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path / "live.toml"), str(path)], capture_output=True, text=True, check=True
        )
        assert told.stdout.split() == mine
        child = bear(History(path), "late", 0.31)
        assert child.arm_id in {arm.arm_id for arm in bandit.arms}, "a birth elsewhere is seen at the next decision"


@pytest.mark.slow
def test_two_processes_at_one_look_bring_one_birth() -> None:
    """Both see 20 races before either looks; each look bears the same child, under the same event id."""
    store = History("sqlite://")
    plain = dataclasses.replace(PLAN, evolution=None)
    with opened(store, plain) as bandit:
        race(bandit, lambda _: 0.6, 20)
    with opened(store) as one, opened(store, seed=2) as two:
        one.ask("t")
        born = store.arm_events("live")
        two.ask("t")
        assert store.arm_events("live") == born
        assert len(born) == 1
    again = History("sqlite://")
    with opened(again, plain) as bandit:
        race(bandit, lambda _: 0.6, 20)
    with opened(again, seed=3) as three:
        three.ask("t")
    assert [(e.id, e.arm_id) for e in again.arm_events("live")] == [(e.id, e.arm_id) for e in born]


@pytest.mark.slow
def test_a_child_starts_at_its_parents_rewards() -> None:
    """Before its first race a child of the better founder is expected to do better than a child of the worse."""
    store = History("sqlite://")
    with opened(store, dataclasses.replace(PLAN, evolution=None, policy="thompson", k=3)) as bandit:
        race(bandit, lambda arm: 0.95 if arm.name == "t0.1" else 0.1, 40)
    good, bad = bear(store, "good", 0.5, parents=[FOUNDERS[0]]), bear(store, "bad", 0.6, parents=[FOUNDERS[2]])
    with opened(store, dataclasses.replace(PLAN, policy="thompson", evolution=dataclasses.replace(EVOLUTION, every=10**6))) as bandit:
        expected = {row.name: row.expected_reward for row in bandit.recommend("t", top_k=9)}
    assert expected[good.name] > expected[bad.name] + 0.3
    assert expected[good.name] < expected["t0.1"]


@pytest.mark.slow
def test_evolution_is_off_without_its_table() -> None:
    store = History("sqlite://")
    bear(store, "child", 0.5)
    with opened(store, dataclasses.replace(PLAN, evolution=None)) as bandit:
        race(bandit, lambda _: 0.5, 30)
        assert [arm.name for arm in bandit.arms] == [arm.name for arm in FOUNDERS]
    assert len(store.arm_events()) == 1


def test_a_child_whose_model_is_gone_or_that_the_strategy_came_to_name() -> None:
    store = History("sqlite://")
    gone = GeneratorConfig("gone", "vanished", 0.5)
    store.add_arms([ArmRecord(gone.arm_id, gone.name, gone.model, arm_settings(gone), [FOUNDERS[0].arm_id], "evolved")])
    store.add_arm_event(ArmEvent("live", gone.arm_id, "born", {"parents": [FOUNDERS[0].arm_id], "shares": [1.0], "look": 1}))
    named = bear(store, "t0.1", 0.7)
    with opened(store) as bandit:
        names = {arm.arm_id: arm.name for arm in bandit.arms}
    assert gone.arm_id not in names
    assert names[named.arm_id] == f"t0.1_{named.arm_id}", "a name that is taken gets the arm's id"
    adopted = dataclasses.replace(PLAN, arms=(*FOUNDERS, dataclasses.replace(named, name="mine")))
    with opened(store, adopted) as bandit:
        assert {arm.name for arm in bandit.arms if arm.arm_id == named.arm_id} == {"mine"}
        assert all(decision.record.detail["on_trial"] is None for decision in race(bandit, lambda _: 0.5, 3)), "a named arm is on no trial"
