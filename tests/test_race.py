"""The race: all arms at once, every failure a result, everything remembered."""

from __future__ import annotations

import asyncio
import itertools
import math
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from banditgen import BanditGenerator, FailureKind, GenerationResult, GeneratorConfig, ParallelGenerator, Task
from banditgen.errors import HistoryError, UsageError
from banditgen.history.store import History
from banditgen.racing.waves import node_ids, start_order
from tests.clients import BAD, GOOD, Client

DOUBLE = Task("Write double(x).", task_type="simple_function", tests="assert double(2) == 4\nassert double(-1) == -2")


def arms(*models: str) -> list[GeneratorConfig]:
    return [GeneratorConfig(f"arm_{model}", model, 0.1) for model in models]


def race(answers: dict[str, Any], task: Task | None = DOUBLE, **options: Any) -> list[GenerationResult]:
    generator = ParallelGenerator(Client(answers), **options)
    return generator.generate_parallel("Write double(x).", arms(*answers), "node", "doubling", max_workers=len(answers), task=task)


def test_passing_candidates_come_first_and_failing_ones_earn_no_speed() -> None:
    results = race({"bad": BAD, "good": GOOD})
    assert [r.generator_name for r in results] == ["arm_good", "arm_bad"]
    good, bad = results
    assert good.test_passed
    assert good.verified
    assert good.reward == good.combined_score > 0.8
    assert (bad.success, bad.test_passed, bad.failure, bad.speed_score, bad.reward) == (True, False, FailureKind.WRONG, 0.0, 0.0)
    assert bad.combined_score < good.combined_score
    assert "wall" in vars(good.timings)
    assert good.isolation


def test_when_every_generator_fails_their_failed_results_come_back() -> None:
    results = race({"a": RuntimeError("down"), "b": ConnectionError("refused")})
    assert len(results) == 2
    for result in results:
        assert (result.success, result.failure, result.reward) == (False, FailureKind.INFRASTRUCTURE, 0.0)
        assert result.error
    assert ParallelGenerator(Client({})).generator_stats == {}


@pytest.mark.slow
def test_one_arms_failure_hurts_no_other() -> None:
    answers = {"down": RuntimeError("x"), "mute": "", "prose": "I cannot do that.", "loop": "while True: pass", "good": GOOD}
    results = race(answers, Task(DOUBLE.prompt, tests=DOUBLE.tests, limits={"wall_seconds": 2.0}))
    kinds = {r.generator_name: r.failure for r in results}
    assert results[0].generator_name == "arm_good"
    assert kinds["arm_down"] is FailureKind.INFRASTRUCTURE
    assert kinds["arm_mute"] is FailureKind.INFRASTRUCTURE  # the client's fault, which says nothing about the arm
    assert kinds["arm_prose"] is FailureKind.EMPTY
    assert kinds["arm_loop"] is FailureKind.TIMEOUT


def test_saved_code_ends_with_a_line_end_and_thinking_alone_is_said_to_be_that() -> None:
    results = race({"good": GOOD, "thinks": f"<think>\n{GOOD}\n</think>", "prose": "I cannot do that."})
    found = {result.generator_name: result for result in results}
    assert found["arm_good"].code.endswith("    return 2 * x\n")
    assert (found["arm_thinks"].failure, found["arm_thinks"].code) == (FailureKind.EMPTY, "")
    assert "only thinking" in str(found["arm_thinks"].error)
    assert "only thinking" not in str(found["arm_prose"].error)


def test_a_callers_own_extract_is_asked_with_the_task() -> None:
    asked = []

    def extract(text: str, task: Task) -> str:
        asked.append((text, task))
        return "def double(x):\n    return x + x" if "good" in text else " \n"

    results = race({"good": "good", "none": "nothing"}, extract=extract)
    assert [(result.test_passed, result.failure) for result in results] == [(True, None), (False, FailureKind.EMPTY)]
    assert results[0].code == "def double(x):\n    return x + x\n"
    assert sorted(asked, key=str) == [("good", DOUBLE), ("nothing", DOUBLE)]


