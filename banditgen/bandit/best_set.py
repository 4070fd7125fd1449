"""The set whose best member is expected to be best: Thompson sampling for the maximum instead of the sum.

Outcomes of one race fail together (a hard task, one model at two temperatures), so the k best means are not the best race.
Each arm's outcome is a Gaussian copula's: it fails where √l·z + √m·u + √(1-l-m)·e < Φ⁻¹(1 - μ), z the task's difficulty, u its
difficulty for the model, e the arm's luck. A draw of the means μ, with the correlations that were learned, gives each set's
chance that all fail, by Gauss-Hermite quadrature; the set is built greedily, which for this submodular value is within
1 - 1/e of the best (Nemhauser, Wolsey and Fisher 1978), and in practice equal to it.
"""

from __future__ import annotations

import dataclasses
from functools import lru_cache

import numpy as np
from scipy.special import ndtr, ndtri

from banditgen.bandit import correlation, gaussian
from banditgen.bandit.base import Floats, Ints, RandomSource, State
from banditgen.bandit.priors import with_priors

TASK_NODES, MODEL_NODES = 7, 3


@dataclasses.dataclass(frozen=True)
class BestSet:
    """Draws means from their shared posterior and takes the set of the largest expected best reward.

    Args:
        sharpness: divides the variance of the draws; above 1 explores less.
        spread: prior standard deviation of the arms' means.
        spread_strength: how many arms that is worth.
        model_share: of the variance between arms, what the model explains.
        correlation_prior: what is believed of correlations at first.
    """

    sharpness: float = 6.0
    spread: float = 0.07
    spread_strength: float = 6.0
    model_share: float = 0.85
    correlation_prior: correlation.Prior = dataclasses.field(default_factory=correlation.Prior)
    name: str = "best_set"
    randomised: bool = True

    @property
    def version(self) -> str:
        """Changes with the settings."""
        p = self.correlation_prior
        numbers = (self.sharpness, self.spread, self.spread_strength, self.model_share, *dataclasses.astuple(p))
        return f"best_set-1({','.join(f'{x:g}' for x in numbers)})"

    def sets(self, state: State, k: int, rng: RandomSource, size: int) -> Ints:
        """(size, k), best first."""
        state = with_priors(state)
        joint = correlation.estimate(state, self.correlation_prior)
        draws = self._draw(self._posterior(state, joint), rng, (size, state.arms))
        return greedy(failures(draws, joint), state.model, state.weight, k)

    def means(self, state: State) -> Floats:
        """(B, K)."""
        state = with_priors(state)
        mean: Floats = np.clip(self._posterior(state, correlation.estimate(state, self.correlation_prior)).mean, 0.0, 1.0)
        return mean

    def draws(self, state: State, rng: RandomSource, size: int) -> Floats:
        """(size, K), for people: not sharpened, and shrunk less than what wins races, so that intervals cover."""
        state = with_priors(state)
        plain = dataclasses.replace(self, sharpness=1.0, spread_strength=1.0)
        return plain._draw(plain._posterior(state, correlation.estimate(state, self.correlation_prior)), rng, (size, state.arms))  # noqa: SLF001

    def _posterior(self, state: State, joint: correlation.Correlation) -> gaussian.Means:
        return gaussian.posterior(state, joint.shared, self.spread, self.spread_strength, self.model_share)

    def _draw(self, means: gaussian.Means, rng: RandomSource, shape: tuple[int, int]) -> Floats:
        noise = (means.root @ rng.standard_normal(shape)[..., None])[..., 0]
        draws: Floats = np.clip(means.mean + noise / np.sqrt(self.sharpness), 0.01, 0.99)
        return draws


@lru_cache
def _nodes(count: int) -> tuple[Floats, Floats]:
    points, weights = np.polynomial.hermite_e.hermegauss(count)
    return points, weights / weights.sum()


def failures(means: Floats, joint: correlation.Correlation) -> Floats:
    """(size, K, TASK_NODES, MODEL_NODES): chance that an arm fails, given the task's and the model's difficulty.

    Pearson correlations r become the copula's by sin(πr/2), exact for rates of one half and near it elsewhere.
    """
    task = np.minimum(np.sin(np.pi / 2 * joint.loadings**2), 0.97)
    model = np.sin(np.pi / 2 * (joint.shared + joint.model)) - np.sin(np.pi / 2 * joint.shared)
    model = np.minimum(model[:, None], 0.98 - task)
    z, u = _nodes(TASK_NODES)[0], _nodes(MODEL_NODES)[0]
    difficulty = np.sqrt(task)[..., None, None] * z[:, None] + np.sqrt(model)[..., None, None] * u
    chance: Floats = ndtr((ndtri(1 - means)[..., None, None] - difficulty) / np.sqrt(1 - task - model)[..., None, None])
    return np.maximum(chance, 1e-9)


def greedy(fails: Floats, model: Ints, weight: Floats, k: int) -> Ints:
    """(size, k): arms added one by one, each time the one that lowers the chance of all failing most.

    A gain is multiplied by the arm's preference; weight 0 is never added.
    """
    size, arms = fails.shape[:2]
    rows = np.arange(size)
    task_weights, model_weights = _nodes(TASK_NODES)[1], _nodes(MODEL_NODES)[1]
    chosen = np.empty((size, k), np.int64)
    free = np.broadcast_to(weight > 0, (size, arms)).copy()
    all_fail = np.broadcast_to(task_weights, (size, TASK_NODES))  # × chance that all chosen fail, given the task
    by_model = np.ones((size, int(model.max()) + 1, TASK_NODES, MODEL_NODES))  # of the chosen, given task and model
    given = fails @ model_weights  # (size, K, TASK_NODES): an arm fails, given the task and that the chosen of its model do
    for i in range(k):
        left = (given @ all_fail[..., None])[..., 0]
        gain = np.where(free, (all_fail.sum(-1, keepdims=True) - left) * weight, -np.inf)
        arm = gain.argmax(1)
        chosen[:, i], free[rows, arm] = arm, False
        all_fail = all_fail * given[rows, arm]
        m = model[arm]
        by_model[rows, m] *= fails[rows, arm]
        row, sibling = np.nonzero(model == m[:, None])
        failed = by_model[row, m[row]]
        given[row, sibling] = (failed * fails[row, sibling]) @ model_weights / (failed @ model_weights)
    return chosen
