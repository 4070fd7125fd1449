"""The fit of the response model: an EM algorithm whose steps score every parameter on the outcomes that are expected."""

from __future__ import annotations

import dataclasses

import numpy as np
from scipy.special import ndtri

from banditgen.bandit.again import SHARE, left
from banditgen.bandit.arrays import Floats
from banditgen.bandit.base import State
from banditgen.bandit.outcomes import Seen, at_nodes, node_pairs, spread_over_nodes
from banditgen.bandit.responses import LOADINGS, LOG_ROOT_2PI, Arms, Prior

CYCLES = 8  # of three steps of the EM algorithm each, at most, from the counts alone; after one more race, one step
ENOUGH = 0.1  # a cycle that changes no ability by more, in deviations of its posterior, is the last
HYPER_STEPS = 4
LEAP = 6.0  # how far a cycle may extrapolate


def fit(state: State, prior: Prior, before: Arms | None = None) -> Arms:
    """The posterior's mode for β and γ, and a normal posterior for each α.

    Args:
        state: what was seen; its `prior_mean` and `prior_strength` move where an arm starts, both (B, K).
        prior: what is believed at first.
        before: an earlier fit to start from, when hardly anything was added since.
    """
    nodes = node_pairs(state.patterns)
    arms = before or _first(state, prior, shared=state.patterns.shared_models)
    seen = Seen.of(state, arms)

    def step(arms: Arms) -> Arms:
        x, chances = at_nodes(arms, nodes)
        expected, task, _ = spread_over_nodes(seen, chances, arms.again)
        return dataclasses.replace(_step(seen, prior, arms, x, chances, expected, nodes), again=left(seen, chances, task, arms.again))

    if before is not None:
        return step(arms)
    for _ in range(CYCLES):
        first = step(arms)
        second = step(first)
        before, arms = arms, step(_leap(arms, first, second))
        if (np.abs(arms.ability - before.ability) < ENOUGH * np.sqrt(arms.variance)).all():
            break
    return arms


def _first(state: State, prior: Prior, *, shared: bool) -> Arms:
    count, batch = state.count, state.passes.shape
    level = (state.passes.sum(-1, keepdims=True) + 1) / (count.sum(-1, keepdims=True) + 2)
    model_loading = np.full(batch[0], prior.model_loading if shared else 0.0)
    loading = np.full(batch, prior.loading)
    scale = np.sqrt(1 + loading**2 + model_loading[:, None] ** 2)
    ability = ndtri(np.clip((state.passes + 4 * level) / (count + 4), 0.02, 0.98)) * scale
    start = np.repeat(ability.mean(1, keepdims=True), batch[1], 1)
    variance = np.full(batch, prior.spread**2)
    return Arms(ability, variance, start, variance, loading, model_loading, variance[:, 0], loading[:, 0], np.full(batch, SHARE))


