"""The orchestrator's own code, with our classes in the place of its own."""

from __future__ import annotations

import multiprocessing
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from banditgen import (
    BanditGenerator,
    ExperimentSelector,
    GenerationResult,
    GeneratorConfig,
    ParallelGenerator,
    SelectionCriteria,
    Task,
    create_default_generators,
)
from banditgen.errors import UsageError
from banditgen.history.store import History
from banditgen.racing.events import RaceEvent
from tests.clients import BAD, GOOD, Client

MODELS = ("codellama", "qwen2.5-coder:14b", "deepseek-coder:6.7b")
ARMS = [GeneratorConfig("good", "good", 0.1), GeneratorConfig("bad", "bad", 0.1)]
TASK = Task("Write double(x).", task_type="t", tests="assert double(2) == 4")


class Runner:
    def __init__(self) -> None:
        self.saved: dict[str, str] = {}
        self.payloads: list[Any] = []
        self.lock = threading.Lock()

    def save_code(self, node_id: str, code: str) -> None:
        with self.lock:
            self.saved[node_id] = code

    def run_node(self, node_id: str, payload: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
        with self.lock:
            self.payloads.append(payload)
            return "ok", "", {"exit_code": int("return x" in self.saved[node_id]), "latency_ms": 20.0}


class Evaluator:
    def evaluate_full(self, stdout: str, stderr: str, metrics: dict[str, Any]) -> dict[str, Any]:
        del stdout, stderr, metrics
        return {"final_score": 0.8}


def made(**parts: Any) -> ParallelGenerator:
    answers = {**dict.fromkeys(MODELS, GOOD), "codellama": BAD, "good": GOOD, "bad": BAD}
    return ParallelGenerator(Client(answers), Runner(), Evaluator(), **parts)


def workflow(url: str, races: int) -> None:
    """The documented one, through public signatures: recommend, race, select, record, rate."""
    parallel_gen, selector = made(history=url), ExperimentSelector(history=url)
    for _ in range(races):
        names = parallel_gen.get_generator_recommendations("utility", top_k=3)
        results = parallel_gen.generate_parallel(
            prompt="Write double(x).", generators=create_default_generators(), node_id="double", description="doubling"
        )
        best = selector.select_best(results, task_context={"task_type": "utility"})
        assert best is results[0]
        assert best.generator_name not in ("codellama_conservative", *[name for name in names if not name])
        parallel_gen.record_success(generator_name=best.generator_name, task_type="utility", success=best.test_passed)
        selector.learn_from_feedback(selected_result=best, user_satisfaction=0.9)


@pytest.mark.slow
def test_twenty_threads_and_four_processes_work_on_one_history(tmp_path: Path) -> None:
    """Nothing is lost or counted twice, and what is learned without tests is the fold of the log."""
    url = f"sqlite:///{tmp_path / 'h.db'}"
    History(url).close()
    processes = [multiprocessing.get_context("spawn").Process(target=workflow, args=(url, 3)) for _ in range(4)]
    for process in processes:
        process.start()
    with ThreadPoolExecutor(20) as threads:
        for done in [threads.submit(workflow, url, 1) for _ in range(20)]:
            done.result()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 4
    history = History(url)
    assert history.count() == {"decisions": 32, "races": 32, "results": 32 * 6, "feedback": 32}
    assert sum(tally.passes for tally in history.tallies("utility")) == 32
    assert history.check_statistics() == []
    ratings = [event for event in history.soft_evidence() if event.kind == "rating"]
    assert len(ratings) == 32
    with BanditGenerator.open(arms=create_default_generators(), backend=Client(dict.fromkeys(MODELS, GOOD)), history=history) as bandit:
        soft = {row.name: row for row in bandit.recommend("general", 5)}
        assert min(soft, key=lambda name: soft[name].expected_reward) == "codellama_conservative"
        assert soft["codellama_conservative"].outcomes == 0


def test_what_was_handed_in_is_there_and_the_best_is_selected_by_quality() -> None:
    parallel_gen = made()
    assert isinstance(parallel_gen.client, Client)
    assert isinstance(parallel_gen.runner, Runner)
    assert isinstance(parallel_gen.evaluator, Evaluator)
    results = parallel_gen.generate_parallel("p", ARMS, "n", "d")
    best = parallel_gen.select_best(results, 0.5)
    assert best is results[0]
    assert best.generator_name == "good"
    assert parallel_gen.select_best(results, 0.95) is None
    assert parallel_gen.select_best([results[1]], 0.0) is None
    assert parallel_gen.select_best([], 0.5) is None
    with pytest.raises(UsageError, match="takes dictionaries, too"):
        parallel_gen.select_best([vars(best)], 0.5)  # type: ignore[list-item]
    assert {result.race_id for result in results} == {race.id for race in parallel_gen.history.races()}
    assert all(result.race_id for race in parallel_gen.history.races() for result in race.results)


def test_criteria_and_their_weights_can_be_assigned() -> None:
    """What was learned from other starting weights stays with those; what was selected stays with the selector."""
    selector = ExperimentSelector()
    result = GenerationResult("a", "x", 1.0, "m", 0.1, True, 0.1, 0.9, 0.05, 0.8)
    selector.select_best([result])
    selector.learn_from_feedback(result, 0.4)
    assert selector.criteria == SelectionCriteria(0.65, 0.35)
    [step] = selector.weight_adjustments
    assert (step["quality_weight"], step["speed_weight"]) == (0.65, 0.35)
    selector.criteria.quality_weight = 0.9  # type: ignore[misc]
    selector.criteria.speed_weight = 0.1  # type: ignore[misc]
    assert selector.criteria == SelectionCriteria(0.9, 0.1)
    assert repr(selector.criteria) == repr(SelectionCriteria(0.9, 0.1))
    selector.criteria = SelectionCriteria(0.5, 0.5, min_quality_score=0.4)
    assert selector.get_stats()["current_weights"] == {"quality": 0.5, "speed": 0.5}
    assert selector.criteria.min_quality_score == 0.4
    assert selector.weight_adjustments == []
    selector.select_best([result])
    assert [row["generator_name"] for row in selector.selection_history] == ["a", "a"]
    assert selector.get_stats()["total_selections"] == 2
    with pytest.raises(UsageError, match="quality_weight"):
        selector.criteria.quality_weight = -1.0  # type: ignore[misc]
    selector.criteria = SelectionCriteria()
    assert selector.criteria == SelectionCriteria(0.65, 0.35)


def test_dictionaries_are_given_their_components_and_selections_are_listed() -> None:
    selector = ExperimentSelector(SelectionCriteria(prefer_consistency=True))
    rows = [
        {"generator_name": name, "quality_score": q, "generation_time": 6.0, "test_passed": True} for name, q in (("a", 0.8), ("b", 0.9))
    ]
    best = selector.select_best(rows, {"task_type": "t"})
    assert best is rows[1]
    speed = 0.6 * 0.9 + 0.4
    assert (rows[0]["quality_component"], rows[0]["speed_component"]) == pytest.approx((0.7 * 0.8, 0.3 * speed))
    [chosen] = selector.selection_history
    assert (chosen["generator_name"], chosen["task_type"]) == ("b", "t")
    assert rows[1]["speed_component"] == pytest.approx(0.3 * speed)
    assert chosen["combined_score"] == pytest.approx(0.7 * 0.9 + 0.3 * speed)


def test_a_runner_gets_its_inputs_and_the_winner_is_saved_under_the_node() -> None:
    runner, heard = Runner(), list[RaceEvent]()
    answers = {"good": GOOD, "bad": BAD}
    with BanditGenerator.open(arms=ARMS, backend=Client(answers), node_runner=runner, history="sqlite://", seed=1) as bandit:
        race = bandit.run(Task("p"), k=2, node_id="double", payload={"x": 2}, on_event=heard.append)
        assert runner.payloads == [{"x": 2}] * 2
        assert race.best is not None
        assert runner.saved["double"] == race.best.code
        assert set(runner.saved) == {"double", "double__good", "double__bad"}
        assert {result.race_id for result in race.results} == {race.id}
        with pytest.raises(UsageError, match="payload"):
            bandit.run(Task("p"), payload=[])  # type: ignore[arg-type]
        for listener in ("on_event", "on_decision"):
            with pytest.raises(UsageError, match=f"{listener} must be a function"):
                bandit.run(Task("p"), **{listener: 3})  # type: ignore[arg-type]
    events = list[RaceEvent]()
    parallel_gen = made()
    parallel_gen.generate_parallel("p", ARMS, "n", "d", payload={"y": 1}, on_event=events.append)
    with pytest.raises(UsageError, match="on_event must be a function"):
        parallel_gen.generate_parallel("p", ARMS, "n", "d", on_event="print")  # type: ignore[arg-type]
    assert parallel_gen.runner.payloads == [{"y": 1}] * 2
    assert {event.arm for event in events if event.stage == "done"} == {"good", "bad"}


@pytest.mark.slow
def test_the_incumbent_must_be_beaten_and_teaches_nothing() -> None:
    """It wins where nothing is better, loses where it fails, and is no arm in statistics, costs or recommendations."""
    good = 'def double(x: int) -> int:\n    """Twice x."""\n    return x + x\n'
    wrong = "def double(x):\n    return 0\n"
    with BanditGenerator.open(arms=ARMS, backend=Client({"good": GOOD, "bad": BAD}), history="sqlite://", seed=1) as bandit:
        kept = bandit.run(TASK, k=2, incumbent=good)
        assert kept.best is not None
        assert kept.best.generator_name == "incumbent"
        assert "passed its tests" in kept.reason
        beaten = bandit.run(TASK, k=2, incumbent=wrong)
        assert beaten.best is not None
        assert beaten.best.generator_name == "good"
        assert set(bandit.generator_stats["t"]) == {"good", "bad"}
        assert [cost.generations for cost in bandit.history.costs(0.0, 9)] == [2, 2]
        with pytest.raises(UsageError, match="incumbent"):
            bandit.run(TASK, incumbent=" ")
    with pytest.raises(UsageError, match="named 'incumbent'"):
        made().generate_parallel("p", [GeneratorConfig("incumbent", "good")], "n", "d", incumbent=good)


def test_recommendations_are_names_and_arms_to_race_again() -> None:
    parallel_gen = made()
    parallel_gen.generate_parallel("p", ARMS, "n", "d", task=TASK)
    parallel_gen.record_success("only a name", "t", True)
    assert parallel_gen.get_generator_recommendations("t") == ["good", "only a name", "bad"]
    assert parallel_gen.get_recommended_generators("t") == ARMS
