"""What chance alone would gain: the whole fit again on replicates in which the settings before are right.

A replicate keeps every candidate and everything that the settings before predict; what they leave unexplained is dealt out anew.
Ratings keep the fitted line and have their residuals permuted (Freedman and Lane 1983); each preference falls by the chance that the
fitted link gives it. A step's likelihood ratio on what people really said is compared with its ratios on the replicates, so that the
freedom of the fit, its priors and bounds included, is counted as what it is.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from banditgen.bandit.arrays import Floats
from banditgen.offline.tune.likelihood import MAX_SLOPE, NOISE_FLOOR, preference_slope

REPLICATES = 999
SLOPES = np.r_[0.0, np.geomspace(1.0, MAX_SLOPE, 16)]
AT_ONCE = 2_000_000  # numbers in one array


@dataclasses.dataclass(frozen=True)
class Said:
    """Opinions, as they were (column 0) and as they might have been: ratings (n, B), directions of preferences ±1 (m, B)."""

    ratings: Floats
    directions: Floats

    @classmethod
    def under(
        cls, scores: Floats, satisfaction: Floats, weight: Floats, leads: Floats, rng: np.random.Generator, replicates: int = REPLICATES
    ) -> Said:
        """What was said, and replicates in which scores (n,) and leads (m,) predict as well as they do."""
        level, slope, _ = link(scores, satisfaction, weight) if len(scores) else (0.0, 0.0, 1.0)
        fitted = level + slope * scores
        dealt = rng.permuted(np.repeat((satisfaction - fitted)[:, None], replicates, 1), axis=0)
        steepness = float(preference_slope(leads[None])[0]) if len(leads) else 0.0
        chance = 0.5 * (1 + np.tanh(0.5 * steepness * leads))
        fallen = np.where(rng.random((len(leads), replicates)) < chance[:, None], 1.0, -1.0)
        return cls(np.c_[satisfaction, fitted[:, None] + dealt], np.c_[np.ones(len(leads)), fallen])

    @property
    def count(self) -> int:
        """B."""
        return int(self.ratings.shape[1])

    def fit(self, scores: Floats, weight: Floats, leads: Floats) -> Floats:
        """(C, B): log-likelihood of each column under C score functions, (C, n) and (C, m), with the best link for each."""
        step = max(1, AT_ONCE // max(len(scores), len(self.ratings), 1))
        parts = [self._ratings(scores, weight, slice(b, b + step)) for b in range(0, self.count, step)]
        return np.concatenate(parts, 1) + self._preferences(leads)

    def fit_each(self, scores: Floats, weight: Floats, leads: Floats) -> Floats:
        """(B,): the same for a score function of its own for each column, (B, n) and (B, m)."""
        own = [self.column(b).fit(scores[b, None], weight, leads[b, None])[0, 0] for b in range(self.count)]
        return np.array(own)

    def column(self, b: int) -> Said:
        """One column."""
        return Said(self.ratings[:, b, None], self.directions[:, b, None])

    def _ratings(self, scores: Floats, weight: Floats, columns: slice) -> Floats:
        y = self.ratings[:, columns]
        if len(y) == 0:
            return np.zeros((len(scores), y.shape[1]))
        total = weight.sum()
        y = y - weight @ y / total
        z = scores - (scores @ weight / total)[:, None]
        weighted = z * weight
        along = np.maximum(weighted @ y, 0.0)
        spread = (weighted * z).sum(1)[:, None]
        explained = np.divide(along**2, spread, out=np.zeros_like(along), where=spread > 1e-12)
        left = np.maximum((weight @ (y * y) - explained) / total, NOISE_FLOOR)
        return np.asarray(-0.5 * total * np.log(left))

    def _preferences(self, leads: Floats) -> Floats:
        """Log σ(±a) = (log σ(a) + log σ(-a) ± a) / 2, so all columns are one product of matrices for each slope."""
        best = np.full((len(leads), self.count), -np.inf)
        if leads.shape[1] == 0:
            return np.zeros_like(best)
        sums = leads @ self.directions
        for slope in SLOPES:
            a = slope * leads
            flat = -0.5 * (np.logaddexp(0.0, a) + np.logaddexp(0.0, -a)).sum(1)[:, None]
            best = np.maximum(best, flat + 0.5 * slope * sums)
        return best


def link(z: Floats, y: Floats, weight: Floats) -> tuple[float, float, float]:
    """Level, slope of at least 0, and variance of the noise: y = level + slope·z + noise."""
    mean_z, mean_y = np.average(z, weights=weight), np.average(y, weights=weight)
    spread = float((weight * (z - mean_z) ** 2).sum())
    slope = max(0.0, float((weight * (z - mean_z) * (y - mean_y)).sum()) / spread) if spread > 1e-12 else 0.0
    level = float(mean_y - slope * mean_z)
    return level, slope, max(float(np.average((y - level - slope * z) ** 2, weights=weight)), NOISE_FLOOR)


@dataclasses.dataclass(frozen=True)
class Gain:
    """What settings gain over others, in nats of log-likelihood for each rating or preference.

    Args:
        value: the mean over what was held out.
        low, high: an interval around the gain; 0 is in it where chance alone would do as well.
        chance: the share of replicates that gained as much.
    """

    value: float
    low: float
    high: float
    chance: float

    @property
    def beyond_noise(self) -> bool:
        """Whether the interval is above 0, and the value too."""
        return self.low > 0 and self.value > 0


def gain(held_out: float, ratios: Floats, size: int, error: float) -> Gain:
    """The gain of a step.

    Args:
        held_out: mean gain on what was held out.
        ratios: (B,), log-likelihood ratios; the first is that of what was said, the others are of replicates.
        size: pieces of evidence.
        error: the chance that is allowed for calling noise a gain.

    The root of a log-likelihood ratio moves one for one with the distance from the settings before (for one parameter, the square root
    of twice the ratio is a standard normal's distance). The interval is that root plus and minus the root of the ratio that chance
    exceeds with probability `error`, squared again with its sign.
    """
    ratio, replicates = max(float(ratios[0]), 0.0), np.maximum(ratios[1:], 0.0)
    noise = float(np.quantile(replicates, 1 - error))
    root, reach = ratio**0.5, noise**0.5
    low, high = root - reach, root + reach
    chance = float((1 + (replicates >= ratio).sum()) / (1 + len(replicates)))
    return Gain(held_out, low * abs(low) / size, high * high / size, chance)