def test_an_extract_that_fails_is_never_the_arms_fault() -> None:
    """It raises, returns no string, exits, or hangs: each is infrastructure, in words, and moves no posterior."""

    go = threading.Event()

    def extract(text: str, task: Task) -> Any:
        if text == "slow":
            go.wait(60)
        if text == "exit":
            raise SystemExit(3)
        return {"wrong": 7}[text]

    history = History("sqlite://")
    results = race({"raises": "raises", "wrong": "wrong", "exits": "exit"}, extract=extract, history=history)
    task = Task(DOUBLE.prompt, tests=DOUBLE.tests, limits={"wall_seconds": 0.2})
    results += race({"hangs": "slow"}, task, extract=extract, history=history)
    go.set()
    errors = {result.generator_name: str(result.error) for result in results}
    assert {result.failure for result in results} == {FailureKind.INFRASTRUCTURE}
    assert errors["arm_raises"] == "extract failed: KeyError: 'raises'"
    assert "returned int, not a string" in errors["arm_wrong"]
    assert "SystemExit" in errors["arm_exits"]
    assert "not done within 0.2 s" in errors["arm_hangs"]
    assert history.tallies() == []
    name: Any = "my_extract"
    with pytest.raises(UsageError, match="extract must be a function"):
        ParallelGenerator(Client({}), extract=name)


def test_without_tests_passing_is_unverified_and_moves_nothing() -> None:
    history = History("sqlite://")
    results = race({"good": GOOD, "broken": "```python\nraise ValueError('no')\n```"}, task=None, history=history)
    assert [(r.test_passed, r.verified) for r in results] == [(True, False), (False, False)]
    assert history.tallies() == []
    assert history.count()["results"] == 2


def test_every_candidate_is_remembered_with_its_code() -> None:
    history = History("sqlite://")
    race({"good": GOOD, "bad": BAD, "down": RuntimeError("x")}, history=history)
    [kept] = history.races()
    assert len(kept.results) == 3
    assert {t.arm_name: (t.passes, t.fails) for t in history.tallies()} == {"arm_good": (1, 0), "arm_bad": (0, 1)}
    assert "return 2 * x" in kept.results[0].code
    assert kept.task["prompt"] == "Write double(x)."


def test_the_winner_is_not_counted_twice() -> None:
    """record_success after a race that recorded itself changes nothing; a second, new outcome counts."""
    generator = ParallelGenerator(Client({"good": GOOD, "bad": BAD}))
    best = generator.generate_parallel("p", arms("good", "bad"), "n", "d", task=DOUBLE)[0]
    generator.record_success(best.generator_name, "simple_function", best.test_passed)
    assert generator.generator_stats["simple_function"]["arm_good"]["total_count"] == 1
    generator.record_success(best.generator_name, "simple_function", True)
    assert generator.generator_stats["simple_function"]["arm_good"]["total_count"] == 2


def test_an_outcome_told_once_counts_once_whoever_tells_it(tmp_path: Path) -> None:
    """What a race recorded is told by another object once without counting; tellings of what it did not record all count."""
    url = str(tmp_path / "h.db")
    one, two = (ParallelGenerator(Client({"good": GOOD, "bad": BAD}), history=url) for _ in range(2))

    def total(name: str = "arm_good") -> int:
        return int(one.generator_stats["simple_function"][name]["total_count"])

    for _ in range(3):
        one.generate_parallel("p", arms("good", "bad"), "n", "d", task=DOUBLE)
    two.record_success("arm_good", "simple_function", True)
    assert total() == 3
    one.record_success("arm_good", "simple_function", True)
    assert total() == 4
    one.generate_parallel("p", arms("good", "bad"), "n", "d")
    for _ in range(3):
        two.record_success("arm_good", "simple_function", True)
        one.record_success("arm_bad", "simple_function", False)
    assert (total(), total("arm_bad")) == (7, 6)
    with BanditGenerator.open(arms=arms("good", "bad"), backend=Client({}), history=url) as bandit:
        bandit.record_success("arm_good", "simple_function", False)
        assert total() == 8
        assert {row.name: row.outcomes for row in bandit.recommend("simple_function")} == {"arm_good": 8, "arm_bad": 6}
    assert isinstance(one.history, History)
    assert one.history.check_statistics() == []


