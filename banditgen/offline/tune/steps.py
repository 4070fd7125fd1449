"""What is tuned, one step after another, and whether a step gains beyond noise.

Each step searches ways to score around the settings that the steps before arrived at. Two questions are kept apart. *Which* settings:
an Optuna study over all evidence answers that (see `studies`). *Whether* they are better than those before: on each split the step is
taken again on the training folds alone, choosing among candidates that were laid out before anything was looked at, and judged on the
fold held out. What is compared is thus the procedure, on opinions that it had no part of.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from typing import Protocol

import numpy as np
from scipy.special import logsumexp

from banditgen._jobs import Jobs
from banditgen.bandit.arrays import Floats, Ints
from banditgen.offline.tune.evidence import Evidence, Settings
from banditgen.offline.tune.likelihood import preference_slope
from banditgen.offline.tune.permutation import Said, link
from banditgen.offline.tune.problem import Problem

GRID = np.linspace(0.0, 1.0, 101)
WEIGHT_DEVIATION = 0.3  # of a weight around the one before: with little evidence, little is changed
MEASURE_DEVIATION = 0.3  # of a further measure's weight around 0, in shares of what quality and speed weigh together
SCALE_DEVIATION = 0.7  # of a scale's natural logarithm around the one before: a factor of two is nothing unusual
SPREADS = np.array([0.01, 0.02, 0.04, 0.07, 0.1, 0.15, 0.2, 0.3, 0.45])  # of task types around the whole; the likeliest is used
CANDIDATES = 600
PARTS = 16  # jobs that replicates are divided into

Values = Mapping[str, Floats]


@dataclasses.dataclass(frozen=True)
class Parameter:
    """What a study suggests: a number between `low` and `high`, on a logarithmic scale where `log` says so."""

    low: float
    high: float
    log: bool = False


class Step(Protocol):
    """A family of settings around those before."""

    @property
    def name(self) -> str:
        """What its study is called."""
        ...

    @property
    def space(self) -> Mapping[str, Parameter]:
        """The parameters by name."""
        ...

    def start(self) -> Mapping[str, float]:
        """The parameters that leave the settings as they are, or come nearest to that."""
        ...

    def settings(self, values: Values) -> Settings:
        """C settings of parameters (C,) each."""
        ...

    def log_prior(self, values: Values) -> Floats:
        """(C,), up to a constant."""
        ...

    def candidates(self, rng: np.random.Generator) -> Values:
        """Parameters all over the space, whatever the evidence."""
        ...


@dataclasses.dataclass(frozen=True)
class Weights:
    """Step 1: quality against speed, the same for every task type."""

    base: Settings
    name: str = "weights"

    @property
    def space(self) -> Mapping[str, Parameter]:
        """Quality's share of what quality and speed weigh together."""
        return {"quality": Parameter(0.0, 1.0)}

    def start(self) -> Mapping[str, float]:
        """The mean over task types."""
        return {"quality": float(quality_shares(self.base).mean())}

    def settings(self, values: Values) -> Settings:
        """Quality and speed divide what the further measures leave."""
        return with_quality(self.base, values["quality"])

    def log_prior(self, values: Values) -> Floats:
        """Normal around the start."""
        return -0.5 * ((values["quality"] - self.start()["quality"]) / WEIGHT_DEVIATION) ** 2

    def candidates(self, rng: np.random.Generator) -> Values:  # noqa: ARG002 - the port's signature
        """A grid."""
        return {"quality": GRID}


