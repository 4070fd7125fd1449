"""Jobs on engines that are there: threads, processes, a Dask cluster; see `ExecutorContract` for what holds on all."""

from __future__ import annotations

import contextlib
import functools
import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import dask
import distributed
import pytest

from banditgen._jobs import Jobs
from banditgen.errors import EngineError, SandboxError, UsageError
from banditgen.sandbox.engine import ExecutorSandbox
from banditgen.testing.executors import RIGHT, TASK, ExecutorContract
from tests.waiting import until


class TestThreads(ExecutorContract):
    processes = False

    def make(self) -> contextlib.AbstractContextManager[Executor]:
        return ThreadPoolExecutor(2)


@pytest.mark.slow
class TestProcesses(ExecutorContract):
    def make(self) -> contextlib.AbstractContextManager[Executor]:
        return ProcessPoolExecutor(2, multiprocessing.get_context("forkserver"))


@pytest.mark.slow
class TestDask(ExecutorContract):
    @contextlib.contextmanager
    def make(self) -> Iterator[Executor]:
        with (
            # a worker that was killed may take its time to come back before the cluster gives it up
            dask.config.set({"distributed.scheduler.allowed-failures": 1, "distributed.deploy.lost-worker-timeout": "5 minutes"}),
            distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster,  # type: ignore[no-untyped-call]
            distributed.Client(cluster) as client,  # type: ignore[no-untyped-call]
            client.get_executor() as executor,
        ):
            yield executor


def test_what_is_no_executor_or_takes_no_jobs_is_said_in_a_line() -> None:
    with pytest.raises(UsageError, match=r"concurrent\.futures\.Executor, not int"):
        Jobs(3)  # type: ignore[arg-type]
    with ThreadPoolExecutor(1) as closed:
        pass
    with pytest.raises(EngineError, match="ThreadPoolExecutor takes no job: cannot schedule new futures after shutdown"):
        Jobs(closed).map(str, [1])
    with pytest.raises(SandboxError, match="takes no job"):
        ExecutorSandbox(closed).run(RIGHT, TASK)
    assert Jobs(None).map(str, [1, 2]) == ["1", "2"]


def test_a_pool_is_given_few_jobs_at_a_time() -> None:
    """Where a worker dies, all that a pool was given are lost."""
    given: list[int] = []

    def look(job: int) -> int:
        time.sleep(0.002)
        given.append(pool._work_queue.qsize())
        return job

    with ThreadPoolExecutor(2) as pool:
        assert Jobs(pool).map(look, range(50)) == list(range(50))
    assert max(given) <= 4


@pytest.mark.slow
def test_no_sandbox_outlives_its_worker(tmp_path: Path) -> None:
    """Whether the pool is shut down or its worker killed: a sandbox's processes end with the process that started them."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("forkserver")) as pool:
        sandbox = ExecutorSandbox(pool)
        assert sandbox.run(RIGHT, TASK).passed
        first = pool.submit(children).result()
        assert first
        with Jobs(pool) as jobs:
            assert jobs.map(functools.partial(ends_once, tmp_path / "ended"), [1]) == [1]
        assert sandbox.run(RIGHT, TASK).passed  # the pool is broken; the sandbox has another
        assert gone(first)
        second = Jobs(sandbox._jobs._executor).map(nothing, [1]) and sandbox._jobs._executor.submit(children).result()  # type: ignore[union-attr]
        sandbox.close()
    assert second
    assert gone(second)


@pytest.mark.slow
def test_no_worker_outlives_a_command_that_is_killed() -> None:
    code = (
        "import os, time\n"
        "from banditgen._jobs import processes\n"
        "with processes(2) as pool:\n"
        "    pids = {pool.submit(os.getpid).result() for _ in range(20)}\n"
        "    print(*pids, flush=True)\n"
        "    time.sleep(60)\n"
    )
    command = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert command.stdout is not None
    with command.stdout as said:
        workers = [int(pid) for pid in said.readline().split()]
        command.kill()
        command.wait()
    assert workers
    assert gone(workers)


def nothing(job: int) -> int:
    return job


def ends_once(mark: Path, job: int) -> int:
    if not mark.exists():
        mark.touch()
        os._exit(9)
    return job


def children() -> list[int]:
    """All processes below this one."""
    found, looked = [], [os.getpid()]
    while looked:
        for task in Path(f"/proc/{looked.pop()}/task").glob("*/children"):
            below = [int(pid) for pid in task.read_text().split()]
            found += below
            looked += below
    return found


def gone(pids: list[int]) -> bool:
    return until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))
