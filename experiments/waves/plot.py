"""Tasks solved against generations spent: at once, in waves, peers, hindsight; writes results/spent.json and spent.png.

python -m experiments.waves.plot --data FOLDER [--seeds 12] [--rounds 400] [--only NAME,…]   (from the top of a checkout)

Points of a matrix are added to results/spent.json; the picture is drawn from those that are there.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from banditgen.offline.replay import replay
from experiments.waves.run import HERE, MOST, PEERS, asked, named
from experiments.waves.worlds import World, perfect, worlds

KS = (1, 2, 3, 4, 5)
AT_ONCE = ("best_set", "thompson", "ucb1 (0.2)")
Points = dict[str, list[tuple[float, float]]]


def points(world: World, rounds: int, seeds: Sequence[int]) -> Points:
    """By line: (mean generations of a race, share of tasks solved), for budgets from 1 to 5 generations."""
    found: Points = {}
    for k in KS:
        for label in AT_ONCE:
            played = replay(PEERS[label], world.outcomes, world.arms, k=k, rounds=rounds, seeds=seeds)
            found.setdefault(f"{label} at once", []).append((k, float(played.best_reward.mean())))
        if k > 1:
            played = replay("best_set", world.outcomes, world.arms, k=k, rounds=rounds, seeds=seeds, waves=True, most=MOST)
            assert played.generations is not None
            found.setdefault("best_set in waves", []).append((float(played.generations.mean()), float(played.best_reward.mean())))
        solved, spent = perfect(world.outcomes, rounds, seeds, k, MOST)
        found.setdefault("hindsight: true rates, in waves", []).append((float(spent.mean()), float(solved.mean())))
        found.setdefault("hindsight: true rates, at once", []).append((k, _best_at_once(world, k)))
    return found


def _best_at_once(world: World, k: int) -> float:
    """Share of tasks that the greedy set of the true rates solves, all its arms different."""
    fails = 1 - np.nan_to_num(np.nanmean(world.outcomes, 2))
    left, chosen = np.ones(fails.shape[1]), list[int]()
    for _ in range(k):
        failing = (fails * left).mean(1)
        failing[chosen] = np.inf
        chosen.append(int(failing.argmin()))
        left = left * fails[chosen[-1]]
    return float(1 - left.mean())


def draw(found: dict[str, Points]) -> None:
    """One panel for each matrix."""
    columns = min(len(found), 2)
    rows = -(-len(found) // columns)
    figure = Figure(figsize=(5.5 * columns, 4 * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False)
    for panel in panels.ravel()[len(found) :]:
        panel.set_visible(False)
    for panel, (name, lines) in zip(panels.ravel(), found.items(), strict=False):
        for label, line in lines.items():
            style = "k--" if "in waves" in label and "hindsight" in label else "k:" if "hindsight" in label else "o-"
            panel.plot(*zip(*line, strict=True), style, label=label, markersize=4)
        panel.set(title=name, xlabel="generations a race, mean", ylabel="tasks solved")
    panels[0, 0].legend(fontsize=7)
    figure.savefig(HERE / "results" / "spent.png", dpi=90)


def main() -> None:
    """Run it."""
    arguments = asked(__doc__, 12)
    path = HERE / "results" / "spent.json"
    found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    for name, world in named(worlds(arguments.data), arguments.only).items():
        found[name] = points(world, arguments.rounds, range(arguments.seeds))
        path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    draw(found)


if __name__ == "__main__":
    main()
