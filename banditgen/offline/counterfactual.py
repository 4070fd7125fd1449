"""What another strategy would have done on the decisions of a history, each with what was known when it was made."""

from __future__ import annotations

import dataclasses
import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor
from typing import Any

import numpy as np

from banditgen._jobs import Jobs
from banditgen.arm import GeneratorConfig, arm_id, model_key
from banditgen.bandit import KEEP, Statistics, choose
from banditgen.bandit.arrays import Floats
from banditgen.bandit.choose import EXPLORATION
from banditgen.errors import UsageError
from banditgen.history.base import DecisionRecord, HistoryStore, RaceRecord, SoftEvidence
from banditgen.history.sums import Fold
from banditgen.learning.follow import Follower, Running
from banditgen.learning.learner import settled_policy
from banditgen.offline.evaluate import Comparison, Log, compare
from banditgen.scoring import reward
from banditgen.strategy import Strategy, expand

NEWEST = 20_000  # races that are read; what came before them is not seen
PARTICLES = 128


@dataclasses.dataclass(frozen=True)
class Counterfactual:
    """The answer.

    Args:
        comparison: of the two strategies, in rewards under the criteria of the first; None where there is nothing to compare.
        verdict: "better", "worse", "no difference beyond noise" (of the second), or "can't say".
        why: in a sentence.
        decisions: how many were used.
        left_out: how many were not, by reason.
    """

    comparison: Comparison | None
    verdict: str
    why: str
    decisions: int
    left_out: dict[str, int]


def counterfactual(history: HistoryStore, a: Strategy, b: Strategy, *, seed: int = 0, executor: Executor | None = None) -> Counterfactual:
    """What `b` would have been worth, and `a`, had they made the logged decisions.

    Both are asked what they would have raced at each decision, their posteriors being those of the log up to then: it is their
    choices that are compared, not what they would have learned from outcomes that nobody saw. A decision that a strategy made itself
    counts with the chances that were logged. The value is the mean reward of the raced arms, under the criteria of `a`.

    Args:
        history: the log.
        a: the strategy under whose criteria both are judged.
        b: the other.
        seed: of the draws that chances are counted from.
        executor: asks each strategy on a worker of its own; None asks one after the other here. The answer is the same.
    """
    read = Logged.read(history, a)
    if not read.races:
        return Counterfactual(None, "can't say", "no logged decision was left to chance and answered", 0, read.lost)
    try:
        asked = [(strategy, read.arms(history, strategy), seed) for strategy in (a, b)]
    except UsageError as error:
        return Counterfactual(None, "can't say", str(error), len(read.races), read.lost)
    read = read.able(arm for _, arms, _ in asked for arm in arms)
    if not read.races:
        return Counterfactual(None, "can't say", "in no logged decision could all of their arms race", 0, read.lost)
    with Jobs(executor) as jobs:
        return _answer(compare(read.log, *jobs.map(read.chances, asked)), read.lost)


