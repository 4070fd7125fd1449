"""Who came from whom, and what it brought."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from banditgen.arm import GeneratorConfig, arm_id
from banditgen.bandit.arrays import Floats
from banditgen.evolution.population import fold
from banditgen.history.base import ArmRecord, HistoryStore, Tally
from banditgen.learning.learner import Bred, Learner
from banditgen.scoring import SelectionCriteria

SAMPLES = 2000
CriteriaFor = Callable[[str], SelectionCriteria]
"""The criteria of a task type."""


@dataclasses.dataclass(frozen=True)
class Improvement:
    """Expected reward above the better parent's, over the task types that the arm met, weighted by its outcomes there, with
    the 95 % credible interval and the chance that it is above 0.
    """

    expected: float
    low: float
    high: float
    chance: float


@dataclasses.dataclass(frozen=True)
class Member:
    """An arm of the family: its parents' ids, how it came to be, "racing", "on trial" or "retired", and what it did."""

    arm_id: str
    name: str
    model: str
    parents: list[str]
    origin: str
    status: str
    outcomes: int
    passes: int
    gain: Improvement | None
    detail: Mapping[str, Any]


def family(history: HistoryStore, scope: str, criteria_for: CriteriaFor) -> list[Member]:
    """Every arm that the history knows, oldest first; parents before their children.

    Args:
        history: the event log.
        scope: the strategy's name, whose population gives the statuses.
        criteria_for: the criteria of a task type, whose weights make the reward.
    """
    records = {record.arm_id: record for record in history.arms()}
    population = fold(history.arm_events(scope))
    tallies = _tallies(history.tallies())
    arms = {own: arm for own, record in records.items() if (arm := record.arm) is not None}
    parents = {own: record.parents for own, record in records.items() if record.parents}
    gains = Gains(history, list(arms.values()), parents, criteria_for) if parents else None
    members = []
    for record in _parents_first(records):
        passes, fails = tallies.get(record.arm_id, (0, 0))
        members.append(
            Member(
                arm_id=record.arm_id,
                name=record.name,
                model=record.model,
                parents=[parent for parent in record.parents if parent in records],
                origin=record.origin,
                status=population.status(record.arm_id),
                outcomes=passes + fails,
                passes=passes,
                gain=gains.of(record.arm_id) if gains else None,
                detail=population.born.get(record.arm_id, {}),
            )
        )
    return members


class Gains:
    """What arms brought above their parents, from draws of everybody's posterior.

    Args:
        history: the event log.
        arms: all arms that matter, parents and children.
        parents: by a child's id, its parents'.
        criteria_for: the criteria of a task type, whose weights make the reward.
    """

    def __init__(
        self, history: HistoryStore, arms: Sequence[GeneratorConfig], parents: Mapping[str, Sequence[str]], criteria_for: CriteriaFor
    ) -> None:
        origins = {own: (ids, [1.0] * len(ids)) for own, ids in parents.items()}
        learner = Learner(history, arms, "thompson", bred=Bred(origins))
        self._parents = parents
        self._position = {arm_id(arm): i for i, arm in enumerate(arms)}
        self._types: list[tuple[Floats, Floats]] = []  # (draws (S, K), outcomes (K,)) of each task type
        for task_type in learner.task_types():
            criteria = criteria_for(task_type)
            draws = learner.draws(task_type, criteria, np.random.default_rng(0), SAMPLES)
            self._types.append((draws, learner.state(task_type, criteria).count[0]))

    def of(self, own: str) -> Improvement | None:
        """The gain of an arm; None where it has no known parents, or was never raced on what one of them was raced on."""
        mine = self._position.get(own)
        rows = [self._position[parent] for parent in self._parents.get(own, ()) if parent in self._position and parent != own]
        if mine is None or not rows:
            return None
        weights = [count[mine] if count[rows].sum() > 0 else 0.0 for _, count in self._types]
        if sum(weights) <= 0:
            return None
        leads = [draws[:, mine] - draws[:, rows].max(1) for draws, _ in self._types]
        return gain_of(np.average(leads, axis=0, weights=weights))


def gain_of(lead: Floats) -> Improvement:
    """The gain that draws (S,) of a lead amount to."""
    low, high = np.quantile(lead, [0.025, 0.975])
    return Improvement(float(lead.mean()), float(low), float(high), float((lead > 0).mean()))


def ancestors(own: str, records: Iterable[ArmRecord]) -> list[dict[str, Any]]:
    """An arm's parents, their parents and so on, nearest first, as JSON-ready data."""
    known = {record.arm_id: record for record in records}
    found: dict[str, dict[str, Any]] = {}
    waiting = list(known[own].parents) if own in known else []
    while waiting:
        parent = known.get(waiting.pop(0))
        if parent is not None and parent.arm_id not in found and parent.arm_id != own:
            found[parent.arm_id] = {"arm_id": parent.arm_id, "name": parent.name, "origin": parent.origin, "parents": list(parent.parents)}
            waiting.extend(parent.parents)
    return list(found.values())


def _parents_first(records: Mapping[str, ArmRecord]) -> list[ArmRecord]:
    ordered: dict[str, ArmRecord] = {}
    left = list(records.values())
    while left:
        ready = [record for record in left if all(parent in ordered or parent not in records for parent in record.parents)]
        for record in ready or left[:1]:  # a ring of parents, which only a hand can have made, is cut anywhere
            ordered[record.arm_id] = record
        left = [record for record in left if record.arm_id not in ordered]
    return list(ordered.values())


def _tallies(tallies: Iterable[Tally]) -> dict[str, tuple[int, int]]:
    counts: dict[str, tuple[int, int]] = {}
    for tally in tallies:
        passes, fails = counts.get(tally.arm_id, (0, 0))
        counts[tally.arm_id] = passes + tally.passes, fails + tally.fails
    return counts
