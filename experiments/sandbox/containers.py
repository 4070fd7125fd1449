"""What a trial costs in a warm container, beside the native sandbox, and what a start costs.

    python -m experiments.sandbox.containers

Sandboxes take turns in small batches; of each kind the batch at the lowest eighth is shown, so that what else runs on the machine weighs
little.
"""

from __future__ import annotations

import contextlib
import time

from banditgen.sandbox.container import ContainerSandbox
from banditgen.sandbox.pool import ZygoteSandbox
from banditgen.sandbox.pooled import PooledSandbox
from banditgen.task import Task
from experiments.sandbox.run import CHECK, CODE

BATCH, BATCHES = 10, 24
TASKS = {
    "empty program": Task("nothing"),
    "cooperative": Task("near pairs", tests="import sys\n" + CHECK, entry_point="near_pairs"),
    "judged": Task("near pairs", tests=CHECK, entry_point="near_pairs", channel="judged"),
}


def main() -> None:
    with contextlib.ExitStack() as stack:
        boxes: dict[str, PooledSandbox] = {}
        for name, make in (("native", lambda: ZygoteSandbox(1)), ("container", lambda: ContainerSandbox(workers=1))):
            started = time.perf_counter()
            boxes[name] = stack.enter_context(contextlib.closing(make()))
            level = boxes[name].isolation()["level"]
            print(f"{name}: {level}, first start with its probe {time.perf_counter() - started:.2f} s")
        rows: dict[tuple[str, str], list[float]] = {}
        for _ in range(BATCHES):
            for kind, task in TASKS.items():
                for name, box in boxes.items():
                    started = time.perf_counter()
                    for _ in range(BATCH):
                        assert box.run(CODE if task.tests else "pass", task).passed
                    rows.setdefault((kind, name), []).append(1e3 * (time.perf_counter() - started) / BATCH)
        for kind in TASKS:
            native, contained = (sorted(rows[kind, name])[BATCHES // 8] for name in boxes)
            print(f"{kind:14s} native {native:.2f} ms, container {contained:.2f} ms: {contained - native:+.2f} ms")
        started = time.perf_counter()
        with contextlib.closing(ContainerSandbox(workers=1)) as another:
            another.run("pass", TASKS["empty program"])
            print(f"another container sandbox, to its first trial: {time.perf_counter() - started:.2f} s")


if __name__ == "__main__":
    main()
