"""Which arms fail together, from counts of joint outcomes: one difficulty that every arm feels more or less, and the model.

Pearson correlation of two arms' outcomes on one task: r_ab = λ_a·λ_b, plus δ where both run one model. ρ (the mean of λ² over
arms) and δ are pooled over all pairs, λ_a over all of arm a's partners; each is shrunk towards what recorded outcomes of real
models look like, and each goes to 0 where arms turn out to be independent.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from banditgen.bandit.base import Floats, State

LIMIT = 0.9  # no two arms are believed to agree more than this


@dataclasses.dataclass(frozen=True)
class Correlation:
    """ρ (B,), δ (B,) and loadings λ (B, K), as in the module's docstring."""

    shared: Floats
    model: Floats
    loadings: Floats


@dataclasses.dataclass(frozen=True)
class Prior:
    """Prior means, and how many joint outcomes they are worth; `loading_spread` is the standard deviation of λ over arms."""

    shared: float = 0.4
    shared_pairs: float = 30.0
    model: float = 0.2
    model_pairs: float = 30.0
    loading_spread: float = 0.08
    model_share: float = 0.5


def estimate(state: State, prior: Prior) -> Correlation:
    """Correlations from the state's pair sums; λ by two sweeps of shrunken least squares."""
    pairs, products = _standardised(state)
    same = (state.model[:, None] == state.model).astype(float)
    within = same - np.eye(state.arms)
    pairs_within, products_within = (pairs * within).sum((1, 2)) / 2, (products * within).sum((1, 2)) / 2
    pairs_across, products_across = (pairs * (1 - same)).sum((1, 2)) / 2, (products * (1 - same)).sum((1, 2)) / 2
    shared = np.clip((products_across + prior.shared * prior.shared_pairs) / (pairs_across + prior.shared_pairs), 0.0, LIMIT - 0.05)
    model = (products_within - shared * pairs_within + prior.model * prior.model_pairs) / (pairs_within + prior.model_pairs)
    model = np.clip(model, 0.0, LIMIT - shared)
    return Correlation(shared, model, _loadings(pairs, products - (model[:, None, None] * within) * pairs, shared, same, prior))


def _standardised(state: State) -> tuple[Floats, Floats]:
    """(B, K, K) each: races of two different arms, and the sum over them of both residuals in units of √(p(1 - p)).

    That unit makes 1 - E[(1 - y_a)(1 - y_b)] exact, for rewards of 0 and 1 as for fractions.
    """
    level = (state.total.sum(-1, keepdims=True) + 1) / (state.count.sum(-1, keepdims=True) + 2)
    mean = (state.total + 4 * level) / (state.count + 4)
    unit = np.sqrt(np.maximum(mean * (1 - mean), 0.02))
    pairs = state.pair_count * (1 - np.eye(state.arms))
    column = state.pair_total.swapaxes(1, 2)
    row_mean, column_mean = mean[:, :, None], mean[:, None, :]
    residual = state.pair_product - row_mean * column - column_mean * state.pair_total + row_mean * column_mean * state.pair_count
    return pairs, residual * (pairs > 0) / (unit[:, :, None] * unit[:, None, :])


def _loadings(pairs: Floats, products: Floats, shared: Floats, same: Floats, prior: Prior) -> Floats:
    centre = np.sqrt(shared)[:, None]
    between, within = prior.model_share * prior.loading_spread**2, (1 - prior.model_share) * prior.loading_spread**2
    loadings = np.broadcast_to(centre, pairs.shape[:2])
    for _ in range(2):
        precision = (pairs @ (loadings**2)[..., None])[..., 0]
        score = (products @ loadings[..., None])[..., 0] - precision * centre
        effect = (score @ same) / (precision @ same + 1 / between)
        loadings = np.clip(centre + effect + (score - precision * effect) / (precision + 1 / within), 0.0, 0.95)
    return loadings
