"""Who races next: posteriors over (passed, measures) and the policies that choose from them. Pure numpy: no clock, no I/O."""

from banditgen.bandit.base import ChosenSet, Policy, State
from banditgen.bandit.choose import choose, exploit, without
from banditgen.bandit.discount import KEEP
from banditgen.bandit.explain import Belief, Explanation, beliefs, explain
from banditgen.bandit.policies import POLICIES, make_policy
from banditgen.bandit.posterior import Statistics
from banditgen.bandit.priors import child_prior
from banditgen.bandit.spending import Account, expected_cost, pace
from banditgen.bandit.waves import Shown, Wave, next_wave

__all__ = [
    "KEEP",
    "POLICIES",
    "Account",
    "Belief",
    "ChosenSet",
    "Explanation",
    "Policy",
    "Shown",
    "State",
    "Statistics",
    "Wave",
    "beliefs",
    "child_prior",
    "choose",
    "expected_cost",
    "explain",
    "exploit",
    "make_policy",
    "next_wave",
    "pace",
    "without",
]
