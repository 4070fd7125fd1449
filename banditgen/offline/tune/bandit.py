"""The bandit's own settings: tried on the logged decisions, and taken only where the log says that they are worth more."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor

import numpy as np

from banditgen._jobs import Jobs
from banditgen.arm import GeneratorConfig
from banditgen.bandit import KEEP
from banditgen.bandit.arrays import Floats
from banditgen.errors import UsageError
from banditgen.history.base import HistoryStore
from banditgen.learning.learner import settled_policy
from banditgen.offline.counterfactual import Logged
from banditgen.offline.evaluate import Estimate, Log, compare
from banditgen.offline.replay import replay
from banditgen.strategy import Strategy
from banditgen.strategy.file import SETTLED_POLICIES, BanditSettings

NEWEST = 500  # races that are read
LEAST = 100  # usable decisions: a half to choose on, a half to test on
CONFIDENCE = 0.99  # of the test's interval: 0.005 on the side that would call noise a gain
WORLDS = 40  # drawn from the log, in each of which both are played from the start
MARGIN = 0.01  # of mean reward: what a setting may lose in those worlds at most
SAMPLES = 64  # outcomes of each arm in a world


@dataclasses.dataclass(frozen=True)
class BanditTuning:
    """What the log says of other settings.

    Args:
        settings: the proposed ones, by name; empty where nothing is proposed.
        gain: in mean reward of the raced arms, with its interval, of the best other setting on decisions it was not chosen on.
        why: in a sentence.
    """

    settings: dict[str, float]
    gain: Estimate | None
    why: str


def tune_bandit(history: HistoryStore, strategy: Strategy, *, seed: int = 0, executor: Executor | None = None) -> BanditTuning:
    """Try other values of prior_strength, sharpness and keep on a history.

    One setting is changed at a time. The best is chosen on the first half of the usable decisions by its doubly robust value, and
    tested on the second half. A single decision's value does not show what exploring would have taught, so it must also lose
    nothing when both are played from the start in worlds drawn from the log. The share of random sets (`exploration`) is not
    tuned: it is what later answers like this one live on.

    Each value, and each world, is a job for the executor; None runs them here, one after another, and comes to the same.
    """
    if strategy.policy not in SETTLED_POLICIES:
        return BanditTuning({}, None, f"the policy {strategy.policy} has no settings to tune")
    read = Logged.read(history, strategy, NEWEST)
    try:
        arms = read.arms(history, strategy)
    except UsageError as error:
        return BanditTuning({}, None, f"can't say: {error}")
    read = read.able(arms)
    if len(read.races) < LEAST:
        return BanditTuning({}, None, f"can't say: {len(read.races)} usable decisions, needs {LEAST}")
    with Jobs(executor) as jobs:
        return _tuned(read, strategy, arms, seed, jobs)


def _tuned(read: Logged, strategy: Strategy, arms: Sequence[GeneratorConfig], seed: int, jobs: Jobs) -> BanditTuning:
    others = _others(strategy, read)
    before, *found = jobs.map(read.chances, [(_with(strategy, own), arms, seed) for own in ({}, *others)])
    tried = list(zip(others, found, strict=True))
    log, half = read.log, len(read.races) // 2
    first, second = _part(log, slice(None, half)), _part(log, slice(half, None))
    valued = [(compare(first, before[:half], chances[:half]).difference.value, own, chances) for own, chances in tried]
    known = [(value, own, chances) for value, own, chances in valued if value is not None]
    if not known:
        return BanditTuning({}, None, "can't say: the log tells too little of any other setting")
    _, own, chances = max(known, key=lambda one: one[0])
    test = compare(second, before[half:], chances[half:], confidence=CONFIDENCE)
    said = ", ".join(f"{name} = {value:g}" for name, value in own.items())
    if test.refusal is not None or test.difference.low is None:
        return BanditTuning({}, None, f"can't say: {said} looked best, but {test.refusal}")
    if test.difference.low <= 0:
        return BanditTuning({}, test.difference, f"no change: {said} looked best, but not beyond noise")
    loss = _loss(log, arms, read.column, (strategy, _with(strategy, own)), seed, jobs)
    if loss > MARGIN:
        return BanditTuning({}, test.difference, f"no change: {said} is worth more now, but may lose {loss:.3f} by exploring less")
    return BanditTuning(own, test.difference, f"{said} is worth {test.difference.value:+.3f} in mean reward")


def _others(strategy: Strategy, read: Logged) -> list[dict[str, float]]:
    """A quarter and four times of each setting, and the policy's own default where that is not in use."""
    now, default = (settled_policy(strategy.policy, settings) for settings in (strategy.bandit, BanditSettings()))
    others: list[dict[str, float]] = []
    for name, attribute in (("prior_strength", SETTLED_POLICIES[strategy.policy]), ("sharpness", "sharpness")):
        value, usual = float(getattr(now, attribute)), float(getattr(default, attribute))
        others += [{name: other} for other in dict.fromkeys((value / 4, value * 4, usual)) if other != value]
    digests = {(result.model_used, result.digest) for race in read.races for result in race.results if result.digest}
    if len(digests) > len({model for model, _ in digests}):
        kept = KEEP if strategy.bandit.keep is None else strategy.bandit.keep
        others += [{"keep": value} for value in (0.0, 0.5, 1.0) if value != kept]
    return others


def _with(strategy: Strategy, own: dict[str, float]) -> Strategy:
    return dataclasses.replace(strategy, bandit=dataclasses.replace(strategy.bandit, **own))


def _part(log: Log, rows: slice) -> Log:
    return Log(log.arms[rows], log.rewards[rows], log.propensities[rows])


def _loss(
    log: Log, arms: Sequence[GeneratorConfig], column: Mapping[str, int], pair: tuple[Strategy, Strategy], seed: int, jobs: Jobs
) -> float:
    """What the second may lose in mean reward, at most (97.5 %), where both are played from the start in worlds like the log's."""
    rng = np.random.default_rng([seed, 2])
    arms = [arm for arm in arms if arm.weight > 0]
    rows = [log.rewards[log.arms == column[arm.arm_id]] for arm in arms]
    everything = log.rewards[~np.isnan(log.rewards)]
    size = min(int(np.bincount((log.arms >= 0).sum(1)).argmax()), len(arms))  # the commonest number of arms
    # two outcomes of any arm among each arm's own: one that was hardly raced is not taken to be as it looked
    worlds = [np.stack([rng.choice(np.r_[row, rng.choice(everything, 2)], (1, SAMPLES)) for row in rows]) for _ in range(WORLDS)]
    play = functools.partial(_means, pair, arms, size, len(log.arms))
    differences = [first - second for first, second in jobs.map(play, [(world, seed + number) for number, world in enumerate(worlds)])]
    return float(np.mean(differences) + 2 * np.std(differences, ddof=1) / len(differences) ** 0.5)


def _means(
    pair: tuple[Strategy, Strategy], arms: Sequence[GeneratorConfig], size: int, rounds: int, world: tuple[Floats, int]
) -> tuple[float, float]:
    """The mean reward of both in a world."""
    outcomes, seed = world

    def mean(strategy: Strategy) -> float:
        played = replay(settled_policy(strategy.policy, strategy.bandit), outcomes, arms, k=size, rounds=rounds, seeds=[seed])
        return float(np.nanmean(played.rewards))

    return mean(pair[0]), mean(pair[1])
