"""What the first races cost: `best_set` at once and in waves, by stretches of races, against the best three, known from the start.

python -m experiments.first_races.run --data FOLDER [--seeds 24] [--only NAME,…]   (from the top of a checkout)
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from banditgen.offline.replay import replay
from experiments.regret.references import best_set, fixed
from experiments.waves.worlds import kept_aside, worlds

K, ROUNDS = 3, 100
STRETCHES = ((0, 20), (20, 50), (50, 100))


def main() -> None:
    """Play, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=os.environ.get("BANDITGEN_DATA"))
    parser.add_argument("--seeds", type=int, default=24)
    parser.add_argument("--only", default="ollama,ollama_without_qwen,terminal_bench_core,lcb_generation_13x880,humanevalplus_greedy")
    given = parser.parse_args()
    seeds = range(given.seeds)
    names = [f"{first + 1} to {last}" for first, last in STRETCHES]
    print(f"| matrix | arms | policy | {' | '.join(names)} | tasks lost in {ROUNDS} |\n{'| --- ' * (len(names) + 4)}|")
    found = {**worlds(given.data), **kept_aside(given.data)}
    for name in given.only.split(","):
        world = found[name]
        known = fixed(world.outcomes, ROUNDS, seeds, best_set(world.outcomes, K))
        for label, policy, waves in (("at once", "best_set", False), ("evenly", "uniform", False), ("in waves", "best_set", True)):
            played = replay(policy, world.outcomes, world.arms, k=K, rounds=ROUNDS, seeds=seeds, waves=waves, most=10)
            lost = known - played.best_reward
            cells = [_points(100 * lost[:, first:last].mean(1)) for first, last in STRETCHES]
            print(f"| {name} | {len(world.arms)} | {label} | {' | '.join(cells)} | {_points(lost.sum(1))} |", flush=True)


def _points(by_seed: NDArray[np.float64]) -> str:
    return f"{by_seed.mean():.1f} ± {1.96 * by_seed.std(ddof=1) / len(by_seed) ** 0.5:.1f}"


if __name__ == "__main__":
    main()
