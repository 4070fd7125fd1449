"""Live evolution: children of winning arms race beside them, on trial at first, and the number of arms stays bounded.

Everything is in the history: an arm is born, graduates and retires by an event, and the arms that race are the fold of these
events (`population.fold`). Processes that share a history and a strategy therefore race the same arms, also after a restart.
Two that look at the same time write the same births: a birth's id, seed and parents' evidence are the look's.
"""

from __future__ import annotations

import dataclasses
import threading
import uuid
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from banditgen.arm import GeneratorConfig, arm_id, plain_model
from banditgen.bandit.arrays import Floats
from banditgen.evolution.genome import Genome, Space
from banditgen.evolution.lineage import CriteriaFor, gain_of
from banditgen.evolution.operators import Child, breed
from banditgen.evolution.population import BORN, GRADUATED, RETIRED, Population, fold, origins
from banditgen.history.base import ArmEvent, ArmRecord, HistoryStore
from banditgen.learning.learner import Bred, Learner
from banditgen.strategy import Strategy
from banditgen.strategy.evolution import Evolution

CLOSE = 0.02  # a mean reward so near to the best is as good as the best
HOPELESS = 0.05  # a child whose chance to be that near is smaller than this on every task type ends its trial
DOMINATED = 0.01  # an arm that earned its place makes room for a birth only below this: it is asked again at every look
SURE = 0.95  # of a child's lead over its parents, to end its trial early; 1 - SURE ends it the other way
FIRST_VERDICT = 10  # outcomes before which no child is judged
SAMPLES = 1000
ATTEMPTS = 20  # at a child that is no arm that there was already


class LiveEvolution:
    """Breeds arms for a strategy while it races, and says which arms race now.

    Args:
        history: the event log, which other processes may write to.
        arms: the strategy's own arms on this backend.
        strategy: with its `evolution` settings.
        criteria_for: the criteria of a task type at the moment.
        make_learner: (arms, bred) to a learner of them; None is `Learner` with the strategy's policy.
    """

    def __init__(
        self,
        history: HistoryStore,
        arms: Sequence[GeneratorConfig],
        strategy: Strategy,
        criteria_for: CriteriaFor,
        make_learner: Callable[[list[Any], Bred], Learner] | None = None,
    ) -> None:
        self._history = history
        self._founders = {arm_id(arm): arm for arm in arms}
        self._models = {plain_model(arm.model) for arm in arms}
        self._scope = strategy.name
        self._least = max(strategy.k, 2)  # so many arms that are not on trial stay
        self._settings = strategy.evolution or Evolution()
        self._criteria_for = criteria_for
        self._make = make_learner or (
            lambda arms, bred: Learner(history, arms, strategy.policy, strategy.bandit, bred, learning=strategy.learning)
        )
        self._decisions = 0
        self._population: Population | None = None
        self._learner: Learner | None = None
        self._lock = threading.Lock()

    def learner(self) -> Learner:
        """The learner for a decision, of the arms that race now; every so many decisions it looks first."""
        with self._lock:
            if self._decisions % self._settings.every == 0:
                self._look()
            self._decisions += 1
            return self._current()

    def current(self) -> Learner:
        """The learner of the arms that race now, without a look."""
        with self._lock:
            return self._current()

    def _current(self) -> Learner:
        population = fold(self._history.arm_events(self._scope))
        if self._learner is None or population != self._population:
            self._population, self._learner = population, self._made(population)
        return self._learner

    def _made(self, population: Population) -> Learner:
        known = {record.arm_id: arm for record in self._history.arms() if (arm := record.arm) is not None} | self._founders
        racing = {own: arm for own, arm in self._founders.items() if own not in population.retired} or dict(self._founders)
        for own in (*population.grown, *population.on_trial):
            arm = known.get(own)
            if arm is not None and plain_model(arm.model) in self._models:
                racing.setdefault(own, _renamed(arm, {other.name for other in racing.values()}))
        came_from = {own: origin for own, origin in origins(population).items() if own in racing}
        parents = {parent for ids, _ in came_from.values() for parent in ids} - set(racing)
        bred = Bred(
            origins=came_from,
            on_trial=frozenset(population.on_trial) & (set(racing) - set(self._founders)),
            trial_share=self._settings.trial_share,
            forebears=[_renamed(known[own], {arm.name for arm in racing.values()}) for own in sorted(parents) if own in known],
        )
        return self._make(list(racing.values()), bred)

    def _look(self) -> None:
        look = self._history.count()["races"] // self._settings.every
        if look < 1:
            return
        view = _View(self._current(), self._criteria_for)
        if view.types:
            self._judge(view)
            view = _View(self._current(), self._criteria_for)
            if self._population is not None and look > self._population.looked_at:
                self._bear(view, look)

    def _judge(self, view: _View) -> None:
        """End the trials that can be ended."""
        for own in view.on_trial:
            outcomes = view.outcomes(own)
            if outcomes < FIRST_VERDICT:
                continue
            gain, chance = gain_of(view.lead(own)), view.chance(own)
            over = outcomes >= self._settings.trial
            detail = {"outcomes": outcomes, "gain": dataclasses.asdict(gain), "chance_near_best": chance}
            if gain.chance >= SURE or (over and gain.chance >= 0.5 and chance >= HOPELESS):
                self._tell(own, GRADUATED, {**detail, "why": f"better than its parents with probability {gain.chance:.2f}"})
            elif over or gain.chance <= 1 - SURE or chance < HOPELESS:
                why = f"better than its parents with probability {gain.chance:.2f}, near the best with {chance:.2f}"
                self._tell(own, RETIRED, {**detail, "why": why})

    def _bear(self, view: _View, look: int) -> None:
        """Bring the arms on trial up to their number, as far as there is room."""
        racing, settled = len(view.learner.arms), {own: view.chance(own) for own in view.settled}
        for index in range(self._settings.children - len(view.on_trial)):
            while racing >= self._settings.max_arms:
                least = min(settled, key=lambda own: settled[own])
                if settled[least] >= DOMINATED or len(settled) <= self._least:
                    return
                why = f"dominated: near the best with probability {settled[least]:.3f} at most"
                self._tell(least, RETIRED, {"outcomes": view.outcomes(least), "why": why})
                del settled[least]
                racing -= 1
            rng = np.random.default_rng([look, index, zlib.crc32(self._scope.encode("utf-8", "surrogatepass"))])
            if self._born(view, list(settled), look, index, rng):
                racing += 1

    def _born(self, view: _View, settled: Sequence[str], look: int, index: int, rng: np.random.Generator) -> bool:
        parents = {Genome.of(arm): own for own, arm in view.parents(settled, rng).items()}
        # the founders' genes bound the search, whoever the parents are
        space = Space(tuple(sorted(self._models))).around(Genome.of(arm) for arm in self._founders.values())
        taken = {record.arm_id for record in self._history.arms()} | set(self._founders)
        for _ in range(ATTEMPTS):
            child = breed(list(parents), space, rng)
            if child.genome.arm_id not in taken:
                self._register(child, [parents[genome] for genome in child.parents], look, index)
                return True
        return False

    def _register(self, child: Child, parents: list[str], look: int, index: int) -> None:
        arm = child.genome.arm()
        # the parent that gave most comes first: there the family tree shows it
        pairs = sorted(zip(child.shares, parents, strict=True), key=lambda pair: -pair[0])
        shares, parents = [share for share, _ in pairs], [own for _, own in pairs]
        # a founder may become a parent before its first race; those that are there already stay as they are
        founders = [self._founders[own] for own in parents if own in self._founders]
        records = [ArmRecord.of(founder) for founder in founders]
        self._history.add_arms([*records, ArmRecord.of(arm, parents, "evolved")])
        detail = {"parents": parents, "shares": shares, "change": child.change, "look": look}
        self._tell(arm.arm_id, BORN, detail, str(uuid.uuid5(uuid.NAMESPACE_OID, f"{look}/{index}/{self._scope!a}")))

    def _tell(self, own: str, event: str, detail: dict[str, Any], event_id: str = "") -> None:
        self._history.add_arm_event(ArmEvent(self._scope, own, event, detail, event_id))


