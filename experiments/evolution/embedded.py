"""Does evolution find better arms for real models, on tasks that it never saw?

    python experiments/evolution/embedded.py FOLDER [--budget 900] [--generations 6] [--samples 3] [--seed 0]
    python experiments/evolution/embedded.py FOLDER --report

The demo's tasks are split in two halves of the same types. On one half `evolve` breeds from the arms of the strategy "balanced"
(two models at three temperatures); on the other half the arms before and after then write the same number of candidates, by turns,
so that what else the machine does hits both alike. Everything is kept in FOLDER: stopped and called again it goes on.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from banditgen import BanditGenerator, GeneratorConfig, ParallelGenerator, Strategy
from banditgen.demo.catalogue import catalogue
from banditgen.evolution.offline import evolve, strategy_text
from banditgen.evolution.plan import Plan
from banditgen.racing.waves import start_order
from banditgen.task import Task

MAX_TOKENS = 128
ARMS = 6
RESAMPLES = 4000


def halves() -> tuple[list[Task], list[Task]]:
    tasks = [entry.task for entry in catalogue()]
    return tasks[::2], tasks[1::2]


def breed(folder: Path, start: Strategy, budget: float, generations: int, seed: int) -> list[GeneratorConfig]:
    target = folder / "evolved.toml"
    if not target.exists():
        with BanditGenerator.open(start, backend="embedded", history=folder / "evolve.db", seed=seed) as bandit:
            models = sorted({arm.model for arm in bandit.arms})
            evolved = evolve(
                bandit.racer,
                bandit.arms,
                models,
                halves()[0],
                Plan(generations, 6, budget, seed),
                k=ARMS // 2,
                rewriter="smollm2-135m-instruct",
                keep=folder / "checkpoint.json",
                on_generation=lambda now: print(
                    f"generation {now.generations}: {now.arms[0].arm.name} {now.arms[0].quality:.2f} {now.model_seconds:.0f} s", flush=True
                ),
            )
            target.write_text(strategy_text(start, evolved))
    return list(Strategy.load(target).arms)


def lines(folder: Path) -> list[dict[str, Any]]:
    path = folder / "held_out.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def rounds(sides: dict[str, list[GeneratorConfig]], samples: int) -> Iterator[tuple[str, int, Task, list[GeneratorConfig]]]:
    """One sample of every task by every arm of both sides, then the next; a side with fewer arms takes each more often."""
    for sample in range(samples):
        for task in halves()[1]:
            for side, arms in sides.items():
                for part in range(0, ARMS, 3):
                    wanted = [arms[(ARMS * sample + place) % len(arms)] for place in range(part, part + 3)]
                    yield side, sample * ARMS + part, task, wanted


def compare(folder: Path, sides: dict[str, list[GeneratorConfig]], samples: int, seed: int) -> None:
    done = {(line["side"], line["turn"], line["task"]) for line in lines(folder)}
    with BanditGenerator.open("balanced", backend="embedded", history="sqlite://", seed=seed) as bandit:
        racer = ParallelGenerator(bandit.backend, history="sqlite://", seed=seed)
        for side, turn, task, arms in rounds(sides, samples):
            if (side, turn, task.name) in done:
                continue
            named = [dataclasses.replace(arm, name=f"{arm.name}#{place}") for place, arm in enumerate(arms)]
            results = racer.generate_parallel(task.prompt, start_order(named, np.random.default_rng(turn)), "held-out", "", task=task)
            with (folder / "held_out.jsonl").open("a") as file:
                for result in results:
                    row = {"side": side, "turn": turn, "task": task.name, "type": task.task_type}
                    row |= {"arm": result.generator_name.split("#")[0], "passed": result.test_passed, "seconds": result.generation_time}
                    file.write(json.dumps(row) + "\n")


def report(folder: Path) -> None:
    """Shares solved and their difference, with intervals from drawing tasks with replacement: candidates of one task are alike."""
    rows = lines(folder)
    names = sorted({row["task"] for row in rows})
    place = {name: i for i, name in enumerate(names)}
    counts = {side: np.zeros((len(names), 3)) for side in ("before", "after")}
    for row in rows:
        counts[row["side"]][place[row["task"]]] += (row["passed"], 1, row["seconds"])
    rng = np.random.default_rng(0)
    drawn = np.concatenate([np.arange(len(names))[None], rng.integers(len(names), size=(RESAMPLES, len(names)))])
    share, pace = {}, {}
    for side, table in counts.items():
        sums = table[drawn].sum(1)
        share[side], pace[side] = sums[:, 0] / sums[:, 1], sums[:, 0] / sums[:, 2] * 60
        print(f"{side}: {said(share[side])} of {table[:, 1].sum():.0f} candidates; {said(pace[side])} solved a model-minute")
    print(f"difference: {said(share['after'] - share['before'])}; pace, ratio: {said(pace['after'] / pace['before'])}")
    for side in counts:
        for arm in sorted({row["arm"] for row in rows if row["side"] == side}):
            own = [row for row in rows if row["side"] == side and row["arm"] == arm]
            seconds = np.mean([row["seconds"] for row in own])
            print(f"  {side} {arm}: {np.mean([row['passed'] for row in own]):.3f} of {len(own)}, {seconds:.1f} s")


def said(values: Any) -> str:
    low, high = np.quantile(values[1:], (0.025, 0.975))
    return f"{values[0]:.3f} ({low:.3f} to {high:.3f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--budget", type=float, default=900.0)
    parser.add_argument("--generations", type=int, default=6)
    parser.add_argument("--samples", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--report", action="store_true")
    options = parser.parse_args()
    if not options.report:
        options.folder.mkdir(parents=True, exist_ok=True)
        start = dataclasses.replace(Strategy.load("balanced"), max_tokens=MAX_TOKENS)
        after = breed(options.folder, start, options.budget, options.generations, options.seed)
        with BanditGenerator.open(start, backend="embedded", history="sqlite://") as bandit:
            before = list(bandit.arms)
        compare(options.folder, {"before": before, "after": after}, options.samples, options.seed)
    report(options.folder)


if __name__ == "__main__":
    main()
