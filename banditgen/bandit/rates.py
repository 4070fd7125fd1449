"""Each arm's pass rate over all tasks, and how sure it is, from a fit of the response model."""

from __future__ import annotations

import numpy as np

from banditgen.bandit.arrays import Floats
from banditgen.bandit.base import State
from banditgen.bandit.outcomes import Seen, at_nodes, node_pairs, spread_over_nodes
from banditgen.bandit.responses import LOG_ROOT_2PI, Arms, Prior

MISFIT = 1.5  # of variances that are shown: recorded tasks are no normal crowd, and 95 % intervals of the model alone covered 76 to 95 %
LEAST = 0.1  # share of what known tasks would tell that is left, at least, where their ease must be guessed


def rates(state: State, prior: Prior, arms: Arms) -> tuple[Floats, Floats]:
    """Mean and variance (B, K) of the quantile Φ⁻¹ of each arm's pass rate over all tasks.

    The variance is that of the observed information (Louis 1982): what the outcomes would say if each task's ease were known, less
    what they leave open of it. α and β of one arm are uncertain together; all arms together by the tasks that happened to be met.
    """
    seen, nodes = Seen.of(state, arms), node_pairs(state.patterns)
    x, chances = at_nodes(arms, nodes)
    expected, task, joint = spread_over_nodes(seen, chances, arms.again)
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


def _squares(seen: Seen, slope: Floats, chances: Floats, task: Floats, joint: Floats, nodes: tuple[Floats, Floats]) -> Floats:
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
