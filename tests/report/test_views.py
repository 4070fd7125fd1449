"""What pictures show is what the rules say that run elsewhere, and what the log holds."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from banditgen._objectives import pareto
from banditgen.arm import arm_id
from banditgen.errors import UsageError
from banditgen.history.base import DecisionRecord, RaceRecord
from banditgen.history.ids import new_id
from banditgen.history.store import History
from banditgen.learning.learner import Learner
from banditgen.racing.record import describe_arm
from banditgen.report import best, calibration, gantt, lineage, posteriors, regret, solved, spending, tradeoff, weights
from banditgen.report.chart import Bars, Points
from banditgen.report.source import PLAIN, Source
from banditgen.report.table import Table
from banditgen.result import FailureKind, GenerationResult, Timings
from tests.report.world import World, fill, some_arms


def values(table: Table, *names: str) -> list[tuple[object, ...]]:
    return list(zip(*(table[name].values for name in names), strict=True))


def test_posteriors_are_what_the_learner_recommends(source: Source) -> None:
    view = posteriors.view(source)
    plan = source.strategy
    arms = [*plan.arms, *(arm for arm in source.arms if arm not in plan.arms)]  # as a session has them
    learner = Learner(source.history, arms, plan.policy, plan.bandit)
    expected = [
        (kind, row.name, row.expected_reward, row.low, row.high)
        for kind in source.task_types
        for row in learner.recommend(kind, source.criteria(kind))
    ]
    assert values(view.table, "task_type", "arm", "expected_reward", "low", "high") == expected
    assert sorted(source.task_types) == ["data", "text"]


def test_the_last_look_back_is_the_learners_look_now(source: Source) -> None:
    """What was believed in the past is no other rule's: at the last moment it is what a Learner believes now."""
    learner = Learner(source.history, source.arms, "thompson", source.strategy.bandit)
    for kind in source.task_types:
        last = next(past for past in reversed(source.past) if past.task_type == kind)
        state = learner.state(kind, source.criteria(kind))
        assert np.allclose(last.outcomes, state.count[0])
        assert np.allclose(last.draws, PLAIN.draws(state, np.random.default_rng(0), len(last.draws)))
    assert [past.until for past in source.past] == sorted(past.until for past in source.past)


def test_what_a_changed_model_did_before_counts_less_in_the_past_too() -> None:
    store = fill(World(some_arms(2), np.array([[0.5], [0.5]]), ("text",)), 30, k=2)
    row = store.result(store.columns("id")["id"][0])
    assert row is not None
    store.add_outcome(dataclasses.replace(row, id=new_id(), digest="sha256:1"), "text")
    source = Source(store)
    assert list(source.changed) == ["model0:2b"]
    assert source.past[-1].outcomes.sum() < 30
    state = Learner(store, source.arms, "thompson").state("text", source.criteria("text"))
    assert np.allclose(source.past[-1].outcomes, state.count[0])
    store.close()


def test_the_front_is_the_objectives(source: Source) -> None:
    table = tradeoff.view(source).table
    points = [[float(one) for one in row] for row in zip(table["quality"].values, table["speed"].values, strict=True)]
    assert list(table["on_front"].values) == pareto(points)
    told = source.history.columns("arm_name", "passed", "quality", "speed")
    for arm, quality, speed in values(table, "arm", "quality", "speed"):
        own = [i for i, name in enumerate(told["arm_name"]) if name == arm]
        assert quality == pytest.approx(np.mean([told["quality"][i] * told["passed"][i] for i in own]))
        assert speed == pytest.approx(np.mean([told["speed"][i] * told["passed"][i] for i in own]))


def test_spending_is_all_that_was_spent(source: Source) -> None:
    table, told = spending.view(source).table, source.history.columns("seconds", "tokens")
    assert sum(table["model_seconds"].values) == pytest.approx(sum(told["seconds"]))
    parts = sum(sum(table[f"{word}_seconds"].values) for word in ("passed", "failed", "taught_nothing"))
    assert parts == pytest.approx(sum(told["seconds"]))
    assert sum(table["tokens"].values) == sum(told["tokens"])
    assert sum(table["generations"].values) == len(told["seconds"])


def test_regret_is_less_than_even_choices_where_one_arm_is_best(source: Source) -> None:
    found = regret.regret(source)
    assert found is not None
    assert (np.diff(found.own) >= -1e-9).all()
    assert found.own[-1] < found.even[-1]
    assert (found.low <= found.own).all() and (found.own <= found.high).all()  # noqa: PT018
    assert found.generations[-1] == 360


def test_there_is_no_regret_in_racing_all_arms_every_time() -> None:
    store = fill(World(some_arms(3), np.array([[0.9], [0.4], [0.2]]), ("text",)), 40, k=3)
    found = regret.regret(Source(store))
    assert found is not None
    assert found.own.tolist() == [0.0] * len(found.own)  # nor any noise, which an axis would magnify
    store.close()


def test_chances_to_be_the_best_add_up(source: Source) -> None:
    view = best.view(source)
    now = max(view.table["at"].values)
    last: dict[object, float] = {}
    for kind, at, chance in values(view.table, "task_type", "at", "chance_best"):
        if at == now:
            last[kind] = last.get(kind, 0.0) + float(chance)  # type: ignore[arg-type]
    assert all(0.95 < whole <= 1 + 1e-9 for whole in last.values())


