"""ParallelGenerator: many arms at once on one task; every candidate tested, scored and remembered."""

from __future__ import annotations

import asyncio
import copy
import dataclasses
import functools
import logging
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from typing import Any

import numpy as np

from banditgen._checks import check_whole
from banditgen._loop import iterate_elsewhere, iterate_sync, run_elsewhere, run_sync
from banditgen.arm import Arm, GeneratorConfig, check_arms, model_key
from banditgen.ensemble.behaviour import Observer
from banditgen.errors import BackendError, UsageError
from banditgen.evaluators.measurer import Measurer
from banditgen.generators.base import Deadlines, Generator, ModelInfo
from banditgen.history.base import DecisionRecord, HistoryStore, RaceRecord
from banditgen.history.ids import new_id
from banditgen.racing import defaults, telemetry
from banditgen.racing.beside import NOTHING, Beside
from banditgen.racing.callers import Callers
from banditgen.racing.candidate import Extract, RaceSetting
from banditgen.racing.documented import Documented
from banditgen.racing.events import OnEvent, check_listener, each_finished, heard
from banditgen.racing.models import check_models
from banditgen.racing.record import describe_arm, race_record
from banditgen.racing.soft import witnesses
from banditgen.racing.waves import RacePlan, RaceUnderWay
from banditgen.result import GenerationResult
from banditgen.sandbox.base import Sandbox
from banditgen.sandbox.default import shared_sandbox
from banditgen.sandbox.engine import ExecutorSandbox
from banditgen.sandbox.packages import check_packages, default_environment
from banditgen.scoring import SelectionCriteria, check_weights, rank
from banditgen.task import Level, Task

logger = logging.getLogger("banditgen.race")


