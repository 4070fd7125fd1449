"""The benchmark: every policy on the same pre-drawn outcomes of recorded matrices; writes results/ and RESULTS.md.

python -m experiments.regret.run --data FOLDER [--seeds 100] [--no-libraries]   (from the top of a checkout)
"""

from __future__ import annotations

import argparse
import json
import os
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from banditgen.bandit import Policy, make_policy
from banditgen.offline.replay import replay
from experiments.regret.changes import births, digest_change, recommendation
from experiments.regret.matrices import Matrix, constructed_worlds, recorded, tuning
from experiments.regret.peers import PEERS
from experiments.regret.players import GRIDS, play_library, tuned_baselines
from experiments.regret.references import best_means, best_set, fixed, leader
from experiments.regret.report import write

Floats = NDArray[np.float64]
K = 3
HERE = Path(__file__).parent
OURS = ("thompson", "best_set")
CEILING = "full-information leader"
SLOW = {"bayesianbandits TS": 8}  # seeds for a library that takes milliseconds for a decision


def play_all(matrix: Matrix, baselines: list[Policy], rounds: int, seeds: range) -> dict[str, Floats]:
    """Label to best rewards (seeds, rounds)."""
    outcomes, arms = matrix
    results = {}
    for policy in (*baselines, *(make_policy(name) for name in OURS)):
        label = policy.version if policy.name in GRIDS else policy.name
        results[label] = replay(policy, outcomes, arms, k=K, rounds=rounds, seeds=seeds).best_reward
    results[CEILING] = leader(outcomes, rounds, seeds, K)
    results["best means in hindsight"] = fixed(outcomes, rounds, seeds, best_means(outcomes, K))
    results["best set in hindsight"] = fixed(outcomes, rounds, seeds, best_set(outcomes, K))
    return results


def main() -> None:
    """Run it all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=os.environ.get("BANDITGEN_DATA"))
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--libraries", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--long", action=argparse.BooleanOptionalAction, default=True)
    arguments = parser.parse_args()
    if arguments.data is None:
        parser.error("give --data or set BANDITGEN_DATA to the folder of recorded outcomes")
    data, seeds, started = Path(arguments.data), range(arguments.seeds), time.monotonic()
    (HERE / "results").mkdir(exist_ok=True)
    # tuning meets other seeds and other matrices than judging
    baselines = tuned_baselines(tuning(data), 400, range(1000, 1000 + min(50, len(seeds))), K)
    print("tuned:", [policy.version for policy in baselines], flush=True)
    judged, worlds = recorded(data), constructed_worlds()
    curves, waiting, workers = {}, {}, ProcessPoolExecutor(1)
    for name, matrix in judged.items() if arguments.libraries else ():
        for label, make in PEERS.items():
            waiting[f"{name}, 400 rounds", label] = workers.submit(play_library, make, matrix, 400, seeds[: SLOW.get(label, len(seeds))], K)
    for name, matrix in {**judged, **worlds}.items():
        curves[f"{name}, 400 rounds"] = play_all(matrix, baselines, 400, seeds)
        print(f"{time.monotonic() - started:6.0f} s  {name}", flush=True)
    if arguments.long:
        for name in [name for name in judged if name.startswith("cruxeval")]:
            curves[f"{name}, 2000 rounds"] = play_all(judged[name], baselines, 2000, seeds)
            print(f"{time.monotonic() - started:6.0f} s  {name}, 2000 rounds", flush=True)
    changes = {
        "recommendation": recommendation(judged, OURS, seeds),
        "births": births(judged["cruxeval_o 24 arms"], OURS, seeds),
        "digest": digest_change(judged["cruxeval_o 24 arms"], OURS, seeds),
    }
    for (run, label), job in waiting.items():
        curves[run][label] = job.result()
        print(f"{time.monotonic() - started:6.0f} s  {run}: {label}", flush=True)
    workers.shutdown()
    (HERE / "results" / "changes.json").write_text(json.dumps(changes, indent=1) + "\n")
    write(HERE, curves, changes, [policy.version for policy in baselines], [make_policy(name).version for name in OURS], CEILING)
    print(f"{time.monotonic() - started:6.0f} s  done")


if __name__ == "__main__":
    main()
