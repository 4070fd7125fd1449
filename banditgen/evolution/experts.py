"""Which arms are specialised tools: best for a type of task beyond doubt, and until they are not the best any more.

"Beyond doubt" is asked of two answers at once. The posterior says how probable it is that the arm has the best mean reward of
all that may race. But it is looked at again and again, and some arm of many equal ones looks best sooner or later; so the
arm's confidence sequence (`banditgen.bandit.confidence`), which holds at all looks together, must lie above every other's too.
A sequence knows counts alone, and counts speak ill of an arm that ran in later waves, where others had failed. Of the arm in question
that only delays the answer; a rival is taken to be as good as the upper end of what the posterior says of it, where that is more.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

from scipy.special import betaincinv

from banditgen._checks import is_number
from banditgen.arm import GeneratorConfig, arm_id
from banditgen.bandit.arrays import Floats
from banditgen.bandit.confidence import lower_bound, upper_bound
from banditgen.errors import UsageError
from banditgen.evolution.lineage import CriteriaFor, ancestors
from banditgen.evolution.population import fold
from banditgen.evolution.tools import Tool, make_tool
from banditgen.history.base import ArmEvent, HistoryStore
from banditgen.learning.learner import Learner, Recommendation
from banditgen.scoring import SelectionCriteria
from banditgen.selection import criteria_now
from banditgen.strategy import Learning, Strategy

MIN_PROBABILITY = 0.95
LOST = 0.5  # a tool whose chance to be the best arm is below this is one no more
LOWER_SHARE = 0.2  # of the chance to be wrong; the leader was raced often, its bound costs little
EARNED_EVENT, LOST_EVENT = "tool", "tool retired"


@dataclasses.dataclass(frozen=True)
class Standing:
    """How sure it is which arm is best for a task type: the arm most likely to be, all arms, and what is in doubt, or None."""

    task_type: str
    leader: Recommendation
    arms: list[Recommendation]
    doubt: str | None


@dataclasses.dataclass(frozen=True)
class Review:
    """Tools in force, tools that were and are no more (of task types without one now), and types where no arm is one."""

    tools: list[Tool]
    retired: list[Tool]
    undecided: list[Standing]


def standings(learner: Learner, criteria_for: CriteriaFor, min_probability: float = MIN_PROBABILITY) -> list[Standing]:
    """For each task type that its arms met, which of them is best and whether that is beyond doubt.

    The chance that any arm is ever named that is not best for its task type is at most 1 - `min_probability`, shared out
    evenly over the task types there are. A wrong arm is named only if its own lower bound fails, or the upper bound of the one
    arm that is best: lower bounds share a fifth of the chance, and each upper bound may fail with all the rest.

    Raises:
        UsageError: a probability that is not above 0.5 and below 1.
    """
    if not is_number(min_probability) or not 0.5 < min_probability < 1:
        raise UsageError(f"min_probability must be a number above 0.5 and below 1, not {min_probability!r}")
    types = learner.task_types()
    return [_standing(learner, task_type, criteria_for(task_type), min_probability, len(types)) for task_type in types]


def name_best(passes: Floats, fails: Floats, total: Floats, square: Floats, alpha: float) -> tuple[Floats, Floats]:
    """(…, K) each: lower and upper bounds of K arms' mean rewards, such that an arm whose lower bound is above all other arms'
    upper bounds is the best; with chance 1 - alpha no other ever is, however often one looks. Arguments as `lower_bound`.
    """
    low = lower_bound(passes, fails, total, square, LOWER_SHARE * alpha / max(passes.shape[-1], 1))
    return low, upper_bound(passes, fails, total, square, (1 - LOWER_SHARE) * alpha)


def _standing(learner: Learner, task_type: str, criteria: SelectionCriteria, min_probability: float, types: int) -> Standing:
    state = learner.state(task_type, criteria)
    rows = learner.recommend(task_type, criteria)
    low, high = name_best(state.passes[0], state.fails[0], state.total[0], state.square[0], (1 - min_probability) / types)
    position = {arm_id(arm): i for i, arm in enumerate(learner.arms)}
    leader = max(rows, key=lambda row: row.chance_best)
    floor = low[position[arm_id(leader.arm)]]
    rivals = [row for row in rows if row is not leader and max(high[position[arm_id(row.arm)]], row.high) >= floor]
    if len(rows) == 1:
        doubt: str | None = "there is no other arm to be better than"
    elif leader.chance_best < min_probability:
        doubt = f"it is best with probability {leader.chance_best:.3g} so far; {min_probability:g} is needed"
    elif rivals:
        doubt = f"more races must tell it from {_listed(sorted(rivals, key=lambda row: row.outcomes))}"
    else:
        doubt = None
    return Standing(task_type, leader, rows, doubt)


def _listed(rows: Sequence[Recommendation], most: int = 3) -> str:
    named = [f"{row.name} ({row.outcomes:g} outcomes)" for row in rows[:most]]
    return ", ".join(named) + (f" and {len(rows) - most} more" if len(rows) > most else "")


def review(history: HistoryStore, strategy: Strategy, arms: Sequence[GeneratorConfig], min_probability: float = MIN_PROBABILITY) -> Review:
    """Name the tools that were earned and retire those that were lost since the last look, as events in the history.

    A tool is retired when its chance to be the best arm falls below one half, when another arm earns its place, or when its
    arm races no more. Arms on trial are neither tools nor rivals.

    Args:
        history: the event log.
        strategy: in whose name they race; its weights of the moment make the reward.
        arms: those that may race, such as `BanditGenerator.arms`.
        min_probability: above 0.5 and below 1; see `standings`.

    Raises:
        UsageError: as `standings`.
    """
    on_trial = set(fold(history.arm_events(strategy.name)).on_trial)
    racing = [arm for arm in arms if arm_id(arm) not in on_trial]
    learner = Learner(history, racing, strategy.policy, strategy.bandit, learning=Learning("off"))  # a tool is earned by verdicts
    found = {standing.task_type: standing for standing in standings(learner, criteria_now(history, strategy), min_probability)}
    held = _latest(history.arm_events(strategy.name))
    for task_type, event in held.items():
        why = _lost(event.arm_id, found.get(task_type)) if event.event == EARNED_EVENT else None
        if why is not None:
            detail = {**event.detail, "why": why}
            history.add_arm_event(ArmEvent(strategy.name, event.arm_id, LOST_EVENT, detail))
    for task_type, standing in found.items():
        own = arm_id(standing.leader.arm)
        before = held.get(task_type)
        if standing.doubt is None and (before is None or before.event != EARNED_EVENT or before.arm_id != own):
            detail = {"task_type": task_type, "tool": _define(history, strategy, standing, standing.leader)}
            history.add_arm_event(ArmEvent(strategy.name, own, EARNED_EVENT, detail))
    return _report(history, strategy, found)


def _report(history: HistoryStore, strategy: Strategy, found: dict[str, Standing]) -> Review:
    report = Review([], [], [])
    held = _latest(history.arm_events(strategy.name))
    for task_type, event in sorted(held.items()):
        if event.event == LOST_EVENT:
            tool = event.detail["tool"]
            ended = {"status": "retired", "retired_at": event.created_at, "retired_because": event.detail["why"]}
            report.retired.append({**tool, "metadata": {**tool["metadata"], **ended}})
        elif task_type in found:
            standing = found[task_type]
            row = next(row for row in standing.arms if arm_id(row.arm) == event.arm_id)
            report.tools.append(_define(history, strategy, standing, row, since=event.created_at))
    in_force = {task_type for task_type, event in held.items() if event.event == EARNED_EVENT}
    report.undecided.extend(standing for task_type, standing in found.items() if task_type not in in_force)
    return report


def _latest(events: Iterable[ArmEvent]) -> dict[str, ArmEvent]:
    """Each task type's last tool event; they come oldest first."""
    return {event.detail["task_type"]: event for event in events if event.event in (EARNED_EVENT, LOST_EVENT)}


