"""Thompson sampling over hurdle posteriors: race the k best of one draw (MP-TS; Komiyama, Honda and Nakagawa 2015)."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from banditgen.bandit.base import Floats, Ints, RandomSource, State, top


@dataclasses.dataclass(frozen=True)
class Thompson:
    """passed ~ Bernoulli(θ), θ ~ Beta(1, 1); given that it passed, wᵀx ~ Normal with a normal-inverse-gamma posterior.

    Args:
        sharpness: multiplies the evidence counts; above 1 explores less than plain Thompson sampling.
        name: what decisions are logged under.
    """

    sharpness: float = 1.0
    name: str = "thompson"
    randomised: bool = True

    @property
    def version(self) -> str:
        """Changes with the settings."""
        return f"{self.name}-1(sharpness={self.sharpness:g})"

    def sets(self, state: State, k: int, rng: RandomSource, size: int) -> Ints:
        """(size, k): the k best of each draw."""
        return top(self.draws(state, rng, size), state.weight, k)

    def means(self, state: State) -> Floats:
        """(B, K): expected reward E[θ]·E[wᵀx | passed]."""
        given_pass, _ = measure_posterior(state)
        return (state.passes + 1) / (state.count + 2) * given_pass

    def draws(self, state: State, rng: RandomSource, size: int) -> Floats:
        """(size, K): draws of θ·E[wᵀx | passed]; a pending race counts as an outcome at the arm's mean."""
        rate = (state.passes + 1) / (state.count + 2)
        passes = self.sharpness * (state.passes + rate * state.pending) + 1
        fails = self.sharpness * (state.fails + (1 - rate) * state.pending) + 1
        shape = (size, state.arms)
        theta: Floats = rng.beta(np.broadcast_to(passes, shape), np.broadcast_to(fails, shape))
        mean, deviation = measure_posterior(state)
        if not deviation.any():
            return theta * mean
        normal = rng.standard_normal(shape)
        measure: Floats = np.clip(mean + deviation / math.sqrt(self.sharpness) * normal, 0.0, 1.0)
        return theta * measure


def measure_posterior(state: State) -> tuple[Floats, Floats]:
    """(B, K) each: posterior mean of wᵀx given a pass, and the deviation of that mean.

    Normal-inverse-gamma with the mean and variance of all arms' passes as a prior worth one pass; both arrays are flat
    where no variance was ever seen (binary rewards). The deviation is the marginal t distribution's.
    """
    n, total, square = state.passes, state.total, state.square
    n_all = n.sum(-1, keepdims=True)
    pooled = np.divide(total.sum(-1, keepdims=True), n_all, out=np.ones_like(n_all), where=n_all > 0)
    spread = np.divide(square.sum(-1, keepdims=True), n_all, out=np.ones_like(n_all), where=n_all > 0) - pooled**2
    spread = np.where(spread < 1e-12, 0.0, spread)
    mean = (total + pooled) / (n + 1)
    # Σ(y - mean)² around the posterior mean, plus the prior's own pseudo-pass and 2 pseudo-degrees of freedom
    scatter = np.maximum(square - 2 * mean * total + n * mean**2, 0.0) + (mean - pooled) ** 2 + 2 * spread
    return mean, np.sqrt(scatter / ((n + 2) * (n + 1)))
