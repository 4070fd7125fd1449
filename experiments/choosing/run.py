"""The package's `choose` against other ways of choosing without tests, on recorded candidates; writes RESULTS.md's tables.

python -m experiments.choosing.run --data FOLDER --kept FILE [--draws 18] [--seed 1]   (after `fit`, from the top of a checkout)

Weights are those that `fit` found on halves of the tasks in which a task is not, so that none is judged by weights that have seen it: each
draw by the next of six such halves.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import numpy as np

from banditgen import Task
from banditgen.ensemble import Choice, choose, weights
from banditgen.ensemble.groups import Floats
from banditgen.sandbox.base import Sandbox
from banditgen.sandbox.default import default_sandbox
from experiments.choosing.methods import METHODS
from experiments.choosing.world import Draw, Remembering, World

HERE = Path(__file__).parent
SIZES = (3, 5, 10)
OURS = ("choose", "choose, shown the prompt")
RESAMPLES = 2000
Cell = tuple[bool, int]  # with the dominant arms, k


class Seen(NamedTuple):
    task: int
    solvable: bool
    right: bool
    best_arm: bool
    confidence: float
    sure: bool


def chosen(draw: Draw, sandbox: Sandbox, *, shown: bool) -> Choice:
    """What `choose` says; without the prompt the inputs of its examples are asked all the same, but nobody says what comes out."""
    of = draw.of
    return choose(
        [one.code for one in draw.candidates],
        entry_point=of.problem.entry_point,
        calls=of.calls,
        tests=of.problem.tests,
        reliabilities=draw.reliabilities.tolist(),
        models=[one.model for one in draw.candidates],
        task=Task(of.problem.prompt) if shown else None,
        sandbox=sandbox,
    )


def play(world: World, sandbox: Sandbox, draws: int, seed: int) -> dict[tuple[str, Cell], list[Seen]]:
    found: dict[tuple[str, Cell], list[Seen]] = defaultdict(list)
    halves = json.loads((HERE / "weights.json").read_text(encoding="utf-8"))
    rng = np.random.default_rng(seed)
    for position, task in enumerate(world.tasks):
        others = [half for half in halves if position not in half["tasks"]]
        if not task.problem.calls:
            continue
        for dominant in (True, False):
            for k in SIZES:
                for turn in range(draws):
                    weights.WEIGHTS.update(others[turn % len(others)]["weights"])
                    weights.CALIBRATION = tuple(others[turn % len(others)]["calibration"])
                    draw = world.draw(position, k, rng, dominant=dominant)
                    right, best = draw.right.astype(bool), METHODS["best arm"](draw)
                    about = position, bool(right.any())
                    for name, method in METHODS.items():
                        found[name, (dominant, k)].append(Seen(*about, bool(right[method(draw)]), bool(right[best]), 0.0, sure=True))
                    for name in OURS:
                        choice = chosen(draw, sandbox, shown=name != "choose")
                        seen = Seen(*about, bool(right[choice.index]), bool(right[best]), choice.confidence, choice.sure)
                        found[name, (dominant, k)].append(seen)
    return found


def gain(seen: list[Seen]) -> tuple[float, float, float]:
    """By how many points of the solvable draws more is right than of the best arm's, and its 95 % interval over tasks drawn again."""
    tasks = sorted({one.task for one in seen if one.solvable})
    sums = np.array([[sum(one.right - one.best_arm for one in seen if one.task == task and one.solvable) for task in tasks]])
    counts = np.array([[sum(one.task == task and one.solvable for one in seen) for task in tasks]])
    again = np.random.default_rng(2).integers(len(tasks), size=(RESAMPLES, len(tasks)))
    drawn: Floats = 100 * sums[0][again].sum(1) / counts[0][again].sum(1)
    return 100 * float(sums.sum() / counts.sum()), float(np.quantile(drawn, 0.025)), float(np.quantile(drawn, 0.975))


def tables(found: dict[tuple[str, Cell], list[Seen]]) -> str:
    cells = [(dominant, k) for dominant in (True, False) for k in SIZES]
    heads = [f"{'with' if dominant else 'without'}, k = {k}" for dominant, k in cells]
    rows = ["| | " + " | ".join(heads) + " |", "| --- |" + " --- |" * len(cells)]

    def row(name: str, values: list[str]) -> None:
        rows.append(f"| {name} | " + " | ".join(values) + " |")

    for name in (*METHODS, *OURS):
        row(name, [f"{np.mean([one.right for one in found[name, cell] if one.solvable]):.3f}" for cell in cells])
    for name in OURS:
        row(f"{name}: points over the best arm", ["{:+.1f} ({:+.1f} to {:+.1f})".format(*gain(found[name, cell])) for cell in cells])
    rows += ["", "| | " + " | ".join(heads) + " |", "| --- |" + " --- |" * len(cells)]
    for name in OURS:
        each = [
            (np.array([one.confidence for one in found[name, cell]]), np.array([one.right for one in found[name, cell]])) for cell in cells
        ]
        row(f"{name}: mean confidence", [f"{said.mean():.3f}" for said, _ in each])
        row("share right, of all draws", [f"{right.mean():.3f}" for _, right in each])
        row("log score over a constant's", [f"{_log_score(said, right) - _log_score(right.mean(), right):+.3f}" for said, right in each])
        row("not sure", [f"{np.mean([not one.sure for one in found[name, cell]]):.3f}" for cell in cells])
    return "\n".join(rows) + "\n"


def _log_score(said: Floats | float, right: Floats) -> float:
    return float(np.mean(np.where(right, np.log(said), np.log1p(-np.asarray(said)))))


def by_confidence(found: dict[tuple[str, Cell], list[Seen]]) -> str:
    rows = ["| confidence | draws | mean confidence | share right |", "| --- | --- | --- | --- |"]
    seen = [one for (name, _), each in found.items() if name in OURS for one in each]
    for low in (0.0, 0.2, 0.4, 0.6, 0.8, 0.9):
        high = {0.8: 0.9, 0.9: 1.01}.get(low, low + 0.2)
        inside = [one for one in seen if low <= one.confidence < high]
        said, right = np.mean([one.confidence for one in inside]), np.mean([one.right for one in inside])
        rows.append(f"| {low:g} to {min(high, 1.0):g} | {len(inside):,} | {said:.3f} | {right:.3f} |")
    return "\n".join(rows) + "\n"


def where_it_loses(world: World, found: dict[tuple[str, Cell], list[Seen]]) -> str:
    lost: dict[int, int] = defaultdict(int)
    for cell in ((dominant, k) for dominant in (True, False) for k in SIZES):
        for one in found["choose", cell]:
            lost[one.task] += one.best_arm - one.right
    worst = sorted(lost, key=lambda task: -lost[task])[:8]
    return "\n".join(f"- {world.tasks[task].problem.id}: {lost[task]:+d} draws" for task in worst) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=os.environ.get("BANDITGEN_DATA"), required="BANDITGEN_DATA" not in os.environ)
    parser.add_argument("--kept", type=Path, default=Path(tempfile.gettempdir()) / "banditgen-choosing.pickle")
    parser.add_argument("--draws", type=int, default=18)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with contextlib.closing(Remembering(default_sandbox(), given.kept)) as sandbox:
        world = World(given.data, sandbox)
        found = play(world, sandbox, given.draws, given.seed)
    print(tables(found), by_confidence(found), where_it_loses(world, found), sep="\n")


if __name__ == "__main__":
    main()