def _lost(own: str, standing: Standing | None) -> str | None:
    """Why an arm is not its task type's tool any more, or None."""
    row = next((row for row in standing.arms if arm_id(row.arm) == own), None) if standing else None
    if standing is None or row is None:
        return "its arm races no more"
    leader = standing.leader
    if row.chance_best < LOST or (standing.doubt is None and leader is not row):
        return f"{leader.name} is best with probability {leader.chance_best:.3g}, this with {row.chance_best:.3g}"
    return None


def _define(history: HistoryStore, strategy: Strategy, standing: Standing, row: Recommendation, **more: Any) -> Tool:
    passes, fails = row.passes, row.fails
    beta = float(betaincinv(passes + 0.5, fails + 0.5, 0.025)), float(betaincinv(passes + 0.5, fails + 0.5, 0.975))
    return make_tool(
        row.arm,
        standing.task_type,
        success_rate=round(passes / max(row.outcomes, 1e-9), 4),
        interval=[round(bound, 4) for bound in beta],
        evidence={
            "passes": passes,
            "fails": fails,
            "rivals": len(standing.arms) - 1,
            "chance_best": row.chance_best,
            "expected_reward": round(row.expected_reward, 4),
            "expected_reward_interval": [round(row.low, 4), round(row.high, 4)],
        },
        lineage=ancestors(arm_id(row.arm), history.arms()),
        arm_id=arm_id(row.arm),
        strategy=strategy.name,
        strategy_hash=strategy.hash,
        status="in force",
        **more,
    )
