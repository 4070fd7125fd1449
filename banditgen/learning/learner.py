"""What the history teaches the bandit, and the choices made from it."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from banditgen import _html
from banditgen._objectives import OBJECTIVES
from banditgen.arm import GeneratorConfig, arm_id
from banditgen.bandit import KEEP, ChosenSet, Policy, State, beliefs, child_prior, choose, explain, exploit, make_policy, without
from banditgen.bandit.arrays import Floats
from banditgen.bandit.choose import EXPLORATION
from banditgen.history.base import DecisionRecord, HistoryStore
from banditgen.learning.follow import Follower, Running
from banditgen.learning.goals import SAMPLES, ArmGoals, goals_of
from banditgen.learning.ledger import UNITS, Ledger, Spent
from banditgen.learning.waves import Means, RaceCourse, wave
from banditgen.result import GenerationResult
from banditgen.scoring import SelectionCriteria
from banditgen.strategy.file import SETTLED_POLICIES, BanditSettings
from banditgen.strategy.learning import Learning

_PLAIN = make_policy("thompson", sharpness=1.0)
_APART = make_policy("best_set", spread=1.5, spread_strength=1e6)  # arms far apart, whatever they show
PENDING_SECONDS = 3600.0  # a decision that nobody answered for so long is taken as given up


@dataclasses.dataclass(frozen=True)
class Drawn:
    """A choice of arms by position among the eligible ones, with what evaluating it later needs."""

    positions: list[int]
    propensities: list[float]
    detail: dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Stepped(Drawn):
    """A wave of a race by position, none where it stops; `stop` is the chance that it was to stop there."""

    stop: float = 0.0


@dataclasses.dataclass(frozen=True)
class Recommendation:
    """An arm on a task type: its expected reward with the 95 % credible interval, the chance that it is the best of all
    eligible arms, and what this rests on: the passes and fails that are verdicts (fractions where evidence was discounted), and how many
    outcomes soft evidence counts for beside them; and what it has spent there, infrastructure's failures left out.
    """

    arm: GeneratorConfig
    expected_reward: float
    low: float
    high: float
    chance_best: float
    passes: float
    fails: float
    soft: float = 0.0
    spent: Spent = dataclasses.field(default_factory=Spent)

    @property
    def outcomes(self) -> float:
        """Passes and fails."""
        return self.passes + self.fails

    @property
    def name(self) -> str:
        """The arm's name."""
        return str(self.arm.name)

    def _repr_html_(self) -> str:
        interval = f"{self.low:.2f} – {self.high:.2f}"
        passed = f"{self.passes:g} of {self.outcomes:g}"
        row = (self.name, f"{self.expected_reward:.2f}", interval, f"{self.chance_best:.0%}", passed, f"{self.soft:.1f}")
        return _html.table(("arm", "expected reward", "95 % interval", "chance to be the best", "passed", "soft evidence"), [row])


@dataclasses.dataclass(frozen=True)
class Bred:
    """What is known of arms that were bred and not written down by someone.

    Args:
        origins: by arm id, the ids of its parents and how much of it each gave.
        on_trial: ids of arms that have yet to earn their place.
        trial_share: the share of races in which one of these stands.
        forebears: arms that race no more; their evidence tells where their children start.
    """

    origins: Mapping[str, tuple[Sequence[str], Sequence[float]]] = dataclasses.field(default_factory=dict)
    on_trial: frozenset[str] = frozenset()
    trial_share: float = 0.0
    forebears: Sequence[GeneratorConfig] = ()


