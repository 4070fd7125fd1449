"""Tools: earned where one arm is best, never where all are equal, lost when another one is; all of it in the history."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from banditgen import BanditGenerator, GeneratorConfig, Strategy
from banditgen.errors import UsageError
from banditgen.evolution.experts import EARNED_EVENT, LOST_EVENT, Review, review
from banditgen.evolution.tools import arm_from_tool
from banditgen.history.base import ArmEvent, ArmRecord
from banditgen.history.store import History
from tests.clients import Client

ARMS = [GeneratorConfig(f"arm{i}", f"model{i // 2}", 0.1 + 0.4 * (i % 2)) for i in range(4)]


def raced(
    rate: Callable[[str, str, int], float],
    races: int,
    *,
    arms: list[GeneratorConfig] | None = None,
    seed: int = 0,
    digest: Callable[[int], str] = lambda _: "d",
    history: History | None = None,
    look: int = 50,
) -> tuple[list[Review], History]:
    """Two arms a race on the task types "text" and "data" in turn, with a look every so many races."""
    store, reports = history or History("sqlite://"), []
    rng = np.random.default_rng(seed)
    with BanditGenerator.open("balanced", arms=arms or ARMS, backend=Client({}), history=store, seed=seed) as bandit:
        for race in range(races):
            decision = bandit.ask(("text", "data")[race % 2], 2)
            told = [
                {"generator_name": arm.name, "test_passed": bool(rng.random() < rate(arm.name, decision.task_type, race))}
                | {"quality_score": 0.9, "generation_time": 2.0, "digest": digest(race)}
                for arm in decision.arms
            ]
            bandit.tell(decision.id, [t if t["test_passed"] else {**t, "quality_score": 0.2} for t in told])
            if (race + 1) % look == 0:
                reports.append(review(store, bandit.strategy, bandit.arms))
    return reports, store


def text_by_arm2(name: str, task_type: str, _: int) -> float:
    return 0.95 if (name, task_type) == ("arm2", "text") else 0.4


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Review], Path]:
    """500 races in which arm2 was the best for "text", and where they are kept."""
    path = tmp_path_factory.mktemp("learned") / "h.db"
    with contextlib.closing(History(path)) as store:
        reports, _ = raced(text_by_arm2, 500, history=store)
    return reports, path


@pytest.mark.slow
@pytest.mark.xdist_group("learned")
def test_the_best_arm_of_a_task_type_becomes_its_tool(learned: tuple[list[Review], Path]) -> None:
    """One arm passes 95 % on one of two task types, all others 40 %: that arm is the tool of that type, and no other is any."""
    reports, store = learned[0], History(learned[1])
    assert not reports[0].tools
    (tool,) = reports[-1].tools
    told = tool["metadata"]
    assert (tool["name"], tool["type"], tool["tags"]) == ("Text Expert", "llm", ["text", "expert"])
    assert (told["evolved_from"], told["specialized_for"], told["status"]) == ("arm2", "text", "in force")
    assert told["interval"][0] < told["success_rate"] < told["interval"][1]
    passes, outcomes = told["evidence"]["passes"], told["evidence"]["passes"] + told["evidence"]["fails"]
    tally = next(t for t in store.tallies("text") if t.arm_name == "arm2")
    assert (passes, outcomes) == (tally.passes, tally.passes + tally.fails)
    assert told["success_rate"] == pytest.approx(passes / outcomes, abs=1e-4)
    assert told["evidence"]["chance_best"] >= 0.95
    assert arm_from_tool(tool) == ARMS[2]
    assert [s.task_type for s in reports[-1].undecided] == ["data"]
    assert "data" not in [e.detail["task_type"] for e in store.arm_events("balanced")]
    events = store.arm_events("balanced")
    assert [(e.event, e.arm_id) for e in events] == [(EARNED_EVENT, ARMS[2].arm_id)], "a second look at the same earns nothing new"
    assert told["strategy_hash"] == Strategy.load("balanced").with_arms(ARMS).hash


@pytest.mark.slow
def test_no_arm_of_equals_is_ever_named() -> None:
    """4 runs of 120 races, looked at after every 6: 6 equal arms, no tool at any look; experiments/live_evolution has more runs."""
    arms = [GeneratorConfig(f"equal{i}", f"model{i}", 0.5) for i in range(6)]
    for seed in range(4):
        reports, store = raced(lambda *_: 0.6, 120, arms=arms, seed=seed, look=6)
        assert not any(report.tools for report in reports)
        assert not store.arm_events()


@pytest.mark.slow
def test_a_tool_is_retired_when_its_model_changed_and_another_is_best() -> None:
    """After 400 races the models' digests change and the best arm is another one: the tool is lost, and the new best earns it."""

    def rate(name: str, task_type: str, race: int) -> float:
        best = "arm2" if race < 400 else "arm1"
        return 0.95 if (name, task_type) == (best, "text") else 0.4

    reports, store = raced(rate, 1000, digest=lambda race: "old" if race < 400 else "new")
    before, after = reports[7], reports[-1]
    assert [tool["metadata"]["evolved_from"] for tool in before.tools] == ["arm2"]
    assert [tool["metadata"]["evolved_from"] for tool in after.tools] == ["arm1"]
    events = [(event.event, event.arm_id) for event in store.arm_events("balanced")]
    assert events == [(EARNED_EVENT, ARMS[2].arm_id), (LOST_EVENT, ARMS[2].arm_id), (EARNED_EVENT, ARMS[1].arm_id)]
    between = next(report for report in reports if report.retired)
    told = between.retired[0]["metadata"]
    assert (told["status"], told["evolved_from"]) == ("retired", "arm2")
    assert "best with probability" in told["retired_because"]


