"""What another policy would have been worth, from logged decisions: estimates with intervals, or a refusal.

The value of a policy is the mean reward of the arms it races, (1/k) Σ_a q'(a)·μ(a), averaged over the logged rounds; q' is the
target's chance to race arm a in that round, q the logged one. All estimators are arm-level: an outcome is weighted by q'/q.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri, stdtrit

from banditgen.bandit.arrays import Floats, Ints
from banditgen.errors import UsageError

MINIMUM_SAMPLE_SIZE = 50.0


@dataclasses.dataclass(frozen=True)
class Log:
    """Logged decisions over K arms, in the order in which they were made.

    Args:
        arms: (N, k), the arms raced; -1 where fewer than k did.
        rewards: (N, k) in [0, 1]; NaN where an outcome taught nothing (cancelled, infrastructure), and where no arm raced.
        propensities: (N, K), the logged chance of each arm to be raced; 0 for an arm that was not eligible.

    Raises:
        UsageError: shapes that do not fit, rewards or chances out of range, a raced arm whose chance was 0.
    """

    arms: Ints
    rewards: Floats
    propensities: Floats

    def __post_init__(self) -> None:
        arms, rewards, q = np.asarray(self.arms), np.asarray(self.rewards, float), np.asarray(self.propensities, float)
        if arms.ndim != 2 or arms.shape != rewards.shape or q.ndim != 2 or len(q) != len(arms) or arms.size == 0:
            raise UsageError(f"a log needs arms and rewards (N, k), propensities (N, K), not {arms.shape}, {rewards.shape}, {q.shape}")
        if not np.issubdtype(arms.dtype, np.integer) or arms.min() < -1 or arms.max(1).min() < 0 or arms.max() >= q.shape[1]:
            raise UsageError("logged arms must be whole numbers below the number of arms, at least one a round, and -1 for none")
        if not (np.isnan(rewards) | ((rewards >= 0) & (rewards <= 1))).all():
            raise UsageError("logged rewards must be numbers in [0, 1], or NaN")
        if not ((q >= 0) & (q <= 1 + 1e-9)).all():
            raise UsageError("propensities must be numbers in [0, 1]")
        if ((raced(q, arms) <= 0) & (arms >= 0)).any():
            raise UsageError("an arm was raced that had no chance to be: these propensities are not the log's")

    @property
    def complete(self) -> NDArray[np.bool_]:
        """(N,): whether every arm that raced has an outcome."""
        return np.asarray(~(np.isnan(self.rewards) & (self.arms >= 0)).any(1))


def raced(values: Floats, arms: Ints) -> Floats:
    """(N, k): the values (N, K) of the arms that raced; 0 where none did."""
    return np.where(arms >= 0, np.take_along_axis(values, np.maximum(arms, 0), 1), 0.0)


@dataclasses.dataclass(frozen=True)
class Estimate:
    """One number with its confidence interval, both None where the log cannot say."""

    value: float | None
    low: float | None
    high: float | None


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """What a log says of a target policy.

    Args:
        doubly_robust: the default; prequential, its interval a confidence sequence: valid at every N at once.
        ips: inclusion-weighted rewards, with a confidence sequence.
        snips: the same, self-normalised; its interval is the delta method's normal one.
        naive: the mean of the logged rewards under the target's arm shares, unweighted: biased, shown for comparison.
        sample_size: effective number of outcomes, (Σw)²/Σw².
        rounds: how many decisions were used; those with a missing outcome are left out.
        refusal: why there is no estimate, or None.
    """

    doubly_robust: Estimate
    ips: Estimate
    snips: Estimate
    naive: float
    sample_size: float
    rounds: int
    refusal: str | None = None


def evaluate(log: Log, target: ArrayLike, *, confidence: float = 0.95, minimum: float = MINIMUM_SAMPLE_SIZE) -> Evaluation:
    """Value of a target policy from a log.

    Args:
        log: the decisions.
        target: (N, K) or (K,), the target's chance of each arm to be raced; rows sum to its number of arms.
        confidence: of the intervals.
        minimum: the effective sample size below which the answer is a refusal.

    Raises:
        UsageError: a target whose shape or values do not fit.
    """
    everything = _checked_target(log, target)
    used = log.complete
    q = log.propensities[used]
    p = np.broadcast_to(everything, log.propensities.shape)[used]
    arms, y, size = log.arms[used], np.nan_to_num(log.rewards[used]), p.sum(1, keepdims=True)
    weight = np.divide(p, q, out=np.zeros_like(p), where=q > 0)
    w = raced(weight, arms)
    effective = float(w.sum() ** 2 / np.maximum((w**2).sum(), 1e-300))
    naive = _naive(arms, y, p)
    if (reason := _refusal(p, q, effective, minimum)) is not None:
        nothing = Estimate(None, None, None)
        return Evaluation(nothing, nothing, nothing, naive, effective, int(used.sum()), reason)
    alpha = 1 - confidence
    return Evaluation(
        doubly_robust=_sequence(arms, y, p / size, weight / size, past_means(arms, y, q.shape[1]), alpha),
        ips=_sequence(arms, y, p / size, weight / size, np.zeros_like(p), alpha),
        snips=_snips(y, w, alpha),
        naive=naive,
        sample_size=effective,
        rounds=int(used.sum()),
    )


def past_means(arms: Ints, y: Floats, count: int) -> Floats:
    """(N, count): each arm's mean reward over the rounds before, shrunk by two outcomes of one half."""
    seen, total = np.zeros((len(arms) + 1, count)), np.zeros((len(arms) + 1, count))
    row, place = np.nonzero(arms >= 0)
    np.add.at(seen, (row + 1, arms[row, place]), 1.0)
    np.add.at(total, (row + 1, arms[row, place]), y[row, place])
    means: Floats = (total.cumsum(0)[:-1] + 1) / (seen.cumsum(0)[:-1] + 2)
    return means


