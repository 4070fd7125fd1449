"""What the history teaches the bandit, and the choices made from it."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from banditgen.arm import arm_id
from banditgen.bandit import Policy, State, beliefs, choose, explain, exploit, make_policy
from banditgen.evidence import Follower
from banditgen.history.base import HistoryStore
from banditgen.scoring import SelectionCriteria

PENDING_SECONDS = 3600.0  # a decision that nobody answered for so long is taken as given up


@dataclasses.dataclass(frozen=True)
class Drawn:
    """A choice of arms by position among the eligible ones, with what evaluating it later needs."""

    positions: list[int]
    propensities: list[float]
    detail: dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Recommendation:
    """An arm on a task type: its expected reward with the 95 % credible interval, the chance that it is the best of all
    eligible arms, and the passes and fails that this rests on (fractions where evidence was discounted).
    """

    arm: Any
    expected_reward: float
    low: float
    high: float
    chance_best: float
    passes: float
    fails: float

    @property
    def name(self) -> str:
        """The arm's name."""
        return str(self.arm.name)


class Learner:
    """Keeps the posteriors equal to the fold of a history, and chooses arms by a policy.

    Args:
        history: the event log; other processes may write to it too.
        arms: the arms that may race; outcomes recorded under a bare name count for the arm of that name.
        policy: a policy's name.
    """

    def __init__(self, history: HistoryStore, arms: Sequence[Any], policy: str) -> None:
        self._history = history
        self.arms = list(arms)
        self._names = [str(arm.name) for arm in self.arms]
        self.policy: Policy = make_policy(policy)
        # beliefs are reported as they are, not sharpened as they are for choosing
        self._reporter = self.policy if policy == "best_set" else make_policy("thompson", sharpness=1.0)
        self._evidence = Follower(history, self.arms)
        self._lock = threading.Lock()

    def draw(self, task_type: str, k: int, criteria: SelectionCriteria, seed: int, *, greedy: bool = False) -> Drawn:
        """Choose k arms for a task type; `greedy` takes the best expected ones and leaves nothing to chance."""
        pending = self._pending(task_type)
        with self._lock:
            state = self._state(task_type, criteria, pending)
        choice = exploit(self.policy, state, k) if greedy else choose(self.policy, state, k, np.random.default_rng(seed))
        detail = {
            "k": len(choice.arms),
            "exploration": choice.exploration,
            "particles": choice.particles,
            "set_probability": choice.set_probability,
            "policy_version": self.policy.version,
            "weights": {"quality": criteria.quality_weight, "speed": criteria.speed_weight},
            "eligible": {arm.name: arm_id(arm) for arm in self.arms if getattr(arm, "weight", 1.0) > 0},
            "exploit": greedy,
            "explanation": explain(self._reporter, state, choice, self._names, np.random.default_rng(0)).to_dict(),
        }
        return Drawn([int(i) for i in choice.arms], [float(q) for q in choice.propensities], detail)

    def recommend(self, task_type: str, criteria: SelectionCriteria) -> list[Recommendation]:
        """Every arm with its expected reward on a task type, best first; before any evidence that is the prior's."""
        with self._lock:
            state = self._state(task_type, criteria, {})
        believed = beliefs(self._reporter, state, self._names, np.random.default_rng(0))
        rows = [
            Recommendation(arm, b.expected, b.low, b.high, b.chance_best, float(state.passes[0, i]), float(state.fails[0, i]))
            for i, (arm, b) in enumerate(zip(self.arms, believed, strict=True))
            if getattr(arm, "weight", 1.0) > 0
        ]
        return sorted(rows, key=lambda row: -row.expected_reward)

    def _pending(self, task_type: str) -> Counter[str]:
        decisions = self._history.pending(task_type, time.time() - PENDING_SECONDS)
        return Counter(arm["arm_id"] for decision in decisions for arm in decision.arms)

    def _state(self, task_type: str, criteria: SelectionCriteria, pending: Mapping[str, int]) -> State:
        total = criteria.quality_weight + criteria.speed_weight
        weights = criteria.quality_weight / total, criteria.speed_weight / total
        return self._evidence.read().state(self.arms, task_type, weights, pending=pending)