def _step(seen: Seen, prior: Prior, arms: Arms, x: Floats, chances: Floats, expected: Floats, nodes: tuple[Floats, Floats]) -> Arms:
    """One Fisher-scoring step of every parameter on the expected outcomes."""
    z, u = nodes
    density = np.exp(-0.5 * x * x - LOG_ROOT_2PI)
    slope_pass, slope_fail = density / chances[:, 1], -density / chances[:, 0]
    score = expected[:, 1] * slope_pass + expected[:, 0] * slope_fail
    weight = expected.sum(1) * (-slope_pass * slope_fail)
    variance_b = prior.loading_spread**2
    data_a, cross = weight.sum(-1), weight @ z
    precision_a, precision_b = data_a + 1 / arms.start_variance, weight @ (z * z) + 1 / variance_b
    score_a = score.sum(-1) - (arms.ability - arms.start) / arms.start_variance
    # what all loadings have in common moves in one step: each for itself would be held back by where the others are
    common = (score @ z - cross / precision_a * score_a).sum(1) - (arms.centre - prior.loading) / prior.loading_variance
    common /= (precision_b - 1 / variance_b - cross**2 / precision_a).sum(1) + 1 / prior.loading_variance
    common = np.clip(common, -0.5, 0.5)[:, None]
    score_a = score_a - cross * common
    score_b = score @ z - (precision_b - 1 / variance_b) * common - (arms.loading - arms.centre[:, None]) / variance_b
    determinant = precision_a * precision_b - cross**2  # at least 1/(start_variance·variance_b): both priors are proper
    ability = arms.ability + np.clip((precision_b * score_a - cross * score_b) / determinant, -1, 1)
    loading = np.clip(
        arms.loading + common + np.clip((precision_a * score_b - cross * score_a) / determinant, -0.5, 0.5), -LOADINGS, LOADINGS
    )
    model_loading = arms.model_loading
    if seen.patterns.shared_models:
        step_m = (score @ u).sum(1) - (model_loading - prior.model_loading) * prior.model_loading_strength
        step_m /= (weight @ (u * u)).sum(1) + prior.model_loading_strength
        model_loading = np.clip(model_loading + np.clip(step_m, -0.2, 0.2), 0.05, 2.0)
    variance = precision_b / determinant
    centre = arms.centre + common[:, 0]
    own = np.maximum(1 / variance - 1 / arms.start_variance, 0.0)  # what the outcomes alone say of α
    mean = ability + np.divide(ability - arms.start, arms.start_variance * own, out=np.zeros_like(own), where=own > 1e-9)
    own, spread = np.where(own > 1e-9, own, 0.0), arms.spread
    for _ in range(HYPER_STEPS):  # the prior is learned from the arms, and moves them: cheap, and slow one by one
        start, start_variance, level = _starts(seen, prior, mean, own, spread)
        if seen.told is not None:
            told = seen.told
            # of an arm that something is told of, it may be far from all others
            alike = 1 / np.where(told[1] > 0, np.maximum(start_variance, prior.spread**2), start_variance)
            start, start_variance = (start * alike + told[0] * told[1]) / (alike + told[1]), 1 / (alike + told[1])
        variance = 1 / (own + 1 / start_variance)
        ability = (mean * own + start / start_variance) * variance
        scatter = (((ability - level[:, None]) ** 2 + variance) * seen.seen).sum(1)
        spread = (prior.spread_strength * prior.spread**2 + scatter) / (prior.spread_strength + seen.seen.sum(1))
    return Arms(ability, variance, start, start_variance, loading, model_loading, spread, centre, arms.again)


def _starts(seen: Seen, prior: Prior, mean: Floats, precision: Floats, spread: Floats) -> tuple[Floats, Floats, Floats]:
    """Prior mean and variance (B, K) of each α from what the outcomes of the *other* arms say, and the level (B,) over models."""
    within, between = ((1 - prior.model_share) * spread)[:, None], (prior.model_share * spread)[:, None]
    member, model = seen.member, seen.model
    weight = precision / (1 + precision * within)
    by_model = weight @ member
    model_mean = ((weight * mean) @ member) / np.maximum(by_model, 1e-12)
    certain = by_model / (1 + by_model * between)
    total = certain.sum(1) + 1 / prior.level_variance
    level = ((certain * model_mean).sum(1) + prior.level / prior.level_variance) / total
    base = 1 / (between + 1 / total[:, None])
    others = np.maximum(by_model[:, model] - weight, 0.0)
    siblings = ((weight * mean) @ member)[:, model] - weight * mean
    return (level[:, None] * base + siblings) / (base + others), within + 1 / (base + others), level


def _leap(start: Arms, first: Arms, second: Arms) -> Arms:
    """Where two steps seem to lead (squared extrapolation, SqS3; Varadhan and Roland 2008)."""

    def moved(a: Arms, b: Arms) -> Floats:
        return np.concatenate(
            [b.ability - a.ability, b.loading - a.loading, (b.model_loading - a.model_loading)[:, None], (b.centre - a.centre)[:, None]], 1
        )

    change = moved(start, first)
    bend = moved(first, second) - change
    length = np.clip(np.linalg.norm(change, axis=1) / np.maximum(np.linalg.norm(bend, axis=1), 1e-12), 1.0, LEAP)[:, None]
    leapt = 2 * length * change + length**2 * bend
    arms = start.ability.shape[1]
    return dataclasses.replace(
        second,
        centre=np.clip(start.centre + leapt[:, -1], -LOADINGS, LOADINGS),
        ability=start.ability + leapt[:, :arms],
        loading=np.clip(start.loading + leapt[:, arms:-2], -LOADINGS, LOADINGS),
        model_loading=np.clip(start.model_loading + leapt[:, -2], 0.05, 2.0) if start.model_loading.any() else start.model_loading,
    )
