"""Fit the weights of `banditgen/ensemble/weights.py` on recorded candidates; prints them, and writes those of halves of the tasks.

python -m experiments.choosing.fit --data FOLDER --kept FILE   (from the top of a checkout; FILE remembers what the sandbox has run)

Draws of 1 to 10 candidates of different arms, under five circumstances, so that the weights serve where little is known as well: with all
calls and asserts, with the prompt's examples beside them, with one to ten of the calls, with calls alone, with the examples alone.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize

from banditgen.ensemble.groups import FEATURES, Floats, Groups, weigh_up
from banditgen.sandbox.default import default_sandbox
from experiments.choosing.world import Draw, Remembering, World

HERE = Path(__file__).parent
SIZES = {"all": (3, 5, 10) * 3, "shown": (3, 5, 10), "some": (1, 2, 3, 5), "bare": (1, 2, 3, 5), "examples": (1, 2, 3, 5)}
RIDGE = 0.01  # times the squared weights of features on one scale
SPLITS = 6  # of the tasks into halves
DRAWS = 4  # of each circumstance, size and task, with the dominant arms and without

Sample = tuple[Groups, Floats, Floats]
"""Groups, and for each group its most reliable candidate's reliability and whether that one is right, on average over the group."""


def seen(draw: Draw, circumstance: str, rng: np.random.Generator) -> Sample | None:
    """What is known of a draw under a circumstance; None where that has no calls."""
    of = draw.of
    kept, written, shown = list(range(len(of.calls))), of.written, of.shown
    if circumstance in ("all", "shown") and not of.problem.calls:
        return None
    if circumstance in ("all", "bare"):
        shown = {}
    if circumstance in ("bare", "examples"):
        written = {}
    if circumstance == "examples":
        kept = [c for c in kept if of.calls[c] in shown]
    if circumstance == "some":
        kept = sorted(rng.choice(len(kept), min(len(kept), int(rng.integers(1, 11))), replace=False)) if kept else []
        written, shown = (said if rng.random() < 0.6 else {} for said in (written, shown))
    if not kept:
        return None
    does = [tuple(of.outcomes[one.code][c] for c in kept) for one in draw.candidates]
    codes, models = [one.code for one in draw.candidates], [one.model for one in draw.candidates]
    groups = weigh_up(does, codes, [of.calls[c] for c in kept], draw.reliabilities, models, written, shown)
    first = [max(group, key=lambda i: draw.reliabilities[i]) for group in groups.members]
    return groups, np.array([draw.right[group].mean() for group in groups.members]), draw.right[first]


def fitted(samples: Sequence[Sample]) -> dict[str, Any]:
    """The weights under which the groups that are right, or none where none is, are most likely; and the calibration after them."""
    most = max(len(groups.features) for groups, _, _ in samples)
    x = np.zeros((len(samples), most, len(FEATURES)))
    there, right = np.full((len(samples), most), -np.inf), np.zeros((len(samples), most))
    for i, (groups, share, _) in enumerate(samples):
        n = len(groups.features)
        x[i, :n], there[i, :n], right[i, : n - 1] = groups.features, 0.0, share
        right[i, n - 1] = not share.any()
    scale = x.reshape(-1, len(FEATURES)).std(0) + 1e-9

    def loss(weights: Floats) -> tuple[float, Floats]:
        chance = np.exp((merit := x @ weights + there) - merit.max(1, keepdims=True))
        chance /= chance.sum(1, keepdims=True)
        hit = np.maximum((chance * right).sum(1), 1e-12)
        slope = np.einsum("inf,in->f", x, chance - chance * right / hit[:, None]) / len(samples)
        return float(-np.log(hit).mean() + RIDGE * ((weights * scale) ** 2).sum()), slope + 2 * RIDGE * weights * scale**2

    weights = minimize(loss, np.zeros(len(FEATURES)), jac=True, method="L-BFGS-B").x
    odds, good = [], []
    for groups, _, first in samples:
        chance = np.exp((merit := groups.features @ weights) - merit.max())
        best = int(np.argmax(chance[:-1]))
        alone = np.clip(chance[best] / chance.sum(), 1e-9, 1 - 1e-9)
        odds.append(np.log(alone) - np.log1p(-alone))
        good.append(first[best])
    z, y = np.array(odds), np.array(good)

    def misfit(line: Floats) -> float:
        merit = line[0] + line[1] * z
        return float(np.mean(np.logaddexp(0, merit) - y * merit))

    calibration = minimize(misfit, np.array([0.0, 1.0])).x
    return {"weights": dict(zip(FEATURES, np.round(weights, 2).tolist(), strict=True)), "calibration": np.round(calibration, 2).tolist()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=os.environ.get("BANDITGEN_DATA"), required="BANDITGEN_DATA" not in os.environ)
    parser.add_argument("--kept", type=Path, required=True)
    given = parser.parse_args()
    rng = np.random.default_rng(0)
    with contextlib.closing(Remembering(default_sandbox(), given.kept)) as sandbox:
        world = World(given.data, sandbox)
    samples: list[tuple[int, Sample]] = []
    for position in range(len(world.tasks)):
        for circumstance, sizes in SIZES.items():
            for k in sizes:
                for dominant in (True, False) * DRAWS:
                    sample = seen(world.draw(position, k, rng, dominant=dominant), circumstance, rng)
                    samples += [(position, sample)] if sample else []

    def of(tasks: set[int]) -> dict[str, Any]:
        return {"tasks": sorted(tasks), **fitted([sample for position, sample in samples if position in tasks])}

    everything = set(range(len(world.tasks)))
    halves = [set(rng.permutation(len(world.tasks))[: len(world.tasks) // 2].tolist()) for _ in range(SPLITS)]
    found = [of(tasks) for half in halves for tasks in (half, everything - half)]
    (HERE / "weights.json").write_text(json.dumps(found) + "\n", encoding="utf-8")
    print(json.dumps({**of(everything), "tasks": len(everything)}, indent=1))


if __name__ == "__main__":
    main()
