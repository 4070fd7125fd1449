"""Run a bench: race what is missing of it, within a budget, and say what it found."""

from __future__ import annotations

import asyncio
import dataclasses
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from banditgen._loop import run_sync
from banditgen._task_files import read_tasks
from banditgen.arm import GeneratorConfig, arm_id
from banditgen.bench.allowance import Allowance
from banditgen.bench.flaky import Flaky, find_flaky
from banditgen.bench.journal import Journal
from banditgen.bench.plan import SAMPLES, BenchPlan, race_id, task_id
from banditgen.bench.stored import Cell, matrix_of, read
from banditgen.errors import BackendError
from banditgen.history.base import DecisionRecord
from banditgen.offline.matrix.findings import Findings, analyse
from banditgen.racing.events import OnEvent, RaceEvent
from banditgen.racing.record import describe_arm
from banditgen.racing.waves import RacePlan
from banditgen.result import FailureKind, GenerationResult
from banditgen.scoring import SelectionCriteria
from banditgen.selection import criteria_now
from banditgen.session import BanditGenerator
from banditgen.task import Task

POLICY = "bench"  # of its decisions: every arm races, so each has propensity 1


@dataclasses.dataclass(frozen=True)
class Bench:
    """A bench as far as it got.

    Args:
        plan: what was to be done.
        cells: what is done of it.
        findings: what that says.
        flaky: tasks whose tests gave the same code different verdicts.
        budget: what this run of it has spent.
        backend: its name.
    """

    plan: BenchPlan
    cells: list[Cell]
    findings: Findings
    flaky: list[Flaky]
    budget: Allowance
    backend: str

    @property
    def left(self) -> int:
        """Generations that are missing."""
        return sum(len(missing(self.plan, cell)) for cell in self.cells)


@dataclasses.dataclass(frozen=True)
class Heard:
    """Who hears how a bench goes on: `start` how many generations are there and missing, `race` each that begins, `event` its course."""

    start: Callable[[BenchPlan, int, int], Any] = lambda _plan, _done, _missing: None
    race: Callable[[Task, int], Any] = lambda _task, _sample: None
    event: OnEvent = lambda _event: None


def bench(
    bandit: BanditGenerator,
    tasks: Sequence[Task] | str | os.PathLike[str],
    *,
    samples: int = SAMPLES,
    k: int | None = None,
    seed: int = 0,
    budget: Allowance | None = None,
    reruns: int = 1,
    heard: Heard | None = None,
) -> Bench:
    """Race every arm on every task, so many samples each, as far as the history has not got them yet, and say what that shows.

    Killed and called again, it goes on with what is missing. Each race goes into the history as any other, as full-matrix evidence: every
    arm raced with propensity 1.

    Args:
        bandit: whose arms race, and where they are remembered.
        tasks: each with a name and tests; or a file of them, or a folder of such files, as the command takes them.
        samples: of each arm on each task, at least 1.
        k: tries of a task that the answer may use, at most; None is the strategy's.
        seed: of the sampling; another seed is another bench, which begins anew.
        budget: what this call may spend; None is no limit.
        reruns: how often some code of each task is tried again, to find tests that are flaky; 0 is never.
        heard: who hears how it goes on.

    Raises:
        TaskError, UsageError: as `BenchPlan`, and for files that hold no tasks.
        BackendError: the backend failed every arm of a race.
    """
    run_sync(bandit.racer.look())
    given = read_tasks(Path(tasks)) if isinstance(tasks, str | os.PathLike) else list(tasks)
    plan = BenchPlan(given, bandit.arms, samples, seed, bandit.racer.running)
    for task in plan.tasks:
        bandit.racer.check(task)
    budget, heard = budget or Allowance(), heard or Heard()
    cells = read(bandit.history, plan)
    todo = [cell for cell in cells if missing(plan, cell)]
    journal = Journal(plan.id, str(getattr(bandit.history, "url", "")))
    heard.start(plan, sum(len(cell.results) for cell in cells), sum(len(missing(plan, cell)) for cell in todo))
    if todo:
        bandit.history.add_decision(manifest(plan))
    criteria = criteria_now(bandit.history, bandit.strategy)
    for cell in todo:
        arms = missing(plan, cell)
        if not budget.has_room(len(arms)):
            break
        heard.race(cell.task, cell.sample)
        results = run_sync(_race(bandit, plan, cell, arms, criteria(cell.task.context), budget, journal, heard.event))
        paid = {result.id for result in journal.done(results[0].race_id).values()} if results else set()
        budget.take([result for result in results if result.id not in paid])
        cell.take(results)
        if all(result.failure is FailureKind.INFRASTRUCTURE for result in results):
            raise BackendError(f"no arm could be raced on task {cell.task.name!r}: {results[0].error}")
    if not any(missing(plan, cell) for cell in cells):
        journal.forget()
    flaky = find_flaky(cells, bandit.racer, reruns)
    found = analyse(matrix_of(plan, cells), bandit.strategy.k if k is None else k)
    return Bench(plan, cells, found, flaky, budget, bandit.backend.name)


def manifest(plan: BenchPlan) -> DecisionRecord:
    """What the history keeps of a bench itself: a decision without arms, under the bench's id, by which a later one finds it."""
    tasks = [{"id": task_id(task), "task_type": task.context} for task in plan.tasks]
    arms = [{"id": arm_id(arm), "name": arm.name} for arm in plan.arms]
    return DecisionRecord(plan.id, "", [], POLICY, seed=plan.seed, detail={"key": plan.key, "tasks": tasks, "arms": arms})


def missing(plan: BenchPlan, cell: Cell) -> list[GeneratorConfig]:
    """The arms that have no verdict yet."""
    return [arm for arm in plan.arms if arm_id(arm) not in cell.results]


async def _race(
    bandit: BanditGenerator,
    plan: BenchPlan,
    cell: Cell,
    arms: Sequence[GeneratorConfig],
    criteria: SelectionCriteria,
    budget: Allowance,
    journal: Journal,
    on_event: OnEvent,
) -> list[GenerationResult]:
    own = race_id(plan.key, task_id(cell.task), cell.sample, cell.attempts)
    detail = {
        "bench": plan.id,
        "sample": cell.sample,
        "k": len(arms),
        "eligible": {arm.name: arm_id(arm) for arm in arms},
        "exploit": False,
        "weights": {"quality": criteria.quality_weight, "speed": criteria.speed_weight},
    }
    described, chances = [describe_arm(arm) for arm in arms], {str(arm.name): 1.0 for arm in arms}
    seed = int(own.replace("-", "")[:7], 16)
    decision = DecisionRecord(own, cell.task.context, described, POLICY, chances, seed=seed, detail=detail)
    await asyncio.to_thread(bandit.history.add_decision, decision)
    seconds = budget.left / min(len(arms), bandit.backend.concurrency) if budget.unit == "seconds" and budget.left < float("inf") else None
    done = journal.done(own)
    left = [arm for arm in arms if arm_id(arm) not in done] or [arms[-1]]  # one at least: a race needs an arm
    await bandit.racer.prepare([arm.model for arm in left])
    there = [done[own_id] for arm in arms if (own_id := arm_id(arm)) in done and arm not in left]

    def hear(event: RaceEvent) -> None:
        if event.result is not None:
            journal.add(own, event.result)
        on_event(event)

    for result in there:
        on_event(RaceEvent(result.generator_name, "done", result=result))
    return (await bandit.racer.race(decision, left, cell.task, hear, criteria, RacePlan(seconds=seconds, done=there))).results
