"""What pictures and sentences are made of: a history read once, as arrays, and the rules that read it elsewhere, too."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
from typing import Any, cast

import numpy as np

from banditgen.arm import GeneratorConfig, arm_id, named_arm_id, plain_model
from banditgen.bandit import make_policy
from banditgen.bandit.arrays import Floats, Ints
from banditgen.errors import UsageError
from banditgen.history.base import Changes, Cursor, HistoryStore, RaceRecord
from banditgen.history.patterns import variant
from banditgen.learning.known import as_last_chosen, known_arms, strategy_of
from banditgen.learning.learner import Learner
from banditgen.report.colours import colours_of
from banditgen.scoring import SelectionCriteria
from banditgen.selection import criteria_now
from banditgen.strategy import Learning, Strategy

MOMENTS = 20  # at which beliefs of the past are asked for
DRAWS = 500
PLAIN = make_policy("thompson", sharpness=1.0)  # each arm by its own outcomes; what races showed together takes too long to ask so often
_ALL = 1 << 62
_READ = (
    *("created_at", "race_id", "task_type", "arm_id", "arm_name", "model", "digest", "prompt_version", "passed", "informative"),
    *("failure", "quality", "speed", "seconds", "tokens", "price", "step"),
)


@dataclasses.dataclass(frozen=True)
class LoggedChoices:
    """Every result, in the order of the log, as arrays (N,).

    `race` and `task_type` are positions in `races` and `task_types`, -1 where a result belongs to no race; `arm` is a position among the
    source's arms, -1 where too little is known of it. `verdict` is 1 passed, 0 failed, -1 taught nothing. Times in seconds, `tokens` and
    `price` NaN where nobody says.
    """

    created_at: Floats
    race: Ints
    task_type: Ints
    arm: Ints
    verdict: Ints
    quality: Floats
    speed: Floats
    seconds: Floats
    tokens: Floats
    price: Floats
    step: Ints
    failure: list[str | None]
    races: list[str]
    task_types: list[str]


@dataclasses.dataclass(frozen=True)
class Past:
    """What was believed at a moment, of one task type: draws (S, K) of the arms' mean rewards, and how many verdicts each had (K,).

    `until` is how many of the log's results there were by then.
    """

    until: int
    task_type: str
    draws: Floats
    outcomes: Floats
    variance: Floats  # (K,), of the rewards of one arm, pooled where it has few

    @functools.cached_property
    def chance_best(self) -> Floats:
        """(K,): each arm's chance to have the highest mean reward."""
        chances: Floats = np.bincount(self.draws.argmax(1), minlength=self.draws.shape[1]) / len(self.draws)
        return chances


