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
from scipy.sparse import csr_matrix
from scipy.special import log_ndtr, ndtr, ndtri

from banditgen.bandit.arrays import Floats, Ints
from banditgen.bandit.base import State
from banditgen.bandit.patterns import Patterns

TASK_NODES, MODEL_NODES = 13, 3
CYCLES = 8  # of three steps of the EM algorithm each, at most, from the counts alone; after one more race, one step
ENOUGH = 0.1  # a cycle that changes no ability by more, in deviations of its posterior, is the last
HYPER_STEPS = 4
LEAP = 6.0  # how far a cycle may extrapolate
MISFIT = 1.5  # of variances that are shown: recorded tasks are no normal crowd, and 95 % intervals of the model alone covered 76 to 95 %
LEAST = 0.1  # share of what known tasks would tell that is left, at least, where their ease must be guessed
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
    spread: float = 0.5
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
    """

    ability: Floats
    variance: Floats
    start: Floats
    start_variance: Floats
    loading: Floats
    model_loading: Floats
    spread: Floats
    centre: Floats

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
        chances: Floats = ndtr(np.clip(x + self.model_loading[:, None, None, None] * u, -LIMIT, LIMIT))
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


def fit(state: State, prior: Prior, before: Arms | None = None) -> Arms:
    """The posterior's mode for β and γ, and a normal posterior for each α.

    Args:
        state: what was seen; its `prior_mean` and `prior_strength` move where an arm starts, both (B, K).
        prior: what is believed at first.
        before: an earlier fit to start from, when hardly anything was added since.
    """
    nodes = _nodes(state.patterns)
    arms = before or _first(state, prior, shared=state.patterns.shared_models)
    seen = _Seen.of(state, arms)

    def step(arms: Arms) -> Arms:
        x, chances = _at_nodes(arms, nodes)
        return _step(seen, prior, arms, x, chances, _expected(seen, chances)[0], nodes)

    if before is not None:
        return step(arms)
    for _ in range(CYCLES):
        first = step(arms)
        second = step(first)
        before, arms = arms, step(_leap(arms, first, second))
        if (np.abs(arms.ability - before.ability) < ENOUGH * np.sqrt(arms.variance)).all():
            break
    return arms


def _nodes(patterns: Patterns) -> tuple[Floats, Floats]:
    """Z and u (Q·U,) at each pair of nodes."""
    z, u = task_nodes()[0], hermite(MODEL_NODES if patterns.shared_models else 1)[0]
    return np.repeat(z, len(u)), np.tile(u, len(z))


def _at_nodes(arms: Arms, nodes: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """Quantiles (B, K, Q·U), and chances to fail and to pass (B, 2, K, Q·U)."""
    x = arms.ability[..., None] + arms.loading[..., None] * nodes[0] + arms.model_loading[:, None, None] * nodes[1]
    x = np.clip(x, -LIMIT, LIMIT)
    return x, np.stack([ndtr(-x), ndtr(x)], 1)


def rates(state: State, prior: Prior, arms: Arms) -> tuple[Floats, Floats]:
    """Mean and variance (B, K) of the quantile Φ⁻¹ of each arm's pass rate over all tasks.

    The variance is that of the observed information (Louis 1982): what the outcomes would say if each task's ease were known, less
    what they leave open of it. α and β of one arm are uncertain together; all arms together by the tasks that happened to be met.
    """
    seen, nodes = _Seen.of(state, arms), _nodes(state.patterns)
    x, chances = _at_nodes(arms, nodes)
    expected, task, joint = _expected(seen, chances)
    density = np.exp(-0.5 * x * x - LOG_ROOT_2PI)[:, None]
    slope = density / chances * np.array([-1.0, 1.0])[:, None, None]
    powers = np.stack([np.ones_like(nodes[0]), nodes[0], nodes[0] ** 2], -1)  # of z: for αα, αβ, ββ
    complete = (expected * slope * (slope + x[:, None])).sum(1) @ powers
    known = (expected * slope * x[:, None]).sum(1) @ powers + _squares(seen, slope, chances, task, joint, nodes)
    known[..., 0] = np.maximum(known[..., 0], LEAST * complete[..., 0]) + 1 / arms.start_variance
    known[..., 2] = np.maximum(known[..., 2], LEAST * complete[..., 2]) + 1 / prior.loading_spread**2
    bound = np.sqrt(0.9 * known[..., 0] * known[..., 2])
    cross = np.clip(known[..., 1], -bound, bound)
    determinant = known[..., 0] * known[..., 2] - cross**2
    scale = arms.scale
    by_a, by_b = 1 / scale, -arms.ability * arms.loading / scale**3
    variance = (by_a**2 * known[..., 2] - 2 * by_a * by_b * cross + by_b**2 * known[..., 0]) / determinant
    races = np.maximum(np.bincount(seen.rows, state.patterns.count, len(state.passes)), 1.0)[:, None]
    variance += (state.count > 0) * (arms.loading / scale) ** 2 / races
    return arms.ability / scale, MISFIT * variance


def _squares(seen: _Seen, slope: Floats, chances: Floats, task: Floats, joint: Floats, nodes: tuple[Floats, Floats]) -> Floats:
    """(B, K, 3): Σ over outcomes of the squared expected score, for αα, αβ, ββ."""
    shape = slope.shape[:3]
    flat, z = slope.reshape(-1, slope.shape[-1]), nodes[0]
    own = chances * seen.node_weights
    first, second = ((own * slope * power).sum(-1) / own.sum(-1) for power in (1.0, z))
    total = seen.alone[..., None] * np.stack([first**2, first * second, second**2], -1)
    for matrix, race, at in ((seen.lone, None, None), (seen.siblings, seen.patterns.race, joint)):
        if matrix.nnz == 0:
            continue
        row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
        cell = matrix.indices
        if race is None or at is None:
            within = (chances * seen.node_weights).reshape(-1, *joint.shape[1:])[cell]
            within = within / within.sum(2, keepdims=True)
            pattern, chance = row, (task[row][:, :, None] * within).reshape(len(row), -1)
        else:
            pattern = race[row]
            chance = (task[pattern][:, :, None] * at[row]).reshape(len(row), -1)
        score = chance * flat[cell]
        first, second = score.sum(1), score @ z
        counts = seen.patterns.count[pattern] * matrix.data**2
        for i, product in enumerate((first**2, first * second, second**2)):
            total[..., i] += np.bincount(cell, counts * product, int(np.prod(shape))).reshape(shape)
    summed: Floats = total.sum(1)
    return summed


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


def _first(state: State, prior: Prior, *, shared: bool) -> Arms:
    count, batch = state.count, state.passes.shape
    level = (state.passes.sum(-1, keepdims=True) + 1) / (count.sum(-1, keepdims=True) + 2)
    model_loading = np.full(batch[0], prior.model_loading if shared else 0.0)
    loading = np.full(batch, prior.loading)
    scale = np.sqrt(1 + loading**2 + model_loading[:, None] ** 2)
    ability = ndtri(np.clip((state.passes + 4 * level) / (count + 4), 0.02, 0.98)) * scale
    start = np.repeat(ability.mean(1, keepdims=True), batch[1], 1)
    variance = np.full(batch, prior.spread**2)
    return Arms(ability, variance, start, variance, loading, model_loading, variance[:, 0], loading[:, 0])


def _told(state: State, arms: Arms) -> tuple[Floats, Floats] | None:
    """What parents and other task types say of each α: mean and precision (B, K), of an outcome's information where they are."""
    if not state.prior_strength.any():
        return None
    passed = np.divide(state.total.sum(-1), state.passes.sum(-1), out=np.ones(len(state.total)), where=state.passes.sum(-1) > 0)
    quantile = ndtri(np.clip(state.prior_mean / np.maximum(passed[:, None], 1e-9), 0.02, 0.98))
    scale = arms.scale
    return quantile * scale, state.prior_strength * information(quantile) / scale**2


