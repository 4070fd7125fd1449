"""A caller's runner and evaluator: their time is their own, and so are their faults."""

from __future__ import annotations

import math
import os
import threading
from typing import Any

import pytest

from banditgen import FailureKind, GenerationResult, GeneratorConfig, ParallelGenerator, Task
from banditgen.evaluators import DefaultEvaluator
from banditgen.sandbox.base import Execution
from banditgen.task import Limits
from tests.clients import BAD, GOOD, Client


def double(seconds: float) -> Task:
    return Task("Write double(x).", task_type="t", tests="assert double(2) == 4", limits=Limits(wall_seconds=seconds))


DOUBLE, HURRIED = double(30), double(3)  # still ample for a candidate where the machine is busy


class Runner:
    """Content with everything."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.fault = fault
        self.threads: set[int] = set()

    def save_code(self, node_id: str, code: str) -> None:
        del node_id, code

    def run_node(self, node_id: str, payload: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
        del node_id, payload
        self.threads.add(threading.get_ident())
        if self.fault is not None:
            raise self.fault
        return "", "", {"exit_code": 0, "latency_ms": 1}


class Limited(Runner):
    """One that keeps the time limit that it is given."""

    def save_code(self, node_id: str, code: str, **options: Any) -> None:
        self.limits: list[float | None] = [options.get("timeout")]

    def run_node(self, node_id: str, payload: dict[str, Any], timeout: float | None = None) -> tuple[str, str, dict[str, Any]]:
        self.limits.append(timeout)
        return "", "", {"exit_code": 0, "latency_ms": 1}


class Evaluator:
    """Gives what it is told to give, and notes what it is asked about."""

    def __init__(self, score: Any = 0.9, *, wants_failures: bool | None = None) -> None:
        self.score = score
        self.asked: list[bool] = []
        if wants_failures is not None:
            self.wants_failures = wants_failures

    def evaluate_full(self, stdout: str, stderr: str, metrics: dict[str, Any]) -> Any:
        self.asked.append(metrics["passed"])
        if isinstance(self.score, Exception):
            raise self.score
        return {"final_score": self.score}


def race(*models: str, task: Task = DOUBLE, **parts: Any) -> list[GenerationResult]:
    generator = ParallelGenerator(Client({"good": GOOD, "bad": BAD, "other": GOOD}), **parts)
    arms = [GeneratorConfig(name, name, 0.1) for name in models]
    return generator.generate_parallel("p", arms, "n", "d", max_workers=len(arms), task=task)


@pytest.mark.parametrize("score", [math.nan, math.inf, -0.1, 1.5, None, "0.9", ValueError("no"), SystemExit(1), TimeoutError("mine")])
def test_a_measure_that_is_none_is_dropped_and_the_verdict_stays(score: Any, caplog: pytest.LogCaptureFixture) -> None:
    """With one warning for the race; the candidate is neither praised nor blamed for it."""
    good, other, bad = race("good", "other", "bad", evaluator=Evaluator(score))
    for passed in (good, other):
        assert (passed.test_passed, passed.verified, passed.failure, passed.measures) == (True, True, None, {})
        assert passed.quality_score == 0.75
    assert (bad.test_passed, bad.verified, bad.failure) == (False, True, FailureKind.WRONG)
    assert len([record for record in caplog.records if "the verdict stays" in record.getMessage()]) == 1


@pytest.mark.parametrize("measures", [{"quality": 0.9, "style": 7}, {"quality": math.nan, "style": 0.5}, {3: 0.5}, 0.9, None])
def test_an_evaluator_of_the_port_keeps_what_can_be_a_measure(measures: Any, caplog: pytest.LogCaptureFixture) -> None:
    class Own:
        def evaluate(self, code: str, execution: Execution, task: Task) -> Any:
            return measures

    [good] = race("good", evaluator=Own())
    assert good.test_passed
    kept = measures.items() if isinstance(measures, dict) else ()
    assert good.measures == {name: value for name, value in kept if isinstance(name, str) and 0 <= value <= 1}
    assert len(caplog.records) == 1


def test_an_evaluator_is_asked_about_failures_only_where_it_wants_them() -> None:
    for wants, asked in ((None, [True]), (False, [True]), (True, [False, True])):
        evaluator = Evaluator(wants_failures=wants)
        good, bad = race("good", "bad", evaluator=evaluator)
        assert sorted(evaluator.asked) == asked
        assert good.quality_score == 0.95
        assert bad.quality_score == (0.45 if wants else 0.0)
    assert race("bad", evaluator=DefaultEvaluator())[0].measures == race("bad")[0].measures != {}


def test_a_runner_that_raises_is_infrastructure() -> None:
    for fault in (OSError("disk"), TimeoutError("mine")):
        [result] = race("good", node_runner=Runner(fault=fault))
        assert (result.failure, result.verified, result.test_passed) == (FailureKind.INFRASTRUCTURE, False, False)
        assert f"{type(fault).__name__}: {fault}" in str(result.error)


@pytest.mark.slow
def test_slow_parts_are_given_up_on_when_the_tasks_time_is_over(caplog: pytest.LogCaptureFixture) -> None:
    """A runner's candidate is infrastructure's, an evaluator's measure is dropped."""
    slow = Waiting()
    [result] = race("good", node_runner=slow, task=HURRIED)
    assert result.failure is FailureKind.INFRASTRUCTURE
    assert "the node runner did not return within 3 s" in str(result.error)
    [result] = race("good", evaluator=slow, task=HURRIED)
    assert (result.test_passed, result.measures) == (True, {})
    assert "the evaluator did not return within 3 s" in caplog.text
    assert not slow.went_on, "neither was waited for"
    slow.go_on.set()