class _View:
    """What is believed of the racing arms on every task type that they met, at one moment."""

    def __init__(self, learner: Learner, criteria_for: CriteriaFor) -> None:
        self.learner = learner
        self.types = learner.task_types()
        known = learner.known
        self._position = {arm_id(arm): i for i, arm in enumerate(known)}
        self.on_trial = [arm_id(arm) for arm in learner.arms if arm_id(arm) in learner.bred.on_trial]
        self.settled = [arm_id(arm) for arm in learner.arms if arm_id(arm) not in learner.bred.on_trial and arm.weight > 0]
        self._counts: list[Floats] = []
        self._draws: list[Floats] = []
        for task_type in self.types:
            criteria = criteria_for(task_type)
            self._counts.append(learner.state(task_type, criteria).count[0])
            self._draws.append(learner.draws(task_type, criteria, np.random.default_rng(0), SAMPLES))

    def outcomes(self, own: str) -> float:
        """How many an arm has, on all task types."""
        return float(sum(count[self._position[own]] for count in self._counts))

    def lead(self, own: str) -> Floats:
        """(SAMPLES,): draws of the arm's mean reward above its better parent's, weighted by its outcomes on each task type."""
        mine = self._position[own]
        rows = [self._position[parent] for parent in self.learner.bred.origins[own][0] if parent in self._position]
        leads = [draws[:, mine] - (draws[:, rows].max(1) if rows else 0.0) for draws in self._draws]
        lead: Floats = np.average(leads, axis=0, weights=[count[mine] for count in self._counts])
        return lead

    def chance(self, own: str) -> float:
        """The arm's chance to be as good as the best of the settled others, on the task type where it is largest."""
        others = [self._position[other] for other in self.settled if other != own]
        if not others:
            return 1.0
        mine = self._position[own]
        return max(float((draws[:, mine] >= draws[:, others].max(1) - CLOSE).mean()) for draws in self._draws)

    def parents(self, settled: Sequence[str], rng: np.random.Generator) -> dict[str, Any]:
        """Two of these arms by id: the best of one posterior draw, on a task type drawn by how often it was met."""
        met = np.array([count.sum() for count in self._counts])
        draws = self._draws[int(rng.choice(len(met), p=met / met.sum()))]
        values = draws[int(rng.integers(len(draws)))]
        best = sorted(settled, key=lambda own: -values[self._position[own]])[:2]
        return {own: self.learner.known[self._position[own]] for own in best}


def _renamed(arm: GeneratorConfig, taken: set[str]) -> GeneratorConfig:
    """The arm under a name that nobody else has: a strategy may have come to use it since the arm was born."""
    return dataclasses.replace(arm, name=f"{arm.name}_{arm_id(arm)}") if arm.name in taken else arm