def test_weights_and_their_evidence(source: Source) -> None:
    view = weights.view(source)
    assert {kind for (kind,) in values(view.table, "task_type")} <= {"text", "data", "all"}
    steps = [step for scope in source.history.weight_scopes() for step in source.history.weight_steps(*scope)]
    assert values(view.table, "quality", "speed") == [(step["quality"], step["speed"]) for step in steps]
    assert any("ann rated 0.4: too slow" in str(text) for (text,) in values(view.table, "evidence"))


def test_who_came_from_whom(source: Source) -> None:
    view = lineage.view(source)
    rows = {row[0]: row for row in values(view.table, "arm", "parents", "change", "status", "outcomes")}
    assert rows["child"] == ("child", "model0:2b_t0.1, model0:2b_t0.5", "temperature 0.3", "on trial", 0)
    assert len(rows) == 3


def test_soft_evidence_is_held_against_tests(source: Source) -> None:
    levels = {(row.kind, row.stated): row for row in calibration.said(source)}
    assert levels["agreed, against tests", 0.9].observed == 1.0
    assert levels["agreed, against tests", 0.1].observed == 0.0
    assert sum(row.cases for row in levels.values() if row.kind == "agreed, against tests") == 60


@pytest.mark.slow
def test_a_full_matrix_is_replayed_and_what_chance_chose_is_not(source: Source) -> None:
    """Tasks count where all arms were tried at once; a history whose arms were chosen has none."""
    assert solved.matrix(source) == ([], {})
    assert len(solved.view(source).chart.panels) == 1
    rates = np.array([[0.9, 0.2], [0.2, 0.9], [0.5, 0.5], [0.5, 0.5], [0.3, 0.3]])
    store = fill(World(some_arms(5), rates, ("text", "data"), tasks=15), 120, k=5)
    full = Source(store)
    arms, outcomes = solved.matrix(full)
    assert len(arms) == 5
    assert {kind: table.shape[:2] for kind, table in outcomes.items()} == {"data": (5, 15), "text": (5, 15)}
    log = full.log
    for position, arm in enumerate(arms):
        own = log.verdict[(log.arm == arm) & (log.task_type == log.task_types.index("text"))]
        assert np.nansum(outcomes["text"][position]) == own.sum()
    view = solved.view(full, rounds=10, seeds=4)
    policies = [str(name) for (name,) in values(view.table, "policy")]
    assert policies[0] == "as it was"
    assert {"bandit", "bandit in waves", "uniform", "all arms"} <= set(policies)
    assert len(view.chart.panels) == 2
    store.close()


def a_race_in_waves(store: History) -> str:
    """Two candidates that fail side by side, then one that passes, decided 4 s later."""
    own, arms = new_id(), some_arms(3)
    results = []
    for i, arm in enumerate(arms):
        timings = Timings(3.0 + i, queue=0.5, load=1.0, prompt_eval=0.5, eval=1.0 + i)
        result = GenerationResult(arm.name, "x = 1", 2.0, arm.model, arm.temperature, i == 2, 0.25, id=f"{own}-{i}", arm_id=arm_id(arm))
        result.timings, result.step, result.verified = timings, int(i == 2), True
        result.failure = None if i == 2 else FailureKind.WRONG
        results.append(result)
    for step, chosen in enumerate((arms[:2], arms[2:])):
        store.add_decision(
            DecisionRecord(own if step == 0 else f"{own}+", "text", [describe_arm(arm) for arm in chosen], "p", race_id=own, step=step)
        )
    store.add_race(RaceRecord(own, "text", {"name": "double"}, results[::-1], results[2].id, "the only one that passed", 10.0))
    return own


def test_a_race_is_drawn_wave_by_wave() -> None:
    store = History("sqlite://")
    own = a_race_in_waves(store)
    race = store.race(own)
    assert race is not None
    decided = [dataclasses.replace(one, created_at=at) for one, at in zip(store.decisions(own), (100.0, 104.6), strict=True)]
    runs = gantt.course(race, decided)
    assert [(run.wave, run.begin) for run in runs] == [(0, 0.0), (0, 0.0), (1, pytest.approx(4.6))]
    assert max(run.end for run in runs) == pytest.approx(4.6 + 0.5 + 1 + 0.5 + 3 + 0.25)
    assert gantt.course(race, [])[-1].begin == pytest.approx(max(run.end for run in runs[:2]))  # nobody says when: one after the other
    view = gantt.view(store)
    assert "3 candidates in 2 waves" in view.about
    assert [mark.name for mark in view.chart.panels[0].marks if isinstance(mark, Bars)] == ["queue", "load", "prompt", "tokens", "test"]
    assert [*view.table["verdict"].values].count("passed") == 1
    with pytest.raises(UsageError, match="unknown race 'nowhere'"):
        gantt.view(store, "nowhere")
    store.close()


def test_one_type_of_tasks_alone(history: History) -> None:
    source = Source(history, task_type="text")
    assert source.task_types == ["text"]
    assert {race.task_type for race in source.races} == {"text"}
    assert {kind for (kind,) in values(posteriors.view(source).table, "task_type")} == {"text"}
    assert len(source.log.arm) < len(Source(history).log.arm)
    with pytest.raises(UsageError, match="no result on tasks of type 'nothing'"):
        Source(history, task_type="nothing")


def test_an_arm_has_one_colour_everywhere(source: Source) -> None:
    for view in (posteriors.view(source), tradeoff.view(source)):
        for panel in view.chart.panels:
            for mark in panel.marks:
                if isinstance(mark, Points):
                    names = panel.y.names or [text.partition(":")[0] for text in mark.said]
                    named = (
                        [next(arm for arm in source.names if said.startswith(arm)) for said in mark.said] if not panel.y.names else names
                    )
                    assert list(mark.colours) == [source.colours[name] for name in named]
