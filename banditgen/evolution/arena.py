"""Where genomes are raced for real: on tasks, by a racer, told to the history like any race."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from banditgen._loop import run_sync
from banditgen.arm import GeneratorConfig, arm_id
from banditgen.errors import BackendError, TaskError
from banditgen.evolution.fitness import Outcome, Outcomes
from banditgen.evolution.genome import Genome
from banditgen.evolution.lineage import CriteriaFor
from banditgen.evolution.operators import Child
from banditgen.evolution.plan import Evaluate, Heat
from banditgen.history.base import ArmRecord, DecisionRecord, HistoryStore, RaceRecord
from banditgen.history.ids import new_id
from banditgen.learning.follow import Follower
from banditgen.race import ParallelGenerator
from banditgen.racing.events import RaceEvent
from banditgen.racing.record import describe_arm
from banditgen.result import FailureKind, GenerationResult
from banditgen.task import Task

POLICY = "evolution"
STOPPING = 0.9  # of a job's time, what it may take before it is stopped,
STOPPING_SECONDS = 1.5  # and at least so much before its end


class Arena:
    """Races jobs. What went wrong with a candidate, and its task, is kept for those who rewrite prompts.

    Args:
        racer: generates, tests and remembers.
        tasks: by name, each with tests.
        names: what arms are called, by id; others get a name of their own.
        criteria_for: the criteria of a task type; None is the racer's own for all.

    Raises:
        TaskError: a task without tests: nothing could be learned from it.
    """

    def __init__(
        self,
        racer: ParallelGenerator,
        tasks: Mapping[str, Task],
        names: Mapping[str, str],
        seed: int,
        criteria_for: CriteriaFor | None = None,
    ) -> None:
        for name, task in tasks.items():
            if task.kind == "none":
                raise TaskError(f"task {name!r} has no tests: evolution needs to know which candidates pass")
        self._racer, self._tasks, self._names, self._seed = racer, dict(tasks), dict(names), seed
        self._criteria_for = criteria_for
        self._failures: dict[str, tuple[int, Task, str]] = {}

    def arm(self, genome: Genome) -> GeneratorConfig:
        """The arm of a genome, under the name that it has here."""
        return genome.arm(self._names.get(genome.arm_id))

    def remember(self, children: Iterable[Child]) -> None:
        """Keep in the history who came from whom."""
        self._racer.history.add_arms(
            [
                ArmRecord.of(self.arm(child.genome), [parent.arm_id for parent in child.parents], "evolved")
                for child in children
                if child.how != "founder"
            ]
        )

    def failure(self, arm_id: str) -> tuple[Task, str] | None:
        """An arm's last failure: the task and what went wrong."""
        failed = self._failures.get(arm_id)
        return None if failed is None else failed[1:]

    def __call__(self, job: Heat) -> list[Outcome]:
        """Race a job; its generations are cancelled, and count for nothing, when its model-seconds are used up.

        Raises:
            BackendError: the backend failed every one of them.
        """
        return run_sync(self._raced(job))

    def side_by_side(self, _: Evaluate, jobs: Sequence[Heat]) -> list[list[Outcome]]:
        """A `map` for `Search`: all jobs of a batch at once. Raises as a call does, when all have ended."""

        async def raced() -> list[list[Outcome] | BaseException]:
            return await asyncio.gather(*map(self._raced, jobs), return_exceptions=True)

        done = run_sync(raced())
        for outcome in done:
            if isinstance(outcome, BaseException):
                raise outcome
        return done  # type: ignore[return-value]  # no exception is among them

    async def _raced(self, job: Heat) -> list[Outcome]:
        results, started = await self._race(job)
        if results and all(result.failure is FailureKind.INFRASTRUCTURE for result in results):
            raise BackendError(f"no arm could be raced on task {job.task!r}: {results[0].error}")
        if not results:  # the time was over before anything had begun
            return [Outcome(genome.arm_id, job.task, None, 0.0) for genome in job.genomes]
        return [self._outcome(job, result, result.generator_name in started) for result in results]

    async def _race(self, job: Heat) -> tuple[list[GenerationResult], set[str]]:
        task, arms = self._tasks[job.task], [self.arm(genome) for genome in job.genomes]
        await self._racer.look()
        # loading a model and fetching it are no part of a race
        await self._racer.prepare([arm.model for arm in arms])
        seed = (self._seed + job.number) % (1 << 31)
        criteria = self._criteria_for(task.context) if self._criteria_for else None
        decision = DecisionRecord(new_id(), task.context, [describe_arm(arm) for arm in arms], policy=POLICY, seed=seed)
        await asyncio.to_thread(self._racer.history.add_decision, decision)
        started: set[str] = set()

        def hear(event: RaceEvent) -> None:
            if event.stage == "generating":
                started.add(event.arm)

        try:
            async with asyncio.timeout(self._wall_seconds(job)):
                return (await self._racer.race(decision, arms, task, hear, criteria)).results, started
        except TimeoutError:
            record = await asyncio.to_thread(self._racer.history.race, decision.id)
            return record.results if isinstance(record, RaceRecord) else [], started

    def _wall_seconds(self, job: Heat) -> float | None:
        """How long a job may take so that it keeps to its model-seconds: in any time, each slot spends at most all of it on its model.

        Something is left for stopping: a generation under way ends with its next token.
        """
        if job.seconds == float("inf"):
            return None
        share = job.seconds / min(len(job.genomes), self._racer.backend.concurrency)
        return max(0.1, min(STOPPING * share, share - STOPPING_SECONDS))

    def _outcome(self, job: Heat, result: GenerationResult, started: bool) -> Outcome:
        informative = result.moves_posterior
        if informative and not result.test_passed and self._failures.get(result.arm_id, (0,))[0] <= job.number:
            self._failures[result.arm_id] = job.number, self._tasks[job.task], result.error or str(result.failure)
        quality = result.quality_score if result.test_passed else 0.0
        return Outcome(result.arm_id, job.task, quality if informative else None, result.generation_time if started else 0.0)


def known_evidence(history: HistoryStore, arms: Sequence[GeneratorConfig], tasks: Iterable[Task]) -> Outcomes:
    """What the history knows of these arms on the types of these tasks; what a model did before it changed counts for little.

    Which task an outcome was on is not known here: each counts as one on a task of its own. Its model-seconds are left out.
    """
    types = {task.context for task in tasks}
    known = Follower(history, arms).read()
    evidence = Outcomes()
    for arm in arms:
        column = known.arms.get(arm_id(arm))
        for task_type, row in known.task_types.items():
            if column is None or task_type not in types:
                continue
            passes, fails = float(known.passes[row, column]), round(float(known.fails[row, column]))
            quality = float(known.sums[1, row, column, 0]) / passes if passes > 0 else 0.0
            for number, outcome in enumerate([quality] * round(passes) + [0.0] * fails):
                evidence.add(Outcome(arm_id(arm), f"history: {arm_id(arm)} {task_type} {number}", outcome, None))
    return evidence
