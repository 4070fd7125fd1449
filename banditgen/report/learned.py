"""What was learned, in sentences: each with what it rests on, and what is in doubt."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator

import numpy as np

from banditgen._text import counted
from banditgen.evolution.experts import MIN_PROBABILITY, Standing, standings
from banditgen.learning.learner import Recommendation
from banditgen.offline.counterfactual import Logged
from banditgen.offline.evaluate import compare
from banditgen.report.calibration import CREDIBILITIES, Held
from banditgen.report.source import Source
from banditgen.report.table import count, moment, share
from banditgen.result import FailureKind
from banditgen.strategy import Learning

MOST_TYPES = 8  # that have a sentence each
LOGGED = 1000  # of the newest races, for what choosing is worth
LEAST_HELD = 20  # intervals, for a sentence on them
LIKELY = 0.8  # from this chance on an arm "looks best"


@dataclasses.dataclass(frozen=True)
class Finding:
    """A sentence, what it rests on, and what is in doubt; `sure` where it is beyond doubt, None where that is no question."""

    sentence: str
    evidence: str
    doubt: str
    sure: bool | None = None


def learned(source: Source, held: list[Held]) -> list[Finding]:
    """What the history says, the most useful first.

    Args:
        source: of it.
        held: what `calibration.held` found of it.
    """
    if not source.races and not source.task_types:
        return [
            Finding(
                "Nothing was raced here yet.",
                "The history holds no race.",
                "Everything else, until `banditgen run` or `banditgen demo` makes the first race.",
            )
        ]
    found = [*_best(source)]
    found += [*_choosing(source), *_honest(held)]
    for of in (_solved, _spent, _taught_nothing, _opinions, _changed_models):
        found += of(source)
    return found


def _best(source: Source) -> Iterator[Finding]:
    learner = source.believed(Learning("off"))  # an arm is the best by verdicts
    soft = {kind for kind in source.task_types if any(row.soft for row in source.learner.recommend(kind, source.criteria(kind)))}
    told = {standing.task_type: standing for standing in (standings(learner, source.criteria) if source.arms else [])}
    kinds = [kind for kind in source.task_types if kind in told]
    for kind in kinds[:MOST_TYPES]:
        yield _standing(told[kind], "By verdicts alone, " if kind in soft else "")
    if len(kinds) > MOST_TYPES:
        sure = sum(told[kind].doubt is None for kind in kinds[MOST_TYPES:])
        yield Finding(
            f"Of {len(kinds) - MOST_TYPES} further types of tasks {sure} have a best arm beyond doubt.",
            "They have fewer results than those above.",
            "`banditgen tools` names them.",
        )


def _standing(standing: Standing, basis: str) -> Finding:
    leader, kind = standing.leader, standing.task_type
    others = sorted((row for row in standing.arms if row is not leader), key=lambda row: -row.chance_best)[:2]
    evidence = basis + " ".join(f"{row.name}: {_believed(row)}." for row in (leader, *others))
    if standing.doubt is None:
        doubt = f"In at most {share(1 - MIN_PROBABILITY)} of all histories a sentence like this one is ever wrong, however often one "
        doubt += "looks. It is of tasks like these, and of the models as they are."
        return Finding(f"For {kind}, {leader.name} is the best arm beyond doubt.", evidence, doubt, sure=True)
    if len(standing.arms) == 1:
        return Finding(f"For {kind}, {leader.name} is the only arm.", evidence, "There is nothing to compare it with.")
    doubt = f"{_raised(standing.doubt)}."
    if leader.chance_best >= LIKELY:
        return Finding(f"For {kind}, {leader.name} looks best so far, but not beyond doubt.", evidence, doubt, sure=False)
    return Finding(f"For {kind}, it cannot be told yet which arm is best.", evidence, doubt, sure=False)


def _raised(text: str) -> str:
    return text[:1].upper() + text[1:]


def _believed(row: Recommendation) -> str:
    interval = f"{row.expected_reward:.2f} (95 %: {row.low:.2f} to {row.high:.2f})"
    verdicts = f"after {count(row.passes)} of {count(row.outcomes)} passed" if row.outcomes else "without a verdict of its own here"
    return f"expected reward {interval} {verdicts}, best with chance {share(row.chance_best)}"


def _choosing(source: Source) -> Iterator[Finding]:
    """Whether choosing by what was learned has paid, against choosing evenly: doubly robust, on logged chances."""
    if not source.races:
        return
    read = Logged.read(source.history, source.strategy, LOGGED, told=False)
    left = {reason: n for reason, n in read.left_out.items() if n}
    outside = "; ".join(f"{n} decisions {reason}" for reason, n in left.items())
    doubt = (
        f"Of the newest {counted(min(LOGGED, len(source.races)), 'race')}{f', left out: {outside}' if outside else ''}. Choosing evenly is "
    )
    doubt += "every arm that could race, equally often."
    if not read.races:
        yield Finding(
            "It cannot be said whether choosing by what was learned pays.",
            "No decision that was left to chance has all its outcomes.",
            doubt,
        )
        return
    log = read.log
    even = np.where(
        log.propensities > 0, log.propensities.sum(1, keepdims=True) / np.maximum((log.propensities > 0).sum(1, keepdims=True), 1), 0.0
    )
    found = compare(log, even, log.propensities)
    difference = found.difference
    if found.refusal is not None or difference.value is None or difference.low is None or difference.high is None:
        yield Finding(
            "It cannot be said yet whether choosing by what was learned pays.",
            f"{_raised(found.refusal or 'too little was logged')}.",
            doubt,
        )
        return
    interval = f"{difference.value:+.3f} (95 %: {difference.low:+.3f} to {difference.high:+.3f}) in mean reward of a candidate"
    interval += f", over {found.rounds:,} decisions."
    if difference.low > 0:
        yield Finding("Choosing arms by what was learned has paid.", f"Against choosing evenly: {interval}", doubt, sure=True)
    elif difference.high < 0:
        yield Finding(
            "Choosing arms by what was learned has cost more than it brought.", f"Against choosing evenly: {interval}", doubt, sure=True
        )
    else:
        yield Finding(
            "Choosing by what was learned and choosing evenly do not differ beyond noise.", f"The difference: {interval}", doubt, sure=False
        )


def _honest(held: list[Held]) -> Iterator[Finding]:
    told = next((one for one in held if one.credibility == CREDIBILITIES[-1]), None)
    if told is None or told.tried < LEAST_HELD:
        return
    interval = f"{share(told.low)} to {share(told.high)}"
    evidence = f"{told.held} of {told.tried} intervals of 95 % held the mean of what came next: {share(told.share)} ({interval})."
    doubt = (
        "Intervals assume that arms and tasks stay as they are; one arm's at different moments are counted as if they were different arms'."
    )
    if told.fault == "narrow":
        yield Finding("The intervals are too narrow here: something changes that they do not know of.", evidence, doubt, sure=True)
    elif told.fault == "wide":
        yield Finding("The intervals are wider than they need be.", evidence, doubt, sure=True)
    else:
        yield Finding("The intervals hold what they promise, as far as that can be told.", evidence, doubt, sure=False)


def _solved(source: Source) -> Iterator[Finding]:
    races, log = source.races, source.log
    if not races:
        return
    won = sum(race.best_id is not None for race in races)
    ran = int((log.race >= 0).sum())
    waves = len({*log.race[log.step > 0].tolist()} - {-1})
    evidence = f"{counted(ran, 'generation')} in {counted(len(races), 'race')}, {ran / len(races):.2f} a race, "
    evidence += f"from {moment(races[0].created_at)} to "
    evidence += f"{moment(races[-1].created_at)} UTC."
    evidence += f" {counted(waves, 'race')} went beyond the first wave." if waves else ""
    doubt = "Tasks came as they came: a higher share can be easier tasks. Races without tests count where a candidate was chosen."
    yield Finding(
        f"{won:,} of {counted(len(races), 'task')} {'was' if len(races) == 1 else 'were'} solved ({share(won / len(races))}).",
        evidence,
        doubt,
    )


def _spent(source: Source) -> Iterator[Finding]:
    log = source.log
    whole = float(log.seconds.sum())
    if whole <= 0:
        return
    passed = float(log.seconds[log.verdict > 0].sum())
    tokens, price = float(np.nansum(log.tokens)), float(np.nansum(log.price))
    by_arm = np.bincount(log.arm[log.arm >= 0], log.seconds[log.arm >= 0], minlength=len(source.arms))
    evidence = (
        (f"{whole / 3600:,.1f} model hours" if whole >= 2 * 3600 else f"{whole / 60:,.1f} model minutes")
        + (f", {tokens:,.0f} tokens" if tokens else "")
        + (f", {price:,.4g} in money" if price else "")
        + "."
    )
    if len(by_arm):
        most = int(by_arm.argmax())
        evidence += f" {source.names[most]} took most of it: {share(by_arm[most] / whole)}."
    yield Finding(
        f"{share(passed / whole)} of the models' time went into candidates that passed.",
        evidence,
        "Of arms that race side by side all but one are spare by design.",
    )


def _taught_nothing(source: Source) -> Iterator[Finding]:
    log = source.log
    mute = log.verdict < 0
    if not len(mute) or mute.mean() < 0.01:
        return
    kinds = Counter(kind or "without a test" for kind, silent in zip(log.failure, mute.tolist(), strict=True) if silent)
    words = {
        FailureKind.CANCELLED: "cut off as the race was over",
        FailureKind.TASK: "faults of the tests",
        FailureKind.INFRASTRUCTURE: "hosts and network",
    }
    listed = ", ".join(
        f"{n:,} {words.get(FailureKind(kind), kind) if kind in set(FailureKind) else kind}" for kind, n in kinds.most_common()
    )
    yield Finding(
        f"{share(mute.mean())} of the candidates taught nothing about their arms.",
        f"{int(mute.sum()):,} of {len(mute):,}: {listed}.",
        "They count for and against nobody; candidates without a test may still be soft evidence.",
    )


def _opinions(source: Source) -> Iterator[Finding]:
    for scope in source.history.weight_scopes():
        steps = source.history.weight_steps(*scope)
        told = sum(step["feedback_id"] is not None for step in steps)
        if scope[1] or not told:
            continue
        first, last = steps[0], steps[-1]
        name = scope[0].rpartition(":")[0] or scope[0]
        yield Finding(
            f"People's opinions moved the weights of {name} from {first['quality']:.2f} quality and {first['speed']:.2f} speed to "
            f"{last['quality']:.2f} and {last['speed']:.2f}.",
            f"{counted(told, 'opinion')}, ratings or preferences, the last at {moment(last['created_at'])} UTC.",
            "Each moves weights one step; whether the new ones predict people better beyond noise `banditgen tune` says.",
        )


def _changed_models(source: Source) -> Iterator[Finding]:
    for model, began in sorted(source.changed.items()):
        yield Finding(
            f"{model} has changed since it first raced.",
            f"What runs under its name has had another digest since {moment(began)} UTC.",
            "What it did before counts a tenth: it may have become better or worse.",
        )