class ParallelGenerator(Documented):
    """Races generators on a task: generates with all at once, tests and scores every candidate, remembers all of them.

    Args:
        ollama_client: what generates: an object with `generate(model=, prompt=, temperature=, max_tokens=) -> str`
            (called from `max_workers` threads at once), an `ollama.Client`, a `Generator`, or a backend's name; None
            takes Ollama where it answers, else the embedded models.
        node_runner: an object with `save_code(node_id, code)` and `run_node(node_id, {}) -> (stdout, stderr, metrics)`;
            None is our sandbox. A task's tests run in the sandbox in both cases; with a runner, both must pass.
        evaluator: an object with `evaluate_full(stdout, stderr, metrics) -> {"final_score": 0..1}` or an `Evaluator`;
            None is our own, which needs no model.
        quality_weight, speed_weight: relative; may be changed between races; None are those of `criteria`.
        history: where races are remembered: a store, a URL or a path; None keeps a private one in memory.
        sandbox: where tests run, or its name (see `banditgen.sandbox.default.default_sandbox`); None is the one that is set, else the
            strongest that this machine allows, shared within the process.
        require: the least isolation, "confined" or "isolated", without which no candidate runs; None is "confined".
        allow_unsafe: candidates may run with resource limits alone where nothing better works.
        criteria: limits beside the weights: a candidate outside them has reward 0.
        deadlines: how long a generation may take, step by step; None is `Deadlines()`.
        extract: takes the code out of what a model wrote, `extract(text, task) -> str`, "" where there is none; what it raises is
            never an arm's fault. None is our own, `banditgen.generators.extract.extract`.
        brief: whether our own backends tell models what is known of the task beside its prompt (see `generators.prompts`); a
            caller's client gets the prompt as it is.
        price: what a generation has cost in money, such as `Prices(…).of`; None is unknown. It must return at once and not raise.
        seed: of the order in which arms start, and of the sampling where a backend takes one.

    Raises:
        UsageError: weights that are negative, not finite, or both 0.
    """

    def __init__(
        self,
        ollama_client: Any = None,
        node_runner: Any = None,
        evaluator: Any = None,
        quality_weight: float | None = None,
        speed_weight: float | None = None,
        *,
        history: Any = None,
        sandbox: Sandbox | str | None = None,
        require: Level | None = None,
        allow_unsafe: bool = False,
        criteria: SelectionCriteria | None = None,
        deadlines: Deadlines | None = None,
        extract: Extract | None = None,
        brief: bool = True,
        price: Callable[[GenerationResult], float | None] | None = None,
        seed: int | None = None,
    ) -> None:
        defaults.checked_parts(node_runner, sandbox, extract)
        self._criteria = criteria or SelectionCriteria()
        self.quality_weight = self._criteria.quality_weight if quality_weight is None else quality_weight
        self.speed_weight = self._criteria.speed_weight if speed_weight is None else speed_weight
        check_weights(self.quality_weight, self.speed_weight)
        self.history: HistoryStore = defaults.default_history("sqlite://" if history is None else history)
        self._client = ollama_client
        self._generator: Generator | None = None
        self._runner = node_runner
        self._extract = extract
        self._brief = brief
        self._price = price
        self._evaluator = defaults.default_evaluator(evaluator)
        self._evaluator_is_ours = evaluator is None
        self._sandbox = None if isinstance(sandbox, str) else sandbox
        self._sandbox_name = sandbox if isinstance(sandbox, str) else None
        self._require = require
        self._allow_unsafe = allow_unsafe
        self._seed = seed
        self._rng = np.random.default_rng(seed)
        self._deadlines = deadlines or Deadlines()
        self._models: list[ModelInfo] = []
        self.running: dict[str, set[str]] = {}  # the digests of the backend's models when it was last seen

    @property
    def backend(self) -> Generator:
        """What generates; resolved at first use. Raises NoBackendError where there is nothing."""
        if self._generator is None:
            self._generator = defaults.default_backend(self._client)
        return self._generator

    @property
    def sandbox(self) -> Sandbox:
        """Where tests run; started at first use."""
        return self._sandbox or shared_sandbox(self._require, allow_unsafe=self._allow_unsafe, name=self._sandbox_name)

    def on(self, executor: Executor) -> ParallelGenerator:
        """The same, but that candidates are tried on the workers of an executor (`ExecutorSandbox`), each in its own sandbox."""
        other = copy.copy(self)
        other._sandbox = ExecutorSandbox(executor, require=self._require, allow_unsafe=self._allow_unsafe)  # noqa: SLF001 - its own
        return other

    def _criteria_now(self) -> SelectionCriteria:
        return dataclasses.replace(self._criteria, quality_weight=self.quality_weight, speed_weight=self.speed_weight)

    def generate_parallel(
        self,
        prompt: str,
        generators: Sequence[Arm],
        node_id: str,
        description: str,
        max_workers: int = 3,
        task: Task | None = None,
        *,
        on_event: OnEvent | None = None,
        payload: Mapping[str, Any] | None = None,
        incumbent: str | None = None,
    ) -> list[GenerationResult]:
        """Race these generators; all results, best first. Works in threads and inside a running event loop.

        Args:
            prompt: what to write, as the models get it.
            generators: the arms: `GeneratorConfig`s or objects with their attributes, each with a name of its own.
            node_id: each candidate is saved and run under an id of its own that begins with this.
            description: for people; kept with the race.
            max_workers: how many generate at once, at least 1; the backend's own bound holds too.
            task: with tests, verdicts are verified and move the posterior of `task.task_type`; without, passing means
                that the code ran cleanly.
            on_event: hears of each arm's progress, on another thread; must return soon.
            payload: what the runner runs candidates on; see `racing.beside.Beside`.
            incumbent: code in use already, that is to be beaten; see there.

        Raises:
            UsageError: an empty prompt, no generators, two of one name, bad weights.
            ModelNotFoundError: the backend has none of the arms' models.
            NoBackendError: nothing to generate with.
            HistoryError: the race could not be remembered.
        """
        beside = Beside(payload, incumbent)
        racing = self._generate(prompt, generators, node_id, description, max_workers, task, on_event=on_event, beside=beside)
        return run_sync(racing).results

    async def agenerate_parallel(
        self,
        prompt: str,
        generators: Sequence[Arm],
        node_id: str,
        description: str,
        max_workers: int = 3,
        task: Task | None = None,
        *,
        on_event: OnEvent | None = None,
        payload: Mapping[str, Any] | None = None,
        incumbent: str | None = None,
    ) -> list[GenerationResult]:
        """`generate_parallel` for callers in an event loop."""
        beside = Beside(payload, incumbent)
        racing = self._generate(prompt, generators, node_id, description, max_workers, task, on_event=on_event, beside=beside)
        return (await run_elsewhere(racing)).results

    def iter_parallel(
        self,
        prompt: str,
        generators: Sequence[Arm],
        node_id: str,
        description: str,
        max_workers: int = 3,
        task: Task | None = None,
    ) -> Iterator[GenerationResult]:
        """`generate_parallel`, each result as it finishes; leaving early cancels the rest, which is remembered as such."""
        return iterate_sync(
            lambda: each_finished(lambda hear: self._generate(prompt, generators, node_id, description, max_workers, task, on_event=hear))
        )

    def aiter_parallel(
        self,
        prompt: str,
        generators: Sequence[Arm],
        node_id: str,
        description: str,
        max_workers: int = 3,
        task: Task | None = None,
    ) -> AsyncIterator[GenerationResult]:
        """`iter_parallel` for callers in an event loop."""
        return iterate_elsewhere(
            lambda: each_finished(lambda hear: self._generate(prompt, generators, node_id, description, max_workers, task, on_event=hear))
        )

    async def look(self) -> None:
        """See which models the backend has now, and under which digests; who decides what races looks first."""
        generator = await asyncio.to_thread(lambda: self.backend)
        try:
            self.saw(await generator.models())
        except BackendError:
            self._models = []  # the race will say why

    def saw(self, models: Sequence[ModelInfo]) -> None:
        """These are the backend's models now."""
        self._models = list(models)
        self.running = {model_key(model.name): set() for model in models}
        for model in models:
            if model.digest:
                self.running[model_key(model.name)].add(model.digest)

    def check(self, task: Task) -> None:
        """See that our sandbox is there (else SandboxError), with the task's packages (PackageError), before models are fetched."""
        if self._sandbox is not None or (self._runner is not None and task.kind == "none"):
            return
        sandbox = self.sandbox
        if task.packages:
            own = getattr(sandbox, "check_packages", None)  # an image's packages are not this machine's
            own(task) if own else check_packages(task, default_environment())

    async def prepare(self, models: Sequence[str]) -> None:
        """Have these models ready before a race, where the backend can."""
        await self.backend.prepare(list(dict.fromkeys(models)))

    async def race(
        self,
        decision: DecisionRecord,
        arms: Sequence[GeneratorConfig],
        task: Task,
        on_event: OnEvent | None = None,
        criteria: SelectionCriteria | None = None,
        plan: RacePlan | None = None,
        beside: Beside = NOTHING,
    ) -> RaceRecord:
        """Race a decision's arms on a task, and those that the plan adds to them, wave by wave; runs on the background loop.

        Criteria of None are this object's; without a plan the arms race all at once.
        """
        node_id, name = beside.node_id or decision.id, task.name or ""
        return await self._generate(task.prompt, arms, node_id, name, sys.maxsize, task, decision, on_event, criteria, plan, beside)

    async def _generate(
        self,
        prompt: str,
        generators: Sequence[Arm],
        node_id: str,
        description: str,
        max_workers: int,
        task: Task | None,
        decision: DecisionRecord | None = None,
        on_event: OnEvent | None = None,
        criteria: SelectionCriteria | None = None,
        plan: RacePlan | None = None,
        beside: Beside = NOTHING,
    ) -> RaceRecord:
        arms = check_arms(generators)
        beside.check_names(arms)
        if not isinstance(prompt, str) or not prompt.strip():
            raise UsageError("the prompt is empty: say what code you want")
        if task is not None and not isinstance(task, Task):
            raise UsageError(f"task must be a Task or None, not {type(task).__name__}")
        check_whole("max_workers", max_workers)
        check_listener("on_event", on_event)
        check_weights(self.quality_weight, self.speed_weight)
        race_task = task or Task(prompt)
        generator = await asyncio.to_thread(lambda: self.backend)
        # the sandbox is needed unless a caller's runner does all the trying
        sandbox = await asyncio.to_thread(lambda: self.sandbox) if self._runner is None or race_task.kind != "none" else None
        await asyncio.to_thread(self.check, race_task)
        setting = RaceSetting(
            prompt=prompt,
            task=race_task,
            node_id=node_id,
            generator=generator,
            evaluator=self._evaluator if self._evaluator_is_ours else None,
            callers=Callers(race_task, self._runner, None if self._evaluator_is_ours else self._evaluator, beside.payload),
            measurer=Measurer(sandbox),
            criteria=criteria or self._criteria_now(),
            sandbox=sandbox,
            sandbox_is_ours=self._sandbox is None,
            observer=functools.cache(lambda: Observer(self.sandbox, race_task)),
            extract=self._extract,
            brief=self._brief,
            price=self._price or (lambda _: None),
            seed=self._seed if decision is None else decision.seed,
            deadlines=self._deadlines,
        )
        if decision is None:
            await self.look()
        check_models(generator.name, self._models, arms)
        if decision is None:
            weights = {"start_weights": {"quality": self.quality_weight, "speed": self.speed_weight}}
            described = [describe_arm(arm) for arm in arms]
            decision = DecisionRecord(new_id(), race_task.context, described, policy="given", seed=self._seed, detail=weights)
            # before anything is generated: a history that cannot be written is found out now
            await asyncio.to_thread(self.history.add_decision, decision)
        started = time.perf_counter()
        plan = plan or RacePlan()
        plan.reliabilities = plan.reliabilities or (lambda results: self.reliabilities(race_task.context, results))
        race = RaceUnderWay(setting, max_workers, plan, heard(on_event), self._rng, list(plan.done))
        with telemetry.race(decision.id, race_task, len(arms)) as span:
            try:
                await race.run(arms, beside.incumbent)
            finally:  # an interrupted race is remembered too, its cancelled candidates as such
                ranked = rank(race.results, setting.criteria)
                span.ended(ranked)
                record = race_record(
                    decision, race_task, ranked, setting.criteria, time.perf_counter() - started, description=description, node_id=node_id
                )
                record = dataclasses.replace(record, reason="; ".join([record.reason, *race.compared[-1:], *plan.ended]))
                await asyncio.shield(asyncio.to_thread(self._remember, record))
        return record

    def _remember(self, record: RaceRecord) -> None:
        soft = witnesses(record.results, runner=self._runner is not None, evaluator=not self._evaluator_is_ours)
        self.history.add_race(record, soft)