def lower_sequence(values: Floats, scale: float, alpha: float) -> float:
    """The last lower bound of a confidence sequence for the running mean of values that are at least -scale.

    The predictable plug-in empirical Bernstein bound (Waudby-Smith, Wu, Ramdas and Mineiro 2022, theorem 3 with the tuning
    of Waudby-Smith and Ramdas 2023, section 3.2): needs no upper bound on the values, so that large weights are allowed.
    """
    xi = values / (scale + 1)
    t = np.arange(1, len(xi) + 1)
    # the centre may not exceed 1/(scale + 1): then xi - centre >= -1, which Fan's inequality needs
    centre = np.r_[0.5 / (scale + 1), np.minimum((0.5 / (scale + 1) + xi.cumsum()) / (t + 1), 1 / (scale + 1))][:-1]
    variance = np.r_[0.25, (0.25 + ((xi - centre) ** 2).cumsum()) / (t + 1)][:-1]
    bet = np.minimum(np.sqrt(2 * math.log(1 / alpha) / (np.maximum(variance, 1e-12) * len(xi))), 0.5)
    cost = (-np.log1p(-bet) - bet) * (xi - centre) ** 2
    low = (bet * xi).sum() / bet.sum() - (math.log(1 / alpha) + cost.sum()) / bet.sum()
    return float(max(low * (scale + 1), 0.0))


def _sequence(arms: Ints, y: Floats, share: Floats, weight: Floats, model: Floats, alpha: float) -> Estimate:
    """Doubly robust: the mean of φ = Σ_a s·m + Σ_raced v·(y - m), s = q'/k' and v = s/q, with a sequence from each side.

    The upper bound is one minus the lower bound for 1 - y. Where a weight is large the model is cut to m <= 1/(k·v), so that
    φ >= -1 whatever the weight; the cut is known before the outcome, so φ stays unbiased.
    """
    own = raced(weight, arms)

    def values(rewards: Floats, means: Floats) -> Floats:
        phi: Floats = (share * means).sum(1) + (own * (rewards - raced(means, arms))).sum(1)
        return phi

    cap = 1 / np.maximum((arms >= 0).sum(1, keepdims=True) * weight, 1e-300)
    low = lower_sequence(values(y, np.minimum(model, cap)), 1.0, alpha / 2)
    high = 1 - lower_sequence(values(1 - y, np.minimum(1 - model, cap)), 1.0, alpha / 2)
    return Estimate(float(values(y, model).mean()), low, high)


def _snips(y: Floats, w: Floats, alpha: float) -> Estimate:
    value = float((w * y).sum() / w.sum())
    deviation = float(np.sqrt((((w * (y - value)).sum(1)) ** 2).sum()) / w.sum())
    z = float(ndtri(1 - alpha / 2))
    return Estimate(value, max(value - z * deviation, 0.0), min(value + z * deviation, 1.0))


