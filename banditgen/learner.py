"""What the history teaches the bandit: the fold of its outcomes into posteriors, and the choices made from them."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from banditgen.arm import arm_id, named_arm_id
from banditgen.bandit import Policy, State, Statistics, choose, exploit, make_policy
from banditgen.history.base import HistoryStore, Outcomes
from banditgen.scoring import SelectionCriteria

PENDING_SECONDS = 3600.0  # a decision that nobody answered for so long is taken as given up
DRAWS = 2000  # for credible intervals and chances; Monte Carlo error of a chance at most 0.011
CREDIBILITY = 0.9


@dataclasses.dataclass(frozen=True)
class Drawn:
    """A choice of arms by position among the eligible ones, with what evaluating it later needs."""

    positions: list[int]
    propensities: list[float]
    detail: dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Recommendation:
    """An arm on a task type: its expected reward with the central 90 % credible interval, the chance that it is the best
    of all eligible arms, and the passes and fails that this rests on (fractions where evidence was discounted).
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
        self._by_name = {named_arm_id(arm.name): arm_id(arm) for arm in self.arms}
        self.policy: Policy = make_policy(policy)
        self._statistics = Statistics()
        self._last = 0
        self._digests: dict[str, str] = {}
        self._arms_of: dict[str, set[str]] = {}
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
            "eligible": {arm.name: arm_id(arm) for arm in self.arms},
            "exploit": greedy,
            "beliefs": {belief.name: {**vars(belief), "arm": None} for belief in self._beliefs(state)},
        }
        return Drawn([int(i) for i in choice.arms], [float(q) for q in choice.propensities], detail)

    def recommend(self, task_type: str, criteria: SelectionCriteria) -> list[Recommendation]:
        """Every arm with its expected reward on a task type, best first; before any evidence that is the prior's."""
        with self._lock:
            state = self._state(task_type, criteria, {})
        return sorted(self._beliefs(state), key=lambda row: -row.expected_reward)

    def _beliefs(self, state: State) -> list[Recommendation]:
        """What is believed of each arm, in their order: the plain posterior, whatever the policy makes of it."""
        thompson = make_policy("mp_ts")
        means = thompson.means(state)[0]
        draws = thompson.draws(state, np.random.default_rng(0), DRAWS)
        low, high = np.quantile(draws, [(1 - CREDIBILITY) / 2, (1 + CREDIBILITY) / 2], axis=0)
        best = np.bincount(draws.argmax(axis=1), minlength=len(self.arms)) / DRAWS
        return [
            Recommendation(
                arm, float(means[i]), float(low[i]), float(high[i]), float(best[i]), float(state.passes[0, i]), float(state.fails[0, i])
            )
            for i, arm in enumerate(self.arms)
        ]

    def _pending(self, task_type: str) -> Counter[str]:
        since = time.time() - PENDING_SECONDS
        decisions = self._history.pending(task_type)
        return Counter(arm["arm_id"] for decision in decisions if decision.created_at > since for arm in decision.arms)

    def _state(self, task_type: str, criteria: SelectionCriteria, pending: Mapping[str, int]) -> State:
        self._fold(self._history.outcomes(self._last))
        total = criteria.quality_weight + criteria.speed_weight
        return self._statistics.state(
            self.arms, task_type, (criteria.quality_weight / total, criteria.speed_weight / total), pending=pending
        )

    def _fold(self, new: Outcomes) -> None:
        """Fold a stretch of the log; where a model's digest changes, what its arms showed before counts for little."""
        ids = [self._by_name.get(own, own) for own in new.arm_id]
        start = 0
        for end in range(len(ids)):
            digest, model = new.digest[end], new.model[end]
            self._arms_of.setdefault(model, set()).add(ids[end])
            if digest is None:
                continue
            if self._digests.setdefault(model, digest) != digest:
                self._digests[model] = digest
                self._fold_rows(ids, new, start, end)
                start = end
                for arm in self._arms_of[model]:
                    self._statistics.forget(arm)
        self._fold_rows(ids, new, start, len(ids))
        self._last = new.last

    def _fold_rows(self, ids: list[str], new: Outcomes, start: int, end: int) -> None:
        rows = slice(start, end)
        if start < end:
            self._statistics.fold(ids[rows], new.task_type[rows], new.passed[rows], new.measures[rows], races=new.race_id[rows])
