"""How well scores predict what people said, on evidence that neither the link nor the weights have seen.

A rating y of a candidate with score z is taken as y = a + b·z + noise with b ≥ 0: people's scales differ from the score's. A
preference is P(better ≻ worse) = 1 / (1 + exp(-c·(z_better - z_worse))) with c ≥ 0 (Bradley and Terry 1952). a, b, the noise and c
are fitted on the training folds; what is compared is the log-likelihood of the fold that was held out.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from banditgen.bandit.arrays import Floats, Ints

NOISE_FLOOR = 1e-4  # least variance of a rating around the link: ratings come in steps of a hundredth at best
SLOPE_DEVIATION = 30.0  # prior of c: a lead of 0.1 hardly ever decides more than 95 % of preferences
MAX_SLOPE = 200.0


@dataclasses.dataclass(frozen=True)
class Folds:
    """Repeated K-fold: `of` (R, N) is the fold of each piece of evidence, ratings first, in each repeat."""

    of: Ints
    count: int

    @classmethod
    def draw(cls, n: int, rng: np.random.Generator, *, repeats: int = 5, folds: int = 10) -> Folds:
        """Even folds in random order; as many as there are pieces where these are fewer."""
        count = max(2, min(folds, n))
        return cls(np.stack([rng.permutation(n) % count for _ in range(repeats)]), count)

    @property
    def members(self) -> Floats:
        """(R·K, N), 1 where the piece is in the fold."""
        inside = self.of[:, None, :] == np.arange(self.count)[:, None]
        return np.asarray(inside.reshape(-1, self.of.shape[1]), float)


@dataclasses.dataclass(frozen=True)
class Scored:
    """Log-likelihoods of C score functions over R·K splits: of the training part with its own fit, and of the held-out part."""

    train: Floats
    test: Floats


def likelihood(scores: Floats, satisfaction: Floats, weight: Floats, leads: Floats, folds: Folds) -> Scored:
    """Log-likelihoods of C score functions on every split.

    Args:
        scores: (C, n), of the rated candidates.
        satisfaction: (n,), their ratings.
        weight: (n,), what each rating counts.
        leads: (C, m), score of the preferred candidate minus the other's.
        folds: over the n ratings, then the m preferences.
    """
    n = len(satisfaction)
    members = folds.members
    train, test = _ratings(scores, satisfaction, weight, members[:, :n])
    more_train, more_test = _preferences(leads, members[:, n:])
    return Scored(train + more_train, test + more_test)


def _ratings(z: Floats, y: Floats, weight: Floats, members: Floats) -> tuple[Floats, Floats]:
    """(C, S) each, from sums over the folds alone."""
    if len(y) == 0:
        nothing = np.zeros((len(z), len(members)))
        return nothing, nothing
    y = y - np.average(y, weights=weight)  # the sums below subtract large numbers otherwise
    z = z - np.average(z, axis=1, weights=weight)[:, None]
    part = members * weight
    fold = np.stack([np.broadcast_to(part.sum(1), (len(z), len(part))), z @ part.T, (z * z) @ part.T, (z * y) @ part.T])
    only_y = np.stack([part @ y, part @ (y * y)])
    whole = fold.sum(-1, keepdims=True) / (members.sum() / members.shape[1])
    rest, rest_y = whole - fold, only_y.sum(-1, keepdims=True) / (members.sum() / members.shape[1]) - only_y
    count, sum_z, sum_zz, sum_zy = rest
    count = np.maximum(count, 1e-9)
    spread = sum_zz - sum_z**2 / count
    slope = np.maximum(sum_zy - sum_z * rest_y[0] / count, 0.0)
    slope = np.divide(slope, spread, out=np.zeros_like(slope), where=spread > 1e-12)
    level = (rest_y[0] - slope * sum_z) / count
    variance = np.maximum(_squares(rest, rest_y, level, slope) / count, NOISE_FLOOR)

    def total(sums: Floats, sums_y: Floats) -> Floats:
        return np.asarray(-0.5 * (sums[0] * np.log(2 * np.pi * variance) + _squares(sums, sums_y, level, slope) / variance))

    return total(rest, rest_y), total(fold, only_y)


def _squares(sums: Floats, sums_y: Floats, level: Floats, slope: Floats) -> Floats:
    """Σ(y - level - slope·z)² of count, Σz, Σz², Σzy and Σy, Σy²."""
    count, z, zz, zy = sums
    y, yy = sums_y
    squares: Floats = yy - 2 * level * y - 2 * slope * zy + count * level**2 + 2 * level * slope * z + slope**2 * zz
    return np.maximum(squares, 0.0)


def _preferences(leads: Floats, members: Floats) -> tuple[Floats, Floats]:
    """(C, S) each. The slope of each split is one Newton step from that of all preferences."""
    nothing = np.zeros((len(leads), len(members)))
    if leads.shape[1] == 0:
        return nothing, nothing
    slope = preference_slope(leads)
    wrong = _logistic(-slope[:, None] * leads)
    gradient, curvature = (leads * wrong) @ members.T, (leads**2 * wrong * (1 - wrong)) @ members.T
    all_curvature = (leads**2 * wrong * (1 - wrong)).sum(1)[:, None] + SLOPE_DEVIATION**-2
    slopes = np.clip(slope[:, None] - gradient / np.maximum(all_curvature - curvature, 1e-12), 0.0, MAX_SLOPE)
    train, test = nothing.copy(), nothing.copy()
    for s, inside in enumerate(members.astype(bool)):
        log = -np.logaddexp(0.0, -slopes[:, s, None] * leads)
        test[:, s] = log[:, inside].sum(1)
        train[:, s] = log[:, ~inside].sum(1)
    return train, test


def preference_slope(leads: Floats) -> Floats:
    """(C,), the most likely c ≥ 0 for each row of leads (C, m), under its prior; Newton's method."""
    slope = np.zeros(len(leads))
    for _ in range(30):
        wrong = _logistic(-slope[:, None] * leads)
        gradient = (leads * wrong).sum(1) - slope / SLOPE_DEVIATION**2
        curvature = (leads**2 * wrong * (1 - wrong)).sum(1) + SLOPE_DEVIATION**-2
        step = np.clip(gradient / curvature, -10.0, 10.0)
        slope = np.clip(slope + step, 0.0, MAX_SLOPE)
        if np.abs(step).max() < 1e-6:
            break
    return slope


def _logistic(x: Floats) -> Floats:
    value: Floats = 0.5 * (1 + np.tanh(0.5 * x))
    return value