def test_who_takes_a_timeout_gets_the_tasks() -> None:
    runner = Limited()
    assert race("good", node_runner=runner)[0].test_passed
    assert runner.limits == [None, 30.0]  # what takes anything may hand it on to what does not

    class Timed(Evaluator):
        def evaluate_full(self, stdout: str, stderr: str, metrics: dict[str, Any], *, timeout: float = 0.0) -> Any:
            return {"final_score": timeout / 60}

    assert race("good", evaluator=Timed())[0].measures == {"quality": 0.5}


class Waiting(Runner):
    """A runner, an evaluator and a sandbox that is not done before it is told to go on."""

    name = "waiting"

    def __init__(self) -> None:
        super().__init__()
        self.began, self.go_on, self.went_on = threading.Semaphore(0), threading.Event(), False

    def _wait(self) -> None:
        self.began.release()
        self.go_on.wait(250)
        self.went_on = True

    def run_node(self, node_id: str, payload: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
        self._wait()
        return super().run_node(node_id, payload)

    def evaluate_full(self, stdout: str, stderr: str, metrics: dict[str, Any]) -> Any:
        self._wait()
        return {"final_score": 0.5}

    def run(self, code: str, task: Task) -> Execution:
        self._wait()
        return Execution(passed=True, verified=True)

    def isolation(self) -> dict[str, str]:
        return {}

    def close(self) -> None: ...


def test_no_trial_waits_behind_a_callers_sandbox() -> None:
    race("good")  # ours is warm
    slow, count = Waiting(), 2 * (os.cpu_count() or 1) + 1
    arms = [GeneratorConfig(f"a{number}", "good", number / 10) for number in range(count)]
    busy = ParallelGenerator(Client({"good": GOOD}), sandbox=slow)
    waiting = threading.Thread(target=lambda: busy.generate_parallel("p", arms, "n", "d", max_workers=count, task=DOUBLE))
    waiting.start()
    assert all(slow.began.acquire(timeout=100) for _ in arms)
    assert race("good")[0].test_passed
    slow.go_on.set()
    waiting.join()


@pytest.mark.slow
def test_no_trial_waits_behind_a_callers_slow_runner_or_evaluator() -> None:
    """More of them than there are processors, in another race; each has a thread of its own."""
    race("good")  # the sandbox is warm
    task = double(250)
    count = 2 * (os.cpu_count() or 1) + 1
    arms = [GeneratorConfig(f"a{number}", "good", number / 10) for number in range(count)]
    for part in ("node_runner", "evaluator"):
        slow = Waiting()
        parts: dict[str, Any] = {part: slow}
        busy = ParallelGenerator(Client({"good": GOOD}), **parts)
        waiting = threading.Thread(target=lambda race=busy: race.generate_parallel("p", arms, "n", "d", max_workers=count, task=task))
        waiting.start()
        assert all(slow.began.acquire(timeout=100) for _ in arms)
        assert race("good")[0].test_passed
        slow.go_on.set()
        waiting.join()
