"""The arms' goals one by one, and their Pareto front: whom no other arm beats in all of them beyond doubt."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from banditgen.arm import GeneratorConfig
from banditgen.bandit.arrays import Floats
from banditgen.bandit.front import beaten
from banditgen.learning.ledger import Spent

SAMPLES = 4000
PRICE = "price"


class Goal(NamedTuple):
    """What is believed of an arm in one goal: the median, and the 95 % credible interval."""

    median: float
    low: float
    high: float


@dataclasses.dataclass(frozen=True)
class ArmGoals:
    """An arm on a task type, goal by goal.

    Args:
        arm: the arm.
        goals: by name. Of quality, speed and measures what a generation gives in the mean, in [0, 1], one that fails giving 0; of "price"
            what is paid for each pass, in the unit of the prices.
        beaten_by: the name of an arm that is better in all of them beyond doubt; None is on the Pareto front.
    """

    arm: GeneratorConfig
    goals: Mapping[str, Goal]
    beaten_by: str | None

    @property
    def name(self) -> str:
        """The arm's name."""
        return str(self.arm.name)

    @property
    def on_front(self) -> bool:
        """Whether no other arm is better in all goals beyond doubt."""
        return self.beaten_by is None


def goals_of(arms: Sequence[GeneratorConfig], draws: Mapping[str, Floats], passing: Floats, spent: Sequence[Spent]) -> list[ArmGoals]:
    """K arms, goal by goal, and who beats whom.

    Where anything was paid, the price is a goal, too: what generations cost in the mean, as uncertain as if each cost were exponential, for
    each pass.

    Args:
        arms: that may race.
        draws: (S, K), of what is believed of each goal; drawn together.
        passing: (S, K), of the chance to pass; drawn with them.
        spent: by each of them.
    """
    draws = dict(draws)
    generations, paid = np.array([(own.generations, own.price) for own in spent]).reshape(-1, 2).T
    if paid.any():
        with np.errstate(divide="ignore", invalid="ignore"):
            each = paid / np.random.default_rng(1).gamma(generations, size=passing.shape)
            draws[PRICE] = np.where(generations > 0, -each / passing, np.nan)
    rivals = beaten(np.stack(list(draws.values())))
    middle, low, high = np.quantile(np.stack(list(draws.values())), [0.5, 0.025, 0.975], axis=1)
    return [
        ArmGoals(
            arm,
            {
                name: _goal(name, float(middle[g, i]), float(low[g, i]), float(high[g, i]))
                for g, name in enumerate(draws)
                if np.isfinite(middle[g, i])
            },
            None if rivals[i] < 0 else str(arms[rivals[i]].name),
        )
        for i, arm in enumerate(arms)
    ]


def _goal(name: str, median: float, low: float, high: float) -> Goal:
    return Goal(-median, -high, -low) if name == PRICE else Goal(median, low, high)
