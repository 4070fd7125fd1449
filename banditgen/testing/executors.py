"""The contract of an executor that runs our jobs, as a test class to subclass: what comes out is what comes out without one."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
import signal
from collections.abc import Iterator
from concurrent.futures import Executor
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from banditgen._jobs import Jobs
from banditgen.arm import GeneratorConfig
from banditgen.errors import EngineError, UsageError
from banditgen.evaluators.judge import judge
from banditgen.offline.replay import replay
from banditgen.sandbox.base import Sandbox
from banditgen.sandbox.engine import ExecutorSandbox
from banditgen.task import Task

ARMS = [GeneratorConfig(f"arm{i}", f"m{i // 2}", 0.1 + 0.3 * (i % 2)) for i in range(4)]
TASK = Task("f", tests="assert f(1) == 2", entry_point="f")
RIGHT, WRONG = "def f(n):\n    return n + 1\n", "def f(n):\n    return n\n"


class ExecutorContract:
    """Subclass it, say how an executor is made, and pytest runs the contract.

    Attributes:
        processes: whether its workers are processes, which may be killed.
    """

    processes: ClassVar[bool] = True

    def make(self) -> contextlib.AbstractContextManager[Executor]:
        """An executor with two workers or more, which its context shuts down."""
        raise NotImplementedError

    @pytest.fixture
    def executor(self) -> Iterator[Executor]:
        """One for a test."""
        with self.make() as executor:
            yield executor

    def test_what_comes_out_is_a_loops(self, executor: Executor) -> None:
        """Results in their order, a job's own error, replays to the last bit, verdicts and measures; only times are a worker's own."""
        with Jobs(executor) as jobs:
            assert jobs.map(_draw, range(40)) == [_draw(seed) for seed in range(40)]
            assert jobs.map(_draw, []) == []
            with pytest.raises(UsageError, match="no job for 3"):
                jobs.map(_refuse, range(6))
            assert jobs.map(_draw, range(3)) == [_draw(seed) for seed in range(3)]
        outcomes = (np.random.default_rng(0).random((4, 5, 3)) < 0.4).astype(float)
        play = functools.partial(replay, "best_set", outcomes, ARMS, k=2, rounds=6, seeds=40)
        here, there = dataclasses.asdict(play()), dataclasses.asdict(play(executor=executor))
        assert all(np.array_equal(here[name], there[name]) for name in ("choices", "rewards", "best_reward", "tasks", "generations"))
        judged = judge([(RIGHT, TASK), (WRONG, TASK), ("", TASK), (RIGHT, TASK)], executor=executor)
        assert [execution.passed for execution, _ in judged] == [True, False, False, True]
        assert judged[0][1] == judged[3][1] == judge([(RIGHT, TASK)])[0][1]
        sandbox = ExecutorSandbox(executor)
        assert isinstance(sandbox, Sandbox)
        assert sandbox.run(RIGHT, TASK).passed
        assert not sandbox.run(WRONG, TASK).passed
        assert sandbox.isolation()["level"]
        sandbox.close()

    def test_a_worker_killed_in_mid_job_changes_nothing(self, executor: Executor, tmp_path: Path) -> None:
        """Its job runs again and counts once; one that kills every worker is an error that says so, and not before two runs."""
        if not self.processes:
            pytest.skip("threads are not killed")
        with Jobs(executor) as jobs:
            killed = jobs.map(functools.partial(_die, tmp_path, 5, 1), range(12))
            assert killed == [_draw(seed) for seed in range(12)]
            assert len(list(tmp_path.glob("5.*"))) == 2
            with pytest.raises(EngineError, match="lost the workers of job 1 of 1 again and again"):
                jobs.map(functools.partial(_die, tmp_path, 77, 99), [77])
            assert len(list(tmp_path.glob("77.*"))) > 1


def _draw(seed: int) -> float:
    return float(np.random.default_rng(seed).random())


def _refuse(number: int) -> int:
    if number == 3:
        raise UsageError("no job for 3")
    return number


def _die(folder: Path, victim: int, times: int, seed: int) -> float:
    """A draw; the first runs with the victim's seed end with their process."""
    if seed == victim:
        run = len(list(folder.glob(f"{seed}.*")))
        (folder / f"{seed}.{run}").touch()
        if run < times:
            os.kill(os.getpid(), signal.SIGKILL)
    return _draw(seed)