def information(quantile: Floats) -> Floats:
    """Fisher information of one outcome of chance Φ(x) about x."""
    log_density = -0.5 * quantile**2 - LOG_ROOT_2PI
    known: Floats = np.exp(2 * log_density - log_ndtr(quantile) - log_ndtr(-quantile))
    return known


@dataclasses.dataclass(frozen=True)
class _Seen:
    """What a fit reads again and again: the state's counts and patterns as arrays and sparse matrices.

    Args:
        alone: (B, 2, K), fails and passes that stand in no pattern.
        seen: (B, K), whether an arm has any outcome.
        told: mean and precision (B, K) of each α as parents and other task types tell them, or None.
        model: (K,), and `member` (K, models), 1 where an arm runs a model.
        patterns: where the matrices come from.
    """

    alone: Floats
    seen: Floats
    told: tuple[Floats, Floats] | None
    model: Ints
    member: Floats
    patterns: Patterns
    lone: csr_matrix
    siblings: csr_matrix
    grouping: csr_matrix

    @property
    def node_weights(self) -> Floats:
        """(Q·U,)."""
        w, v = task_nodes()[1], hermite(MODEL_NODES if self.patterns.shared_models else 1)[1]
        weights: Floats = np.outer(w, v).ravel()
        return weights

    @property
    def rows(self) -> Ints:
        """(P,), the state's row of each pattern: that of its first outcome."""
        rows = np.zeros(len(self.patterns.count), np.int64)
        for matrix, race in ((self.siblings, self.patterns.race), (self.lone, np.arange(len(rows)))):
            some = np.diff(matrix.indptr) > 0
            rows[race[some]] = matrix.indices[matrix.indptr[:-1][some]] // (2 * len(self.model))
        return rows

    @classmethod
    def of(cls, state: State, arms: Arms) -> _Seen:
        patterns = state.patterns
        return cls(
            np.maximum(np.stack([state.fails, state.passes], 1) - patterns.covered, 0.0),
            (state.count > 0).astype(float),
            _told(state, arms),
            state.model,
            (state.model[:, None] == np.arange(int(state.model.max(initial=0)) + 1)).astype(float),
            patterns,
            patterns.lone,
            patterns.siblings,
            patterns.grouping,
        )


