"""Thompson sampling over hurdle posteriors: race the k best of one draw (MP-TS; Komiyama, Honda and Nakagawa 2015)."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from banditgen.bandit.arrays import Floats, Ints
from banditgen.bandit.base import TIE, RandomSource, State, top
from banditgen.bandit.priors import with_priors

MODEL_STRENGTH = 20.0  # outcomes that "this model is like all others" is worth: the spread between models' rates is about 0.1


@dataclasses.dataclass(frozen=True)
class Thompson:
    """passed ~ Bernoulli(θ), θ ~ Beta; given that it passed, wᵀx ~ Normal with a normal-inverse-gamma posterior.

    Args:
        sharpness: multiplies the evidence counts; above 1 explores less than plain Thompson sampling.
        shrinkage: how many outcomes the prior is worth whose mean is borrowed from the arm's model, temperature, parents
            and other task types; 0 is Beta(1, 1) for every arm, plain Thompson sampling.
        name: what decisions are logged under.
    """

    sharpness: float = 1.0
    shrinkage: float = 0.0
    name: str = "thompson"
    randomised: bool = True

    @property
    def version(self) -> str:
        """Changes with the settings."""
        return f"{self.name}-2(sharpness={self.sharpness:g},shrinkage={self.shrinkage:g})"

    def sets(self, state: State, k: int, rng: RandomSource, size: int) -> Ints:
        """(size, k): the k best of each draw; of equal ones, as where all always passed, chance decides."""
        draws = self.draws(state, rng, size)
        return top(draws + TIE * rng.random(draws.shape), state.weight, k)

    def means(self, state: State) -> Floats:
        """(B, K): expected reward E[θ]·E[wᵀx | passed]."""
        measure = measure_posterior(state)[0]
        passes, fails = self._prior(state, measure)
        return (state.passes + passes) / (state.count + passes + fails) * measure

    def draws(self, state: State, rng: RandomSource, size: int) -> Floats:
        """(size, K): draws of θ·E[wᵀx | passed]; a pending race counts as an outcome at the arm's mean."""
        binary = bool((state.total == state.passes).all())  # every pass was worth 1: θ is all there is to draw
        mean, deviation = (None, None) if binary else measure_posterior(state)
        prior_passes, prior_fails = self._prior(state, np.ones((1, 1)) if mean is None else mean)
        passes, fails = state.passes, state.fails
        if state.pending.any():
            rate = (passes + prior_passes) / (state.count + prior_passes + prior_fails)
            passes, fails = passes + rate * state.pending, fails + (1 - rate) * state.pending
        shape = (size, state.arms)
        alpha, beta = self.sharpness * passes + prior_passes, self.sharpness * fails + prior_fails
        if alpha.shape != shape:
            alpha, beta = np.broadcast_to(alpha, shape), np.broadcast_to(beta, shape)
        theta: Floats = rng.beta(alpha, beta)
        if mean is None or deviation is None:
            return theta
        measure: Floats = np.clip(mean + deviation / math.sqrt(self.sharpness) * rng.standard_normal(shape), 0.0, 1.0)
        return theta * measure

    def _prior(self, state: State, measure: Floats) -> tuple[Floats | float, Floats | float]:
        """Prior passes and fails of each arm, (B, K)."""
        if self.shrinkage == 0:
            return 1.0, 1.0
        rate = model_rates(state)
        strength: Floats | float = self.shrinkage
        state = with_priors(state)
        if state.prior_strength.any():
            # parents and other task types speak of the reward, not of passing
            told = np.clip(state.prior_mean / np.maximum(measure, 1e-9), 0.02, 0.98)
            strength = self.shrinkage + state.prior_strength
            rate = (self.shrinkage * rate + state.prior_strength * told) / strength
        return strength * rate, strength * (1 - rate)


def model_rates(state: State) -> Floats:
    """(B, K): pass rate expected of an arm from what its model's arms did, shrunk towards all arms'.

    By verdicts alone: soft evidence counts as far as it sets an arm apart, so mostly against arms, and says nothing of the others.
    """
    same = (state.model[:, None] == state.model).astype(float)
    passes, count = np.maximum(state.passes - state.soft_passes, 0.0), np.maximum(state.count - state.soft, 0.0)
    level = (passes.sum(-1, keepdims=True) + 1) / (count.sum(-1, keepdims=True) + 2)
    ahead = passes - level * count
    rate: Floats = np.clip(level + (ahead @ same) / (count @ same + MODEL_STRENGTH), 0.02, 0.98)
    return rate


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