def _naive(arms: Ints, y: Floats, p: Floats) -> float:
    there = arms >= 0
    seen = np.bincount(arms[there], minlength=p.shape[1])
    mean = np.bincount(arms[there], y[there], minlength=p.shape[1]) / np.maximum(seen, 1)
    share = p.mean(0) * (seen > 0)
    return float((share * mean).sum() / max(share.sum(), 1e-300))


def _refusal(p: Floats, q: Floats, effective: float, minimum: float) -> str | None:
    if len(p) == 0:
        return "no round of the log has all its outcomes"
    if (p.sum(1) <= 0).any():
        return "the target races no arm in some rounds"
    unsupported = ((p > 0) & (q <= 0)).any(0)
    if unsupported.any():
        return f"the target races arms that the log could not: positions {np.flatnonzero(unsupported).tolist()}"
    if effective < minimum:
        return f"effective sample size {effective:.1f} is below {minimum:g}: the log says too little of this target"
    return None


@dataclasses.dataclass(frozen=True)
class Comparison:
    """What a log says of two target policies, doubly robust.

    Args:
        a, b: their values.
        difference: b's value minus a's; both policies are judged on the same outcomes, so it is known better than either.
        sample_size: the smaller of their effective numbers of outcomes.
        rounds: how many decisions were used.
        refusal: why there is no estimate, or None.
    """

    a: Estimate
    b: Estimate
    difference: Estimate
    sample_size: float
    rounds: int
    refusal: str | None = None


def compare(log: Log, a: ArrayLike, b: ArrayLike, *, confidence: float = 0.95, minimum: float = MINIMUM_SAMPLE_SIZE) -> Comparison:
    """Two target policies on one log, for a log whose end was not chosen by looking at the answer.

    Each round gives an unbiased φ of either policy, given what came before; the errors are a martingale's, so their mean is
    normal about the mean value (the martingale central limit theorem; Hall and Heyde 1980, theorem 3.2). The interval takes as
    many degrees of freedom as there are effective outcomes. For an answer that holds at every length of the log there is `evaluate`.

    Args:
        log: the decisions.
        a: (N, K) or (K,), the chance of each arm to be raced by the one policy.
        b: by the other.
        confidence: of the intervals.
        minimum: the effective sample size below which the answer is a refusal.

    Raises:
        UsageError: targets whose shapes or values do not fit.
    """
    used = log.complete
    q, arms, y = log.propensities[used], log.arms[used], np.nan_to_num(log.rewards[used])
    model = past_means(arms, y, q.shape[1])
    sizes, values = [], []
    for target in (a, b):
        p = np.broadcast_to(_checked_target(log, target), log.propensities.shape)[used]
        weight = np.divide(p, q, out=np.zeros_like(p), where=q > 0)
        w = raced(weight, arms)
        sizes.append(float(w.sum() ** 2 / np.maximum((w**2).sum(), 1e-300)))
        if (reason := _refusal(p, q, sizes[-1], minimum)) is not None:
            nothing = Estimate(None, None, None)
            return Comparison(nothing, nothing, nothing, min(sizes), int(used.sum()), reason)
        share = p / p.sum(1, keepdims=True)
        error = y - raced(model, arms)
        values.append((share * model).sum(1) + (w / p.sum(1, keepdims=True) * error).sum(1))
    reach = float(stdtrit(max(min(sizes), 2.0) - 1, 0.5 + confidence / 2))

    def estimate(phi: Floats) -> Estimate:
        half = reach * float(phi.std(ddof=1)) / math.sqrt(len(phi))
        return Estimate(float(phi.mean()), float(phi.mean()) - half, float(phi.mean()) + half)

    own = [estimate(phi) for phi in values]
    return Comparison(own[0], own[1], estimate(values[1] - values[0]), min(sizes), int(used.sum()))


def _checked_target(log: Log, target: ArrayLike) -> Floats:
    p = np.asarray(target, float)
    if p.shape not in (log.propensities.shape, log.propensities.shape[1:]) or not ((p >= 0) & (p <= 1 + 1e-9)).all():
        raise UsageError(f"the target must be chances in [0, 1] of the shape {log.propensities.shape}, not {p.shape}")
    return p
