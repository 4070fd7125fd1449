"""What another model's repair of a failing candidate is worth against that model's fresh sample, at equal model-seconds.

    python experiments/hybrids/embedded.py FILE [--minutes 40] [--seed 0]
    python experiments/hybrids/embedded.py FILE --report

The two embedded models and the demo's tasks. Failing candidates and fresh samples are those that the demo was recorded with, nine of each
model and task; a model writes three repairs (one at each of its temperatures) of the best of three failing candidates of the other, which
it is shown with the test on which that fails. What a sample costs follows from its tokens and the speed at which the demo was recorded, as
what else a machine does makes a clock's seconds longer. Repairs are kept in FILE: stopped and called again it goes on.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path
from typing import Any

import numpy as np

from banditgen import GenerationResult, GeneratorConfig, ParallelGenerator, SelectionCriteria
from banditgen.demo.catalogue import catalogue
from banditgen.demo.comparison import recordings
from banditgen.generators.base import Generator
from banditgen.generators.embedded import EmbeddedGenerator
from banditgen.generators.models import REGISTRY
from banditgen.generators.replay import ReplayGenerator
from banditgen.result import Timings
from banditgen.scoring import rank
from banditgen.task import Task

TEMPERATURES = (0.1, 0.5, 0.9)
MAX_TOKENS = 256
RESAMPLES = 4000
Row = dict[str, Any]


def with_the_failure(prompt: str, failing: GenerationResult) -> str:
    """The task as the mending model gets it."""
    return f"{prompt}\n\nThis answer is wrong:\n{failing.code.strip()}\nIt fails: {failing.error}\nWrite the correct function."


def written(backend: Generator, model: str, prompt: str, task: Task, seed: int) -> list[GenerationResult]:
    """A sample at each of a model's temperatures, written side by side and tried on the task's tests; best first."""
    arms = [GeneratorConfig(f"{model}@{heat}", model, temperature=heat, max_tokens=MAX_TOKENS) for heat in TEMPERATURES]
    return rank(ParallelGenerator(backend, seed=seed).generate_parallel(prompt, arms, "hybrids", "", task=task), SelectionCriteria())


def play(path: Path, minutes: float, seed: int) -> None:
    done, until = {row["task"] for row in rows(path)}, time.monotonic() + 60 * minutes
    recorded, living = ReplayGenerator(recordings()), EmbeddedGenerator()
    tasks = [entry.task for entry in catalogue()]
    for position in np.random.default_rng(seed).permutation(len(tasks)):
        task = tasks[position]
        if task.name in done or time.monotonic() > until:
            continue
        found = list[Row]()
        for author, mender in (list(REGISTRY), list(REGISTRY)[::-1]):
            failing = [one for one in written(recorded, author, task.prompt, task, seed) if one.code and not one.test_passed]
            if failing:
                repairs = written(living, mender, with_the_failure(task.prompt, failing[0]), task, seed)
                found.append(
                    {"mender": mender, "shown": failing[0].code, "error": failing[0].error, "repairs": [kept(one) for one in repairs]}
                )
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"task": task.name, "found": found}) + "\n")
        print(task.name, [(one["mender"], sum(repair["passed"] for repair in one["repairs"])) for one in found], flush=True)


def kept(result: GenerationResult) -> Row:
    assert result.timings is not None
    tokens = [result.timings.prompt_tokens, result.timings.cached_tokens, result.timings.completion_tokens]
    return {"temperature": result.temperature, "passed": result.test_passed, "tokens": tokens, "code": result.code}


def rows(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def paces() -> dict[str, tuple[float, float]]:
    """By model: seconds for each token that is read and for each that is written, as recorded."""
    found = {}
    for model in REGISTRY:
        own = [one.timings for one in recordings() if one.model == model]
        read = sum(times.prompt_eval or 0.0 for times in own) / sum(new_tokens(times) for times in own)
        found[model] = read, sum(times.eval or 0.0 for times in own) / sum(times.completion_tokens or 0 for times in own)
    return found


def new_tokens(times: Timings) -> int:
    return (times.prompt_tokens or 0) - (times.cached_tokens or 0)


def one_of(passed: int, tried: int, samples: int) -> float:
    """The chance that at least one passes of so many of the samples that were tried, drawn without replacement."""
    return 1 - math.comb(tried - passed, samples) / math.comb(tried, samples)


def report(path: Path) -> None:
    """Gains in points, with 95 % intervals from drawing tasks with replacement."""
    pace, pooled = paces(), dict[str, list[tuple[float, float]]]()
    print("| mender | tasks | a fresh sample passes | a repair passes | s fresh | s repair | gain a sample | gain at equal model-seconds |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for model, (read, write) in pace.items():
        # what a deadline cut off on a busy machine was not a repair
        mended_by = [(row["task"], one["repairs"]) for row in rows(path) for one in row["found"] if one["mender"] == model]
        pairs = [(task, own) for task, own in mended_by if all(one["tokens"][0] is not None for one in own)]
        fresh = {task: [one for one in recordings() if one.model == model and one.prompt_id == task] for task, _ in pairs}
        costs = [
            np.mean(
                [read * new_tokens(one.timings) + write * (one.timings.completion_tokens or 0) for own in fresh.values() for one in own]
            ),
            np.mean([read * (one["tokens"][0] - (one["tokens"][1] or 0)) + write * one["tokens"][2] for _, own in pairs for one in own]),
        ]
        low, share = divmod(float(costs[1] / costs[0]), 1)
        gains = []
        for task, repairs in pairs:
            passed, tried = sum(bool(one.passed) for one in fresh[task]), len(fresh[task])
            mended = float(np.mean([one["passed"] for one in repairs]))
            instead = (1 - share) * one_of(passed, tried, int(low)) + share * one_of(passed, tried, int(low) + 1)
            gains.append((passed / tried, mended, mended - passed / tried, mended - instead))
            pooled.setdefault(task, []).append(gains[-1][2:])
        table = np.array(gains)
        shares = f"{table[:, 0].mean():.3f} | {table[:, 1].mean():.3f} | {costs[0]:.2f} | {costs[1]:.2f}"
        print(f"| {model} | {len(pairs)} | {shares} | {said(table[:, 2])} | {said(table[:, 3])} |")
    table = np.array([np.mean(own, axis=0) for own in pooled.values()])
    print(f"| both | {len(pooled)} | | | | | {said(table[:, 0])} | {said(table[:, 1])} |")
    repeated = [one["code"].strip() == found["shown"].strip() for row in rows(path) for found in row["found"] for one in found["repairs"]]
    print(f"\n{np.mean(repeated):.0%} of {len(repeated)} repairs are what was shown, word for word.")


def said(values: np.ndarray) -> str:
    again = np.random.default_rng(0).integers(len(values), size=(RESAMPLES, len(values)))
    low, high = np.quantile(values[again].mean(1), (0.025, 0.975))
    return f"{100 * values.mean():+.1f} ({100 * low:+.1f} to {100 * high:+.1f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", type=Path, metavar="FILE")
    parser.add_argument("--minutes", type=float, default=40.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--report", action="store_true")
    options = parser.parse_args()
    if not options.report:
        play(options.path, options.minutes, options.seed)
    report(options.path)


if __name__ == "__main__":
    main()
