"""What "agreed", the soft evidence of races without tests, is worth against tests, on recorded candidates.

python -m experiments.choosing.agreed --data FOLDER --kept FILE [--draws 6]   (after `fit`, from the top of a checkout)

For each tenth of its value: how often it stood beside a pass and a fail, the log odds that this speaks for (of the level beside passes
against beside fails, as `bandit.soft` counts it), and those that are believed before anything is known.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
from pathlib import Path

import numpy as np

from banditgen.bandit.soft import said
from banditgen.ensemble import weights
from banditgen.ensemble.groups import weigh_up
from banditgen.racing.compared import AGREED, from_even_odds
from banditgen.result import LEVELS
from banditgen.sandbox.default import default_sandbox
from experiments.choosing.world import Draw, Remembering, World

HERE = Path(__file__).parent
SIZES = (2, 3, 5, 8)


def values(draw: Draw, *, shown: bool) -> list[tuple[float, float, bool]]:
    """Of each candidate what "agreed" says, the chance that it is right, and whether it is."""
    of = draw.of
    kept = [c for c, call in enumerate(of.calls) if not shown or call in of.shown]
    if not kept:
        return []
    does = [tuple(of.outcomes[one.code][c] for c in kept) for one in draw.candidates]
    codes, models = [one.code for one in draw.candidates], [one.model for one in draw.candidates]
    groups = weigh_up(does, codes, [of.calls[c] for c in kept], draw.reliabilities, models, {}, of.shown if shown else {})
    chances = weights.chances(groups)
    return [
        (from_even_odds(float(chance), float(draw.reliabilities[i])), float(chance), draw.candidates[i].passed)
        for group, chance in zip(groups.members, chances, strict=True)
        for i in group
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=os.environ.get("BANDITGEN_DATA"), required="BANDITGEN_DATA" not in os.environ)
    parser.add_argument("--kept", type=Path, required=True)
    parser.add_argument("--draws", type=int, default=6)
    given = parser.parse_args()
    with contextlib.closing(Remembering(default_sandbox(), given.kept)) as sandbox:
        world = World(given.data, sandbox)
    halves = json.loads((HERE / "weights.json").read_text(encoding="utf-8"))
    rng = np.random.default_rng(4)
    for shown in (True, False):
        beside, chances = np.zeros((LEVELS + 1, 2)), list[tuple[float, bool]]()
        for position in range(len(world.tasks)):
            others = [half for half in halves if position not in half["tasks"]]
            for turn in range(given.draws):
                weights.WEIGHTS.update(others[turn % len(others)]["weights"])
                weights.CALIBRATION = tuple(others[turn % len(others)]["calibration"])
                for k in SIZES:
                    for dominant in (True, False):
                        for value, chance, passed in values(world.draw(position, k, rng, dominant=dominant), shown=shown):
                            beside[round(value * LEVELS), int(passed)] += 1
                            chances.append((chance, passed))
        print(f"\n{'the prompt shows examples' if shown else 'calls alone'}\n")
        print("| agreed | beside a fail | beside a pass | log odds seen | believed at first |\n| --- | ---: | ---: | ---: | ---: |")
        total, believed = beside.sum(0), said(AGREED, np.zeros((LEVELS + 1, 2)))
        for level, (fails, passes) in enumerate(beside):
            odds = np.log((passes + 0.5) / (total[1] + 1)) - np.log((fails + 0.5) / (total[0] + 1))
            first = np.log(believed[level] / (1 - believed[level]))
            print(f"| {level / LEVELS:g} | {fails:,.0f} | {passes:,.0f} | {odds:+.2f} | {first:+.2f} |")
        table = np.array(chances, float)
        print("\n| confidence of each candidate | candidates | mean | passed |\n| --- | ---: | ---: | ---: |")
        for low in np.arange(0, 1, 0.2):
            inside = table[(table[:, 0] >= low) & (table[:, 0] < low + 0.2)]
            print(f"| {low:.1f} to {low + 0.2:.1f} | {len(inside):,} | {inside[:, 0].mean():.3f} | {inside[:, 1].mean():.3f} |")


if __name__ == "__main__":
    main()
