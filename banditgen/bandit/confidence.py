"""Confidence sequences for mean rewards: bounds that hold at every look at once, however often one looks.

A posterior that is looked at after every race crosses any threshold sooner or later, also where all arms are equal. A gambler
who bets a share f of what he has on "rewards are below m" cannot win if their mean is m: his capital Π (1 + f·(m - y)/(1 - m)) is a
martingale, and with chance 1 - α it never reaches 1/α (Ville's inequality). The means at which no mixture of such gamblers has
reached it are the sequence (Waudby-Smith and Ramdas 2023, "Estimating means of bounded random variables by betting", section 4).
Which arm races next may depend on all that was seen before.

Only sums are known: n passed outcomes with Σy and Σy², and the failed ones, whose reward is 0. Each gambler's capital is therefore
bounded from below, by log(1 + u) ≥ u - c·u² for u ≥ v with c = (v - log(1 + v))/v² (Fan, Grama and Liu 2015, lemma 4.1) around
the passed ones' mean; passed candidates' rewards hardly differ, so that little is lost.
"""

from __future__ import annotations

import numpy as np

from banditgen.bandit.arrays import Floats
from banditgen.errors import UsageError

SHARES = (np.arange(20) + 0.5) / 20  # what the gamblers bet; each has the same part of the capital at first
HALVINGS = 30  # of an interval of at most 1: far below any difference that matters


def lower_bound(passes: Floats, fails: Floats, total: Floats, square: Floats, alpha: float) -> Floats:
    """(…, K): what the mean reward of each of K arms is above at all times together, with chance 1 - alpha for each arm.

    Args:
        passes: (…, K), passed outcomes so far.
        fails: (…, K), failed ones.
        total: (…, K), Σy over the passed ones, y in [0, 1]; as in `State`.
        square: (…, K), Σy².
        alpha: the chance that an arm's bound ever fails, in (0, 1).

    Raises:
        UsageError: an alpha outside (0, 1).
    """
    mean, scatter = _passed(passes, total, square, alpha)
    return 1 - _upper(fails, np.ones_like(mean), passes, 1 - mean, scatter, alpha)


def upper_bound(passes: Floats, fails: Floats, total: Floats, square: Floats, alpha: float) -> Floats:
    """(…, K): what the mean reward of each arm is below at all times together; arguments and errors as `lower_bound`."""
    mean, scatter = _passed(passes, total, square, alpha)
    return _upper(fails, np.zeros_like(mean), passes, mean, scatter, alpha)


def _passed(passes: Floats, total: Floats, square: Floats, alpha: float) -> tuple[Floats, Floats]:
    """(…, K) each: mean of the passed outcomes' rewards, and Σ(y - mean)²."""
    if not 0 < alpha < 1:
        raise UsageError(f"alpha must be in (0, 1), not {alpha!r}")
    mean = np.divide(total, passes, out=np.full_like(total, 0.5), where=passes > 0)
    return mean, np.maximum(square - passes * mean**2, 0.0)


def _upper(fails: Floats, failed: Floats, passes: Floats, mean: Floats, scatter: Floats, alpha: float) -> Floats:
    """(…, K): a mean that the gamblers on "below" refute, the smallest that bisection finds.

    What they refute they refute for every larger mean too, so any crossing is a valid bound. `failed` is the reward of a failed
    outcome, `mean` and `scatter` the mean and Σ(y - mean)² of the passed ones.
    """
    count = fails + passes
    low = np.minimum(np.divide(fails * failed + passes * mean, count, out=np.zeros_like(count), where=count > 0), 1 - 1e-6)
    high = np.ones_like(low)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        refuted = _log_capital(middle, fails, failed, passes, mean, scatter) >= -np.log(alpha)
        low, high = np.where(refuted, low, middle), np.where(refuted, middle, high)
    return high


def _log_capital(m: Floats, fails: Floats, failed: Floats, passes: Floats, mean: Floats, scatter: Floats) -> Floats:
    """(…, K): at least the log of the gamblers' capital against the mean m, which is below 1."""
    shares = SHARES.reshape(-1, *(1,) * m.ndim)
    bet = shares / (1 - m)
    typical = 1 + bet * (m - mean)
    worst = np.minimum(-bet * (1 - mean) / typical, -1e-6)  # the u of an outcome with reward 1
    curvature = np.maximum((worst - np.log1p(-shares) + np.log(typical)) / worst**2, 0.5)
    each = fails * np.log1p(bet * (m - failed)) + passes * np.log(typical) - curvature * scatter * (bet / typical) ** 2
    most = each.max(0)
    capital: Floats = most + np.log(np.exp(each - most).mean(0))
    return capital
