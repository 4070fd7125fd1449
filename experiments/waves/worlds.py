"""Recorded matrices with their timings, and what a sequence could do that knows them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from banditgen.arm import GeneratorConfig
from banditgen.offline.replay import draw_outcomes
from experiments.regret.matrices import OLLAMA, _cruxeval, _lines, _ollama, recorded

Floats = NDArray[np.float64]
LEAST_SHARE = 0.95  # of a data set's tasks that an arm must have met


@dataclasses.dataclass(frozen=True)
class World:
    """Outcomes (arms, tasks, samples), the arms, and the seconds of each candidate where they were recorded."""

    outcomes: Floats
    arms: list[GeneratorConfig]
    seconds: Floats | None = None

    def timed(self) -> World | None:
        """With the arms alone whose seconds were recorded, missing ones taken as the arm's mean; None where none were."""
        if self.seconds is None:
            return None
        rows = np.flatnonzero(~np.isnan(self.seconds).all((1, 2)))
        seconds = self.seconds[rows]
        seconds = np.where(np.isnan(seconds), np.nanmean(seconds, (1, 2), keepdims=True), seconds)
        return World(self.outcomes[rows], [self.arms[i] for i in rows], seconds)


def worlds(data: Path) -> dict[str, World]:
    """Every matrix of the data folder."""
    found = {"cruxeval_o": World(*_cruxeval(data)), "ollama": _timed_ollama(data)}
    for path in sorted((data / "outcomes").glob("*.npz")):
        with np.load(path, allow_pickle=True) as file:
            settings = zip(file["models"], file["temperatures"], strict=True)
            arms = [GeneratorConfig(f"{i} {model}", str(model), float(temperature)) for i, (model, temperature) in enumerate(settings)]
            seconds = file["agent_seconds"].astype(float) if "agent_seconds" in file else None
            found[path.stem] = World(file["outcomes"].astype(float), arms, seconds)
    return found


def kept_aside(data: Path) -> dict[str, World]:
    """Matrices that no setting was chosen on: every other recorded candidate, and the parts of two matrices."""
    found = {name.replace(" ", "_"): World(*matrix) for name, matrix in recorded(data).items() if name != "ollama 12 arms"}
    rows = [row for row in _lines(data / "generations.jsonl.gz") if row["source"] != OLLAMA and "passed_rerun" in row]
    for dataset in ("HumanEval", "MBPP-typed"):
        cells: dict[tuple[str, str], dict[str, list[bool]]] = {}
        for row in (row for row in rows if row["task_id"].startswith(dataset)):
            cells.setdefault((row["model"], f"{row['source']} {row['arm']}"), {}).setdefault(row["task_id"], []).append(row["passed_rerun"])
        most = max(len(by_task) for by_task in cells.values())
        full = {arm: by_task for arm, by_task in cells.items() if len(by_task) >= LEAST_SHARE * most}
        tasks = sorted(set.intersection(*(set(by_task) for by_task in full.values())))
        outcomes = np.full((len(full), len(tasks), max(len(by_task[task]) for by_task in full.values() for task in tasks)), np.nan)
        for i, by_task in enumerate(full.values()):
            for j, task in enumerate(tasks):
                outcomes[i, j, : len(by_task[task])] = by_task[task]
        arms = [GeneratorConfig(f"{i} {arm}", model, 0.0, system_prompt=arm) for i, (model, arm) in enumerate(full)]
        found[f"recorded_{dataset}"] = World(outcomes, arms)
    return found


def _timed_ollama(data: Path) -> World:
    outcomes, arms = _ollama(data)
    rows = [row for row in _lines(data / "generations.jsonl.gz") if row["source"] == OLLAMA]
    tasks = sorted({row["task_id"] for row in rows})
    place = {(arm.model, arm.system_prompt): i for i, arm in enumerate(arms)}
    seconds = np.full(outcomes.shape, np.nan)
    for row in rows:
        cell = place[row["model"], row["prompt_style"]], tasks.index(row["task_id"]), row["sample"]
        seconds[cell] = row["prefill_seconds"] + row["decode_seconds"]
    return World(outcomes, arms, seconds)


def perfect(outcomes: Floats, rounds: int, seeds: Sequence[int], budget: float, most: int) -> tuple[Floats, Floats]:
    """(seeds,) each: share of races solved by the greedy sequence of the true rates, and the generations that it spent in the mean.

    It stops at the first pass; the last step is taken as often as the budget allows.
    """
    table = np.nan_to_num(draw_outcomes(outcomes, rounds, seeds)[0]) > 0
    fails = 1 - np.nan_to_num(np.nanmean(outcomes, 2))
    left, reach = np.ones(fails.shape[1]), [1.0]
    order: list[int] = []
    for _ in range(min(most, len(fails))):
        gain = ((1 - fails) * left).mean(1)
        gain[order] = -1
        order.append(int(gain.argmax()))
        left = left * fails[order[-1]]
        reach.append(float(left.mean()))
    spent = np.cumsum(reach[:-1])
    steps = int((spent <= budget).sum())
    passed = table[:, :, order]
    first = np.where(passed.any(2), passed.argmax(2), len(order))
    solved, cost = (first < steps).mean(1), np.minimum(first + 1, steps).mean(1)
    if steps < len(order):
        share = (budget - spent[steps - 1]) / reach[steps]
        solved, cost = solved + share * (first == steps).mean(1), cost + share * (first >= steps).mean(1)
    return solved, cost
