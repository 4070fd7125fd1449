"""What the next generation may cost: a price for each unit spent, which keeps the mean spending of a race at its budget.

A race goes on while the gain expected of the next arm, for each unit of what it costs, is above the price. The price is the dual
variable of the budget (bandits with knapsacks: Badanidiyuru, Kleinberg and Slivkins 2013; Agrawal and Devanur 2014): the model of
`responses` says how far a race that keeps failing may go for what the budget leaves, and what the budget leaves follows from what was
really spent, so that an error of the model is paid back within some twenty races.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import ArrayLike

from banditgen.bandit.again import after
from banditgen.bandit.arrays import Floats
from banditgen.bandit.base import State
from banditgen.bandit.responses import Arms

HORIZON = 20.0  # races over which too much or too little spent is made up for
CREDIT = 2.0  # how many races' budgets may be spent ahead: 1 % after 200 races, at most


@dataclasses.dataclass(frozen=True)
class Account:
    """What the races of one task type have spent, before the present one. Sums: they add up in any order, over processes.

    Args:
        budget: mean spending of a race in the long run, above 0, in any unit.
        spent: what was spent, a number or (B,).
        races: by how many races, a number or (B,).
    """

    budget: float
    spent: ArrayLike = 0.0
    races: ArrayLike = 0.0

    @property
    def wanted(self) -> Floats:
        """(B,), what the present race may spend in the mean over its chances."""
        over = np.atleast_1d(np.asarray(self.spent, float)) - self.budget * np.asarray(self.races, float)
        return np.asarray(np.maximum(self.budget - over / HORIZON, 0.0))

    @property
    def most(self) -> Floats:
        """(B,), what the present race may spend at most, so that the mean is kept."""
        over = np.atleast_1d(np.asarray(self.spent, float)) - self.budget * np.asarray(self.races, float)
        return np.asarray((1 + CREDIT) * self.budget - over)


def price(arms: Arms, worth: Floats | None, state: State, cost: Floats, account: Account, most: int) -> Floats:
    """(B,), the expected gain that a unit spent must bring; 0 where all that a race can use is paid for.

    A race is played in the mean, by the arms as they are believed to be: the arm of the largest gain for its cost, as long as all fail.

    Args:
        arms: what is believed of the arms.
        worth: (B, K), what a pass is worth; None is 1.
        state: whose preferences count.
        cost: (B, K) or (1, K), expected spending of each arm, above 0.
        account: what was spent so far.
        most: generations of one race.
    """
    task, node = arms.nodes
    fails = 1 - arms.chances(arms.ability) @ node
    size, rows = len(fails), np.arange(len(fails))
    value = state.weight if worth is None else worth * state.weight
    free, cost = np.broadcast_to(state.weight > 0, fails.shape[:2]).copy(), np.broadcast_to(cost, fails.shape[:2])
    open_, wanted = np.broadcast_to(task, (size, len(task))), account.wanted
    found, spent, before = np.zeros(size), np.zeros(size), np.full(size, np.inf)
    varies = np.broadcast_to(state.varies, free.shape[1:])
    first, times = fails.copy(), np.zeros(free.shape)
    for _ in range(most):
        if not free.any():
            break
        reach = open_.sum(1)
        left = (fails @ open_[..., None])[..., 0]
        ratio = np.where(free, (1 - left / reach[:, None]) * value / cost, -np.inf)
        arm = ratio.argmax(1)
        now, step = np.minimum(ratio[rows, arm], before), reach * cost[rows, arm]
        # the price at which this arm just is or isn't paid for lies between its ratio and that of the one before
        share = np.clip((wanted - spent) / step, 0.0, 1.0)
        crossing = (spent + step > wanted) & (spent <= wanted)
        at = np.where(np.isfinite(before), before, now) ** (1 - share) * now**share
        found = np.where(crossing, at, found)
        spent, before = spent + step, now
        open_ = open_ * fails[rows, arm]
        free[rows, arm] &= varies[arm]
        times[rows, arm] += 1
        rest = after(np.broadcast_to(arms.again, free.shape)[rows, arm], times[rows, arm])
        fails[rows, arm] = 1 - (1 - first[rows, arm]) * rest[:, None]
    return found


def pace(took: Floats, expected: Floats, ran: ArrayLike) -> Floats:
    """(B,): what the next generation of a race costs, as a multiple of what is expected of its arm on any task.

    A task that has kept one arm busy for long keeps the next one busy, too: recorded seconds owe a half to two thirds of their variance
    (of logarithms) to the task. What was expected is worth one more generation, beside those that ran.

    Args:
        took: (B,), what the race's generations cost.
        expected: (B,), what was expected of them, above 0 where any ran.
        ran: a number or (B,), how many they were.
    """
    ratio = np.divide(took, expected, out=np.ones_like(expected), where=expected > 0)
    multiple: Floats = (1 + np.asarray(ran) * ratio) / (1 + np.asarray(ran))
    return multiple


def expected_cost(total: Floats, count: Floats, budget: float) -> Floats:
    """(B, K): what a generation of each arm is expected to cost: its mean, shrunk by one generation of all arms' mean.

    Args:
        total: (B, K), what each arm's generations have cost.
        count: (B, K), how many they were.
        budget: mean spending of a race; before any generation a third of it is expected.
    """
    level = (total.sum(1, keepdims=True) + budget / 3) / (count.sum(1, keepdims=True) + 1)
    cost: Floats = np.maximum((total + level) / (count + 1), 1e-6)
    return cost
