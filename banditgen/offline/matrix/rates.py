"""Estimates from a few samples a task, and intervals that know that tasks, not samples, are what was drawn."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtrit

from banditgen.bandit.arrays import Floats


class Interval(NamedTuple):
    """An estimate with its confidence interval."""

    value: float
    low: float
    high: float


NOTHING = Interval(math.nan, math.nan, math.nan)


def all_fail(passed: ArrayLike, tried: ArrayLike, k: int) -> Floats:
    """The chance that k samples all fail: C(n - c, k) / C(n, k) for c passes among n, NaN where n < k.

    Unbiased, as it is the share of the sets of k among the n samples that hold no pass. One minus it is pass@k (Chen et al. 2021,
    "Evaluating large language models trained on code", equation 1).
    """
    c, n = np.asarray(passed, float), np.asarray(tried, float)
    chance = np.ones(np.broadcast_shapes(c.shape, n.shape))
    for i in range(k):
        chance = chance * np.maximum(n - c - i, 0) / np.where(n > i, n - i, np.nan)
    return chance


def pass_at(passed: ArrayLike, tried: ArrayLike, k: int) -> Floats:
    """pass@k: the chance that at least one of k samples passes, unbiased; NaN where there are fewer. See `all_fail`."""
    return 1 - all_fail(passed, tried, k)


def pass_all(passed: ArrayLike, tried: ArrayLike, k: int) -> Floats:
    """pass^k: the chance that k samples all pass, C(c, k) / C(n, k), unbiased; NaN where there are fewer.

    Yao et al. 2024, "tau-bench: a benchmark for tool-agent-user interaction in real-world domains", section 3.
    """
    n = np.asarray(tried, float)
    return all_fail(n - np.asarray(passed, float), n, k)


def mean_interval(values: ArrayLike, samples: float = 1.0, confidence: float = 0.95) -> Interval:
    """The mean over tasks of a quantity in [0, 1] that rests on so many samples of each, NaN left out; NaN where nothing is left.

    Wilson's interval for as many trials as would have this mean's variance (its effective sample size), with Student's quantile for the
    tasks there are: clusters are the tasks, so several samples of one task count for what they add. Franco, Little, Louis and Slud
    2019, "Comparative study of confidence intervals for proportions in complex sample surveys", section 2.
    """
    v = np.asarray(values, float)
    v = v[~np.isnan(v)]
    if len(v) == 0:
        return NOTHING
    mean = float(v.mean())
    if len(v) == 1:
        return Interval(mean, 0.0, 1.0)
    spread = float(v.var(ddof=1)) / len(v)
    # no spread says little where tasks are few: they may all be alike by chance, so each sample counts for one trial at most
    size = min(mean * (1 - mean) / spread, len(v) * samples) if spread > 0 and 0 < mean < 1 else float(len(v))
    reach = float(stdtrit(len(v) - 1, 0.5 + confidence / 2))
    return _wilson(mean, size, reach)


def _wilson(mean: float, size: float, reach: float) -> Interval:
    share = reach**2 / size
    centre = (mean + share / 2) / (1 + share)
    half = reach / (1 + share) * math.sqrt(mean * (1 - mean) / size + share / (4 * size))
    return Interval(mean, min(max(centre - half, 0.0), mean), max(min(centre + half, 1.0), mean))


def difference_interval(values: ArrayLike, confidence: float = 0.95) -> Interval:
    """The mean over tasks of a paired difference in [-1, 1], NaN left out.

    Student's interval with one more task on either side of 0 that differs by one half: where few tasks differ their spread says little
    (Agresti and Min 2005, "Simple improved confidence intervals for comparing matched proportions").
    """
    d = np.asarray(values, float)
    d = d[~np.isnan(d)]
    if len(d) < 2:
        return Interval(float(d.mean()), -1.0, 1.0) if len(d) else NOTHING
    mean = float(d.mean())
    error = math.sqrt((float(((d - mean) ** 2).sum()) + 0.5) / ((len(d) - 1) * len(d)))
    half = float(stdtrit(len(d) - 1, 0.5 + confidence / 2)) * error
    return Interval(mean, max(mean - half, -1.0), min(mean + half, 1.0))
