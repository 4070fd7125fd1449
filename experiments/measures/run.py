"""What each measure costs for one candidate, in milliseconds, and what it says of recorded candidates that pass.

    python -m experiments.measures.run --data FOLDER [--candidates 60]   (from the top of a checkout)

FOLDER holds `tasks.jsonl.gz` (task_id, entry_point, test, prompt) and `generations.jsonl.gz` (task_id, code, passed_rerun): HumanEval's
tasks and models' answers to them.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import numpy as np

from banditgen import Task
from banditgen.evaluators import DefaultEvaluator
from banditgen.evaluators.measurer import Measurer
from banditgen.evaluators.measures import Subject, known_measures
from banditgen.sandbox.default import shared_sandbox
from experiments.recordings.convert import lines


def subjects(folder: Path, count: int, seed: int) -> list[tuple[str, Task]]:
    """Different passing candidates, each of another task as far as there are such."""
    tasks = {row["task_id"]: row for row in lines(folder / "tasks.jsonl.gz") if row["dataset"] == "HumanEval"}
    codes: dict[str, set[str]] = {}
    for row in lines(folder / "generations.jsonl.gz"):
        if row.get("passed_rerun") and row["task_id"] in tasks:
            codes.setdefault(row["task_id"], set()).add(row["code"])
    rng = np.random.default_rng(seed)
    found = []
    for task_id in rng.permutation(sorted(codes))[:count]:
        task = tasks[task_id]
        code = str(rng.choice(sorted(codes[task_id])))
        found.append((code, Task(task["prompt"], tests=task["test"], entry_point=task["entry_point"])))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--candidates", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    sandbox = shared_sandbox()
    milliseconds: dict[str, list[float]] = {}
    values: dict[str, list[float]] = {}

    def timed(name: str, started: float) -> None:
        milliseconds.setdefault(name, []).append(1000 * (time.perf_counter() - started))

    for code, task in subjects(options.data, options.candidates, options.seed):
        started = time.perf_counter()
        execution = sandbox.run(code, task)
        timed("(the tests)", started)
        if not execution.passed:
            continue
        started = time.perf_counter()
        DefaultEvaluator().evaluate(code, execution, task)
        timed("(the default evaluator)", started)
        measurer, subject = Measurer(sandbox), Subject(code, execution, task)
        for name in known_measures():
            started = time.perf_counter()
            taken = measurer.measure([name], subject)
            timed(name, started)
            values.setdefault(name, []).extend(value for value, _ in taken.values())
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; {len(milliseconds['lint'])} candidates")
    print("| | median ms | 90 % | taken | mean | least |\n| --- | ---: | ---: | ---: | ---: | ---: |")
    for name, took in milliseconds.items():
        said = values.get(name, [])
        told = f"{len(said)} | {np.mean(said):.2f} | {min(said):.2f}" if said else "| |"
        print(f"| {name} | {np.median(took):.1f} | {np.quantile(took, 0.9):.1f} | {told} |")


if __name__ == "__main__":
    main()
