"""Do a bench's intervals hold what other tasks and samples of the same arms show?

    python -m experiments.bench.coverage --data FOLDER [--runs 200]

Full matrices of recorded outcomes. The truth is the whole matrix: all tasks, all samples. A run draws some of its tasks with replacement,
and of each arm some samples, as a bench would have them, and asks whether the truth is within the interval: of each arm's pass rate (rows),
of what is recommended (its share of tasks solved), and of the gain of the best set over the best single arm; each of the very plan that was
chosen. Last, what "don't route" and "race" were said of: in how many runs, and the true gain in points, median and 95 % of runs.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from banditgen.offline.matrix.findings import analyse
from banditgen.offline.matrix.outcomes import Matrix
from banditgen.offline.matrix.plans import failing, solved
from experiments.regret.matrices import recorded

Floats = NDArray[np.float64]
ARMS = 8  # of a matrix, drawn once
SIZES = ((30, 3), (60, 3), (100, 5))  # tasks, samples
OUTCOMES = ("lcb_generation_53x200", "lcb_generation_13x880", "lcb_execution_66x479")


def matrices(data: Path) -> Iterator[tuple[str, Floats]]:
    """Each with at most `ARMS` arms, whatever order they stand in."""
    named = {name: outcomes for name, (outcomes, _) in recorded(data).items()}
    named |= {name: np.load(data / "outcomes" / f"{name}.npz")["outcomes"].astype(float) for name in OUTCOMES}
    for name, outcomes in named.items():
        rows = np.random.default_rng(1).permutation(len(outcomes))[:ARMS]
        yield name, outcomes[rows]


def matrix(outcomes: Floats) -> Matrix:
    arms, tasks, _ = outcomes.shape
    return Matrix(tuple(map(str, range(arms))), tuple(map(str, range(tasks))), ("all",) * tasks, outcomes)


def drawn(outcomes: Floats, tasks: int, samples: int, rng: np.random.Generator) -> Matrix:
    chosen = outcomes[:, rng.integers(outcomes.shape[1], size=tasks)]
    order = np.argsort(rng.random(chosen.shape), axis=2)[:, :, :samples]
    return matrix(np.take_along_axis(chosen, order, 2))


def cover(outcomes: Floats, tasks: int, samples: int, runs: int) -> str:
    whole = matrix(outcomes)
    chances, rates = failing(whole, 3), np.nanmean(whole.rates, 1)
    rows, recommended, gain, refused, raced = list[bool](), list[bool](), list[bool](), list[float](), list[float]()
    for seed in range(runs):
        found = analyse(drawn(outcomes, tasks, samples, np.random.default_rng([seed, tasks])))
        rows += [row.low <= rates[int(row.arm)] <= row.high for row in found.rows]
        if found.routing is None:
            continue
        routing = found.routing
        best = routing.recommended
        recommended.append(best.solved.low <= _true(best.arms, chances) <= best.solved.high)
        more = _true(routing.set.arms, chances) - _true(routing.single.arms, chances)
        gain.append(routing.gain.low <= more <= routing.gain.high)
        if routing.pays is not None:
            (raced if routing.pays else refused).append(more)
    shares = " | ".join(f"{100 * np.mean(one):.1f} %" for one in (rows, recommended, gain))
    return f"{shares} | {_told(refused, runs)} | {_told(raced, runs)}"


def _true(arms: tuple[str, ...], chances: Floats) -> float:
    """What a plan solves of all tasks."""
    return float(np.nanmean(solved(tuple(map(int, arms)), chances)))


def _told(gains: list[float], runs: int) -> str:
    if not gains:
        return "–"
    low, middle, high = np.quantile(gains, (0.025, 0.5, 0.975)) * 100
    return f"{100 * len(gains) / runs:.0f} %: {middle:+.1f} ({low:+.1f} to {high:+.1f})"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("BANDITGEN_DATA"))
    parser.add_argument("--runs", type=int, default=200)
    asked = parser.parse_args()
    if asked.data is None:
        raise SystemExit("give --data FOLDER, or set BANDITGEN_DATA, to the folder of recorded outcomes")
    print("| matrix | tasks × samples | rows | recommended | gain | don't route: true gain | race: true gain |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name, outcomes in matrices(asked.data):
        for tasks, samples in SIZES:
            print(f"| {name} | {tasks} × {samples} | {cover(outcomes, tasks, samples, asked.runs)} |", flush=True)