class Source:
    """A history, and of which strategy and tasks it is asked.

    Args:
        history: a store; nothing is written.
        strategy: whose criteria say what a reward is; its name, or None for the one that raced last.
        task_type: of these tasks alone.

    Raises:
        UsageError: a strategy or a task type that is not there.
    """

    def __init__(self, history: HistoryStore, strategy: Strategy | str | None = None, task_type: str | None = None) -> None:
        self.history = history
        self.strategy = strategy if isinstance(strategy, Strategy) else strategy_of(history, strategy)
        self._criteria = functools.cache(criteria_now(history, self.strategy))
        self.task_type = task_type
        self._columns = history.columns(*_READ, task_type=task_type)
        if task_type is not None and not self._columns["arm_id"]:
            raise UsageError(f"the history has no result on tasks of type {task_type!r}")

    def criteria(self, task_type: str) -> SelectionCriteria:
        """Of a task type, with the weights of the moment."""
        return self._criteria(task_type)

    @functools.cached_property
    def arms(self) -> list[GeneratorConfig]:
        """Every arm that the history knows enough of, those with most results first."""
        arms = known_arms(self.history)
        known, names = {arm_id(arm) for arm in arms}, {arm.name for arm in arms}
        seen: dict[str, int] = {}
        named = dict(zip(self._columns["arm_id"], self._columns["arm_name"], strict=True))
        for own in self._columns["arm_id"]:
            seen[own] = seen.get(own, 0) + 1
        for own, name in named.items():  # of an import, which brought results alone
            if own in known or own == named_arm_id(name):
                continue
            last = self.history.last_named(name)
            if last is not None and last[1].model_used:
                arm = GeneratorConfig(name, last[1].model_used, last[1].temperature)
                if arm_id(arm) == own and name not in names:
                    arms.append(arm)
                    names.add(name)
        return sorted(arms, key=lambda arm: (-seen.get(arm_id(arm), 0) - seen.get(named_arm_id(arm.name), 0), arm.name))

    @functools.cached_property
    def names(self) -> list[str]:
        """The arms' names, all different."""
        return [str(arm.name) for arm in self.arms]

    @functools.cached_property
    def colours(self) -> dict[str, int]:
        """Each arm's colour, by name: those most likely to be the best of a task type come first."""
        chances = np.zeros(len(self.arms))
        for past in {past.task_type: past for past in self.past}.values():  # the last of each type
            chances = np.maximum(chances, past.chance_best)
        return colours_of([self.names[i] for i in np.argsort(-chances.round(2), kind="stable").tolist()])

    @functools.cached_property
    def log(self) -> LoggedChoices:
        """The results."""
        c = self._columns
        place = {arm_id(arm): i for i, arm in enumerate(self.arms)}
        place |= {named_arm_id(arm.name): i for i, arm in enumerate(self.arms)}
        race, races = _coded(c["race_id"])
        task_type, task_types = _coded(c["task_type"])
        verdict = np.where(_floats(c["informative"]) > 0, _floats(c["passed"]), -1.0)
        return LoggedChoices(
            created_at=_floats(c["created_at"]),
            race=race,
            task_type=task_type,
            arm=np.fromiter((place.get(own, -1) for own in c["arm_id"]), np.int64, len(c["arm_id"])),
            verdict=verdict.astype(np.int64),
            quality=_floats(c["quality"]),
            speed=_floats(c["speed"]),
            seconds=_floats(c["seconds"]),
            tokens=_floats(c["tokens"]),
            price=_floats(c["price"]),
            step=_floats(c["step"]).astype(np.int64),
            failure=c["failure"],
            races=races,
            task_types=task_types,
        )

    @functools.cached_property
    def learner(self) -> Learner:
        """What the strategy's policy believes of all arms now."""
        return self.believed(self.strategy.learning)

    def believed(self, learning: Learning) -> Learner:
        """What the strategy's policy believes of all arms where this is learned from."""
        plan, arms = self.strategy, as_last_chosen(self.history, self.arms)
        return Learner(self.history, arms, plan.policy, plan.bandit, learning=learning)

    @functools.cached_property
    def task_types(self) -> list[str]:
        """Those with verdicts, or what stands in for them; the ones with most results first."""
        if not self.arms:
            return []
        log = self.log
        results = dict(zip(log.task_types, np.bincount(log.task_type, minlength=len(log.task_types)).tolist(), strict=True))
        found = self.learner.task_types(soft=True)
        return sorted((kind for kind in found if self.task_type in (None, kind)), key=lambda kind: (-results.get(kind, 0), kind))

    @functools.cached_property
    def races(self) -> list[RaceRecord]:
        """The races without their results, oldest first."""
        return self.history.races(_ALL, self.task_type, results=False)[::-1]

    @functools.cached_property
    def changed(self) -> dict[str, float]:
        """Models whose digest is not the one that they began with, and when the one of now was first seen, in Unix seconds."""
        seen: dict[str, dict[str, float]] = {}
        for model, digest, at in zip(*(self._columns[name] for name in ("model", "digest", "created_at")), strict=True):
            if digest:
                seen.setdefault(plain_model(model), {}).setdefault(digest, at)
        return {model: max(own.values()) for model, own in seen.items() if len(own) > 1}

    @functools.cached_property
    def moments(self) -> Ints:
        """Numbers of results after which the past is looked at, evenly spaced, each at a race's end; the last is now."""
        race, n = self.log.race, len(self.log.race)
        wanted = np.linspace(0, n, min(MOMENTS, n) + 1).round().astype(np.int64)[1:]
        ends = np.append(np.flatnonzero((race[1:] != race[:-1]) | (race[1:] < 0)) + 1, n)
        return np.unique(ends[np.searchsorted(ends, wanted)])

    @functools.cached_property
    def past(self) -> list[Past]:
        """What each arm's own outcomes said of it at each moment, by task type; oldest first."""
        return list(self._looked_back())

    def _looked_back(self) -> Iterator[Past]:
        back = _Back(self._columns, self.moments)
        learner = Learner(cast("HistoryStore", back), self.arms, "thompson", self.strategy.bandit)
        for until in self.moments.tolist() if self.arms else ():
            back.move()
            for task_type in learner.task_types():
                state = learner.state(task_type, self.criteria(task_type))
                draws = PLAIN.draws(state, np.random.default_rng(0), DRAWS)
                count = state.count[0]
                spread = np.maximum(state.square[0] - count * state.mean[0] ** 2, 0.0)
                pooled = (spread.sum() + 0.5) / (count.sum() + 2)
                yield Past(until, task_type, draws, count, (spread + 4 * pooled) / (count + 4))


