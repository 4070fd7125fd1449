"""The policy port: what is known of the eligible arms goes in, a set of arms comes out. No clock, no I/O."""

from __future__ import annotations

import dataclasses
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from banditgen.bandit.arrays import Floats, Ints
from banditgen.bandit.patterns import Patterns


class RandomSource(Protocol):
    """The part of `numpy.random.Generator` that policies use; replay hands in one with a stream for each seed."""

    def standard_normal(self, size: Any = None) -> Any:
        """As numpy's."""
        ...

    def random(self, size: Any = None) -> Any:
        """As numpy's."""
        ...

    def beta(self, a: Any, b: Any, size: Any = None) -> Any:
        """As numpy's."""
        ...


@dataclasses.dataclass(frozen=True)
class State:
    """What a policy knows of K eligible arms in one task type, under the weights of the moment.

    Arrays have a leading axis B: 1 for a live choice, the number of seeds in replay. The reward of an outcome is
    y = wᵀx where it passed, 0 where it did not. Counts may be fractions, where forgetting has discounted them.

    Args:
        passes, fails: (B, K), outcomes that moved the posterior, at least 0.
        total, square: (B, K), Σy and Σy² over them.
        weight: (K,), the preference that multiplies an arm's draw; 0 is never chosen.
        model: (K,), which model the arm runs, numbered from 0.
        pending: (B, K), races that are out and not yet told.
        prior_mean, prior_strength: (K,) or (B, K), where a born arm starts: the mean reward expected of it and how many outcomes
            that is worth; strength 0 is no opinion.
        patterns: which arms passed and failed together, in races that showed more than one outcome.
        other_count, other_total: (B, L, K), outcomes and Σy of the same arms in L other task types.
        soft: (B, K), how many of `passes` and `fails` are soft evidence's and no verdicts (`bandit.soft`).
        soft_passes: (B, K), how many of `passes`.
        varies: (K,), whether an arm's second answer to a task may differ from its first.
    """

    passes: Floats
    fails: Floats
    total: Floats
    square: Floats
    weight: Floats
    model: Ints
    pending: Floats
    prior_mean: Floats
    prior_strength: Floats
    patterns: Patterns
    other_count: Floats
    other_total: Floats
    soft: Floats | float = 0.0
    soft_passes: Floats | float = 0.0
    varies: NDArray[np.bool_] | bool = False

    @property
    def count(self) -> Floats:
        """(B, K), outcomes in all."""
        return self.passes + self.fails

    @property
    def arms(self) -> int:
        """K."""
        return int(self.weight.shape[0])

    @property
    def mean(self) -> Floats:
        """(B, K), observed mean reward; one half where nothing was seen."""
        count = self.count
        return np.divide(self.total, count, out=np.full_like(self.total, 0.5), where=count > 0)


@dataclasses.dataclass(frozen=True)
class ChosenSet:
    """One decision: which arms race, and with which chance they were to.

    Args:
        arms: (k,), positions among the eligible arms, all different.
        propensities: (K,), the chance of each arm to be in the race; they sum to k.
        set_probability: the chance of exactly this set.
        exploration: ε, the share of decisions that are a uniformly random set.
        particles: how many posterior particles the chances are exact over.
    """

    arms: Ints
    propensities: Floats
    set_probability: float
    exploration: float
    particles: int


class Policy(Protocol):
    """Chooses sets of arms. Holds settings only: everything learned is in the `State`."""

    @property
    def name(self) -> str:
        """What it is called in `make_policy`."""
        ...

    @property
    def version(self) -> str:
        """Changes whenever the same state and seed could give another choice; logged with each decision."""
        ...

    @property
    def randomised(self) -> bool:
        """Whether `sets` differ from draw to draw; one particle is enough where they do not."""
        ...

    def sets(self, state: State, k: int, rng: RandomSource, size: int) -> Ints:
        """(size, k), `size` independent draws of a best set; row i answers the state's row i, or its only row.

        k is at most the number of arms with a positive weight.
        """
        ...

    def means(self, state: State) -> Floats:
        """(B, K), the reward expected of each arm, for exploiting and for explanations."""
        ...

    def draws(self, state: State, rng: RandomSource, size: int) -> Floats:
        """(size, K), draws of the arms' mean rewards from what is believed of them, in [0, 1], preferences left out."""
        ...


TIE = 1e-9  # draws that are nearer than this are equal, and chance decides


def top(values: Floats, weight: Floats, k: int) -> Ints:
    """(B, k), the k arms of the largest weighted values in each row, best first; weight 0 is never among them."""
    keys = np.where(weight > 0, values * weight, -np.inf)
    if k == 1:
        return np.asarray(keys.argmax(-1)[:, None], np.int64)
    if 2 * k < keys.shape[-1]:  # the rest need not be sorted
        best = np.argpartition(-keys, k - 1, axis=-1)[:, :k]
        return np.asarray(np.take_along_axis(best, np.argsort(-np.take_along_axis(keys, best, -1), axis=-1, kind="stable"), -1), np.int64)
    return np.asarray(np.argsort(-keys, axis=-1, kind="stable")[:, :k], np.int64)