@dataclasses.dataclass(frozen=True)
class Logged:
    """The answered decisions of a history that were left to chance, or raced every arm there was, oldest first.

    Args:
        races, decisions: of each, in the same order.
        column: a column for every arm id that the log could race.
        left_out: how many decisions are not among them, by reason.
        judge: whose criteria the rewards are under.
        outcomes: all that the log tells (`HistoryStore.outcomes`), also of decisions that are left out: posteriors were made of it.
        soft: and its soft evidence.
    """

    races: list[RaceRecord]
    decisions: list[DecisionRecord]
    column: dict[str, int]
    left_out: Counter[str]
    judge: Strategy
    outcomes: list[dict[str, Any]]
    soft: list[SoftEvidence]

    @classmethod
    def read(cls, history: HistoryStore, judge: Strategy, newest: int = NEWEST, *, told: bool = True) -> Logged:
        """What of the newest races can be used; where not `told`, without what posteriors were made of: for the log alone."""
        races = [_generated(race) for race in reversed(history.races(newest))]
        decisions = history.decisions_by_id([race.id for race in races])
        left_out: Counter[str] = Counter()
        usable = [race for race in races if _usable(race, decisions.get(race.id), left_out)]
        used = [decisions[race.id] for race in usable]
        column = _columns(used)
        outcomes, soft = (history.outcomes(), history.soft_evidence()) if told else ([], [])
        return cls(usable, used, column, left_out, judge, outcomes, soft)

    @property
    def lost(self) -> dict[str, int]:
        """`left_out` where anything was."""
        return {reason: count for reason, count in self.left_out.items() if count}

    @property
    def log(self) -> Log:
        """For the estimators."""
        return _log(self.races, self.decisions, self.column, self.judge)

    def able(self, arms: Iterable[GeneratorConfig]) -> Logged:
        """Those in which all of these arms could have raced: the others say nothing of who races them."""
        wanted = {arm_id(arm) for arm in arms if arm.weight > 0}
        kept = [pair for pair in zip(self.races, self.decisions, strict=True) if wanted <= set(_eligible(pair[1]).values())]
        lost = Counter({"in which not all of their arms could race": len(self.races) - len(kept)})
        races, decisions = ([pair[0] for pair in kept], [pair[1] for pair in kept])
        return dataclasses.replace(self, races=races, decisions=decisions, left_out=self.left_out + lost)

    def arms(self, history: HistoryStore, strategy: Strategy) -> list[GeneratorConfig]:
        """The arms that the strategy would have raced (UsageError where it has none, or one that the log could not race)."""
        return _arms(strategy, history, self.column)

    def chances(self, asked: tuple[Strategy, Sequence[GeneratorConfig], int]) -> Floats:
        """(N, K): a strategy's chance of each of its arms at each decision, drawn from a seed: a job for `Jobs`."""
        strategy, arms, seed = asked
        return _target(strategy, arms, self, np.random.default_rng(seed))


def _generated(race: RaceRecord) -> RaceRecord:
    """A race without the code that was in use before it: no arm of the log wrote that."""
    return dataclasses.replace(race, results=[result for result in race.results if result.model_used])


def _usable(race: RaceRecord, decision: DecisionRecord | None, left_out: Counter[str]) -> bool:
    if decision is None or not decision.propensities or "eligible" not in decision.detail:
        left_out["not a bandit's"] += 1
    elif decision.detail.get("exploit"):
        left_out["with nothing left to chance"] += 1
    elif "account" in decision.detail:  # its later arms met tasks on which the first had failed: what it is worth is no mean of arms
        left_out["of races in waves"] += 1
    elif not all(result.moves_posterior for result in race.results):
        left_out["with an outcome missing"] += 1
    else:
        return True
    return False


def _eligible(decision: DecisionRecord) -> Mapping[str, str]:
    """Arm name to arm id."""
    eligible: Mapping[str, str] = decision.detail["eligible"]
    return eligible


def _columns(decisions: Sequence[DecisionRecord]) -> dict[str, int]:
    """A column for every arm id that the log could race."""
    ids = [own for decision in decisions for own in _eligible(decision).values()]
    return {own: position for position, own in enumerate(dict.fromkeys(ids))}


def _log(races: Sequence[RaceRecord], decisions: Sequence[DecisionRecord], column: Mapping[str, int], judge: Strategy) -> Log:
    q = np.zeros((len(races), len(column)))
    for row, decision in zip(q, decisions, strict=True):
        _keep_logged(row, decision, column)
    arms = np.full((len(races), max(len(race.results) for race in races)), -1, np.int64)
    rewards = np.full(arms.shape, np.nan)
    for i, race in enumerate(races):
        for place, result in enumerate(race.results):
            arms[i, place], rewards[i, place] = column[result.arm_id], reward(result, judge.criteria_for(race.task_type))
    return Log(arms, rewards, q)


def _keep_logged(row: Floats, decision: DecisionRecord, column: Mapping[str, int]) -> None:
    """Put the chances that were logged into the arms' columns; an arm that could not race has none."""
    eligible = _eligible(decision)
    for name, chance in (decision.propensities or {}).items():
        if name in eligible:
            row[column[eligible[name]]] = chance


