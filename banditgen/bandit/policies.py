"""Policies by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from banditgen.bandit.base import Policy
from banditgen.bandit.baselines import KLUCB, UCB1, BestFixed, EpsilonGreedy, Greedy, Uniform
from banditgen.bandit.best_set import BestSet
from banditgen.bandit.thompson import Thompson
from banditgen.errors import UsageError

POLICIES: dict[str, Callable[..., Policy]] = {
    "thompson": lambda sharpness=4.0, shrinkage=2.0: Thompson(sharpness=sharpness, shrinkage=shrinkage),
    "best_set": BestSet,
    "mp_ts": lambda: Thompson(name="mp_ts"),
    "uniform": Uniform,
    "epsilon_greedy": EpsilonGreedy,
    "ucb1": UCB1,
    "kl_ucb": KLUCB,
    "best_fixed": BestFixed,
    "greedy": Greedy,
}


def make_policy(name: str, **settings: Any) -> Policy:
    """The policy of that name, with its settings changed as given.

    Raises:
        UsageError: an unknown name or setting.
    """
    if name not in POLICIES:
        raise UsageError(f"unknown policy {name!r}: use one of {', '.join(sorted(POLICIES))}")
    try:
        return POLICIES[name](**settings)
    except TypeError as error:
        raise UsageError(f"policy {name!r} does not take these settings: {error}") from None
