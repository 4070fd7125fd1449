"""Further measures of passing candidates, as sums: what they add to an arm's rewards under the weights of the moment."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from banditgen.bandit.arrays import Floats

SUMS = 5  # of one measure m over passing candidates that have it: how many, Σm, Σm², Σm·quality, Σm·speed

Measured = Mapping[str, Floats]
"""By measure (SUMS, T, A), over task types and arms."""


def known_weights(measured: Measured, weights: Floats, further: Mapping[str, float]) -> tuple[Floats, dict[str, float]]:
    """The weights of quality and speed (2,), and those of the measures of which anything was seen, scaled to the same sum as all."""
    seen = {name: weight for name, weight in further.items() if name in measured and measured[name][0].sum() > 0}
    left = weights.sum() + sum(seen.values())
    scale = (weights.sum() + sum(further.values())) / left if left > 0 else 1.0
    return weights * scale, {name: weight * scale for name, weight in seen.items()}


def rewarded(measured: Measured, passes: Floats, sums: Floats, weights: Floats, further: Mapping[str, float]) -> tuple[Floats, Floats]:
    """What the measures add to Σy and Σy² of passing candidates, (T, A) both, y being the reward.

    A candidate without a measure counts as the arm's others, and an arm without it as all arms: a measure that could not be taken
    neither pays nor charges an arm. Two measures are taken to go together as far as they can, so that Σy² is not below what it is.

    Args:
        measured: the sums.
        passes: (T, A), how many passed.
        sums: (T, A, 2), Σ quality and Σ speed over them.
        weights: (2,), of these two.
        further: of the measures.
    """
    if not further:
        return np.zeros_like(passes), np.zeros_like(passes)
    mean, deviation, product = np.zeros_like(passes), np.zeros_like(passes), np.zeros_like(passes)
    own = np.divide(sums, passes[..., None], out=np.zeros_like(sums), where=passes[..., None] > 0)
    for name, weight in further.items():
        count, total, square, *with_own = measured[name]
        counted = count.sum(1, keepdims=True)
        of_all = np.full_like(counted, total.sum() / count.sum())
        here = np.divide(total.sum(1, keepdims=True), counted, out=of_all, where=counted > 0)
        usual = np.divide(total, count, out=np.broadcast_to(here, count.shape).copy(), where=count > 0)
        spread = np.divide(square, count, out=usual**2, where=count > 0) - usual**2
        mean += weight * usual
        deviation += weight * np.sqrt(np.maximum(spread, 0.0))
        for i, sum_ in enumerate(with_own):
            product += weight * weights[i] * np.divide(sum_, count, out=usual * own[..., i], where=count > 0)
    return passes * mean, passes * (2 * product + mean**2 + deviation**2)
