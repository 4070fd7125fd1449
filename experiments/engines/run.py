"""What an executor with two workers brings: replays and trials on it against the same here, one after another.

    python -m experiments.engines.run [--repeats 5]

Serial and parallel runs alternate, so that what else the machine does meets both alike; workers are warm. Results are compared,
too: they must be the same. Prints the table of RESULTS.md.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import statistics
import time
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import distributed
import numpy as np

from banditgen.arm import GeneratorConfig
from banditgen.evaluators.judge import judge
from banditgen.offline.replay import replay
from banditgen.task import Task

ARMS = [GeneratorConfig(f"arm{i}", f"model{i // 2}", 0.2 + 0.6 * (i % 2)) for i in range(24)]
OUTCOMES = (np.random.default_rng(0).random((24, 300, 5)) < 0.4).astype(float)
TASK = Task("Write f(n).", tests="\n".join(f"assert f({n}) == {sum(range(n))}" for n in range(0, 2000, 20)), entry_point="f")
CODES = [f"def f(n):\n    total = {i} - {i}\n    for k in range(n):\n        total += k\n    return total\n" for i in range(40)]


def played(executor: Executor | None) -> Any:
    return replay("best_set", OUTCOMES, ARMS, k=3, rounds=150, seeds=128, executor=executor).choices.tolist()


def tried(executor: Executor | None) -> Any:
    return [(execution.passed, measures) for execution, measures in judge([(code, TASK) for code in CODES], executor=executor)]


def processor() -> float:
    """Processor seconds of this process and all below it, ended ones included where they were waited for."""
    ticks, looked = 0, [os.getpid()]
    while looked:
        process = Path(f"/proc/{looked.pop()}")
        with contextlib.suppress(OSError):  # it has just ended
            ticks += sum(int(number) for number in (process / "stat").read_text().rpartition(") ")[2].split()[11:15])
            looked += [int(pid) for thread in (process / "task").glob("*/children") for pid in thread.read_text().split()]
    return ticks / os.sysconf("SC_CLK_TCK")


def cost(work: Callable[[Executor | None], Any], executor: Executor | None) -> tuple[float, float, Any]:
    """Seconds, processor seconds, and what came out."""
    before, started = processor(), time.perf_counter()
    found = work(executor)
    return time.perf_counter() - started, processor() - before, found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n")
    print("| what | executor | serial, s | on it, s | times as fast | processor s | on it |\n| --- | --- | --- | --- | --- | --- | --- |")
    with (
        ThreadPoolExecutor(2) as threads,
        ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as processes,
        contextlib.ExitStack() as stack,
    ):
        list(processes.map(time.sleep, [0.5, 0.5]))  # its workers begin before Dask's, whose environment they would inherit
        cluster = stack.enter_context(distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0"))  # type: ignore[no-untyped-call]
        client = stack.enter_context(distributed.Client(cluster))  # type: ignore[no-untyped-call]
        on_dask = stack.enter_context(client.get_executor())
        works: dict[str, Callable[[Executor | None], Any]] = {
            "replay, best_set, 128 seeds × 150 rounds × 24 arms": played,
            "40 trials with measures": tried,
        }
        for (what, work), (name, executor) in (
            (one, other)
            for one in works.items()
            for other in (("2 threads", threads), ("process pool of 2", processes), ("Dask, 2 processes", on_dask))
        ):
            expected = work(executor)  # warm
            runs = [(cost(work, None), cost(work, executor)) for _ in range(repeats)]
            assert all(found == expected for pair in runs for _, _, found in pair)
            wall, busy = ([[pair[side][which] for pair in runs] for side in (0, 1)] for which in (0, 1))
            walls = [f"{statistics.median(times):.2f} ({', '.join(f'{t:.2f}' for t in times)})" for times in wall]
            ratio = statistics.median(a / b for a, b in zip(*wall, strict=True))
            own = [f"{statistics.median(times):.2f}" for times in busy]
            print(f"| {what} | {name} | {' | '.join(walls)} | {ratio:.2f} | {' | '.join(own)} |", flush=True)


if __name__ == "__main__":
    main()
