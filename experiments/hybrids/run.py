"""What a second generation is worth after a failing first: the same model's repair of it, a second sample, or another model's sample.

    python experiments/hybrids/run.py --data FOLDER

FOLDER holds `outcomes/lcb_generation_13x880.npz` and `outcomes/lcb_repair_15x713.npz`: outcomes (models, tasks, samples), models, tasks. A
repair's outcome is that of the try and, where it failed, of one repair by the model that wrote it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    folder = parser.parse_args().data / "outcomes"
    tries, repairs = (np.load(folder / name, allow_pickle=False) for name in ("lcb_generation_13x880.npz", "lcb_repair_15x713.npz"))
    models = [model for model in tries["models"].tolist() if model in repairs["models"].tolist()]
    tasks = sorted(set(tries["tasks"].tolist()) & set(repairs["tasks"].tolist()))

    def rates(matrix: np.lib.npyio.NpzFile) -> np.ndarray:
        rows = [matrix["models"].tolist().index(model) for model in models]
        columns = [matrix["tasks"].tolist().index(task) for task in tasks]
        return np.asarray(matrix["outcomes"][np.ix_(rows, columns)], float)

    first, repaired = rates(tries), rates(repairs)
    count = first.shape[2]
    passed = first.sum(2)
    once = passed / count
    twice = 1 - (count - passed) * (count - passed - 1) / (count * (count - 1))  # two different samples of the one model
    own = repaired.mean(2)
    other = np.stack([(1 - (1 - once[i]) * (1 - np.delete(once, i, 0))).mean(0) for i in range(len(models))])
    rng = np.random.default_rng(0)
    draws = rng.integers(0, len(tasks), (2000, len(tasks)))
    print(f"{len(models)} models, {len(tasks)} tasks, {count} samples each; share solved: one try {once.mean():.3f}")
    for name, after in (("own repair", own), ("a second sample", twice), ("another model's sample", other)):
        gain = (after - twice).mean(0)
        low, high = np.quantile(gain[draws].mean(1), (0.025, 0.975))
        print(f"| {name} | {after.mean():.3f} | {100 * gain.mean():+.1f} | {100 * low:+.1f} to {100 * high:+.1f} |")


if __name__ == "__main__":
    main()
