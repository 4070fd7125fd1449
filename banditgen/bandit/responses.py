"""Who passes on which task: an item response model of arms and tasks, fitted to what races showed.

Arm a passes on a task of ease z with chance Φ(α_a + β_a·z + γ·u): z ~ N(0, 1) is the task's and all arms feel it, each by its own
β; u ~ N(0, 1) is what the task is for the arm's model, shared by the arms of one model (the two-parameter normal ogive; Lord 1952;
with a testlet effect, Bradlow, Wainer and Wang 1999). Which arm raced next may depend on all that the race had shown: the likelihood of
the outcomes as they came needs no correction for it, as long as z and u are integrated out (Rubin 1976), which
quadrature does here (Bock and Aitkin 1981). An arm that only meets tasks on which others failed is judged on hard tasks.

α and β have normal priors whose centres and spread are learned with them, so every estimate is proper however little was seen.
"""

from __future__ import annotations

import dataclasses
from functools import lru_cache

import numpy as np
from scipy.special import log_ndtr, ndtr

from banditgen.bandit.arrays import Floats

TASK_NODES, MODEL_NODES = 13, 3
LOG_ROOT_2PI = 0.5 * np.log(2 * np.pi)
LIMIT = 8.0  # of a normal quantile: Φ(-8) is 6e-16
LOADINGS = 4.0  # no arm feels a task more than this, or less than its opposite


@dataclasses.dataclass(frozen=True)
class Prior:
    """What is believed of arms before any race, in normal quantiles.

    Args:
        level, level_variance: of the mean ability over arms.
        spread, spread_strength: standard deviation of abilities, and how many arms' worth of evidence that is.
        model_share: of the variance of abilities, what the model explains.
        loading, loading_variance: of the mean β over arms; `loading_spread` is the deviation of β between arms.
        model_loading, model_loading_strength: of γ, and how precisely that is known.
    """

    level: float = 0.0
    level_variance: float = 4.0
    spread: float = 0.8
    spread_strength: float = 4.0
    model_share: float = 0.5
    loading: float = 1.4
    loading_variance: float = 0.36
    loading_spread: float = 0.25
    model_loading: float = 0.6
    model_loading_strength: float = 20.0


@dataclasses.dataclass(frozen=True)
class Arms:
    """What is believed of K arms.

    Args:
        ability, variance: (B, K), posterior of α.
        start, start_variance: (B, K), the prior of α, from all other arms.
        loading: (B, K), β.
        model_loading: (B,), γ; 0 where no model has several arms.
        spread: (B,), variance between arms.
        centre: (B,), mean of β over arms.
        again: (B, K), κ, what is left of an arm's chance to pass on a task, given all else, once it has failed there.
    """

    ability: Floats
    variance: Floats
    start: Floats
    start_variance: Floats
    loading: Floats
    model_loading: Floats
    spread: Floats
    centre: Floats
    again: Floats

    @property
    def scale(self) -> Floats:
        """(B, K), √(1 + β² + γ²): an arm's pass rate over all tasks is Φ(α / scale)."""
        scale: Floats = np.sqrt(1 + self.loading**2 + self.model_loading[:, None] ** 2)
        return scale

    @property
    def nodes(self) -> tuple[Floats, Floats]:
        """Weights of the quadrature's nodes of z (Q,) and of u (U,)."""
        return task_nodes()[1], hermite(MODEL_NODES if self.model_loading.any() else 1)[1]

    def chances(self, ability: Floats) -> Floats:
        """(size, K, Q, U): the chance to pass at each node, for abilities (size, K); this has `size` rows, or one."""
        u = hermite(MODEL_NODES if self.model_loading.any() else 1)[0]
        x = ability[..., None, None] + self.loading[..., None, None] * task_nodes()[0][:, None]
        x = x + self.model_loading[:, None, None, None] * u
        np.clip(x, -LIMIT, LIMIT, out=x)  # in place: fresh memory for thousands of arms takes as long as the sums
        chances: Floats = ndtr(x, out=x)
        return chances


@lru_cache
def task_nodes() -> tuple[Floats, Floats]:
    """Nodes and weights for z under N(0, 1): equally spaced, because arms that feel a task much are steeper than Gauss-Hermite's."""
    points = np.linspace(-3, 3, TASK_NODES)
    weights = np.exp(-0.5 * points**2)
    return points, weights / weights.sum()


@lru_cache
def hermite(count: int) -> tuple[Floats, Floats]:
    """Nodes and weights of Gauss-Hermite quadrature under N(0, 1)."""
    points, weights = np.polynomial.hermite_e.hermegauss(count)
    return points, weights / weights.sum()


def information(quantile: Floats) -> Floats:
    """Fisher information of one outcome of chance Φ(x) about x."""
    log_density = -0.5 * quantile**2 - LOG_ROOT_2PI
    known: Floats = np.exp(2 * log_density - log_ndtr(quantile) - log_ndtr(-quantile))
    return known
