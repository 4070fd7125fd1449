"""Races in waves against races at once, on recorded outcomes; writes results/ and RESULTS.md.

python -m experiments.waves.run --data FOLDER [--seeds 60] [--rounds 400] [--only NAME,…]   (from the top of a checkout)

Results of a matrix are kept in results/ROUNDS/NAME.json, and RESULTS.md is written from those that are there.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from banditgen.bandit import make_policy
from banditgen.offline.replay import Replay, replay
from experiments.waves.report import write
from experiments.waves.worlds import World, kept_aside, perfect, worlds

Floats = NDArray[np.float64]
K, MOST = 3, 10
LESS = 0.7  # of the seconds at once, at which as many tasks are to be solved
HERE = Path(__file__).parent
QUALITY, SPEED = 0.7, 0.3  # weights of the shipped `balanced` strategy
PEERS = {
    "thompson": make_policy("thompson"),
    "best_set": make_policy("best_set"),
    "mp_ts": make_policy("mp_ts"),
    "ucb1 (0.2)": make_policy("ucb1", width=0.2),  # as tuned on other matrices by experiments/regret
    "kl_ucb (0.3)": make_policy("kl_ucb", width=0.3),
}


def measured(played: Replay) -> dict[str, list[float]]:
    """By seed: tasks solved or reward kept, generations, seconds of models, wall time on one slot."""
    row = {"solved": played.best_reward.mean(1).tolist()}
    for name, values in (("generations", played.generations), ("seconds", played.model_seconds)):
        if values is not None:
            row[name] = values.mean(1).tolist()
    return row


def solved(world: World, rounds: int, seeds: Sequence[int]) -> dict[str, Any]:
    """At once, in waves and with perfect knowledge, at k generations in the mean."""
    rows: dict[str, Any] = {}
    for label, policy in PEERS.items():
        rows[label] = measured(replay(policy, world.outcomes, world.arms, k=K, rounds=rounds, seeds=seeds))
    for label in ("best_set", "thompson", "ucb1 (0.2)"):
        played = replay(PEERS[label], world.outcomes, world.arms, k=K, rounds=rounds, seeds=seeds, waves=True, most=MOST)
        rows[f"waves of {label}"] = measured(played)
        if label == "best_set" and played.generations is not None:
            rows["spending"] = played.generations.mean(0).tolist()
    share, spent = perfect(world.outcomes, rounds, seeds, K, MOST)
    rows["perfect"] = {"solved": share.tolist(), "generations": spent.tolist()}
    return rows


def timed(world: World, rounds: int, seeds: Sequence[int]) -> dict[str, Any]:
    """Each peer at once, and waves that may spend what the best of them spent, or 0.7 of it, in seconds of models: one after another, as
    one slot runs them, that is the wall time. Then as fast as the shipped weights want it.

    A pass is worth 0.7 + 0.3 · speed under the weights of `balanced`, speed falling from 1 to 0.5 over the arms' mean seconds.
    """
    rows: dict[str, Any] = {}
    assert world.seconds is not None
    common: dict[str, Any] = {"rounds": rounds, "seeds": seeds, "speed": world.seconds, "k": K}
    quick = world.outcomes * (QUALITY + SPEED / (1 + world.seconds / world.seconds.mean()))
    for kind, outcomes in (("equal seconds", world.outcomes), ("weighed", quick)):
        rows[kind] = {label: measured(replay(policy, outcomes, world.arms, **common)) for label, policy in PEERS.items()}
        best = max(rows[kind], key=lambda label: float(np.mean(rows[kind][label]["solved"])))
        budget = float(np.mean(rows[kind][best]["seconds"]))
        waves = functools.partial(replay, "best_set", outcomes, world.arms, **common, waves=True, most=MOST)
        if kind == "weighed":
            rows[kind]["waves of best_set"] = measured(waves())
            continue
        for name, share in ((kind, 1.0), (f"{LESS} of the seconds", LESS)):
            played = measured(waves(budget=share * budget, budget_unit="model_seconds"))
            rows[name] = {**rows[kind], "waves of best_set": played}
    return rows


def asked(about: str | None, seeds: int) -> argparse.Namespace:
    """What the command says: the folder of recorded outcomes, how many seeds and races, and which matrices."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--data", type=Path, default=os.environ.get("BANDITGEN_DATA"))
    parser.add_argument("--seeds", type=int, default=seeds)
    parser.add_argument("--rounds", type=int, default=400)
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    if arguments.data is None:
        parser.error("give --data or set BANDITGEN_DATA to the folder of recorded outcomes")
    return arguments


def named(found: dict[str, World], only: str) -> dict[str, World]:
    """The matrices of these names, separated by commas; "" is all."""
    return {name: world for name, world in found.items() if not only or name in only.split(",")}


def main() -> None:
    """Run it."""
    arguments = asked(__doc__, 60)
    folder, started = HERE / "results" / str(arguments.rounds), time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    for name, world in named(worlds(arguments.data) | kept_aside(arguments.data), arguments.only).items():
        rows = {"seeds": arguments.seeds, "at k": solved(world, arguments.rounds, range(arguments.seeds))}
        if (with_times := world.timed()) is not None:
            rows["timed"] = timed(with_times, arguments.rounds, range(arguments.seeds))
        (folder / f"{name}.json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
        print(f"{time.monotonic() - started:6.0f} s  {name}", flush=True)
    write(HERE)


if __name__ == "__main__":
    main()
