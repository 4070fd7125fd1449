"""Whether it pays to race different arms, or different ones on each type of task, or one arm alone is as good.

Plans are chosen on some tasks and judged on others, in turns (cross-fitting), so that what is said of a plan is not what it was chosen
for; each task counts once, and intervals are over tasks.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from banditgen.bandit.arrays import Floats, Ints
from banditgen.offline.matrix.outcomes import Matrix
from banditgen.offline.matrix.plans import LEAST_GAIN, Plans, failing, ordered, solved, spent
from banditgen.offline.matrix.rates import Interval, difference_interval, mean_interval

LEAST_TASKS = 2  # one to choose on, one to judge on
FOLDS = 2  # with more the choices share most of their tasks, and intervals come out too narrow
REPEATS = 4  # of the cross-fitting, each with folds of its own
BLOCK = 2_000_000  # numbers at a time
WORTHWHILE = 0.1  # of tasks solved: what routing could bring at most where it is said not to pay
STANDARD_ERRORS = 1.5  # by which a type's own plan has to be ahead of that of all types where it is chosen
CLEARLY = 0.02  # of tasks solved, by which plans by type have to be ahead of one plan for all,
FEWER = 0.85  # or have to spend so small a share of its generations
TIE = 1e-7  # of equals, that with fewer arms


@dataclasses.dataclass(frozen=True)
class Judged:
    """A way to solve tasks: its plan, chosen on all tasks, and its figures, from tasks that it was not chosen on.

    Args:
        arms: the names of the tries, in their order; the race ends with the first pass. Of a way that differs by type that of all types.
        solved: the share of tasks solved.
        generations: expected of a task.
        by_type: the plan of each type, where it differs.
    """

    arms: tuple[str, ...]
    solved: Interval
    generations: float
    by_type: dict[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Routing:
    """Whether routing pays, and what to use.

    Args:
        single: the best arm alone, tried again where it fails.
        set: the best plan, of whatever arms.
        typed: the best plan of each type of task; None where there is one type.
        gain: what the better of these two brings over `single`, in share of tasks solved, on the same tasks.
        pays: true, false, or None where nobody can say.
        by: what pays, "set" or "type"; the better one where nothing is sure.
        more_tasks: about how many more would tell, where nobody can say; None where no number of tasks would.
        tasks, depth: on how many this rests, and how many samples of each arm on each.
        worthwhile: the gain, in share of tasks solved, that routing has to reach to be worth its trouble.
    """

    single: Judged
    set: Judged
    typed: Judged | None
    gain: Interval
    pays: bool | None
    by: str
    more_tasks: int | None
    tasks: int
    depth: int
    worthwhile: float

    @property
    def recommended(self) -> Judged:
        """What to race on all types: the set where it pays or promises more than half of what is worthwhile, else one arm."""
        promising = self.gain.value > self.worthwhile / 2 if self.pays is None else self.pays
        return self.set if promising else self.single


def route(matrix: Matrix, k: int = 3, *, confidence: float = 0.95, worthwhile: float = WORTHWHILE) -> Routing | None:
    """Judge plans of at most k tries on a matrix; None where there are no two tasks with verdicts of the arms.

    With one sample each nobody knows what trying an arm again would bring: then routing is only ever found not to pay, against one try.

    Args:
        matrix: the outcomes.
        k: tries of a task, at most.
        confidence: of the intervals.
        worthwhile: the gain below which routing is said not to pay, if it cannot be more.
    """
    arms, tasks, depth = matrix.comparable(k)
    if tasks.sum() < LEAST_TASKS or depth == 0:
        return None
    used = matrix.some(np.flatnonzero(arms), np.flatnonzero(tasks))
    fitted = _Fitted(used, k if depth == 1 else depth, depth, confidence)
    single, best, typed = fitted.single(), fitted.best(), fitted.typed() if len(set(used.types)) > 1 else None
    ways = {"set": best} if typed is None else {"set": best, "type": typed}
    # to be found to pay by mistake, either has half of the error, its interval's lower end; not to pay, both have to be below the bound
    found = {by: _gain(way, single, confidence) for by, way in ways.items()}
    surer = typed is not None and found["set"].low > 0 >= found["type"].low
    by = "type" if typed is not None and not surer and _is_better(typed.judged, best.judged) else "set"
    gain = found[by]
    pays = True if gain.low > 0 and depth >= min(k, 2) else False if max(one.high for one in found.values()) < worthwhile else None
    more = None if pays is not None or depth < min(k, 2) else _more(gain, len(used.tasks), worthwhile)
    return Routing(
        single.judged, best.judged, None if typed is None else typed.judged, gain, pays, by, more, len(used.tasks), depth, worthwhile
    )


def _is_better(typed: Judged, one: Judged) -> bool:
    """Whether plans by type are better than one for all by so much that they are worth their rules."""
    if not typed.by_type or typed.solved.value < one.solved.value - CLEARLY:
        return False
    return typed.solved.value > one.solved.value + CLEARLY or typed.generations < FEWER * one.generations


def _gain(way: _Way, single: _Way, confidence: float) -> Interval:
    return _averaged([difference_interval(values, confidence) for values in way.values - single.values])


def _averaged(intervals: Sequence[Interval]) -> Interval:
    """Of one figure by several splits into folds: their mean varies less than each, and does not claim to."""
    return Interval(*(float(np.mean(bounds)) for bounds in zip(*intervals, strict=True)))


def _more(gain: Interval, tasks: int, worthwhile: float) -> int:
    """About how many more tasks would part the gain from 0, or from what is worthwhile: intervals shrink with the root of their number."""
    half, wanted = gain.high - gain.value, max(gain.value, worthwhile - gain.value)
    return max(math.ceil(tasks * ((half / wanted) ** 2 - 1)), 1)


@dataclasses.dataclass(frozen=True)
class _Way:
    """What is said of a way to solve tasks, and (REPEATS, T) the chance of each task to be solved by it."""

    judged: Judged
    values: Floats


class _Fitted:
    """All plans on all tasks, each judged on the tasks of a fold and chosen on those of the others.

    Args:
        matrix: every arm has at least `depth` samples of every task.
        most: tries of a plan.
        depth: of them by the same arm.
        confidence: of the intervals.
    """

    def __init__(self, matrix: Matrix, most: int, depth: int, confidence: float) -> None:
        self._matrix, self._confidence = matrix, confidence
        self._samples = float(matrix.tried.min())
        self._plans = Plans.of(len(matrix.arms), most, depth)
        self._chances = failing(matrix, depth)
        seconds = np.nan_to_num(matrix.mean_seconds())
        self._seconds = seconds / max(float(seconds.max()), 1e-9)
        self._types = list(dict.fromkeys(matrix.types))
        self._type = np.array([self._types.index(own) for own in matrix.types])
        self._folds = _folds(self._type)
        held = np.zeros((len(matrix.tasks), len(self._types), REPEATS, int(self._folds.max()) + 1))
        for repeat, folds in enumerate(self._folds):
            held[np.arange(len(folds)), self._type, repeat, folds] = 1
        self._cost = LEAST_GAIN * self._plans.size + TIE * self._plans.distinct + TIE**2 * self._taken()
        sums, total = self._solved(held.reshape(len(held), -1)).reshape(-1, *held.shape[1:]), held[:, :, 0].sum((0, 2))
        whole = sums[:, :, 0].sum(2)  # (N, types)
        # what is known without the tasks of each fold, and in the last column of all
        self._sums = np.concatenate([whole[..., None] - sums.reshape(*whole.shape, -1), whole[..., None]], axis=2)
        self._tasks = np.concatenate([total[:, None] - held.sum(0).reshape(len(total), -1), total[:, None]], axis=1)

    def _taken(self) -> Floats:
        """(N,): seconds of the tries of each plan, as a share of the slowest arm's."""
        return np.asarray((self._seconds[self._plans.arms] * self._plans.times).sum(1))

    def _solved(self, weights: Floats) -> Floats:
        """(N, columns): tasks that each plan solves, summed with these weights (T, columns)."""
        step = max(1, BLOCK // max(len(weights), 1))
        blocks = [slice(start, start + step) for start in range(0, len(self._plans.arms), step)]
        return np.concatenate([(1 - self._plans.fail(self._chances, block)) @ weights for block in blocks])

    def single(self) -> _Way:
        """One arm, tried again."""
        return self._chosen(np.where(self._plans.distinct == 1, self._cost, np.inf))

    def best(self) -> _Way:
        """Whatever arms."""
        return self._chosen(self._cost)

    def _chosen(self, cost: Floats) -> _Way:
        score = self._sums.sum(1) / np.maximum(self._tasks.sum(0), 1) - cost[:, None]
        return self._judged(np.broadcast_to(score.argmax(0), (len(self._types), score.shape[1])))

    def typed(self) -> _Way:
        """Whatever arms on each type, which are those of all types unless others are clearly ahead there.

        As in Breiman and others 1984, "Classification and regression trees", section 3.4.3: of what can hardly be told apart the simpler.
        """
        everywhere = self._sums.sum(1) / np.maximum(self._tasks.sum(0), 1)
        common = (everywhere - self._cost[:, None]).argmax(0)
        rows = (self._sums / np.maximum(self._tasks, 1) - self._cost[:, None, None]).argmax(0)
        for kind, column in np.argwhere(rows != common):
            tasks = (self._type == kind) & ~self._held(int(column))
            own, shared = 1 - self._plans.fail(self._chances[:, :, tasks], np.array([rows[kind, column], common[column]]))
            ahead = own - shared
            if len(ahead) < LEAST_TASKS or ahead.sum() <= STANDARD_ERRORS * math.sqrt(len(ahead)) * ahead.std(ddof=1):
                rows[kind, column] = common[column]
        return self._judged(rows)

    def _held(self, column: int) -> NDArray[np.bool_]:
        """(T,): which tasks a column of the sums was not chosen on; of the last none."""
        repeat, fold = divmod(column, int(self._folds.max()) + 1)
        return self._folds[repeat] == fold if repeat < REPEATS else np.zeros(len(self._type), bool)

    def _judged(self, rows: Ints) -> _Way:
        """What is to be said of plans (types, folds and all) on the tasks that they were not chosen on."""
        values, tries = np.zeros((REPEATS, len(self._type))), np.zeros((REPEATS, len(self._type)))
        folds = int(self._folds.max()) + 1
        for repeat in range(REPEATS):
            for fold in range(folds):
                held = self._folds[repeat] == fold
                for kind in np.unique(self._type[held]):
                    column, mine = repeat * folds + fold, held & (self._type == kind)
                    order = self._order(int(rows[kind, column]), ~held)
                    chances = self._chances[:, :, mine]
                    values[repeat, mine], tries[repeat, mine] = solved(order, chances), spent(order, chances)
        plans = {name: self._names(int(rows[kind, -1])) for kind, name in enumerate(self._types)}
        everything = np.bincount(rows[:, -1]).argmax()
        interval = _averaged([mean_interval(row, self._samples, self._confidence) for row in values])
        by_type = plans if len(set(plans.values())) > 1 else {}
        return _Way(Judged(self._names(int(everything)), interval, float(tries.mean()), by_type), values)

    def _names(self, row: int) -> tuple[str, ...]:
        return tuple(self._matrix.arms[arm] for arm in self._order(row, np.ones(len(self._type), bool)))

    def _order(self, row: int, tasks: Ints) -> tuple[int, ...]:
        return ordered(self._plans.tries(row), self._chances[:, :, tasks], self._seconds)


def _folds(types: Ints) -> Ints:
    """(REPEATS, T): the fold of each task, each time others; types are spread over the folds."""
    rng, count = np.random.default_rng(0), min(FOLDS, len(types))
    folds = np.empty((REPEATS, len(types)), np.int64)
    for row in folds:
        order = rng.permutation(len(types))
        row[order[np.argsort(types[order], kind="stable")]] = np.arange(len(types)) % count
    return folds