class Learner:
    """Keeps the posteriors equal to the fold of a history, and chooses arms by a policy.

    Args:
        history: the event log; other processes may write to it too.
        arms: the arms that may race; outcomes recorded under a bare name count for the arm of that name.
        policy: a policy's name.
        settings: how it explores and how long it remembers; None is its own way.
        bred: which of the arms were bred, from whom, and which are on trial.
        running: says under which digests models run next; by default that is left to the log.
        learning: what is learned from beside verdicts; None is `Learning()`.
    """

    def __init__(
        self,
        history: HistoryStore,
        arms: Sequence[GeneratorConfig],
        policy: str,
        settings: BanditSettings | None = None,
        bred: Bred | None = None,
        running: Callable[[], Running] = dict,
        learning: Learning | None = None,
    ) -> None:
        self._history = history
        self._soft = (learning or Learning()).without_tests == "soft"
        self._running = running
        self.arms = list(arms)
        self.bred = bred or Bred()
        # whose evidence counts: the racing arms first, so that positions among them are positions here
        self.known = [*self.arms, *self.bred.forebears]
        self._positions = {arm_id(arm): i for i, arm in enumerate(self.known)}
        self._on_trial = [i for i, arm in enumerate(self.arms) if arm_id(arm) in self.bred.on_trial]
        self._names = [str(arm.name) for arm in self.known]
        settings = settings or BanditSettings()
        self.policy = settled_policy(policy, settings)
        self.exploration = EXPLORATION if settings.exploration is None else settings.exploration
        # beliefs are reported as they are, not sharpened as they are for choosing
        self._reporter = self.policy if policy == "best_set" else _PLAIN
        self._evidence = Follower(history, self.known, KEEP if settings.keep is None else settings.keep)
        self._ledger = Ledger(history)
        self._lock = threading.Lock()

    def draw(self, task_type: str, k: int, criteria: SelectionCriteria, seed: int, *, greedy: bool = False) -> Drawn:
        """Choose k arms for a task type; `greedy` takes the best expected ones and leaves to chance only who of equal ones races."""
        pending = self._pending(task_type)
        with self._lock:
            state = self._state(task_type, criteria, pending, soft=self._soft)
        trials, share, rng = self._on_trial, self.bred.trial_share, np.random.default_rng(seed)
        if greedy:
            choice = exploit(self.policy, without(state, trials), k, rng)
        else:
            choice = choose(self.policy, state, k, rng, exploration=self.exploration, on_trial=trials, trial_share=share)
        detail = self._logged(choice, criteria, trials) | {"exploit": greedy, "explanation": self._explained(choice, state)}
        return Drawn([int(i) for i in choice.arms], [float(q) for q in choice.propensities[: len(self.arms)]], detail)

    def step(
        self,
        task_type: str,
        means: Means,
        account: str,
        criteria: SelectionCriteria,
        seed: int,
        results: Sequence[GenerationResult],
        race: str,
        *,
        explained: bool = True,
    ) -> Stepped:
        """Choose a race's next wave, or that it stops, knowing what it has shown.

        Args:
            task_type: the race's.
            means: what its account allows.
            account: what it is charged to.
            criteria: by which a reward is what it is.
            seed: of this step.
            results: what the race has shown so far, in the order in which the arms ran; none before its first wave.
            race: its id; "" before its first wave.
            explained: whether its detail says why, which takes longer than the choice.
        """
        out = [decision for decision in self._out(task_type) if decision.race_id != race]
        others = [decision for decision in out if decision.detail.get("account") == account]
        with self._lock:
            known = Counter(arm["arm_id"] for decision in out for arm in decision.arms)
            state = self._state(task_type, criteria, known, soft=self._soft)
            spent, costs = self._ledger.read(task_type, account), self._evidence.spent(task_type)
        spent = _and_pending(spent, others, means)
        rng = np.random.default_rng([seed, len(results)])
        course = RaceCourse(results, spent, costs)
        trials, share = self._on_trial, self.bred.trial_share
        drawn, choice = wave(
            self.policy, state, self._positions, course, means, rng, exploration=self.exploration, trials=trials, trial_share=share
        )
        detail = self._logged(choice, criteria, [] if results else trials) | {
            "account": account,
            "going_on": drawn.going_on,
            "stop": drawn.stop,
            "gain": drawn.gain,
            "price": drawn.price if np.isfinite(drawn.price) else None,
            "exploit": False,
        }
        if explained and len(drawn.arms):
            detail["explanation"] = self._explained(choice, state)
        return Stepped([int(i) for i in drawn.arms], [float(q) for q in drawn.propensities[: len(self.arms)]], detail, drawn.stop)

    def _logged(self, choice: ChosenSet, criteria: SelectionCriteria, trials: Sequence[int]) -> dict[str, Any]:
        """What evaluating a choice later needs, whether it is a race or a wave of one."""
        return {
            "k": len(choice.arms),
            "exploration": choice.exploration,
            "particles": choice.particles,
            "set_probability": choice.set_probability,
            "policy_version": self.policy.version,
            "weights": {"quality": criteria.quality_weight, "speed": criteria.speed_weight},
            "eligible": {arm.name: arm_id(arm) for arm in self.arms if arm.weight > 0},
            "on_trial": {"share": self.bred.trial_share, "arms": [arm_id(self.arms[i]) for i in trials]} if trials else None,
        }

    def _explained(self, choice: ChosenSet, state: State) -> dict[str, Any]:
        return explain(self._reporter, state, choice, self._names, np.random.default_rng(0)).to_dict()

    def recommend(self, task_type: str, criteria: SelectionCriteria) -> list[Recommendation]:
        """Every arm with its expected reward on a task type, best first; before any evidence that is the prior's."""
        with self._lock:
            verdicts, with_soft = self._states(task_type, criteria.shares, {})
            state = with_soft() if self._soft else verdicts
            spent = {own: Spent(0.0, *sums) for own, sums in self._evidence.spent(task_type).items()}
        believed = beliefs(self._reporter, state, self._names, np.random.default_rng(0))
        passes, fails = verdicts.passes[0].tolist(), verdicts.fails[0].tolist()
        rows = [
            Recommendation(arm, b.expected, b.low, b.high, b.chance_best, passes[i], fails[i], b.soft, spent.get(arm_id(arm), Spent()))
            for i, (arm, b) in enumerate(zip(self.arms, believed[: len(self.arms)], strict=True))
            if arm.weight > 0
        ]
        return sorted(rows, key=lambda row: -row.expected_reward)

    def goals(self, task_type: str, criteria: SelectionCriteria) -> list[ArmGoals]:
        """Every arm that may race, goal by goal (quality, speed, the measures that the criteria ask for, price), and who beats it."""
        racing = [i for i, arm in enumerate(self.arms) if arm.weight > 0]

        def draws(goal: str | None) -> Floats:
            weights = (0.0, 0.0) if goal in measures else (float(goal != "speed"), float(goal == "speed"))
            verdicts, with_soft = self._states(task_type, (weights, {goal: 1.0} if goal in measures else {}), {})
            state = with_soft() if self._soft else verdicts
            if goal is None:
                state = dataclasses.replace(state, total=state.passes, square=state.passes)
            # what one seed draws of the chance to pass is the same whatever a pass is worth
            return self._reporter.draws(state, np.random.default_rng(0), SAMPLES)[:, racing]

        with self._lock:
            seen = self._evidence.read(self._running()).measured
            measures = [name for name in criteria.measures if name in seen and seen[name][0].sum() > 0]
            goals = {name: draws(name) for name in (*OBJECTIVES, *measures)}
            spent, passing = self._evidence.spent(task_type), draws(None)
        arms = [self.arms[i] for i in racing]
        return goals_of(arms, goals, passing, [Spent(0.0, *spent.get(arm_id(arm), ())) for arm in arms])

    def state(self, task_type: str, criteria: SelectionCriteria) -> State:
        """What verdicts said of the arms on a task type, in the order of `arms`, forebears after them; nothing is pending."""
        with self._lock:
            return self._state(task_type, criteria, {}, soft=False)

    def draws(self, task_type: str, criteria: SelectionCriteria, rng: np.random.Generator, size: int) -> Floats:
        """(size, K): posterior draws of the mean rewards, in the order of `state`, whatever the policy.

        By patterns, not counts: an arm that runs where others failed is not taken to be worse than a child that meets all tasks. They
        hardly shrink an arm towards the others, as `best_set` does, which would hold back a child that is better than all.
        """
        return _APART.draws(self.state(task_type, criteria), rng, size)

    def reliabilities(self, task_type: str, arm_ids: Sequence[str]) -> list[float]:
        """Of each arm the chance that it passes on a task type: the posterior mean, with its rate on all of them worth two outcomes."""
        with self._lock:
            seen = self._evidence.read(self._running())
            row, rates = seen.task_types.get(task_type), []
            for own in arm_ids:
                column = seen.arms.get(own)
                passes, fails = (np.zeros(1), np.zeros(1)) if column is None else (seen.passes[:, column], seen.fails[:, column])
                whole = (passes.sum() + 1) / (passes.sum() + fails.sum() + 2)
                here = (0.0, 0.0) if row is None or column is None else (passes[row], fails[row])
                rates.append(float((here[0] + 2 * whole) / (here[0] + here[1] + 2)))
            return rates

    def task_types(self, *, soft: bool = False) -> list[str]:
        """The task types, by name, on which any of the arms passed or failed; where `soft`, those of which there is soft evidence, too."""
        with self._lock:
            statistics = self._evidence.read(self._running())
            rows = [statistics.arms[own] for own in self._positions if own in statistics.arms]
            seen = (statistics.passes + statistics.fails)[:, rows].sum(1) > 0
            for told in statistics.soft.values() if soft else ():
                seen |= told[:, rows].sum((1, 2, 3)) > 0
            return sorted(task_type for task_type, row in statistics.task_types.items() if seen[row])

    def _pending(self, task_type: str) -> Counter[str]:
        return Counter(arm["arm_id"] for decision in self._out(task_type) for arm in decision.arms)

    def _out(self, task_type: str) -> list[DecisionRecord]:
        """Decisions, whoever made them, that nobody has answered yet; one that a clock far ahead has dated is given up like an old one."""
        now = time.time()
        return [one for one in self._history.pending(task_type, now - PENDING_SECONDS) if one.created_at <= now + PENDING_SECONDS]

    def _state(self, task_type: str, criteria: SelectionCriteria, pending: Mapping[str, int], *, soft: bool) -> State:
        verdicts, with_soft = self._states(task_type, criteria.shares, pending)
        return with_soft() if soft else verdicts

    def _states(
        self, task_type: str, shares: tuple[tuple[float, float], dict[str, float]], pending: Mapping[str, int]
    ) -> tuple[State, Callable[[], State]]:
        """What verdicts say, and what makes of it what soft evidence says, too, of the same reading."""
        statistics = self._evidence.read(self._running())
        weights, measures = shares
        state = statistics.state(self.known, task_type, weights, pending=pending, measures=measures)
        state = self._with_births(dataclasses.replace(state, weight=state.weight * (np.arange(state.arms) < len(self.arms))))
        return state, lambda: statistics.with_soft(state, self.known, task_type)

    def _with_births(self, state: State) -> State:
        """The state with bred arms starting where their parents stand."""
        mean, strength = state.prior_mean.copy(), state.prior_strength.copy()
        for own, (parents, shares) in self.bred.origins.items():
            rows = [self._positions.get(parent) for parent in parents]
            if own in self._positions and None not in rows:
                seen = [(float(state.mean[0, row]), float(state.count[0, row])) for row in rows if row is not None]
                mean[self._positions[own]], strength[self._positions[own]] = child_prior(seen, shares)
        return dataclasses.replace(state, prior_mean=mean, prior_strength=strength)


def _and_pending(spent: Spent, decisions: Sequence[DecisionRecord], means: Means) -> Spent:
    """What was spent with what is being spent by races that are out: each of their generations at its share of the budget's mean."""
    races = {decision.race_id for decision in decisions}
    arms = sum(len(decision.arms) for decision in decisions)
    if not races:
        return spent
    each = {"generations": 1.0, means.unit: 1.0 if means.unit == "generations" else means.budget / 3}
    more = Spent(len(races), *(arms * each.get(unit, 0.0) for unit in UNITS))
    return Spent(*(a + b for a, b in zip(spent, more, strict=True)))


def settled_policy(name: str, settings: BanditSettings) -> Policy:
    """The policy of that name with its sharpness and prior strength, where they are set and it has them."""
    if name not in SETTLED_POLICIES:
        return make_policy(name)
    own = {"sharpness": settings.sharpness, SETTLED_POLICIES[name]: settings.prior_strength}
    return make_policy(name, **{key: value for key, value in own.items() if value is not None})
