"""Are a bench's sentences the right ones, on matrices of which the truth is known?

    python -m experiments.bench.planted [--runs 200]

Worlds (tests/offline/matrix/worlds.py): arms that are all equal; one that is better than all others on every task; two of which each solves
what the other fails; two of which each is good at one type; nobody solves anything. Right is: "don't route" with the best arm's name (any
arm's where all are equal), "race" with both complements' names, "choose by type" or "race"
with both specialists, "no arm solves".
A run is wrong where it says another thing, and unsure where it says "can't tell". `types` counts runs in which a sentence about a single
type is false: that it pays to race there where one arm is as good, or that no learning is needed where complements gain. `missed` counts
runs that were not right although somebody could tell: an exact paired test (signs flipped by chance, two-sided 5 %) that is told the
planted plan finds it ahead of each single arm tried as often. Where all arms are equal, or solve nothing, there is no such test.

Drift: a bench and a later one of the same tasks; one arm's rates fall to 0.7 of what they were, or nothing changes. Right is that exactly
the changed arm is named, or nobody.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable

import numpy as np

from banditgen.offline.matrix.change import compare
from banditgen.offline.matrix.findings import Findings, analyse
from banditgen.offline.matrix.outcomes import Matrix
from banditgen.offline.matrix.plans import failing, solved
from banditgen.offline.matrix.sentences import sentences
from tests.offline.matrix.worlds import Floats, World, all_equal, complements, nobody, one_best, sampled, specialists

SIZES = ((30, 4, 3), (60, 6, 3), (100, 4, 5), (200, 8, 3))  # tasks, arms, samples
WORLDS: dict[World, str] = {
    all_equal: "don't route, use a",
    one_best: "don't route, use a0",
    complements: "race a",
    specialists: "",
    nobody: "no arm solves",
}

TELLING = (one_best, complements, specialists)
TRIES = 3
FLIPS = 10_000


def verdict(world: World, found: Findings) -> str:
    """Right, wrong or unsure."""
    said = sentences(found)[0]
    if said.startswith("can't tell"):
        return "unsure"
    right = said.startswith(WORLDS[world])
    both = {"a0", "a1"} <= set(found.routing.recommended.arms if found.routing else ())
    if world is complements:
        right = right and both
    elif world is specialists:
        plan = said.partition(" %")[0]
        right = plan.startswith(("choose by type", "race a")) and "a0" in plan and "a1" in plan
    return "right" if right else "wrong"


def is_false_of_a_type(world: World, found: Findings) -> bool:
    pays = [routing.pays for routing in found.by_type.values() if routing is not None]
    return any(one is False for one in pays) if world is complements else any(one is True for one in pays)


def could_be_told(world: World, matrix: Matrix, flips: Floats) -> bool:
    fails, arms = failing(matrix, TRIES), range(len(matrix.arms))
    single = [solved((arm,) * TRIES, fails) for arm in arms]
    if world is specialists:
        plan = np.where(np.arange(len(matrix.tasks)) % 2 == 0, single[0], single[1])
    else:
        plan = solved((0, 1, 0) if world is complements else (0,) * TRIES, fails)
    others = [plan - single[arm] for arm in arms if world is not one_best or arm > 0]
    return all((1 + (flips @ ahead >= ahead.sum() - 1e-9).sum()) / (len(flips) + 1) <= 0.025 for ahead in others)


def answers(runs: int, worlds: Iterable[World] = tuple(WORLDS)) -> None:
    print("| world | tasks × arms × samples | right | wrong | unsure | types | missed |\n| --- | --- | --- | --- | --- | --- | --- |")
    for world in worlds:
        for tasks, arms, samples in SIZES:
            count: Counter[str] = Counter()
            flips = np.random.default_rng(0).choice([-1.0, 1.0], (FLIPS, tasks))
            for seed in range(runs):
                rng = np.random.default_rng([seed, tasks])
                matrix = sampled(world(rng, arms, tasks), samples, rng)
                found = analyse(matrix)
                said = verdict(world, found)
                count[said] += 1
                count["missed"] += said != "right" and world in TELLING and could_be_told(world, matrix, flips)
                count["types"] += is_false_of_a_type(world, found)
            shares = " | ".join(f"{100 * count[key] / runs:.1f} %" for key in ("right", "wrong", "unsure", "types"))
            missed = f"{100 * count['missed'] / runs:.1f} %" if world in TELLING else "–"
            print(f"| {world.__name__} | {tasks} × {arms} × {samples} | {shares} | {missed} |", flush=True)


def drift(runs: int) -> None:
    print("\n| change | tasks × arms × samples | right | others named |\n| --- | --- | --- | --- |")
    for change in (1.0, 0.7):
        for tasks, arms, samples in SIZES:
            right = others = 0
            for seed in range(runs):
                rng = np.random.default_rng([seed, tasks])
                rates = one_best(rng, arms, tasks)
                then = sampled(rates, samples, rng)
                rates[0] *= change
                found = compare(then, sampled(rates, samples, rng))
                named = {one.arm for one in found.changes if one.is_real}
                right += named == ({"a0"} if change < 1 else set())
                others += bool(named - {"a0"}) if change < 1 else bool(named)
            print(f"| × {change:g} | {tasks} × {arms} × {samples} | {100 * right / runs:.1f} % | {100 * others / runs:.1f} % |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    asked = parser.parse_args()
    answers(asked.runs)
    drift(asked.runs)