@pytest.mark.slow
@pytest.mark.xdist_group("learned")
def test_a_tool_whose_arm_races_no_more_is_retired(learned: tuple[list[Review], Path], tmp_path: Path) -> None:
    store = History(shutil.copy(learned[1], tmp_path / "h.db"))
    rest = [arm for arm in ARMS if arm.name != "arm2"]
    report = review(store, Strategy.load("balanced").with_arms(rest), rest)
    assert not report.tools
    assert report.retired[0]["metadata"]["retired_because"] == "its arm races no more"
    assert review(store, Strategy.load("balanced").with_arms(rest), rest).retired == report.retired
    back = review(store, Strategy.load("balanced").with_arms(ARMS), ARMS)
    assert [tool["metadata"]["evolved_from"] for tool in back.tools] == ["arm2"]


@pytest.mark.slow
def test_little_evidence_says_what_is_missing() -> None:
    reports, store = raced(text_by_arm2, 20, look=20)
    (report,) = reports
    assert not report.tools
    for standing in report.undecided:
        assert standing.doubt is not None
        assert "is needed" in standing.doubt or "more races must tell it from" in standing.doubt
    with BanditGenerator.open("balanced", arms=ARMS[:1], backend=Client({}), history=store) as bandit:
        (alone,) = {s.doubt for s in review(store, bandit.strategy, bandit.arms).undecided}
    assert alone == "there is no other arm to be better than"
    empty = review(History("sqlite://"), Strategy.load("balanced").with_arms(ARMS), ARMS)
    assert (empty.tools, empty.retired, empty.undecided) == ([], [], [])


@pytest.mark.slow
def test_arms_on_trial_are_neither_tools_nor_rivals() -> None:
    _, store = raced(text_by_arm2, 20)
    child = GeneratorConfig("child", "model0", 0.2)
    store.add_arms([ArmRecord(child.arm_id, child.name, child.model, {}, [ARMS[0].arm_id], "evolved")])
    store.add_arm_event(ArmEvent("balanced", child.arm_id, "born", {"parents": [ARMS[0].arm_id], "shares": [1.0], "look": 1}))
    report = review(store, Strategy.load("balanced").with_arms([*ARMS, child]), [*ARMS, child])
    assert all("child" not in [row.name for row in standing.arms] for standing in report.undecided)
    assert report.undecided


@pytest.mark.parametrize("probability", [0.5, 1.0, 0.0, -1.0, float("nan"), "sure", True])
def test_impossible_probabilities(probability: Any) -> None:
    with pytest.raises(UsageError, match="min_probability"):
        review(History("sqlite://"), Strategy.load("balanced").with_arms(ARMS), ARMS, probability)
