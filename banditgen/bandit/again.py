"""A second answer of an arm that failed on a task: how much of its chance to pass is left.

What an arm is asked again it mostly fails again: beyond the task's ease for all arms and for its model, a task is easy or hard for the
arm itself. Given all else, let its chance to pass there be spread over tasks as a beta distribution of mean p and precision m; after n
fails it passes with chance p·m/(m + n) (Pólya's urn). With κ = m/(m + 1), what one fail leaves of it, that is p·κ/(n - (n - 1)·κ).
κ is learned from first repeats, for each arm, with what all arms together show as its prior.
"""

from __future__ import annotations

import numpy as np

from banditgen.bandit.arrays import Floats
from banditgen.bandit.outcomes import TINY, Seen, after_a_fail

SHARE = 0.4  # κ before anything is known: recorded arms have 0.1 to 0.7
ALL, EACH = 4.0, 4.0  # expected passes that SHARE is worth to all arms together, and the share of all to each
HEDGE = 0.6  # of κ as it is estimated: where several arms have failed, recorded second answers passed 0.4 to 1 times as often as expected


def left(seen: Seen, chances: Floats, task: Floats, before: Floats) -> Floats:
    """(B, K): κ of each arm, one step of the EM algorithm further than `before`.

    The likelihood of s second answers that passed and of those that failed, Σ s·log κ + Σ log(1 - κ·p), is largest at
    κ = s / Σ p/(1 - κ·p).

    Args:
        seen: what races showed.
        chances: to fail and to pass (B, 2, K, Q·U).
        task: chances of the nodes of z (P, Q) in each pattern.
        before: κ (B, K).
    """
    passed, against = seen.patterns.again_passed, np.zeros(before.shape)
    if seen.again.nnz:
        p = after_a_fail(chances)
        often = (seen.transposed[2] @ (task * seen.patterns.count[:, None])).reshape(len(before), 2, *p.shape[1:])[:, 0]
        against = (often * p / np.maximum(1 - before[..., None] * p, TINY)).sum(-1)
    level = (ALL * SHARE + passed.sum(1, keepdims=True)) / (ALL + against.sum(1, keepdims=True))
    share: Floats = np.clip((EACH * level + passed) / (EACH + against), 0.0, 1.0)
    return share


def after(share: Floats, fails: Floats) -> Floats:
    """What is left of the chance to pass after n fails, with some caution; 1 after none."""
    rest: Floats = np.where(fails > 0, HEDGE * share / np.maximum(fails - (fails - 1) * share, TINY), 1.0)
    return rest
