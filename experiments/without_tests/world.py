"""Planted arms that race without tests, and what is learned of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from banditgen import GeneratorConfig
from banditgen.bandit import Policy, Statistics, choose
from banditgen.bandit.arrays import Floats, Ints
from banditgen.bandit.base import State

ARMS = [GeneratorConfig(f"arm{i}", f"model{i}") for i in range(8)]
IDS = [arm.arm_id for arm in ARMS]
K = 2
PARTICLES = 16  # one is drawn; more are for propensities, which nobody reads here
WEIGHTS = (1.0, 0.0)
UNSEEN: dict[str, dict[str, Any]] = {
    "only say thumbs": {"thumbs": True, "witness": 0.7},
    "are kind": {"kind": 0.15, "low": 0.25, "noise": 0.2},
    "are few and unsure": {"rated": 0.5, "witness": 0.5, "low": 0.2, "noise": 0.25},
}
Tested = Callable[[int], bool]


@dataclasses.dataclass
class World:
    """Eight arms, each right with a chance of its own; wrong code runs in `runs` of its cases.

    Args:
        right: (8,), chance to be right.
        runs: (8,), chance that wrong code runs all the same.
        disliked: arms that are rated near `low`, right or not.
        rated: the share of races whose winner is rated.
        witness: how well people see what is right: the rating's mean is 0.5 ± witness/2.
        low: see `disliked`.
        noise: the ratings' standard deviation.
        kind: how much higher everybody rates than half.
        thumbs: whether ratings are 0 or 1, the likelier the nearer.
    """

    right: Floats
    runs: Floats
    disliked: tuple[int, ...] = ()
    rated: float = 1.0
    witness: float = 0.6
    low: float = 0.1
    noise: float = 0.15
    kind: float = 0.0
    thumbs: bool = False

    @classmethod
    def planted(cls, rng: np.random.Generator, **settings: Any) -> World:
        """One arm always crashes, one is disliked, one runs cleanly and is wrong; five are right in 40 to 90 %."""
        right, runs = rng.uniform(0.4, 0.9, 8), np.full(8, 0.6)
        right[[0, 2]], runs[0], runs[2] = 0.0, 0.0, 1.0
        return cls(right, runs, (1,), **settings)

    @classmethod
    def milder(cls, rng: np.random.Generator) -> World:
        """The same with worse arms, and people who are kinder and see less."""
        planted = cls.planted(rng)
        return dataclasses.replace(planted, right=np.maximum(planted.right - 0.2, 0.0), witness=0.4, low=0.15, noise=0.2)

    @classmethod
    def unseen(cls, rng: np.random.Generator, people: str) -> World:
        """Worlds that nothing was chosen on: people who only say thumbs up or down, are kind to all, or are few and unsure (`UNSEEN`)."""
        planted = cls.planted(rng, **UNSEEN[people])
        return dataclasses.replace(planted, right=np.maximum(planted.right - 0.1, 0.0))

    @classmethod
    def plain(cls, rng: np.random.Generator, **settings: Any) -> World:
        """All are right in 10 to 90 %."""
        return cls(rng.uniform(0.1, 0.9, 8), np.full(8, 0.6), (), **settings)

    def rating(self, arm: int, *, right: bool, rng: np.random.Generator) -> int:
        """In tenths."""
        mean = self.low if arm in self.disliked else 0.5 + self.kind + (0.5 if right else -0.5) * self.witness
        if self.thumbs:
            return 10 * int(rng.random() < mean)
        return round(10 * float(np.clip(rng.normal(mean, self.noise), 0, 1)))


@dataclasses.dataclass
class Course:
    """What happened: (races, 8) which arms raced, how many ratings there were before each, and the statistics after all."""

    raced: Floats
    ratings: list[int]
    statistics: Statistics


def run(
    policy: Policy, world: World, races: int, rng: np.random.Generator, *, tested: Tested, soft: bool = True, watch: Sequence[int] = ()
) -> tuple[Course, list[State]]:
    """Race; and the states after the races that are watched."""
    statistics, raced, ratings, seen = Statistics(), np.zeros((races, len(ARMS))), [], []
    rated, state = 0, believed(statistics, soft=soft)
    for race in range(races):
        arms = choose(policy, state, K, rng, particles=PARTICLES).arms
        raced[race, arms] = 1
        ratings.append(rated)
        right = rng.random(K) < world.right[arms]
        ran = right | (rng.random(K) < world.runs[arms])
        has_tests = tested(race)
        if has_tests:
            statistics.fold([IDS[a] for a in arms], ["t"] * K, right.astype(float), np.ones((K, 2)))
            shown = np.flatnonzero(right)
        else:
            if ran.any():
                _say(statistics, arms, [("ran", 10 * int(one), -1) for one in ran])
            shown = np.flatnonzero(ran)
        if len(shown) and rng.random() < world.rated:
            place = int(rng.choice(shown))
            level = world.rating(int(arms[place]), right=bool(right[place]), rng=rng)
            _say(statistics, arms[[place]], [("rating", level, int(right[place]) if has_tests else -1)])
            rated += not has_tests
        state = believed(statistics, soft=soft)
        if race + 1 in watch:
            seen.append(state)
    return Course(raced, ratings, statistics), seen


def _say(statistics: Statistics, arms: Ints, said: list[tuple[str, int, int]]) -> None:
    statistics.add_soft([IDS[int(a)] for a in arms], ["t"] * len(said), said, np.ones(len(said)))


def believed(statistics: Statistics, *, soft: bool) -> State:
    """What a policy is given."""
    state = statistics.state(ARMS, "t", WEIGHTS)
    return statistics.with_soft(state, ARMS, "t") if soft else state
