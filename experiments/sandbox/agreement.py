"""Do our verdicts agree with the recorded ones?

BANDITGEN_DATA=… python -m experiments.sandbox.agreement [--count 2000] [--seed 0]
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from banditgen.sandbox.base import Execution, Sandbox
from banditgen.sandbox.default import default_sandbox
from experiments.sandbox import recorded


def compare(sandbox: Sandbox, data: Any, count: int, seed: int) -> None:
    known = recorded.tasks(data)
    ready = {name: recorded.to_task(row) for name, row in known.items()}
    started = time.perf_counter()
    with ThreadPoolExecutor(2) as threads:
        for dataset in ("HumanEval", "MBPP-sanitized"):
            rows = [row for row in known.values() if row["dataset"] == dataset]
            runs = list(threads.map(lambda row: sandbox.run(recorded.canonical(row), ready[row["task_id"]]), rows))
            channels = collections.Counter(run.channel for run in runs)
            print(f"canonical {dataset}: {sum(run.passed for run in runs)}/{len(runs)} pass, {dict(channels)}")
            for row, run in zip(rows, runs, strict=True):
                if not run.passed:
                    print("   ", row["task_id"], run.channel, run.error)
        rows = recorded.generations(data, count, seed)
        runs = list(threads.map(lambda row: sandbox.run(row["code"], ready[row["task_id"]]), rows))
    seconds = time.perf_counter() - started
    different = [(row, run) for row, run in zip(rows, runs, strict=True) if run.passed != row["passed_rerun"]]
    channels = collections.Counter(run.channel for run in runs)
    print(f"generations: {len(rows) - len(different)}/{len(rows)} agree, {dict(channels)}, {seconds:.0f} s")
    for row, run in different:
        print(f"    {row['task_id']} {row['gen_id']} recorded: {row['rerun_status']} | here: {_outcome(run)}")


def _outcome(run: Execution) -> str:
    return f"{run.channel} {run.failure.value if run.failure else 'passed'} {run.error or ''}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    found = recorded.folder()
    if found is None:
        raise SystemExit("set BANDITGEN_DATA to the folder of recorded generations")
    with contextlib.closing(default_sandbox()) as box:
        compare(box, found, arguments.count, arguments.seed)
