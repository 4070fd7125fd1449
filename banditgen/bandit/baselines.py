"""The policies that a learned one has to beat."""

from __future__ import annotations

import dataclasses

import numpy as np

from banditgen.bandit.arrays import Floats, Ints
from banditgen.bandit.base import TIE, RandomSource, State, top

UNSEEN = 1e4  # an index above every other: an arm that was never raced goes first; small enough for TIE to part those that are equal


class _Index:
    """Shared by policies that rank arms by an index; ties are broken at random."""

    name = ""
    randomised = True

    @property
    def version(self) -> str:
        """Changes with the settings."""
        settings = ",".join(f"{key}={value:g}" for key, value in vars(self).items())
        return f"{self.name}-2({settings})" if settings else f"{self.name}-2"

    def sets(self, state: State, k: int, rng: RandomSource, size: int) -> Ints:
        """(size, k): the k largest indices."""
        jitter = TIE * rng.random((size, state.arms))
        return top(self.index(state) + jitter, state.weight, k)

    def index(self, state: State) -> Floats:
        """(B, K): what the arms are ranked by."""
        raise NotImplementedError

    def means(self, state: State) -> Floats:
        """(B, K): the observed mean rewards, one half where nothing was seen."""
        return state.mean

    def draws(self, state: State, rng: RandomSource, size: int) -> Floats:  # noqa: ARG002 - the port's signature
        """(size, K): no posterior here, so every draw is the mean."""
        return np.broadcast_to(self.means(state), (size, state.arms)).copy()


@dataclasses.dataclass(frozen=True)
class Uniform(_Index):
    """A random set each time."""

    name = "uniform"

    def index(self, state: State) -> Floats:
        """All alike."""
        return np.zeros_like(state.passes)

    def sets(self, state: State, k: int, rng: RandomSource, size: int) -> Ints:
        """(size, k): preferences do not tilt it; weight 0 is left out."""
        return top(rng.random((size, state.arms)) + 1.0, (state.weight > 0).astype(float), k)


@dataclasses.dataclass(frozen=True)
class Greedy(_Index):
    """The best observed success rates, as in the design document's example; an arm that was never raced goes first."""

    name = "greedy"

    def index(self, state: State) -> Floats:
        """Mean reward."""
        return np.where(state.count + state.pending > 0, state.mean, UNSEEN)


@dataclasses.dataclass(frozen=True)
class EpsilonGreedy(_Index):
    """Greedy, but with chance `epsilon` a random set."""

    epsilon: float = 0.1
    name = "epsilon_greedy"

    def sets(self, state: State, k: int, rng: RandomSource, size: int) -> Ints:
        """(size, k)."""
        noise = rng.random((size, state.arms + 1))
        explore = noise[:, :1] < self.epsilon
        index = np.where(state.count + state.pending > 0, state.mean, UNSEEN) * state.weight + TIE * noise[:, 1:]
        return top(np.where(explore, noise[:, 1:] + 1.0, index), (state.weight > 0).astype(float), k)


@dataclasses.dataclass(frozen=True)
class UCB1(_Index):
    """Mean + width·√(2 ln t / n), t the races so far (Auer, Cesa-Bianchi and Fischer 2002)."""

    width: float = 1.0
    name = "ucb1"

    def index(self, state: State) -> Floats:
        """Upper confidence bounds."""
        count = state.count + state.pending
        rounds = np.maximum(count.sum(-1, keepdims=True), 2.0)
        bound = state.mean + self.width * np.sqrt(2 * np.log(rounds) / np.maximum(count, 1e-9))
        return np.where(count > 0, bound, UNSEEN)


@dataclasses.dataclass(frozen=True)
class KLUCB(_Index):
    """The largest q with n·KL(mean, q) ≤ c·ln t, for rewards in [0, 1] (Garivier and Cappé 2011)."""

    width: float = 1.0
    name = "kl_ucb"

    def index(self, state: State) -> Floats:
        """Upper confidence bounds, by bisection to 1e-6."""
        count = state.count + state.pending
        budget = self.width * np.log(np.maximum(count.sum(-1, keepdims=True), 2.0)) / np.maximum(count, 1e-9)
        p = np.clip(state.mean, 1e-9, 1 - 1e-9)
        low, high = p.copy(), np.ones_like(p)
        for _ in range(20):
            q = np.minimum((low + high) / 2, 1 - 1e-12)
            inside = p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q)) <= budget
            low, high = np.where(inside, q, low), np.where(inside, high, q)
        return np.where(count > 0, low, UNSEEN)


@dataclasses.dataclass(frozen=True)
class BestFixed(_Index):
    """One arm tried equally for `trials` races each, then the best of them for good: "always use the best model"."""

    trials: float = 10.0
    name = "best_fixed"

    def index(self, state: State) -> Floats:
        """The fewest trials first, until all have theirs; then the mean."""
        count = state.count + state.pending
        trying = (np.where(state.weight > 0, count, np.inf).min(-1, keepdims=True)) < self.trials
        return np.where(trying, UNSEEN - count, state.mean)