def test_races_without_tests_write_no_failures() -> None:
    """Not for code that crashes, nor for none at all: without tests there is no verdict."""
    generator = ParallelGenerator(Client({"good": GOOD, "prose": "I cannot.", "boom": "```python\nboom\n```"}))
    results = generator.generate_parallel("p", arms("good", "prose", "boom"), "n", "d")
    assert {result.failure for result in results} == {None, FailureKind.EMPTY, FailureKind.ERROR}
    assert generator.generator_stats == {}


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_max_workers_bounds_what_runs_at_once(workers: int) -> None:
    together = threading.Event()

    def hold(_: str) -> None:
        if client.at_once == workers:
            together.set()
        together.wait(60)
        time.sleep(0.05)  # in which one too many would begin

    client = Client(dict.fromkeys("abcde", GOOD), hold=hold)
    ParallelGenerator(client).generate_parallel("p", arms(*"abcde"), "n", "d", max_workers=workers, task=None)
    assert client.most_at_once == workers


def test_results_come_as_they_finish() -> None:
    go = threading.Event()
    client = Client({"slow": GOOD, "fast": BAD}, hold=lambda model: model == "slow" and go.wait(60))
    names = []
    for result in ParallelGenerator(client).iter_parallel("p", arms("slow", "fast"), "n", "d", task=DOUBLE):
        names.append(result.generator_name)
        go.set()
    assert names == ["arm_fast", "arm_slow"]


def test_leaving_early_remembers_the_rest_as_cancelled() -> None:
    go = threading.Event()
    client = Client({"slow": GOOD, "fast": GOOD}, hold=lambda model: model == "slow" and go.wait(60))
    history = History("sqlite://")
    generator = ParallelGenerator(client, history=history)
    for result in generator.iter_parallel("p", arms("slow", "fast"), "n", "d", task=DOUBLE):
        assert result.generator_name == "arm_fast"
        break
    go.set()
    [kept] = history.races()
    assert [r.failure for r in kept.results] == [None, FailureKind.CANCELLED]
    assert [t.arm_name for t in history.tallies()] == ["arm_fast"]


