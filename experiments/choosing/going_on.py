"""What another candidate is worth in a race without tests: measured on recorded candidates, against what a rule expects of it.

python -m experiments.choosing.going_on --data FOLDER --kept FILE [--draws 4]   (after `fit`, from the top of a checkout)

Candidates come one after another, of different arms, the more reliable ones first or in any order; after each the choice is made anew, by
weights of halves of the tasks in which the task is not. What n more add to the share chosen right, for each of them, is set beside what
`worth_of_another` expects for the next arm's reliability. Then rules that stop are compared at equal mean numbers of generations.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from banditgen.ensemble import weights
from banditgen.ensemble.another import worth_of_another
from banditgen.ensemble.groups import Floats, weigh_up
from banditgen.sandbox.default import default_sandbox
from experiments.choosing.world import DOMINANT, Draw, Remembering, World

MOST = 8
HERE = Path(__file__).parent


class Course(NamedTuple):
    """A race of `MOST` candidates: what was said and true of the choice among the first 1, 2, …, and the reliability of each one's arm."""

    task: int
    confidence: Floats
    right: Floats
    trust: Floats


def course(draw: Draw, position: int, *, shown: bool) -> Course:
    of, found = draw.of, []
    kept = [c for c, call in enumerate(of.calls) if not shown or call in of.shown]
    said = of.shown if shown else {}
    for k in range(1, len(draw.candidates) + 1):
        some = draw.candidates[:k]
        does = [tuple(of.outcomes[one.code][c] for c in kept) for one in some]
        calls, codes, models = [of.calls[c] for c in kept], [one.code for one in some], [one.model for one in some]
        groups = weigh_up(does, codes, calls, draw.reliabilities[:k], models, {}, said)
        chances = weights.chances(groups)
        best = int(np.argmax(chances))
        first = max(groups.members[best], key=lambda i: draw.reliabilities[i])
        found.append((float(chances[best]), float(some[first].passed)))
    confidence, right = (np.array(each) for each in zip(*found, strict=True))
    return Course(position, confidence, right, draw.reliabilities)


def play(world: World, draws: int) -> dict[str, list[Course]]:
    halves = json.loads((HERE / "weights.json").read_text(encoding="utf-8"))
    rng, found = np.random.default_rng(3), dict[str, list[Course]]()
    for position, task in enumerate(world.tasks):
        others = [half for half in halves if position not in half["tasks"]]
        for turn in range(draws):
            weights.WEIGHTS.update(others[turn % len(others)]["weights"])
            weights.CALIBRATION = tuple(others[turn % len(others)]["calibration"])
            for dominant in (True, False):
                for by_trust in (True, False):
                    draw = world.draw(position, MOST, rng, dominant=dominant)
                    if by_trust:
                        order = np.argsort(-draw.reliabilities, kind="stable")
                        draw = Draw(draw.of, [draw.candidates[i] for i in order], draw.reliabilities[order])
                    for shown in (True, False):
                        if not shown or any(call in task.shown for call in task.calls):
                            name = f"{'with' if dominant else 'without'} {DOMINANT}, {'best first' if by_trust else 'any order'}"
                            found.setdefault(f"{name}, {'examples' if shown else 'calls'}", []).append(course(draw, position, shown=shown))
    return found


def worth(found: dict[str, list[Course]]) -> None:
    """What n more add, for each, by confidence."""
    print("| confidence | seen | expected of 1 more | 1 more adds | 2 more, each | 3 more, each |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for low, high in ((0.0, 0.2), (0.2, 0.4), (0.4, 0.6), (0.6, 0.8), (0.8, 0.9), (0.9, 0.95), (0.95, 1.01)):
        steps = [
            (expected(one, k), *((one.right[k + n] - one.right[k]) / n for n in (1, 2, 3)))
            for each in found.values()
            for one in each
            for k in range(MOST - 3)
            if low <= one.confidence[k] < high
        ]
        table = np.array(steps).mean(0)
        print(f"| {low:g} to {min(high, 1.0):g} | {len(steps):,} | " + " | ".join(f"{value:.4f}" for value in table) + " |")


def expected(one: Course, k: int) -> float:
    """What the next candidate of a course is expected to add after the first k + 1."""
    return worth_of_another(float(one.confidence[k])) * float(one.trust[k + 1])


def stopped(courses: list[Course], goes_on: Callable[[Course, int], bool]) -> tuple[float, float]:
    """Mean generations, and the share right, where races go on while a rule says so."""
    ends = []
    for one in courses:
        k = 0
        while k < MOST - 1 and goes_on(one, k):
            k += 1
        ends.append((k + 1, one.right[k]))
    spent, right = np.array(ends).mean(0)
    return float(spent), float(right)


def fewer_than(most: int, _: Course, k: int) -> bool:
    return k + 1 < most


def above(least: float, one: Course, k: int) -> bool:
    return expected(one, k) > least


def rules(found: dict[str, list[Course]]) -> None:
    """The share right at the mean generations that stopping at a confidence of 0.9 takes."""
    print("\n| | generations | stop at 0.9 | as many each time | by what is expected |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for name, courses in (found | {"all of these, at one price": [one for each in found.values() for one in each]}).items():
        spent, right = stopped(courses, lambda one, k: one.confidence[k] < 0.9)
        by_count = [stopped(courses, functools.partial(fewer_than, most)) for most in range(1, MOST + 1)]
        by_price = [stopped(courses, functools.partial(above, float(least))) for least in np.geomspace(1e-4, 0.5, 80)]
        line = [f"{np.interp(spent, *np.array(sorted(points)).T):.3f}" for points in (by_count, by_price)]
        print(f"| {name} | {spent:.2f} | {right:.3f} | {line[0]} | {line[1]} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=os.environ.get("BANDITGEN_DATA"), required="BANDITGEN_DATA" not in os.environ)
    parser.add_argument("--kept", type=Path, required=True)
    parser.add_argument("--draws", type=int, default=4)
    given = parser.parse_args()
    with contextlib.closing(Remembering(default_sandbox(), given.kept)) as sandbox:
        found = play(World(given.data, sandbox), given.draws)
    worth(found)
    rules(found)


if __name__ == "__main__":
    main()
