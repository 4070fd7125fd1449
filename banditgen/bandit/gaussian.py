"""Posterior of the arms' mean rewards: a Gaussian that shares strength between arms and between outcomes of one race.

Arms of one model have like means (a kernel over arms), and the outcomes of one race have the task's difficulty in common: with
correlation ρ between them, what counts in comparing arms is who did better on the *same* task. Both make far fewer races tell
two arms apart than independent counts do. Formulas: generalised least squares with compound-symmetric errors, and
a normal prior (Gelman et al., Bayesian Data Analysis, chapters 14 and 15).
"""

from __future__ import annotations

import dataclasses

import numpy as np

from banditgen.bandit.base import Floats, State
from banditgen.bandit.features import SLOPES, design, expected_lead

FLAT = 0.25  # variance of the level that all arms share: as good as unknown for rewards in [0, 1]


@dataclasses.dataclass(frozen=True)
class Means:
    """Normal posterior: mean (B, K), root (B, K, K) with covariance root·rootᵀ."""

    mean: Floats
    root: Floats


def posterior(state: State, race_correlation: Floats, spread: float, spread_strength: float, model_share: float) -> Means:
    """The posterior of all arms' mean rewards.

    Args:
        state: what was seen.
        race_correlation: (B,), ρ between the outcomes of two arms in one race.
        spread: prior standard deviation of the arms' means around their level.
        spread_strength: how many arms' worth of evidence that is; the rest is learned (empirical Bayes).
        model_share: of the variance between arms, what the model explains.
    """
    count, identity = state.count, np.eye(state.arms)
    level = _level(state)
    noise = _noise(state, level)
    precision = 1 / (noise * (1 - race_correlation))
    pairs = state.pair_count
    raced = np.maximum(pairs.sum((1, 2)) / np.maximum(count.sum(-1), 1e-9), 1.0)
    common = (race_correlation / (1 + (raced - 1) * race_correlation))[:, None]
    own = count * precision[:, None] + state.prior_strength / noise[:, None]
    data = own[:, :, None] * identity - (common * precision[:, None])[..., None] * pairs
    score = (state.total - common * state.pair_total.sum(1)) * precision[:, None] + state.prior_strength * state.prior_mean / noise[:, None]
    variance = _spread(state, level, noise, spread, spread_strength)
    kernel = (1 - model_share) * identity + model_share * (state.model[:, None] == state.model)
    prior = _with_slopes(state, np.linalg.inv(kernel) / variance[:, None, None])
    start = level + expected_lead(state)
    covariance = np.linalg.inv(prior + data)
    mean = start + (covariance @ (score - (data @ start[..., None])[..., 0])[..., None])[..., 0]
    if state.pending.any():
        covariance = np.linalg.inv(prior + data + (state.pending * precision[:, None])[:, :, None] * identity)
    return Means(mean, np.linalg.cholesky(covariance))


def _with_slopes(state: State, precision: Floats) -> Floats:
    """The precision after adding a free level and uncertain slopes to the covariance (Woodbury's identity)."""
    scale = np.array([np.sqrt(FLAT), *(deviation for _, deviation in SLOPES)])
    columns = np.concatenate([np.ones((state.arms, 1)), design(state)], axis=1) * scale
    projected = precision @ columns
    inner = np.eye(columns.shape[1]) + columns.T @ projected
    combined: Floats = precision - projected @ np.linalg.inv(inner) @ projected.swapaxes(1, 2)
    return combined


def _level(state: State) -> Floats:
    """(B, 1): mean reward over all arms, shrunk by two outcomes of one half."""
    level: Floats = (state.total.sum(-1, keepdims=True) + 1) / (state.count.sum(-1, keepdims=True) + 2)
    return level


def _noise(state: State, level: Floats) -> Floats:
    """(B,): variance of one outcome around its arm's mean, shrunk by four outcomes of 0.2."""
    mean = (state.total + 4 * level) / (state.count + 4)
    scatter = (state.square - 2 * mean * state.total + state.count * mean**2).sum(-1)
    noise: Floats = (np.maximum(scatter, 0.0) + 0.8) / (state.count.sum(-1) + 4)
    return noise


def _spread(state: State, level: Floats, noise: Floats, spread: float, strength: float) -> Floats:
    """(B,): variance between arms, DerSimonian and Laird's moment estimate shrunk towards the prior's."""
    count = state.count
    total = np.maximum(count.sum(-1), 1e-9)
    mean = np.divide(state.total, count, out=np.broadcast_to(level, count.shape).copy(), where=count > 0)
    heterogeneity = (count * (mean - level) ** 2).sum(-1) / noise
    scale = np.maximum(total - (count**2).sum(-1) / total, 0.0) / noise
    arms = (count > 0).sum(-1)
    estimate = (heterogeneity - np.maximum(arms - 1, 0)) / np.maximum(scale, 1e-9)
    weight = arms * scale / np.maximum(scale + arms / spread**2, 1e-9)
    learned: Floats = np.clip((strength * spread**2 + weight * estimate) / (strength + weight), 0.02**2, 0.4**2)
    return learned
