"""Who races next: posteriors over (passed, measures) and the policies that choose from them. Pure numpy: no clock, no I/O."""

from banditgen.bandit.base import Choice, Policy, State
from banditgen.bandit.choose import choose, exploit, without
from banditgen.bandit.explain import Belief, Explanation, beliefs, explain, recommend
from banditgen.bandit.policies import POLICIES, make_policy
from banditgen.bandit.posterior import KEEP, Statistics
from banditgen.bandit.priors import child_prior

__all__ = [
    "KEEP",
    "POLICIES",
    "Belief",
    "Choice",
    "Explanation",
    "Policy",
    "State",
    "Statistics",
    "beliefs",
    "child_prior",
    "choose",
    "explain",
    "exploit",
    "make_policy",
    "recommend",
    "without",
]
