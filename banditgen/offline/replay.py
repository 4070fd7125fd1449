"""Run a policy over a full matrix of recorded outcomes, many seeds at once; the code that runs live runs here."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from banditgen._checks import check_whole
from banditgen._jobs import Jobs
from banditgen.arm import Arm, GeneratorConfig, check_arms
from banditgen.bandit.arrays import Floats, Ints
from banditgen.bandit.base import Policy
from banditgen.bandit.policies import make_policy
from banditgen.bandit.waves import MOST
from banditgen.errors import UsageError
from banditgen.offline.play import DrawnOutcomes, empty_state, observe, observe_arms, play, play_waves

__all__ = ["Replay", "checked_outcomes", "checked_seeds", "draw_outcomes", "empty_state", "observe", "observe_arms", "play", "replay"]
SEEDS_A_JOB = 32  # fewer would cost numpy's calls more than they bring
BUDGET_UNITS = {"generations": "", "model_seconds": "speed", "tokens": "tokens"}  # and what says what each candidate costs


@dataclasses.dataclass(frozen=True)
class Replay:
    """What a policy did on a matrix.

    Args:
        policy: its name.
        choices: (seeds, rounds, k), the arms of each race; in waves (seeds, rounds, most) in the order in which they ran, -1 where
            none did.
        rewards: as `choices`, their rewards, NaN where the matrix has none or nothing ran.
        best_reward: (seeds, rounds), what the race kept: the best of them, 0 where all were missing.
        tasks: (seeds, rounds), which task was met; the same for every policy.
        seconds: (seeds, rounds), the slowest candidate of each race, in waves all of them one after another; None where no times
            were given.
        generations: (seeds, rounds), how many candidates ran.
        model_seconds: (seeds, rounds), what they took together, or None where no times were given.
        tokens: (seeds, rounds), the tokens of all of them, or None where none were given.
    """

    policy: str
    choices: Ints
    rewards: Floats
    best_reward: Floats
    tasks: Ints
    seconds: Floats | None = None
    generations: Ints | None = None
    model_seconds: Floats | None = None
    tokens: Floats | None = None


def replay(
    policy: str | Policy,
    outcomes: ArrayLike,
    arms: Sequence[Arm],
    *,
    k: int,
    rounds: int,
    seeds: Sequence[int] | int,
    speed: ArrayLike | None = None,
    waves: bool = False,
    most: int = MOST,
    budget: float | None = None,
    budget_unit: str = "generations",
    tokens: ArrayLike | None = None,
    executor: Executor | None = None,
) -> Replay:
    """Play `rounds` races for each seed: of k arms at once, or in waves of one arm that spend k generations in the mean.

    In waves an arm above temperature 0 that has failed may run again in the race: its second answer is one of its recorded candidates on
    the task, drawn like the first, so that it is the same where there is but one.

    Args:
        policy: a name of `make_policy`, or a policy.
        outcomes: (arms, tasks, samples), rewards in [0, 1], NaN for missing: a missing outcome costs its place in the race and
            teaches nothing, so policies that first try what they never saw go on trying an arm that has none.
        arms: the matrix's rows as `GeneratorConfig`s, or objects with an arm's attributes; weight 0 is never raced.
        k: arms in each race, all different; in waves the mean number of generations that a race may spend.
        rounds: races for each seed.
        seeds: the seeds, or how many of them from 0. Tasks and samples are drawn from the seed alone, with replacement, so
            two policies meet the same tasks and the same outcomes of each arm.
        speed: (arms, tasks, samples), the seconds of each candidate.
        waves: run one arm after another, each chosen and the race stopped by what the race has shown.
        most: generations of one race in waves, at most.
        budget: mean spending of a race in waves, in `budget_unit`; takes the place of k. None is k generations.
        budget_unit: "generations"; or "model_seconds", which needs `budget` and `speed`; or "tokens", which needs `budget` and `tokens`. A
            strategy's "price" is its tokens' here.
        tokens: (arms, tasks, samples), the tokens of each candidate, read and written.
        executor: plays the seeds on its workers, 32 a job at most; None plays all here. A policy of the caller's must be picklable
            where workers are processes. Neither changes any number.

    Raises:
        UsageError: shapes that do not fit, rewards that are not numbers in [0, 1], a k, rounds, seeds or most below 1, a budget that is
            no number above 0, an unknown unit, or one without what it needs.
    """
    arms = check_arms(arms)
    chosen = make_policy(policy) if isinstance(policy, str) else policy
    k, rounds = check_whole("k", k), check_whole("rounds", rounds)
    seeds = checked_seeds(seeds)
    rewards = checked_outcomes(outcomes, len(arms))
    weight = np.array([float(arm.weight) for arm in arms])
    if not 1 <= k <= (weight > 0).sum() or rounds < 1 or not seeds:
        raise UsageError(
            f"replay needs 1 <= k <= {(weight > 0).sum()} arms, rounds and seeds of at least 1, not {k!r}, {rounds!r}, {seeds!r}"
        )
    costs = {name: _costs(name, given, rewards.shape) for name, given in (("speed", speed), ("tokens", tokens)) if given is not None}
    most, budget = check_whole("most", most), _budget(k, budget, budget_unit, costs)
    game = _Game(chosen, arms, weight, rewards, costs, rounds, k, waves, most, budget, budget_unit)
    if executor is None:
        return game.play(seeds)
    parts = np.array_split(np.array(seeds), -(-len(seeds) // SEEDS_A_JOB))
    with Jobs(executor) as jobs:
        return _together(jobs.map(game.play, [part.tolist() for part in parts]))


@dataclasses.dataclass(frozen=True)
class _Game:
    """A checked replay, for any seeds."""

    policy: Policy
    arms: Sequence[GeneratorConfig]
    weight: Floats
    rewards: Floats
    costs: Mapping[str, Floats]
    rounds: int
    k: int
    waves: bool
    most: int
    budget: float
    budget_unit: str

    def play(self, seeds: Sequence[int]) -> Replay:
        """Play these seeds; each plays as it does alone."""
        table, tasks, sample = draw_outcomes(self.rewards, self.rounds, seeds)
        state = empty_state(self.arms, self.weight, len(seeds))
        if self.waves:
            further = _further(self.rounds, self.most, seeds)
            drawn = DrawnOutcomes(self.rewards, tasks, sample, further, self.costs.get(BUDGET_UNITS[self.budget_unit]))
            choices, samples = play_waves(self.policy, drawn, state, seeds, self.budget, self.most)
        else:
            choices = play(self.policy, table, state, self.k, seeds)
            samples = np.take_along_axis(sample, choices, 2)
        ran, met = choices >= 0, (np.maximum(choices, 0), tasks[..., None], samples)
        picked = np.where(ran, self.rewards[met], np.nan)
        each = {name: np.where(ran, np.nan_to_num(cost[met]), 0.0) for name, cost in self.costs.items()}
        sums = {name: cost.sum(2) for name, cost in each.items()}
        return Replay(
            policy=self.policy.name,
            choices=choices,
            rewards=picked,
            best_reward=np.nan_to_num(picked).max(2),
            tasks=tasks,
            seconds=None if "speed" not in each else sums["speed"] if self.waves else each["speed"].max(2),
            generations=ran.sum(2),
            model_seconds=sums.get("speed"),
            tokens=sums.get("tokens"),
        )


def _together(parts: Sequence[Replay]) -> Replay:
    """Replays of one policy as one, their seeds in this order."""
    fields = {field.name: [getattr(part, field.name) for part in parts] for field in dataclasses.fields(Replay)}
    joined = {name: None if values[0] is None else np.concatenate(values) for name, values in fields.items() if name != "policy"}
    return Replay(parts[0].policy, **joined)  # type: ignore[arg-type]  # those that are None may be


def _budget(k: int, budget: float | None, unit: str, costs: Collection[str]) -> float:
    if unit not in BUDGET_UNITS:
        raise UsageError(f"budget_unit must be one of {', '.join(BUDGET_UNITS)}, not {unit!r}")
    needed = BUDGET_UNITS[unit]
    if needed and (budget is None or needed not in costs):
        raise UsageError(f"a budget of {unit.replace('_', ' ')} needs budget= and {needed}=")
    number = k if budget is None else budget
    if isinstance(number, bool) or not isinstance(number, int | float | np.number) or not 0 < number < np.inf:
        raise UsageError(f"budget must be a number above 0, not {budget!r}")
    return float(number)


def checked_seeds(seeds: Any) -> list[int]:
    """The seeds, or that many from 0 (UsageError where they are neither)."""
    if not isinstance(seeds, Iterable):
        return list(range(check_whole("seeds", seeds)))
    return [check_whole("a seed", seed, 0) for seed in seeds]


def _floats(name: str, values: ArrayLike) -> Floats:
    try:
        array = np.asarray(values)
    except ValueError:  # ragged
        array = np.array("")
    if array.dtype.kind not in "fiub":
        raise UsageError(f"{name} must be an array of numbers of the shape (arms, tasks, samples)")
    return array.astype(float)


def checked_outcomes(outcomes: ArrayLike, arms: int) -> Floats:
    """The outcomes as floats.

    Raises:
        UsageError: a shape other than (arms, tasks, samples), or values that are neither NaN nor in [0, 1].
    """
    rewards = _floats("outcomes", outcomes)
    if rewards.ndim != 3 or rewards.shape[0] != arms or 0 in rewards.shape:
        raise UsageError(f"outcomes must have the shape (arms, tasks, samples) with {arms} arms, not {rewards.shape}")
    if not (np.isnan(rewards) | ((rewards >= 0) & (rewards <= 1))).all():
        raise UsageError("outcomes must be rewards in [0, 1], or NaN where one is missing")
    return rewards


def draw_outcomes(rewards: Floats, rounds: int, seeds: Sequence[int]) -> tuple[Floats, Ints, Ints]:
    """Every arm's outcome in every round, its task and its sample: (seeds, rounds, arms), (seeds, rounds), (seeds, rounds, arms).

    A sample is drawn among those that are not missing; where an arm has none on the task, the outcome is NaN.
    """
    arms, tasks, _ = rewards.shape
    order = np.argsort(np.isnan(rewards), axis=2, kind="stable")
    count = (~np.isnan(rewards)).sum(2)
    task = np.empty((len(seeds), rounds), np.int64)
    unit = np.empty((len(seeds), rounds, arms))
    for i, seed in enumerate(seeds):
        rng = np.random.default_rng(int(seed))
        task[i] = rng.integers(tasks, size=rounds)
        unit[i] = rng.random((rounds, arms))
    arm = np.arange(arms)
    position = (unit * np.maximum(count[arm, task[..., None]], 1)).astype(np.int64)
    sample = order[arm, task[..., None], position]
    return rewards[arm, task[..., None], sample], task, sample


def _further(rounds: int, most: int, seeds: Sequence[int]) -> Floats:
    """(seeds, rounds, most), in [0, 1): what decides which recorded candidate a second answer is."""
    return np.stack([np.random.default_rng([int(seed), 2]).random((rounds, most)) for seed in seeds])


def _costs(name: str, given: ArrayLike, shape: tuple[int, ...]) -> Floats:
    values = _floats(name, given)
    if (values < 0).any() or np.isinf(values).any():
        raise UsageError(f"{name} must be {'seconds' if name == 'speed' else 'numbers'} of at least 0")
    if values.shape != shape:
        raise UsageError(f"{name} must have the outcomes' shape {shape}, not {values.shape}")
    return values
