"""Which processes spend a job's processor time: the user's, the worker, or the job's own?

    python -m experiments.sandbox.cost

Jobs of the three kinds take turns in small batches; of each kind the batch at the lowest eighth is shown, so that what else
runs on the machine weighs little.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from banditgen.sandbox.pool import ZygoteSandbox
from banditgen.task import Task
from experiments.sandbox.run import CHECK, CODE

BATCH, BATCHES = 25, 24
TASKS = {
    "empty program": Task("nothing"),
    "cooperative": Task("near pairs", tests="import sys\n" + CHECK, entry_point="near_pairs"),
    "judged": Task("near pairs", tests=CHECK, entry_point="near_pairs", channel="judged"),
}


def children(pid: int) -> list[int]:
    return [int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()]


def processor_ms(pid: int) -> float:
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e6


def main() -> None:
    with contextlib.closing(ZygoteSandbox(1)) as sandbox:
        sandbox.start()
        (worker,) = [inner for outer in children(os.getpid()) for inner in children(outer)]
        rows: dict[str, list[tuple[float, ...]]] = {name: [] for name in TASKS}
        for _ in range(BATCHES):
            for name, task in TASKS.items():
                own, its, jobs = time.process_time(), processor_ms(worker), 0.0
                for _ in range(BATCH):
                    jobs += sandbox.run(CODE if task.tests else "pass", task).cpu_seconds
                parts = (1e3 * (time.process_time() - own) / BATCH, (processor_ms(worker) - its) / BATCH, 1e3 * jobs / BATCH)
                rows[name].append((sum(parts), *parts))
    for name, values in rows.items():
        total, own, its, jobs = sorted(values)[BATCHES // 8]
        print(f"{name:14s} {total:.2f} ms: user's process {own:.2f}, worker {its:.2f}, the job's own {jobs:.2f}")


if __name__ == "__main__":
    main()