@dataclasses.dataclass(frozen=True)
class Measures:
    """Step 2: weights of further measures, in shares of what quality and speed weigh together, and quality anew."""

    base: Settings
    names: tuple[str, ...]
    name: str = "measures"

    @property
    def space(self) -> Mapping[str, Parameter]:
        """Quality, and each measure up to as much as quality and speed together."""
        return {"quality": Parameter(0.0, 1.0), **{f"measure.{name}": Parameter(0.0, 1.0) for name in self.names}}

    def start(self) -> Mapping[str, float]:
        """As before."""
        weights = self.base.weights[0].mean(0)
        own = weights[:2].sum()
        return {
            "quality": float(weights[0] / own),
            **{f"measure.{n}": float(w / own) for n, w in zip(self.names, weights[2:], strict=True)},
        }

    def settings(self, values: Values) -> Settings:
        """Weights that sum to 1."""
        parts = [values["quality"], 1 - values["quality"], *(values[f"measure.{name}"] for name in self.names)]
        weights = np.stack(parts, axis=-1)
        weights = weights / weights.sum(-1, keepdims=True)
        return dataclasses.replace(self.base, weights=np.repeat(weights[:, None], self.base.weights.shape[1], 1))

    def log_prior(self, values: Values) -> Floats:
        """Normal around the start for quality, around 0 for measures."""
        prior = -0.5 * ((values["quality"] - self.start()["quality"]) / WEIGHT_DEVIATION) ** 2
        for name in self.names:
            prior = prior - 0.5 * (values[f"measure.{name}"] / MEASURE_DEVIATION) ** 2
        return prior

    def candidates(self, rng: np.random.Generator) -> Values:
        """Random ones of which most leave most measures at 0; the first is as before."""
        start = self.start()
        values = {"quality": rng.random(CANDIDATES)}
        for name in self.names:
            on = rng.random(CANDIDATES) < 1.5 / len(self.names)
            values[f"measure.{name}"] = np.where(on, np.minimum(np.abs(rng.normal(0, MEASURE_DEVIATION, CANDIDATES)), 1.0), 0.0)
        for name, column in values.items():
            column[0] = start[name]
        return values


@dataclasses.dataclass(frozen=True)
class LimitsStep:
    """Step 3: the seconds that score no speed, and what puts a candidate out of the running; quality anew with them."""

    base: Settings
    evidence: Evidence
    name: str = "limits"

    @property
    def space(self) -> Mapping[str, Parameter]:
        """Scales between a quarter and four times; limits from where they bind nobody to where they bind half of all."""
        generation, execution = self.base.scales[0].mean(0)
        middle, most = np.quantile(self.evidence.times, (0.5, 1.0), axis=0) + 1e-6
        quality = float(np.median(self.evidence.values[:, 0]))
        return {
            "quality": Parameter(0.0, 1.0),
            "generation_scale": Parameter(generation / 4, generation * 4, log=True),
            "execution_scale": Parameter(execution / 4, execution * 4, log=True),
            "min_quality_score": Parameter(0.0, quality),
            "max_generation_time": Parameter(float(middle[0]), float(most[0]) * 1.05, log=True),
            "max_execution_time": Parameter(float(middle[1]), float(most[1]) * 1.05, log=True),
        }

    def start(self) -> Mapping[str, float]:
        """As before, as far as the space goes."""
        scales, limits, space = self.base.scales[0].mean(0), self.base.limits[0].mean(0), self.space
        values = dict(zip(space, [float(quality_shares(self.base).mean()), *scales, *limits], strict=True))
        return {name: float(np.clip(value, space[name].low, space[name].high)) for name, value in values.items()}

    def settings(self, values: Values) -> Settings:
        """A limit at the end of its range where it binds nobody is no limit."""
        types, space = self.base.weights.shape[1], self.space
        scales = np.stack([values["generation_scale"], values["execution_scale"]], -1)
        most = [np.where(values[n] >= space[n].high * 0.999, np.inf, values[n]) for n in ("max_generation_time", "max_execution_time")]
        limits = np.stack([values["min_quality_score"], *most], -1)
        own = with_quality(self.base, values["quality"])
        return Settings(own.weights, np.repeat(scales[:, None], types, 1), np.repeat(limits[:, None], types, 1))

    def log_prior(self, values: Values) -> Floats:
        """Normal around what was before; limits have none."""
        start = self.start()
        prior = -0.5 * ((values["quality"] - start["quality"]) / WEIGHT_DEVIATION) ** 2
        for name in ("generation_scale", "execution_scale"):
            prior = prior - 0.5 * (np.log(values[name] / start[name]) / SCALE_DEVIATION) ** 2
        return prior

    def candidates(self, rng: np.random.Generator) -> Values:
        """Random ones, each parameter as before in half of them."""
        start = self.start()
        values = {}
        for name, parameter in self.space.items():
            unit = rng.random(CANDIDATES)
            low, high = (np.log((parameter.low, parameter.high))) if parameter.log else (parameter.low, parameter.high)
            drawn = low + unit * (high - low)
            values[name] = np.where(rng.random(CANDIDATES) < 0.5, start[name], np.exp(drawn) if parameter.log else drawn)
            values[name][0] = start[name]
        return values


