"""Are a bench's sentences the right ones, on matrices of which the truth is known?

    python -m experiments.bench.planted [--runs 200]

Worlds (tests/offline/matrix/worlds.py): arms that are all equal; one that is better than all others on every task; two of which each solves
what the other fails; two of which each is good at one type; nobody solves anything. Right is: "don't route" with the best arm's name (any
arm's where all are equal), "race" with both complements' names, "choose by type" or "race"
with both specialists, "no arm solves".
A run is wrong where it says another thing, and unsure where it says "can't tell". `types` counts runs in which a sentence about a single
type is false: that it pays to race there where one arm is as good, or that no learning is needed where complements gain.

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
from banditgen.offline.matrix.sentences import sentences
from tests.offline.matrix.worlds import World, all_equal, complements, nobody, one_best, sampled, specialists

SIZES = ((30, 4, 3), (60, 6, 3), (100, 4, 5), (200, 8, 3))  # tasks, arms, samples
WORLDS: dict[World, str] = {
    all_equal: "don't route, use a",
    one_best: "don't route, use a0",
    complements: "race a",
    specialists: "",
    nobody: "no arm solves",
}


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


def answers(runs: int, worlds: Iterable[World] = tuple(WORLDS)) -> None:
    print("| world | tasks × arms × samples | right | wrong | unsure | types |\n| --- | --- | --- | --- | --- | --- |")
    for world in worlds:
        for tasks, arms, samples in SIZES:
            count: Counter[str] = Counter()
            for seed in range(runs):
                rng = np.random.default_rng([seed, tasks])
                found = analyse(sampled(world(rng, arms, tasks), samples, rng))
                count[verdict(world, found)] += 1
                count["types"] += is_false_of_a_type(world, found)
            shares = " | ".join(f"{100 * count[key] / runs:.1f} %" for key in ("right", "wrong", "unsure", "types"))
            print(f"| {world.__name__} | {tasks} × {arms} × {samples} | {shares} |", flush=True)


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