def _arms(strategy: Strategy, history: HistoryStore, column: Mapping[str, int]) -> list[GeneratorConfig]:
    """The arms that the strategy would have raced.

    What was "available" is what the log could race: where none of the arms that the strategy makes of the log's models is among
    them, its decisions were given other arms, and those count as available.

    Raises:
        UsageError: the strategy has no arm here, or one that the log could not race.
    """
    logged = [arm for own in history.arms() if own.arm_id in column and (arm := own.arm) is not None]
    arms = expand(strategy, sorted({arm.model for arm in logged}))
    unknown = [arm.name for arm in arms if arm_id(arm) not in column and arm.weight > 0]
    if strategy.models is not None and len(unknown) == len(arms):
        return logged
    if unknown:
        more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
        raise UsageError(f"strategy {strategy.name!r} races what the log could not: {', '.join(unknown[:5])}{more}")
    return arms


def _target(
    strategy: Strategy,
    arms: Sequence[GeneratorConfig],
    read: Logged,
    rng: np.random.Generator,
) -> Floats:
    """(N, K): the strategy's chance of each arm at each decision."""
    column, races, decisions = read.column, read.races, read.decisions
    policy = settled_policy(strategy.policy, strategy.bandit)
    exploration = EXPLORATION if strategy.bandit.exploration is None else strategy.bandit.exploration
    at = np.array([column.get(arm_id(arm), -1) for arm in arms])
    known = at >= 0  # what could not race has weight 0, and no chance
    prefix = Prefix(read.outcomes, arms, strategy.bandit.keep, read.soft)
    chances = np.zeros((len(decisions), len(column)))
    for position in sorted(range(len(decisions)), key=lambda position: decisions[position].created_at):
        row, race, decision = chances[position], races[position], decisions[position]
        if decision.detail.get("strategy_hash") == strategy.hash:
            _keep_logged(row, decision, column)
            continue
        weights, measures = strategy.criteria_for(decision.task_type).shares
        statistics = prefix.until(decision.created_at, _running(race))
        state = statistics.state(arms, decision.task_type, weights, measures=measures)
        if strategy.learning.without_tests == "soft":
            state = statistics.with_soft(state, arms, decision.task_type)
        row[at[known]] = choose(policy, state, strategy.k, rng, particles=PARTICLES, exploration=exploration).propensities[known]
    return chances


class Prefix:
    """The statistics of a log up to a moment that moves on: what a live `Learner` read then.

    Args:
        outcomes: of the log, as `HistoryStore.outcomes` gives them.
        arms: whose evidence is wanted.
        keep: what evidence under a digest that runs no more counts; None is the usual.
        soft: of the log, as `HistoryStore.soft_evidence` gives it.
    """

    def __init__(
        self,
        outcomes: Sequence[Mapping[str, Any]],
        arms: Sequence[GeneratorConfig],
        keep: float | None = None,
        soft: Sequence[SoftEvidence] = (),
    ) -> None:
        told = itertools.groupby(outcomes, key=lambda row: (row["created_at"], row["race_id"]))
        self._told = [(moment, list(rows)) for (moment, _), rows in told]
        self._soft = soft
        self._fold = Fold()
        self._follower = Follower(self._fold, arms, KEEP if keep is None else keep)
        self._next = self._next_soft = 0

    def until(self, moment: float, running: Running) -> Statistics:
        """What was told by then, for a race under these digests; moments come in their order."""
        while self._next < len(self._told) and self._told[self._next][0] <= moment:
            self._fold.add(self._told[self._next][1])
            self._next += 1
        while self._next_soft < len(self._soft) and self._soft[self._next_soft].created_at <= moment:
            self._fold.add_soft(self._soft[self._next_soft])
            self._next_soft += 1
        return self._follower.read(running)


def _running(race: RaceRecord) -> Running:
    """The digests that ran in a race."""
    digests: dict[str, set[str]] = {}
    for result in race.results:
        if result.digest:
            digests.setdefault(model_key(result.model_used), set()).add(result.digest)
    return digests


def _answer(found: Comparison, left_out: dict[str, int]) -> Counterfactual:
    if found.refusal is not None or found.difference.low is None or found.difference.high is None:
        why = found.refusal or ""
        return Counterfactual(found, "can't say", why, found.rounds, left_out)
    low, high = found.difference.low, found.difference.high
    verdict = "better" if low > 0 else "worse" if high < 0 else "no difference beyond noise"
    why = f"a difference of {found.difference.value:+.3f} ({low:+.3f} to {high:+.3f}) in mean reward over {found.rounds} decisions"
    return Counterfactual(found, verdict, why, found.rounds, left_out)