@dataclasses.dataclass(frozen=True)
class OneType:
    """Step 4, for one task type: its own quality against speed, drawn to the whole."""

    base: Settings
    task_type: int
    label: str
    spread: float

    @property
    def name(self) -> str:
        """By its task type."""
        return f"type {self.label}"

    @property
    def space(self) -> Mapping[str, Parameter]:
        """As in step 1."""
        return {"quality": Parameter(0.0, 1.0)}

    def start(self) -> Mapping[str, float]:
        """The whole's."""
        return {"quality": float(quality_shares(self.base)[self.task_type])}

    def settings(self, values: Values) -> Settings:
        """The whole's, but for this task type."""
        everywhere = with_quality(self.base, values["quality"])
        weights = np.repeat(self.base.weights, len(everywhere.weights), 0)
        weights[:, self.task_type] = everywhere.weights[:, self.task_type]
        return dataclasses.replace(self.base, weights=weights)

    def log_prior(self, values: Values) -> Floats:
        """Normal around the whole's, as wide as task types were found to differ."""
        return -0.5 * ((values["quality"] - self.start()["quality"]) / self.spread) ** 2

    def candidates(self, rng: np.random.Generator) -> Values:  # noqa: ARG002 - the port's signature
        """A grid."""
        return {"quality": GRID}


def quality_shares(settings: Settings) -> Floats:
    """(T,): quality's share of what quality and speed weigh together, of the first settings."""
    weights = settings.weights[0]
    return np.asarray(weights[:, 0] / weights[:, :2].sum(1))


def with_quality(base: Settings, quality: Floats) -> Settings:
    """The settings with another share of quality (C,) or (C, T); what further measures weigh stays."""
    share = np.broadcast_to(np.asarray(quality).reshape(len(quality), -1), (len(quality), base.weights.shape[1]))
    weights = np.repeat(base.weights[:1], len(quality), 0)
    own = weights[..., :2].sum(-1)
    weights[..., 0], weights[..., 1] = own * share, own * (1 - share)
    return dataclasses.replace(base, weights=weights)


def chosen_on_splits(problem: Problem, step: Step, rng: np.random.Generator) -> tuple[Floats, Values]:
    """What the step chooses on each split's training part: its held-out log-likelihood (S,), and its parameters (S,)."""
    values = step.candidates(rng)
    scored = problem.scored(step.settings(values))
    pick = (scored.train + step.log_prior(values)[:, None]).argmax(0)
    return scored.test[pick, np.arange(len(pick))], {name: column[pick] for name, column in values.items()}


def ratios(problem: Problem, step: Step, said: Said, before: Floats, rng: np.random.Generator) -> tuple[Floats, Values]:
    """Log-likelihood ratios (B,) of the step's best candidate to what was `before` (B,), and that candidate's parameters (B,)."""
    values = step.candidates(rng)
    rated, _, leads = problem.opinions(step.settings(values).scores(problem.evidence))
    fitted = said.fit(rated, problem.evidence.weight, leads)
    best = (fitted + step.log_prior(values)[:, None]).argmax(0)
    own: Floats = fitted[best, np.arange(len(best))] - before
    return own, {name: column[best] for name, column in values.items()}


