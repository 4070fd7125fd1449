"""Decisions about one strategy's races: all arms at once, or wave by wave, each as the history keeps it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import numpy as np

from banditgen._checks import check_whole
from banditgen.history.base import DecisionRecord
from banditgen.history.ids import new_id
from banditgen.learning.learner import Drawn, Learner, Stepped
from banditgen.learning.waves import Means
from banditgen.racing.decision import Decision
from banditgen.racing.record import describe_arm
from banditgen.result import GenerationResult
from banditgen.scoring import SelectionCriteria, winner
from banditgen.strategy import Strategy

EVEN = 0.5  # from this chance to stop on, what still runs in a wave is worth no more waiting


class Decider:
    """Draws a strategy's decisions.

    Args:
        strategy: whose they are.
        learner: what is believed now, and of which arms.
        criteria: of a task type, with the weights of the moment.
        seed: of every choice.
    """

    def __init__(
        self, strategy: Strategy, learner: Callable[[], Learner], criteria: Callable[[str], SelectionCriteria], seed: int | None
    ) -> None:
        self.strategy = strategy
        self.learner = learner
        self.criteria = criteria
        self._rng = np.random.default_rng(seed)
        self._lock = threading.Lock()

    def at_once(self, task_type: str, k: int | None, *, exploit: bool) -> Decision:
        """Choose k arms; None is the strategy's number, or one where it exploits.

        Raises:
            UsageError: k below 1.
        """
        wanted, learner, seed = self.wanted(k, exploit=exploit), self.learner(), self.seed()
        drawn = learner.draw(task_type, min(wanted, len(learner.arms)), self.criteria(task_type), seed, greedy=exploit)
        return self.record(learner, task_type, drawn, seed)

    def waves(self, task_type: str, k: int | None, criteria: SelectionCriteria, side_by_side: int, *, exploit: bool) -> Once:
        """One race of the strategy, to be asked for wave after wave; `side_by_side` is what the backend can run at once.

        Raises:
            UsageError: k below 1.
        """
        wanted, race = self.wanted(k, exploit=exploit), self.strategy.race
        if exploit or race.spend == "at_once":
            return Once(self, task_type, k, criteria, exploit=exploit)
        width = race.width or max(1, min(side_by_side, wanted))
        return Waves(self, task_type, Means(race.budget or float(wanted), race.budget_unit, race.most, width), criteria)

    def wanted(self, k: int | None, *, exploit: bool) -> int:
        """How many arms are meant; UsageError for what is no whole number of at least 1."""
        wanted = (1 if exploit else self.strategy.k) if k is None else k
        check_whole("k", wanted)
        return wanted

    def seed(self) -> int:
        """Of the next choice."""
        with self._lock:
            return int(self._rng.integers(2**31))

    def record(self, learner: Learner, task_type: str, drawn: Drawn, seed: int, *, race_id: str = "", step: int = 0) -> Decision:
        """A choice as the history keeps it."""
        chosen = [learner.arms[position] for position in drawn.positions]
        propensities = {arm.name: q for arm, q in zip(learner.arms, drawn.propensities, strict=True)}
        start, whole = self.strategy.criteria_for(task_type), self.strategy.criteria
        record = DecisionRecord(
            id=new_id(),
            task_type=task_type,
            arms=[describe_arm(arm) for arm in chosen],
            policy=self.strategy.policy,
            propensities=propensities,
            strategy=self.strategy.name,
            seed=seed,
            detail={
                **drawn.detail,
                "strategy_hash": self.strategy.hash,
                "start_weights": {"quality": start.quality_weight, "speed": start.speed_weight},
                "strategy_weights": {"quality": whole.quality_weight, "speed": whole.speed_weight},
            },
            race_id=race_id,
            step=step,
        )
        return Decision(record.id, task_type, chosen, propensities, record)


class Once:
    """A race whose arms run all at once. `decisions` are those of its waves so far; `why` says why it stopped, once it has."""

    why = ""

    def __init__(self, decider: Decider, task_type: str, k: int | None, criteria: SelectionCriteria, *, exploit: bool) -> None:
        self.decisions: list[Decision] = []
        self._decider, self._task_type, self._k, self._criteria, self._exploit = decider, task_type, k, criteria, exploit

    def next(self, _results: Sequence[GenerationResult]) -> Decision | None:
        """The next wave, a decision without arms where the race stops; None where there is nothing to decide."""
        if self.decisions:
            return None
        self.decisions.append(self._decider.at_once(self._task_type, self._k, exploit=self._exploit))
        return self.decisions[0]

    def enough(self, _results: Sequence[GenerationResult]) -> bool:
        """Whether what still runs in a wave is worth no more waiting."""
        return False

    def reliabilities(self, results: Sequence[GenerationResult]) -> list[float]:
        """Of the arms of these results, the chance to be right on the race's task type."""
        return self._decider.learner().reliabilities(self._task_type, [result.arm_id for result in results])

    def has_won(self, results: Sequence[GenerationResult]) -> bool:
        """Whether a candidate has passed within the criteria."""
        return winner(results, self._criteria)[0] is not None


class Waves(Once):
    """A race that goes on, wave by wave, while another one is worth its price."""

    def __init__(self, decider: Decider, task_type: str, means: Means, criteria: SelectionCriteria) -> None:
        super().__init__(decider, task_type, None, criteria, exploit=False)
        self._means, self._account, self._learner = means, f"{decider.strategy.name}: {means.account}", decider.learner()

    def next(self, results: Sequence[GenerationResult]) -> Decision:
        """The next wave, or the stop: a decision without arms."""
        seed, race = self._decider.seed(), self.decisions[0].id if self.decisions else ""
        drawn = self._step(results, seed)
        decision = self._decider.record(self._learner, self._task_type, drawn, seed, race_id=race, step=len(self.decisions))
        if decision.arms:
            self.decisions.append(decision)
        else:
            gain, price = drawn.detail["gain"], drawn.detail["price"]
            worth = (
                "nothing was left to spend" if price is None else f"another was expected to add {gain:.3f}, below its price of {price:.3f}"
            )
            self.why = f"stopped after {len(results)} generation{'' if len(results) == 1 else 's'}: {worth}"
        return decision

    def enough(self, results: Sequence[GenerationResult]) -> bool:
        """Whether one has passed, and what still runs is not worth its price any more."""
        return self.has_won(results) and self._step(results, 0, explained=False).stop >= EVEN

    def _step(self, results: Sequence[GenerationResult], seed: int, *, explained: bool = True) -> Stepped:
        race = self.decisions[0].id if self.decisions else ""
        return self._learner.step(self._task_type, self._means, self._account, self._criteria, seed, results, race, explained=explained)
