"""Policies by name: ours, and those that installed packages register as entry points of the group `banditgen.policies`.

A name of theirs stands for a function or class that makes a `Policy`, called with no arguments or the settings that a caller gives. It is
loaded when it is asked for. Names of ours cannot be taken.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from banditgen._packages import POLICIES as GROUP
from banditgen._packages import owner, registered, registered_as
from banditgen._text import one_line
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


_PARTS = ("name", "version", "randomised", "sets", "means", "draws")


def make_policy(name: str, **settings: Any) -> Policy:
    """The policy of that name, with its settings changed as given.

    Raises:
        UsageError: an unknown name or setting, or a package's policy that cannot be made; one line, with the package's name.
    """
    make = POLICIES.get(name) or _of_a_package(name)
    try:
        return make(**settings)
    except TypeError as error:
        raise UsageError(f"policy {one_line(name, 60)!r} does not take these settings: {one_line(error, 200)}") from None


def _of_a_package(name: str) -> Callable[..., Policy]:
    entry = registered_as(name, GROUP, "policy")
    if entry is None:
        known = ", ".join(one_line(one, 60) for one in (*sorted(POLICIES), *registered(GROUP)))
        raise UsageError(f"unknown policy {one_line(name)!r}: use one of {known}")
    what = f"the policy {one_line(name, 60)!r}{owner(entry)} cannot be used"

    def make(**settings: Any) -> Policy:
        try:
            policy: Policy = entry.load()(**settings)
        except (Exception, SystemExit) as error:  # noqa: BLE001  # whatever a package does when it is imported
            raise UsageError(one_line(f"{what} ({type(error).__name__}: {error})", 400)) from None
        if missing := [part for part in _PARTS if not hasattr(policy, part)]:
            raise UsageError(f"{what}: it makes a {type(policy).__name__}, which lacks {', '.join(missing)} of a Policy")
        return policy

    return make
