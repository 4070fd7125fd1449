"""`choose` on candidates of arms that its weights were not fitted on, and on tasks of another data set.

python -m experiments.choosing.elsewhere --data FOLDER --kept FILE --source SOURCE [--dataset MBPP-typed] [--draws 12]
(after `fit`, from the top of a checkout)

SOURCE is one of the recorded generations'. HumanEval's tasks are judged by weights of halves of the tasks in which a task is not; others by
those that ship. Nobody wrote asserts for the tasks of MBPP and their prompts show no examples: inputs are drawn from type hints.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
from collections import defaultdict
from pathlib import Path

import numpy as np

from banditgen.ensemble import weights
from banditgen.sandbox.default import default_sandbox
from experiments.choosing.methods import METHODS
from experiments.choosing.run import HERE, Seen, chosen, gain
from experiments.choosing.world import Remembering, World

SIZES = (3, 5, 8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("BANDITGEN_DATA"), required="BANDITGEN_DATA" not in os.environ)
    parser.add_argument("--kept", type=Path, required=True)
    parser.add_argument("--source", required=True)
    parser.add_argument("--dataset", default="HumanEval")
    parser.add_argument("--draws", type=int, default=12)
    given = parser.parse_args()
    halves = json.loads((HERE / "weights.json").read_text(encoding="utf-8")) if given.dataset == "HumanEval" else []
    found, rng = defaultdict[tuple[str, int], list[Seen]](list), np.random.default_rng(5)
    with contextlib.closing(Remembering(default_sandbox(), given.kept)) as sandbox:
        world = World(given.data, sandbox, given.source, 1, given.dataset)
        asked = [position for position, task in enumerate(world.tasks) if task.problem.calls or (task.calls and not halves)]
        for position in asked:
            others = [half for half in halves if position not in half["tasks"]]
            for k in SIZES:
                for turn in range(given.draws):
                    if others:
                        weights.WEIGHTS.update(others[turn % len(others)]["weights"])
                        weights.CALIBRATION = tuple(others[turn % len(others)]["calibration"])
                    draw = world.draw(position, k, rng, dominant=True)
                    right = draw.right.astype(bool)
                    best, about = METHODS["best arm"](draw), (position, bool(right.any()))
                    for name, method in METHODS.items():
                        found[name, k].append(Seen(*about, bool(right[method(draw)]), bool(right[best]), 0.0, sure=True))
                    choice = chosen(draw, sandbox, shown=not halves)
                    found["choose", k].append(Seen(*about, bool(right[choice.index]), bool(right[best]), choice.confidence, choice.sure))
    print(f"{len(asked)} tasks, {len(world.arms)} arms\n")
    print("| | " + " | ".join(f"k = {k}" for k in SIZES) + " |\n| --- |" + " ---: |" * len(SIZES))
    for name in (*METHODS, "choose"):
        print(f"| {name} | " + " | ".join(f"{np.mean([one.right for one in found[name, k] if one.solvable]):.3f}" for k in SIZES) + " |")
    gains = ["{:+.1f} ({:+.1f} to {:+.1f})".format(*gain(found["choose", k])) for k in SIZES]
    print("| points over the best arm | " + " | ".join(gains) + " |")
    for name, field in (("mean confidence", "confidence"), ("share right, of all draws", "right"), ("sure", "sure")):
        print(f"| {name} | " + " | ".join(f"{np.mean([getattr(one, field) for one in found['choose', k]]):.3f}" for k in SIZES) + " |")


if __name__ == "__main__":
    main()