def test_it_works_inside_a_running_loop_and_in_many_threads() -> None:
    generator = ParallelGenerator(Client({"good": GOOD}))

    async def inside() -> list[GenerationResult]:
        direct = generator.generate_parallel("p", arms("good"), "n", "d", task=DOUBLE)
        return direct + await generator.agenerate_parallel("p", arms("good"), "n", "d", task=DOUBLE)

    assert all(r.test_passed for r in asyncio.run(inside()))
    passed: list[bool] = []
    threads = [
        threading.Thread(target=lambda: passed.append(generator.generate_parallel("p", arms("good"), "n", "d", task=DOUBLE)[0].test_passed))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert passed == [True] * 6


class Runner:
    def __init__(self, exit_code: int = 0, latency_ms: Any = 120.0, error: Exception | None = None) -> None:
        self.metrics = {"exit_code": exit_code, "latency_ms": latency_ms, "own": 1}
        self.error = error
        self.saved: list[str] = []

    def save_code(self, node_id: str, code: str) -> None:
        self.saved.append(node_id)

    def run_node(self, node_id: str, payload: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
        if self.error:
            raise self.error
        return "out", "Traceback\nValueError: no" if self.metrics["exit_code"] else "", self.metrics


class Evaluator:
    def __init__(self, score: Any) -> None:
        self.score = score
        self.metrics: dict[str, Any] = {}

    def evaluate_full(self, stdout: str, stderr: str, metrics: dict[str, Any]) -> dict[str, Any]:
        self.metrics = metrics
        return {"final_score": self.score}


def test_a_callers_runner_and_evaluator_decide() -> None:
    runner, evaluator = Runner(), Evaluator(0.6)
    [result] = race({"good": GOOD}, task=None, node_runner=runner, evaluator=evaluator)
    assert result.execution_time == pytest.approx(0.12)
    assert result.quality_score == pytest.approx(0.8)
    assert (result.stdout, result.channel) == ("out", "runner")
    assert evaluator.metrics["own"] == 1
    [failed] = race({"good": GOOD}, task=None, node_runner=Runner(exit_code=1), evaluator=evaluator)
    assert (failed.test_passed, failed.failure, failed.error) == (False, FailureKind.ERROR, "ValueError: no")


def test_with_a_runner_the_tests_must_pass_too() -> None:
    """A runner that is content with everything doesn't make a wrong candidate pass, nor the other way round."""
    results = race({"good": GOOD, "bad": BAD}, node_runner=Runner())
    assert [(r.generator_name, r.test_passed, r.verified) for r in results] == [("arm_good", True, True), ("arm_bad", False, True)]
    [refused] = race({"good": GOOD}, node_runner=Runner(exit_code=3))
    assert (refused.test_passed, refused.verified) == (False, True)


def test_a_runner_that_fails_teaches_nothing() -> None:
    history = History("sqlite://")
    [result] = race({"good": GOOD}, history=history, node_runner=Runner(error=OSError("disk")))
    assert (result.test_passed, result.failure) == (False, FailureKind.INFRASTRUCTURE)
    assert result.error
    assert history.tallies() == []


def test_a_latency_that_is_no_number_is_no_time() -> None:
    [result] = race({"good": GOOD}, task=None, node_runner=Runner(latency_ms="fast"))
    assert result.execution_time == 0.0


def test_a_history_that_fails_is_an_error_not_a_silent_loss() -> None:
    history = History("sqlite://")
    generator = ParallelGenerator(Client({"good": GOOD}), history=history)
    with history._transaction(write=True) as connection:
        connection.exec_driver_sql("DROP TABLE banditgen_results")
    with pytest.raises(HistoryError):
        generator.generate_parallel("p", arms("good"), "n", "d", task=DOUBLE)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"prompt": "  "}, "prompt is empty"),
        ({"generators": []}, "no arms"),
        ({"generators": arms("good", "good")}, "two arms"),
        ({"max_workers": 0}, "max_workers"),
        ({"quality_weight": math.nan}, "quality_weight"),
        ({"quality_weight": 0.0, "speed_weight": 0}, "both 0"),
    ],
)
def test_wrong_use_is_one_line_and_changes_nothing(changes: dict[str, Any], message: str) -> None:
    history = History("sqlite://")
    generator = ParallelGenerator(Client({"good": GOOD}), history=history)
    for weight in ("quality_weight", "speed_weight"):
        if weight in changes:
            setattr(generator, weight, changes.pop(weight))
    call = {"prompt": "p", "generators": arms("good"), "node_id": "n", "description": "d", **changes}
    with pytest.raises(UsageError, match=message):
        generator.generate_parallel(**call)
    assert history.count()["results"] == 0


def test_bad_weights_are_refused_at_once() -> None:
    with pytest.raises(UsageError, match="speed_weight"):
        ParallelGenerator(Client({}), speed_weight=-1)


def test_arms_of_one_model_start_together_in_random_order() -> None:
    some = [GeneratorConfig(f"{m}{t}", m, t) for t in (0.1, 0.5, 0.9) for m in "abc"]
    orders = {tuple(arm.name for arm in start_order(some, np.random.default_rng(seed))) for seed in range(40)}
    assert len(orders) > 20
    for order in orders:
        models = [name[0] for name in order]
        assert len([key for key, _ in itertools.groupby(models)]) == 3
    again = start_order(some, np.random.default_rng(3))
    assert again == start_order(some, np.random.default_rng(3))


def test_node_ids_are_safe_and_never_the_same() -> None:
    names = ["a/b", "a b", "a_b", "../x"]
    ids = node_ids("n", [GeneratorConfig(name, "m") for name in names])
    assert len(set(ids)) == 4
    assert not any("/" in node_id for node_id in ids)


def test_generation_time_is_wall_where_the_backend_says_nothing() -> None:
    client = Client({"good": GOOD}, seconds=0.3)
    generator = ParallelGenerator(client)
    started = time.perf_counter()
    [result] = generator.generate_parallel("p", arms("good"), "n", "d")
    assert 0.3 <= result.generation_time <= time.perf_counter() - started
