"""The outcomes that the response model is fitted to, and how they spread over the tasks that may have brought them about."""

from __future__ import annotations

import dataclasses
from functools import cached_property

import numpy as np
from scipy.sparse import csc_matrix, csr_matrix
from scipy.special import ndtr, ndtri

from banditgen.bandit.arrays import Floats, Ints
from banditgen.bandit.base import State
from banditgen.bandit.patterns import Patterns
from banditgen.bandit.responses import LIMIT, MODEL_NODES, Arms, hermite, information, task_nodes

TINY = 1e-12  # least likelihood of a second answer at a node


@dataclasses.dataclass(frozen=True)
class Seen:
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
    again: csr_matrix

    @cached_property
    def transposed(self) -> tuple[csc_matrix, csc_matrix, csc_matrix]:
        """`lone`, `siblings` and `again` the other way round, made once for all steps of a fit."""
        return self.lone.T, self.siblings.T, self.again.T

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
    def of(cls, state: State, arms: Arms) -> Seen:
        """A state's, at these estimates."""
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
            patterns.again,
        )


def _told(state: State, arms: Arms) -> tuple[Floats, Floats] | None:
    """What parents and other task types say of each α: mean and precision (B, K), of an outcome's information where they are."""
    if not state.prior_strength.any():
        return None
    passed = np.divide(state.total.sum(-1), state.passes.sum(-1), out=np.ones(len(state.total)), where=state.passes.sum(-1) > 0)
    quantile = ndtri(np.clip(state.prior_mean / np.maximum(passed[:, None], 1e-9), 0.02, 0.98))
    scale = arms.scale
    return quantile * scale, state.prior_strength * information(quantile) / scale**2


def node_pairs(patterns: Patterns) -> tuple[Floats, Floats]:
    """Z and u (Q·U,) at each pair of nodes."""
    z, u = task_nodes()[0], hermite(MODEL_NODES if patterns.shared_models else 1)[0]
    return np.repeat(z, len(u)), np.tile(u, len(z))


def at_nodes(arms: Arms, nodes: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """Quantiles (B, K, Q·U), and chances to fail and to pass (B, 2, K, Q·U)."""
    x = arms.ability[..., None] + arms.loading[..., None] * nodes[0] + arms.model_loading[:, None, None] * nodes[1]
    x = np.clip(x, -LIMIT, LIMIT)
    return x, np.stack([ndtr(-x), ndtr(x)], 1)


def after_a_fail(chances: Floats) -> Floats:
    """(B, K, Q): the chance to pass of an arm that has failed on the task, u being what that says, without what `again` says."""
    w = len(task_nodes()[1])
    v = hermite(chances.shape[-1] // w)[1]
    fails, passes = np.moveaxis(chances.reshape(*chances.shape[:3], w, len(v)), 1, 0)
    given: Floats = ((fails * passes) @ v) / (fails @ v)
    return given


def spread_over_nodes(seen: Seen, chances: Floats, again: Floats) -> tuple[Floats, Floats, Floats]:
    """Fails and passes of each arm (B, 2, K, Q·U), spread over the nodes as what their races showed makes likely.

    Second answers count for what they say of the task, so that who came after them is judged on the tasks that it met; `again` (B, K) is
    what is left of each arm's chance. What they say of their arm is `bandit.again`'s.

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
        if seen.again.nnz:
            second = again[..., None] * after_a_fail(chances)
            likelihood += seen.again @ np.log(np.maximum(np.stack([1 - second, second], 1), TINY)).reshape(-1, len(w))
        task = np.exp(likelihood - likelihood.max(1, keepdims=True))
        task /= task.sum(1, keepdims=True)
        counted = task * patterns.count[:, None]
        by_lone, by_siblings, _ = seen.transposed
        expected += (by_lone @ counted).reshape(expected.shape)
        if len(patterns.race):
            siblings = (by_siblings @ (counted[patterns.race][:, :, None] * joint).reshape(len(joint), -1)).reshape(chances.shape)
    spread: Floats = (expected[..., None] * within).reshape(chances.shape) + siblings
    return spread, task, joint
