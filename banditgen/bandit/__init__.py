"""Who races next: posteriors over (passed, measures) and the policies that choose from them. Pure numpy: no clock, no I/O."""

from banditgen.bandit.base import Choice, Policy, State
from banditgen.bandit.choose import choose, exploit
from banditgen.bandit.policies import POLICIES, make_policy
from banditgen.bandit.posterior import Statistics

__all__ = ["POLICIES", "Choice", "Policy", "State", "Statistics", "choose", "exploit", "make_policy"]