def _expected(seen: _Seen, chances: Floats) -> tuple[Floats, Floats, Floats]:
    """Fails and passes of each arm (B, 2, K, Q·U), spread over the nodes as what their races showed makes likely.

    With it, chances of the nodes of z in each pattern (P, Q), and of those of u for each group of siblings and node of z (G, Q, U).
    """
    patterns, (_, w) = seen.patterns, task_nodes()
    v = hermite(MODEL_NODES if patterns.shared_models else 1)[1]
    by_node = chances.reshape(*chances.shape[:3], len(w), len(v))
    given_task = by_node @ v  # (B, 2, K, Q)
    within = by_node * v / given_task[..., None]  # chance of u, given z and the outcome
    expected = (seen.alone / (given_task @ w))[..., None] * given_task * w
    siblings: Floats | float = 0.0
    task, joint = np.zeros((0, len(w))), np.zeros((0, len(w), len(v)))
    if len(patterns.count):
        lone = seen.lone
        likelihood = lone @ np.log(given_task).reshape(-1, len(w)) + np.log(w)
        if len(patterns.race):
            groups = seen.siblings
            joint = (groups @ np.log(chances).reshape(-1, chances.shape[-1])).reshape(-1, len(w), len(v))
            most = joint.max(2, keepdims=True)
            joint = np.exp(joint - most) * v
            total = joint.sum(2, keepdims=True)
            joint /= total
            likelihood += seen.grouping @ (np.log(total) + most)[..., 0]
        task = np.exp(likelihood - likelihood.max(1, keepdims=True))
        task /= task.sum(1, keepdims=True)
        counted = task * patterns.count[:, None]
        expected += (lone.T @ counted).reshape(expected.shape)
        if len(patterns.race):
            siblings = (groups.T @ (counted[patterns.race][:, :, None] * joint).reshape(len(joint), -1)).reshape(chances.shape)
    spread: Floats = (expected[..., None] * within).reshape(chances.shape) + siblings
    return spread, task, joint


def _step(seen: _Seen, prior: Prior, arms: Arms, x: Floats, chances: Floats, expected: Floats, nodes: tuple[Floats, Floats]) -> Arms:
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
    return Arms(ability, variance, start, start_variance, loading, model_loading, spread, centre)


def _starts(seen: _Seen, prior: Prior, mean: Floats, precision: Floats, spread: Floats) -> tuple[Floats, Floats, Floats]:
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
