"""Learn from people's feedback how candidates are best weighed: what to change, from how much evidence, and whether it helps."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

import numpy as np
from optuna.storages import BaseStorage

from banditgen._jobs import Jobs
from banditgen.bandit.arrays import Floats
from banditgen.offline.tune.bandit import BanditTuning
from banditgen.offline.tune.evidence import Evidence, Settings
from banditgen.offline.tune.permutation import REPLICATES, Gain, Said, gain
from banditgen.offline.tune.problem import Problem
from banditgen.offline.tune.steps import (
    LimitsStep,
    Measures,
    OneType,
    Pooling,
    Step,
    Weights,
    chosen_on_splits,
    quality_shares,
    ratios,
    with_quality,
)
from banditgen.offline.tune.studies import search
from banditgen.strategy import Strategy

TRIALS = 60
ERRORS = {"weights": 0.01, "types": 0.005, "measures": 0.0025, "limits": 0.0025}
"""The chance of calling noise a gain, by step: 0.02 in all, so that the 0.05 that is promised holds with room in any 200 runs."""
TYPES_REPLICATES = 400  # each is a fit of every type
LEAST = 20  # pieces of evidence below which the noise, and with it what is needed, is itself known too badly
USUAL_NEED = 60  # where the noise is not known yet: what ratings with a noise of 0.1 need, to the nearest ten
FOR_MEASURES = 10  # pieces of evidence for each objective before further measures are tried
FOR_LIMITS = 40  # pieces of evidence before scales and limits are tried
DIFFERENCE = 0.2  # in a weight: what the evidence that is "needed" would tell
NEED = 5.8  # nats in all for a power of 0.8: (2.58 + 0.84)² / 2, of a normal distance, 2.58 being what `ERRORS` allows chance
MOST_NEEDED = 5000  # beyond that, what people say does not follow the score


@dataclasses.dataclass(frozen=True)
class StepReport:
    """What one step came to: its gain over the steps before, and whether it was taken."""

    name: str
    gain: Gain
    taken: bool


@dataclasses.dataclass(frozen=True)
class Tuned:
    """What was learned.

    Args:
        strategy: the proposed one, or None where no change is beyond noise.
        weights: the best found over all, by objective; they sum to 1. Those in use where there is too little evidence to look.
        by_task_type: the same by task type, drawn to the whole.
        in_use: the weights in use, by objective.
        gain: of what is proposed, or else of the best weights found, over what is in use: held-out log-likelihood for each
            rating or preference, in nats, with its 95 % interval; None where there is too little evidence.
        evidence, preferences, left_out: ratings and preferences that were used, and those of failed candidates that were not.
        needed: ratings that it would take, about, to tell a difference of 0.2 in a weight; None where they do not follow the score.
        agreement: of pairs of candidates that people told apart, the shares that the weights in use and those found order alike.
        steps: what was tried.
        trials: finished ones, by study.
        why: in a sentence.
        bandit: what the log says of the bandit's own settings; None where it was not asked.
    """

    strategy: Strategy | None
    weights: dict[str, float]
    by_task_type: dict[str, dict[str, float]]
    in_use: dict[str, float]
    gain: Gain | None
    evidence: int
    preferences: int
    left_out: int
    needed: int | None
    agreement: tuple[float | None, float | None]
    steps: list[StepReport]
    trials: dict[str, int]
    why: str
    bandit: BanditTuning | None = None

    def with_bandit(self, bandit: BanditTuning, before: Strategy) -> Tuned:
        """The same, with what the log says of the settings of the bandit of the strategy `before`, which were tuned apart."""
        made = self.strategy
        if bandit.settings:
            base = made or dataclasses.replace(before, name=tuned_name(before))
            made = dataclasses.replace(base, bandit=dataclasses.replace(before.bandit, **bandit.settings))
        return dataclasses.replace(self, strategy=made, bandit=bandit)


def tune(
    evidence: Evidence,
    strategy: Strategy,
    *,
    storage: BaseStorage,
    trials: int = TRIALS,
    task_type: str | None = None,
    seed: int = 0,
    progress: bool = False,
    executor: Executor | None = None,
) -> Tuned:
    """Tune a strategy's criteria on what people said.

    Args:
        evidence: of any strategies: what people like does not depend on which one raced.
        strategy: the one in use, and the one that a proposal changes.
        storage: where the studies are kept.
        trials: of each study.
        task_type: only this one's evidence, and only its weights; None is all.
        seed: of the splits and of the search.
        progress: whether studies show a bar on a terminal.
        executor: shares out, among its workers, what takes longest beside the studies, which processes share by their storage; None
            does it here. The answer is the same.

    Raises:
        UsageError: the storage failed.
    """
    evidence = evidence if task_type is None else evidence.of_type(task_type)
    types = evidence.types or (task_type or "",)
    criteria = [strategy.criteria_for(name) for name in types]
    in_use = Settings.of(criteria, evidence.names)
    common = {
        "in_use": _named(evidence.names, in_use.weights[0].mean(0)),
        "evidence": len(evidence.rated),
        "preferences": len(evidence.better),
        "left_out": evidence.left_out,
    }
    obstacle = _obstacle(evidence)
    if obstacle is not None:
        own = {name: _named(evidence.names, in_use.weights[0, t]) for t, name in enumerate(evidence.types)}
        nothing: dict[str, Any] = {"gain": None, "needed": USUAL_NEED, "agreement": (None, None), "steps": [], "trials": {}}
        return Tuned(None, common["in_use"], own, **common, **nothing, why=obstacle)  # type: ignore[arg-type]
    with Jobs(executor) as jobs:
        return _Tuner(evidence, strategy, in_use, storage, trials, task_type, seed, progress, jobs).run(common)


def _obstacle(evidence: Evidence) -> str | None:
    said = count(len(evidence.rated), len(evidence.better))
    if evidence.size < LEAST:
        return f"not enough evidence: {said}, needs about {USUAL_NEED}"
    if len(evidence.better) == 0 and np.ptp(evidence.satisfaction) == 0:
        return f"all {said} are alike: they do not tell one candidate from another"
    return None


def tuned_name(strategy: Strategy) -> str:
    """What a strategy is called once it was tuned."""
    return f"{strategy.name.partition('-tuned')[0]}-tuned"


def count(ratings: int, preferences: int) -> str:
    """Ratings and preferences in words."""
    parts = [f"{ratings} rating{'' if ratings == 1 else 's'}"] if ratings or not preferences else []
    parts += [f"{preferences} preference{'' if preferences == 1 else 's'}"] if preferences else []
    return " and ".join(parts)


class _Tuner:
    def __init__(
        self,
        evidence: Evidence,
        strategy: Strategy,
        in_use: Settings,
        storage: BaseStorage,
        trials: int,
        task_type: str | None,
        seed: int,
        progress: bool,
        jobs: Jobs,
    ) -> None:
        self.evidence, self.strategy, self.in_use, self.task_type = evidence, strategy, in_use, task_type
        self.storage, self.trials, self.seed, self.progress, self.jobs = storage, trials, seed, progress, jobs
        self.rng = np.random.default_rng(seed)
        self.problem = Problem.of(evidence, in_use, self.rng)
        self.now = self.whole = in_use
        self.steps: list[StepReport] = []
        self.finished: dict[str, int] = {}

    def run(self, common: dict[str, Any]) -> Tuned:
        found, picks = self._weights()
        self._more(Measures(self.now, self.evidence.names[2:]), len(self.evidence.names) > 2, FOR_MEASURES * len(self.evidence.names))
        times = self.evidence.times
        self._more(LimitsStep(self.now, self.evidence), not np.isnan(times).any() and bool((np.ptp(times, axis=0) > 0).all()), FOR_LIMITS)
        self.whole = self.now
        best = found if self.now is self.in_use else self.now
        by_type = self._types(best, picks)
        shown = best if by_type is None else by_type
        taken = [step.gain for step in self.steps if step.taken]
        needed = self._needed(found)
        names = self.evidence.names
        return Tuned(
            strategy=self._strategy() if taken else None,
            weights=_named(names, best.weights[0].mean(0)),
            by_task_type={name: _named(names, shown.weights[0, t]) for t, name in enumerate(self.evidence.types)},
            gain=_total(taken) if taken else self.steps[0].gain,
            needed=needed,
            agreement=(self.problem.agreement(self.in_use), self.problem.agreement(self.now if taken else found)),
            steps=self.steps,
            trials=self.finished,
            why=self._why(_total(taken) if taken else None, needed),
            **common,
        )

    def _weights(self) -> tuple[Settings, Floats]:
        """Step 1; returns the settings found, taken or not, and the share of quality chosen on each split."""
        step = Weights(self.in_use)
        found = step.settings(self._search(step))
        held_out, values = chosen_on_splits(self.problem, step, self.rng)
        said, before = self._chance()
        self._judge(step.name, held_out, ratios(self.problem, step, said, before, self.rng)[0], lambda: found)
        return found, values["quality"]

    def _more(self, step: Step, possible: bool, least: int) -> None:
        if possible and self.evidence.size >= least:
            held_out, _ = chosen_on_splits(self.problem, step, self.rng)
            said, before = self._chance()
            own, _ = ratios(self.problem, step, said, before, self.rng)
            self._judge(step.name, held_out, own, lambda: step.settings(self._search(step)))

    def _types(self, whole: Settings, picks: Floats) -> Settings | None:
        """Step 4; returns the settings by type, taken or not, or None where there is one type."""
        if len(self.evidence.types) < 2:
            return None
        share = float(quality_shares(whole).mean())
        pooling = Pooling(self.problem, whole)
        said, before = self._chance(TYPES_REPLICATES)
        wholes = ratios(self.problem, Weights(whole), said, before, self.rng)[1]["quality"]
        if any(step.taken for step in self.steps[1:]):  # the whole is no longer what step 1 chooses
            picks, wholes = np.full(len(picks), share), np.full(len(wholes), share)
        held_out = pooling.chosen_on_splits(picks)
        spread, _ = pooling.spread_and_shares(share)
        even = with_quality(whole, np.array([share]))
        shares = [float(self._search(OneType(even, t, name, spread))["quality"][0]) for t, name in enumerate(self.evidence.types)]
        by_type = with_quality(even, np.array([shares]))
        self._judge("types", held_out, pooling.ratios(wholes, said, before, self.jobs), lambda: by_type)
        return by_type

    def _chance(self, replicates: int = REPLICATES) -> tuple[Said, Floats]:
        """What was said and what might have been if the settings now were right, and their fit to it (B,)."""
        rated, satisfaction, leads = self.problem.opinions(self.now.scores(self.evidence))
        weight = self.evidence.weight
        said = Said.under(rated[0], satisfaction, weight, leads[0], self.rng, replicates)
        return said, said.fit(rated, weight, leads)[0]

    def _judge(self, name: str, held_out: Floats, ratio: Floats, found: Callable[[], Settings]) -> None:
        pieces = self.problem.folds.members.sum()
        value = float((held_out - self.problem.scored(self.now).test[0]).sum() / pieces)
        own = gain(value, ratio, self.evidence.size, ERRORS[name])
        self.steps.append(StepReport(name, own, taken=own.beyond_noise))
        if own.beyond_noise:
            self.now = found()

    def _search(self, step: Step) -> dict[str, Floats]:
        name = f"banditgen tune {self.strategy.name} {step.name} {self.evidence.fingerprint}-{self.strategy.hash[:4]}-{self.seed}"
        values, finished = search(
            step, self.problem, study_name=name, storage=self.storage, trials=self.trials, seed=self.seed, progress=self.progress
        )
        self.finished[name] = finished
        return {key: np.array([round(value, 3)]) for key, value in values.items()}

    def _needed(self, found: Settings) -> int | None:
        """Pieces of evidence to tell weights that are off by `DIFFERENCE`, from how much likelier that makes what was said."""
        share = float(quality_shares(found).mean())
        off = share - DIFFERENCE if share > 0.5 else share + DIFFERENCE
        scored = self.problem.scored(with_quality(found, np.array([share, off])))
        each = float((scored.train[0] - scored.train[1]).mean()) / (self.evidence.size * (1 - 1 / self.problem.folds.count))
        needed = NEED / max(each, 1e-9)
        return None if needed > MOST_NEEDED else math.ceil(needed / 10) * 10

    def _why(self, total: Gain | None, needed: int | None) -> str:
        said = count(len(self.evidence.rated), len(self.evidence.better))
        if total is not None:
            return f"beyond noise: a gain of {total.value:.3f} ({total.low:.3f} to {total.high:.3f}) from {said}"
        if needed is None:
            return f"no change: what people said ({said}) does not follow quality or speed"
        if self.evidence.size < needed:
            return f"not enough evidence: {said}, needs about {needed}"
        return f"no change: over {said}, no weights do better than those in use beyond noise"

    def _strategy(self) -> Strategy:
        """The strategy in use with what was taken."""
        old, names = self.strategy, self.evidence.names
        taken = {step.name for step in self.steps if step.taken}
        limits = "limits" in taken
        types = {t: _criteria(old.criteria_for(t), names, self.now, i, limits) for i, t in enumerate(self.evidence.types)}
        name = tuned_name(old)
        whole = old.criteria
        if self.task_type is None and taken != {"types"}:
            whole = _criteria(whole, names, self.whole, 0, limits)
        kept = {t: own for t, own in {**old.types, **types}.items() if own != whole}
        return dataclasses.replace(old, name=name, path=None, criteria=whole, types=kept)


def _criteria(old: Any, names: tuple[str, ...], settings: Settings, t: int, limits: bool) -> Any:
    given = dict(old.measure_weights)
    unseen = {
        name: weight for name, weight in given.items() if name not in names
    }  # some rated candidate has no such measure: their share stays
    whole = old.quality_weight + old.speed_weight + sum(given.values())
    seen = 1 - sum(unseen.values()) / whole
    weights = {name: round(float(w) * seen, 3) for name, w in zip(names, settings.weights[0, t], strict=True)}
    weights |= {name: round(weight / whole, 3) for name, weight in unseen.items()}
    changes: dict[str, Any] = {
        "quality_weight": weights.pop("quality"),
        "speed_weight": weights.pop("speed"),
        "measure_weights": weights,
    }
    if limits:
        scale, limit = settings.scales[0, t], settings.limits[0, t]
        changes |= {"generation_scale": round(float(scale[0]), 2), "execution_scale": round(float(scale[1]), 3)}
        changes["min_quality_score"] = round(float(limit[0]), 3)
        for key, value in (("max_generation_time", limit[1]), ("max_execution_time", limit[2])):
            changes[key] = None if math.isinf(value) else round(float(value), 3)
    return dataclasses.replace(old, **changes)


def _total(gains: list[Gain]) -> Gain:
    """Steps follow one another, so what they gain adds up."""
    low, high, value = (sum(getattr(own, name) for own in gains) for name in ("low", "high", "value"))
    return Gain(value, low, high, max(own.chance for own in gains))


def _named(names: tuple[str, ...], weights: Floats) -> dict[str, float]:
    return {name: round(float(w), 3) for name, w in zip(names, weights, strict=True) if w > 0 or name in ("quality", "speed")}
