"""What changed between two benches beyond noise, paired by task."""

from __future__ import annotations

import dataclasses

import numpy as np

from banditgen._text import counted
from banditgen.bandit.arrays import Floats
from banditgen.offline.matrix.outcomes import Matrix
from banditgen.offline.matrix.rates import Interval, difference_interval
from banditgen.offline.matrix.routing import WORTHWHILE
from banditgen.offline.matrix.sentences import name, names, points

FLIPS = 10_000
BLOCK = 2_000
FALSE = 0.02  # the chance that anything at all is said to have changed where nothing has


@dataclasses.dataclass(frozen=True)
class ArmChange:
    """An arm then and now, on the tasks that both benches have.

    Args:
        arm: its name.
        task_type: on which tasks; None is all.
        old, new: the mean over tasks of the share that passed.
        difference: new minus old, with its 95 % interval.
        p: the chance of so large a difference where nothing changed, before it was one of several.
        is_real: whether it is beyond noise, several being looked at.
        tasks: on how many this rests.
    """

    arm: str
    task_type: str | None
    old: float
    new: float
    difference: Interval
    p: float
    is_real: bool
    tasks: int


@dataclasses.dataclass(frozen=True)
class Compared:
    """What changed.

    Args:
        changes: of every arm that both have, on all tasks and on each type.
        tasks: how many tasks both have.
        only_old, only_new: arms that one of them has alone.
        sentences: in words.
    """

    changes: list[ArmChange]
    tasks: int
    only_old: list[str]
    only_new: list[str]
    sentences: list[str]


def compare(old: Matrix, new: Matrix) -> Compared:
    """What of the arms and tasks that both have changed from the one to the other.

    Where nothing changed, an arm's difference on a task is as likely to be the opposite, so a randomisation test flips its signs by chance
    (Fisher 1935, "The design of experiments", section 21). Arms share the chance of 2 % that anything is called real by mistake; an arm
    that has changed at all spends its share anew on its types, in equal parts (Meinshausen 2008, "Hierarchical testing of variable
    importance": where nothing changed on all tasks, nothing changed on some).
    """
    arms = [arm for arm in new.arms if arm in old.arms]
    tasks = [task for task in new.tasks if task in old.tasks]
    only = [arm for arm in old.arms if arm not in arms], [arm for arm in new.arms if arm not in arms]
    changes = _judged(_differences(_common(old, arms, tasks), _common(new, arms, tasks))) if arms and tasks else []
    return Compared(changes, len(tasks), *only, _sentences(changes, len(tasks), *only))


def _differences(before: Matrix, after: Matrix) -> list[ArmChange]:
    """Of each arm on all tasks and on each type, none of them called real yet."""
    arms = after.arms
    types = np.array(after.types)
    wanted: list[tuple[int, str | None]] = [(i, None) for i in range(len(arms))]
    if len(set(types)) > 1:
        wanted += [(i, kind) for kind in dict.fromkeys(types.tolist()) for i in range(len(arms))]
    difference = after.rates - before.rates
    rows = np.array([difference[i] if kind is None else np.where(types == kind, difference[i], np.nan) for i, kind in wanted])
    changes = []
    for (i, kind), row, p in zip(wanted, rows, _chances(rows), strict=True):
        known = ~np.isnan(row)
        if known.any():
            then, now = (float(matrix.rates[i, known].mean()) for matrix in (before, after))
            changes.append(ArmChange(arms[i], kind, then, now, difference_interval(row), float(p), is_real=False, tasks=int(known.sum())))
    return changes


def _common(matrix: Matrix, arms: list[str], tasks: list[str]) -> Matrix:
    return matrix.some([matrix.arms.index(arm) for arm in arms], [matrix.tasks.index(task) for task in tasks])


def _chances(rows: Floats) -> Floats:
    """(H,): the two-sided p-value of each row's mean under flips of its tasks' signs; the same flips for all."""
    d = np.nan_to_num(rows)
    seen, rng, more = np.abs(d.sum(1)), np.random.default_rng(0), np.zeros(len(d))
    for _ in range(FLIPS // BLOCK):
        signs = rng.integers(0, 2, (BLOCK, d.shape[1]), np.int8) * np.float64(2) - 1
        more += (np.abs(signs @ d.T) >= seen - 1e-9).sum(0)
    return np.asarray((more + 1) / (FLIPS + 1))


def _judged(changes: list[ArmChange]) -> list[ArmChange]:
    share = FALSE / max(len({change.arm for change in changes}), 1)
    types = max(len({change.task_type for change in changes} - {None}), 1)
    real = {change.arm for change in changes if change.task_type is None and change.p <= share}
    levels = [share if change.task_type is None else share / types for change in changes]
    return [
        dataclasses.replace(change, is_real=change.arm in real and change.p <= level) for change, level in zip(changes, levels, strict=True)
    ]


def _sentences(changes: list[ArmChange], tasks: int, only_old: list[str], only_new: list[str]) -> list[str]:
    said = []
    if not changes:
        said.append("can't tell what changed: the two benches share no arm with verdicts on the same task")
    elif 2.0 ** (1 - max(change.tasks for change in changes)) > FALSE / len({change.arm for change in changes}):
        said.append(f"can't tell what changed: {counted(tasks, 'task')} in common are too few to show it")
    else:
        said += [_told(change) for change in changes if change.is_real]
        if not said:
            said.append(_nothing(changes, tasks))
    if only_old:
        said.append(f"no longer here: {names(only_old)}")
    if only_new:
        said.append(f"new here: {names(only_new)}")
    return said


def _nothing(changes: list[ArmChange], tasks: int) -> str:
    """Where nothing is beyond noise: how well that is known, and what may have changed most where it is not known well."""
    everywhere = [change for change in changes if change.task_type is None]
    widest = max((change.difference.high - change.difference.low) / 2 for change in everywhere)
    said = f"nothing changed beyond noise on {counted(tasks, 'task')}; each arm's difference is known to ±{100 * widest:.0f} points"
    most = min(everywhere, key=lambda change: change.p)
    if max(-most.difference.low, most.difference.high) < WORTHWHILE:
        return said
    return f"{said}, the largest is {name(most.arm)}'s: {_moved(most)}; more tasks or samples would tell"


def _told(change: ArmChange) -> str:
    where = "" if change.task_type is None else f" on type {name(change.task_type)}"
    verb = "got better" if change.difference.value > 0 else "got worse"
    return f"{name(change.arm)} {verb}{where}: {_moved(change)} on {counted(change.tasks, 'task')}"


def _moved(change: ArmChange) -> str:
    bounds = f"{points(change.difference.low)} to {points(change.difference.high)}"
    return f"{100 * change.old:.0f} % → {100 * change.new:.0f} %, {points(change.difference.value)} points ({bounds})"
