"""What soft evidence is worth on planted arms: `python -m experiments.without_tests.run [--seeds 200] [--output RESULTS.md]`."""

from __future__ import annotations

import argparse
import functools
from collections.abc import Callable
from pathlib import Path

import numpy as np

from banditgen.bandit import Policy, make_policy
from experiments.without_tests.world import ARMS, UNSEEN, K, World, believed, run

EVEN = K / len(ARMS)
REPORTER = make_policy("thompson", sharpness=1.0)


def interval(values: list[float] | np.ndarray) -> str:
    """Mean with the 95 % interval of its error."""
    array = np.asarray(values, float)
    return f"{array.mean():.3f} ± {1.96 * array.std() / len(array) ** 0.5:.3f}"


def shares(policy: Policy, made: Callable[[np.random.Generator], World], seeds: int) -> list[str]:
    """How often the planted arms race in the 50 races after 60 without tests, and the wrong one after 20 ratings, of an even share."""
    late, wrong = [], []
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        course, _ = run(policy, made(rng), 110, rng, tested=lambda _: False)
        late.append(course.raced[60:].mean(0) / EVEN)
        wrong.append(course.raced[np.array(course.ratings) >= 20, 2].mean() / EVEN)
    crashes, disliked = np.array(late)[:, 0], np.array(late)[:, 1]
    return [interval(crashes), interval(disliked), interval(wrong)]


def errors(races: int, seeds: int, witness: float) -> tuple[str, str, str]:
    """Mean |posterior mean − truth| where every second race has tests: of these alone, with soft evidence, and the difference."""
    alone: list[float] = []
    both: list[float] = []
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        world = World.planted(rng, rated=0.5, witness=witness)
        course, _ = run(make_policy("uniform"), world, races, rng, tested=lambda race: race % 2 == 0)
        for found, soft in ((alone, False), (both, True)):
            found.append(np.abs(REPORTER.means(believed(course.statistics, soft=soft))[0] - world.right).mean())
    return interval(alone), interval(both), interval(np.array(both) - np.array(alone))


def until(seeds: int, races: int, rated: float, *, tests: bool, soft: bool) -> str:
    """Generations until the arm that is recommended is within 2 points of the best, and stays so; the median, and who got there."""
    policy, reached = make_policy("best_set"), []
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        world = World.plain(rng, rated=rated)
        _, states = run(policy, world, races, rng, tested=lambda _: tests, soft=soft, watch=range(1, races + 1))
        means = np.array([policy.means(state)[0] for state in states])
        best = means.argmax(1)
        best[np.ptp(means, axis=1) < 1e-9] = int(rng.integers(len(ARMS)))  # nothing tells them apart
        good = world.right[best] >= world.right.max() - 0.02
        bad = np.flatnonzero(~good)
        reached.append(0 if len(bad) == 0 else K * (int(bad[-1]) + 2) if bad[-1] + 1 < races else np.inf)
    there = np.isfinite(reached).mean()
    middle = np.median(reached)
    return f"{middle:.0f} ({there:.0%})" if np.isfinite(middle) else f"over {K * races} ({there:.0%})"


def main() -> None:
    """Write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="of the first table")
    parser.add_argument("--unseen-seeds", type=int, default=40, help="of the worlds on which nothing was chosen")
    parser.add_argument("--few-seeds", type=int, default=60, help="of the second table")
    parser.add_argument("--slow-seeds", type=int, default=24, help="of the last table, whose every race asks what is recommended")
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "RESULTS.md")
    given = parser.parse_args()
    lines = [(Path(__file__).parent / "about.md").read_text(encoding="utf-8")]
    lines += ["| world | policy | always crashes | rated low | runs cleanly and is wrong |", "| --- | --- | --- | --- | --- |"]
    for world, made in (("as above", World.planted), ("milder ratings", World.milder)):
        for name in ("thompson", "best_set"):
            lines.append(f"| {world} | `{name}` | {' | '.join(shares(make_policy(name), made, given.seeds))} |")
    for people in UNSEEN:
        row = shares(make_policy("best_set"), functools.partial(World.unseen, people=people), given.unseen_seeds)
        lines.append(f"| people {people} | `best_set` | {' | '.join(row)} |")
    lines += [
        "",
        "## Half of the races tested",
        "",
        "Mean |posterior mean − truth| over the eight arms, chosen uniformly; half of the winners are rated.",
        "",
    ]
    lines += ["| ratings | races | tests alone | with soft evidence | difference |", "| --- | --- | --- | --- | --- |"]
    for witness, words in ((0.6, "see what is right"), (0.0, "are noise")):
        for races in (30, 60, 120):
            lines.append(f"| {words} | {races} | {' | '.join(errors(races, given.few_seeds, witness))} |")
    lines += ["", "## Until the best arm is recommended", ""]
    lines += [
        "Generations until the recommended arm is within 2 points of the best for good, `best_set`, eight arms right in 10 to 90 %: the",
        f"median (and the share of {given.slow_seeds} seeds that got there within 150 races).",
    ]
    lines += ["", "| learned from | generations |", "| --- | --- |"]
    for words, rated, tests, soft in (
        ("nothing", 1.0, False, False),
        ("whether they ran", 0.0, False, True),
        ("that and every third winner's rating", 1 / 3, False, True),
        ("that and every winner's rating", 1.0, False, True),
        ("tests", 0.0, True, False),
    ):
        lines.append(f"| {words} | {until(given.slow_seeds, 150, rated, tests=tests, soft=soft)} |")
    given.output.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