class Pooling:
    """Step 4: weights by task type, drawn to the whole where a type's own evidence is thin.

    The share of quality of type t is taken as normal around the whole's with deviation τ. τ is the likeliest of `SPREADS` given all
    types' evidence (empirical Bayes; Efron and Morris 1975), and each type's share the likeliest given τ and its own evidence. The
    link stays that of the whole, so a type with little to say stays where the whole is.
    """

    def __init__(self, problem: Problem, base: Settings) -> None:
        self._problem, self._base = problem, base
        e = problem.evidence
        self._rated, self._y, self._leads = problem.opinions(with_quality(base, GRID).scores(e))
        self._rated_type, self._lead_type = (np.eye(len(e.types))[e.type_of[at]] for at in (e.rated, e.better))

    def spread_and_shares(self, whole: float, train: Ints | None = None, said: Said | None = None) -> tuple[float, Floats]:
        """τ, and quality's share in every type (T,).

        Args:
            whole: quality's share over all.
            train: positions of the pieces of evidence to go by, ratings first; None is all.
            said: one column, in place of what was said; None is that.
        """
        n = len(self._y)
        all_y = self._y if said is None else said.ratings[:, 0]
        all_leads = self._leads if said is None else self._leads * said.directions[:, 0]
        train = np.arange(self._problem.evidence.size) if train is None else train
        ratings, pairs = train[train < n], train[train >= n] - n
        log = np.zeros((len(self._problem.evidence.types), len(GRID)))
        now = int(np.abs(GRID - whole).argmin())
        if len(ratings):
            weight, y = self._problem.evidence.weight[ratings], all_y[ratings]
            level, slope, variance = link(self._rated[now, ratings], y, weight)
            own = -0.5 * weight * (y - level - slope * self._rated[:, ratings]) ** 2 / variance
            log += (own @ self._rated_type[ratings]).T
        if len(pairs):
            slope = float(preference_slope(all_leads[now, None, pairs])[0])
            own = -np.logaddexp(0.0, -slope * all_leads[:, pairs])
            log += (own @ self._lead_type[pairs]).T
        prior = -0.5 * ((GRID - whole) / SPREADS[:, None, None]) ** 2
        prior = prior - logsumexp(prior, axis=-1, keepdims=True)
        likeliest = int(logsumexp(log + prior, axis=-1).sum(-1).argmax())
        return float(SPREADS[likeliest]), GRID[(log + prior[likeliest]).argmax(-1)]

    def chosen_on_splits(self, whole: Floats) -> Floats:
        """(S,): held-out log-likelihood of what is chosen on each split's training part, around that split's whole (S,)."""
        outside = self._problem.folds.members < 0.5
        shares = [self.spread_and_shares(w, np.flatnonzero(row))[1] for w, row in zip(whole, outside, strict=True)]
        return np.diagonal(self._problem.scored(with_quality(self._base, np.stack(shares))).test).copy()

    def ratios(self, whole: Floats, said: Said, before: Floats, jobs: Jobs) -> Floats:
        """(B,): log-likelihood ratios of weights by type, chosen on each column around its whole (B,), to what was `before` (B,)."""
        parts = np.array_split(np.arange(len(whole)), PARTS)
        shares = np.concatenate(jobs.map(functools.partial(self._shares_of, whole, said), parts))
        rated, _, leads = self._problem.opinions(with_quality(self._base, shares).scores(self._problem.evidence))
        return said.fit_each(rated, self._problem.evidence.weight, leads) - before

    def _shares_of(self, whole: Floats, said: Said, columns: Ints) -> Floats:
        """(columns, T): what is chosen on each of these columns."""
        return np.array([self.spread_and_shares(whole[b], said=said.column(b))[1] for b in columns])