class _Back:
    """A log's running sums at moments that move on, for a `Learner` to follow: what each result by itself adds to them."""

    def __init__(self, columns: dict[str, list[Any]], moments: Ints) -> None:
        failure = [one or "" for one in columns["failure"]]
        models: dict[str, str] = {model: plain_model(model) for model in set(columns["model"])}
        verdicts = [int(passed) if counts else -1 for passed, counts in zip(columns["passed"], columns["informative"], strict=True)]
        told = zip(columns["digest"], columns["prompt_version"], strict=True)
        counted = {pair: variant(*pair) for pair in set(zip(columns["digest"], columns["prompt_version"], strict=True))}
        model = [models[name] for name in columns["model"]]
        keys = zip(columns["task_type"], columns["arm_id"], model, (counted[pair] for pair in told), verdicts, failure, strict=True)
        self._key, self._keys = _coded(list(keys))
        q, s = _floats(columns["quality"]), _floats(columns["speed"])
        spent = (np.nan_to_num(_floats(columns[name])) for name in ("seconds", "tokens", "price"))
        self._values = np.stack([np.ones(len(q)), q, s, q * q, q * s, s * s, *spent], axis=1)
        self._at = _floats(columns["created_at"])
        self._ends = iter(moments.tolist())
        self._begin = self._end = 0
        self._sums = np.zeros((len(self._keys), self._values.shape[1]))
        self._last = np.zeros(len(self._keys))
        self._new: Ints = np.zeros(0, np.int64)

    def move(self) -> None:
        """On to the next moment."""
        self._begin, self._end = self._end, next(self._ends)
        here = slice(self._begin, self._end)
        key = self._key[here]
        for column in range(self._values.shape[1]):
            self._sums[:, column] += np.bincount(key, self._values[here, column], minlength=len(self._keys))
        np.maximum.at(self._last, key, self._at[here])
        self._new = np.union1d(self._new, key)

    def evidence(self, arms: Collection[str], models: Collection[str], since: Cursor | None = None) -> Changes:
        """See `HistoryStore.evidence`; patterns and soft evidence are left out."""
        changed, self._new = self._new, np.zeros(0, np.int64)
        keys = [(i, self._keys[i]) for i in changed.tolist()]
        own = {(*key, 0): (*self._sums[i].tolist(), float(self._last[i])) for i, key in keys if key[1] in arms or key[2] in models}
        return Changes(own, {}, {}, Cursor("past", 0), since is None)


def _coded(labels: Sequence[Any]) -> tuple[Ints, list[Any]]:
    """(N,) each label's position among the different ones, -1 for None; and these."""
    known: dict[Hashable, int] = {}
    place: Callable[[Hashable], int] = lambda label: -1 if label is None else known.setdefault(label, len(known))  # noqa: E731
    return np.fromiter(map(place, labels), np.int64, len(labels)), list(known)


def _floats(values: Sequence[Any]) -> Floats:
    """(N,), NaN for None."""
    return np.array(values, float)
