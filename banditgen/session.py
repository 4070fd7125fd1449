"""BanditGenerator: ask, run, tell, feedback; the one object most users need."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from banditgen._checks import check_text, check_whole
from banditgen._decided_race import DecidedRace, check_asked
from banditgen._loop import Closing, in_thread, release, run_elsewhere, run_sync
from banditgen._settings import model_names
from banditgen.arm import Arm, GeneratorConfig, check_arms, distinct_arms
from banditgen.bandit import Explanation
from banditgen.errors import UsageError
from banditgen.evolution.live import LiveEvolution
from banditgen.generators.base import Deadlines, Generator
from banditgen.history.base import DecisionRecord, HistoryStore
from banditgen.learning.decider import Decider
from banditgen.learning.goals import ArmGoals
from banditgen.learning.learner import Bred, Learner, Recommendation
from banditgen.race import ParallelGenerator
from banditgen.racing import defaults
from banditgen.racing.beside import Beside
from banditgen.racing.candidate import Extract
from banditgen.racing.decision import Decision, OnDecision, Race, finished
from banditgen.racing.events import OnEvent
from banditgen.racing.success import record_success
from banditgen.racing.told import told_race
from banditgen.result import GenerationResult
from banditgen.sandbox.base import Sandbox
from banditgen.selection import ExperimentSelector, criteria_now, prefer, rate
from banditgen.strategy import Strategy, arms_on, with_models
from banditgen.task import DEFAULT_TASK_TYPE, Task


class BanditGenerator(Closing):
    """Learns which generators to race on which type of task. Open one with `BanditGenerator.open()`.

    Every method may be called from any thread, also inside a running event loop; each has an async twin with an `a`
    before its name. Closing releases what `open` built; what was handed in stays open.
    """

    def __init__(
        self,
        strategy: Strategy,
        arms: Sequence[Arm],
        generator: Generator,
        history: HistoryStore,
        *,
        sandbox: Sandbox | str | None = None,
        node_runner: Any = None,
        evaluator: Any = None,
        deadlines: Deadlines | None = None,
        extract: Extract | None = None,
        allow_unsafe: bool = False,
        seed: int | None = None,
    ) -> None:
        seed = None if seed is None else check_whole("seed", seed, 0)
        self.strategy = strategy
        founders = distinct_arms(check_arms(arms))
        self.history = history
        self.selector = ExperimentSelector(strategy.criteria, history=history, scope=strategy.name)
        self.racer = ParallelGenerator(
            generator,
            node_runner,
            evaluator,
            history=history,
            sandbox=sandbox,
            require=strategy.require,
            allow_unsafe=allow_unsafe,
            deadlines=deadlines,
            extract=extract,
            brief=strategy.brief,
            price=strategy.prices.of,
            criteria=strategy.criteria,
            seed=seed,
        )

        def learner(arms: Sequence[GeneratorConfig], bred: Bred | None = None) -> Learner:
            return Learner(history, arms, strategy.policy, strategy.bandit, bred, lambda: self.racer.running, strategy.learning)

        self._criteria = criteria_now(history, strategy)
        self._learner = learner(founders)
        self._live = LiveEvolution(history, founders, strategy, self._criteria, learner) if strategy.evolution else None
        self._decider = Decider(strategy, lambda: self._live.learner() if self._live else self._learner, self._criteria, seed)
        self._strategy_kept = False
        self._owned = []

    @classmethod
    def open(
        cls,
        strategy: str | Strategy | None = None,
        *,
        arms: Sequence[Arm] | None = None,
        backend: Any = None,
        history: Any = None,
        sandbox: Sandbox | str | None = None,
        node_runner: Any = None,
        evaluator: Any = None,
        deadlines: Deadlines | None = None,
        extract: Extract | None = None,
        allow_unsafe: bool = False,
        seed: int | None = None,
    ) -> BanditGenerator:
        """Build everything from a strategy and defaults.

        Args:
            strategy: a strategy, its name, or its file's path; None is the one in use, "balanced" unless it was tuned.
            arms: `GeneratorConfig`s that replace the strategy's.
            backend: "ollama", "embedded", or any object that `ParallelGenerator` takes; None takes Ollama where it
                answers, else the embedded models.
            history: a store, a URL or a path; None is `BANDITGEN_HISTORY` or a file in the platform's data folder.
            sandbox: where tests run, or its name: "native", "container", "podman", "docker"; None is the one that is set, else the
                strongest that this machine allows.
            node_runner: a caller's own, as `ParallelGenerator` takes it; None is our sandbox.
            evaluator: a caller's own, as `ParallelGenerator` takes it; None is ours.
            deadlines: how long a generation may take, step by step; None is `Deadlines()`.
            extract: takes the code out of what a model wrote, as `ParallelGenerator` takes it; None is our own.
            allow_unsafe: candidates may run with resource limits alone, your files and network in reach, unless the strategy forbids it.
            seed: of every choice, and of the order in which a race's arms start; the same seed and history give the same.

        Raises:
            UsageError: a strategy, arms or models that cannot be used.
            NoBackendError: nothing to generate with.
            HistoryError: the history cannot be opened.
        """
        parts = {"sandbox": sandbox, "node_runner": node_runner, "evaluator": evaluator, "seed": seed}
        parts |= {"deadlines": deadlines, "extract": extract, "allow_unsafe": allow_unsafe}
        return run_sync(cls._open(strategy, arms, backend, history, parts))

    @classmethod
    async def aopen(
        cls,
        strategy: str | Strategy | None = None,
        *,
        arms: Sequence[Arm] | None = None,
        backend: Any = None,
        history: Any = None,
        **parts: Any,
    ) -> BanditGenerator:
        """`open` for callers in an event loop."""
        return await run_elsewhere(cls._open(strategy, arms, backend, history, parts))

    @classmethod
    async def _open(
        cls, strategy: str | Strategy | None, arms: Sequence[Arm] | None, backend: Any, history: Any, parts: dict[str, Any]
    ) -> BanditGenerator:
        store = await asyncio.to_thread(defaults.default_history, history)
        owned: list[Any] = [] if store is history else [store]
        try:
            plan = defaults.default_strategy(strategy, store)
            if arms is not None:
                plan = plan.with_arms(arms)
            if plan.models is not None:
                plan = with_models(plan, model_names(), ())
            generator = await asyncio.to_thread(defaults.default_backend, plan.hosts if backend is None and plan.hosts else backend)
            owned += [] if generator is backend else [generator]
            models = await generator.models()
            # a caller's client that cannot list its models has those of the arms
            own = cls(plan, arms_on(plan, models or [arm.model for arm in plan.arms]), generator, store, **parts)
            own.racer.saw(models)
        except BaseException:
            await release(owned)
            raise
        own._owned = owned
        return own

    @property
    def arms(self) -> list[GeneratorConfig]:
        """The arms that may race now: the strategy's on this backend and, where it evolves, those bred from them."""
        return self._current().arms

    def _current(self) -> Learner:
        return self._live.current() if self._live else self._learner

    def run(
        self,
        task: Task,
        k: int | None = None,
        *,
        exploit: bool = False,
        first_pass: bool = False,
        deadline: float | None = None,
        on_event: OnEvent | None = None,
        on_decision: OnDecision | None = None,
        node_id: str | None = None,
        payload: Mapping[str, Any] | None = None,
        incumbent: str | None = None,
    ) -> Race:
        """Choose arms, race them on the task, remember the race, and return it.

        Args:
            task: what to write and how it is judged.
            k: how many arms, in waves how many generations a task in the mean; None is the strategy's, fewer arms race all of them.
            exploit: for someone who is waiting: the one best arm (or k best), no exploration, no waves.
            first_pass: the race is over when a candidate has passed within the criteria.
            deadline: in seconds, above 0: the race is over then, and what still runs is cancelled; None is no limit.
            on_event: hears of each arm's progress, on another thread; must return soon.
            on_decision: hears which arms were chosen for each wave, before they start.
            node_id: candidates are saved and run under ids that begin with this, and the node runner saves the winner under it.
            payload: what the runner runs candidates on; see `racing.beside.Beside`.
            incumbent: code in use already, that is to be beaten; see there.

        Raises:
            UsageError: k below 1, or a deadline that is no number above 0.
            PackageError: the task names a package that is not installed beside banditgen.
            HistoryError: the race could not be remembered.
        """
        return run_sync(self._run(task, k, exploit, first_pass, deadline, on_event, on_decision, Beside(payload, incumbent, node_id)))

    async def arun(
        self,
        task: Task,
        k: int | None = None,
        *,
        exploit: bool = False,
        first_pass: bool = False,
        deadline: float | None = None,
        on_event: OnEvent | None = None,
        on_decision: OnDecision | None = None,
        node_id: str | None = None,
        payload: Mapping[str, Any] | None = None,
        incumbent: str | None = None,
    ) -> Race:
        """`run` for callers in an event loop."""
        beside = Beside(payload, incumbent, node_id)
        return await run_elsewhere(self._run(task, k, exploit, first_pass, deadline, on_event, on_decision, beside))

    async def _run(
        self,
        task: Task,
        k: int | None,
        exploit: bool,
        first_pass: bool,
        deadline: float | None,
        on_event: OnEvent | None,
        on_decision: OnDecision | None,
        beside: Beside,
    ) -> Race:
        check_asked(task, deadline, on_event, on_decision)
        await asyncio.to_thread(self.racer.check, task)
        await self.racer.look()
        criteria = await asyncio.to_thread(self._criteria, task.context)
        waves = self._decider.waves(task.context, k, criteria, self.backend.concurrency, exploit=exploit)
        decided = DecidedRace(self.racer, waves, self._keep, on_decision, deadline, first_pass=first_pass)
        race = await decided.run(task, criteria, on_event, beside)
        if race.best is not None:
            await asyncio.to_thread(self.selector.keep_selection, race.best, task.context)
        return race

    def ask(self, task_type: str | None = None, k: int | None = None, *, exploit: bool = False) -> Decision:
        """Choose k arms for a task type, for those who generate by themselves; answer it with `tell`."""
        kind = DEFAULT_TASK_TYPE if task_type is None else check_text("task_type", task_type)
        decision = self._decider.at_once(kind, k, exploit=exploit)
        self._keep(decision.record)
        return decision

    aask = in_thread(ask)

    def _keep(self, record: DecisionRecord) -> None:
        if not self._strategy_kept:
            self.history.add_strategy(self.strategy.hash, self.strategy.name, self.strategy.to_toml())
            self._strategy_kept = True
        self.history.add_decision(record)

    def tell(self, decision_id: str, results: Sequence[GenerationResult | Mapping[str, Any]]) -> Race:
        """Answer a decision with results made elsewhere, matched by `generator_name`; a second, equal telling is harmless.

        A result's verdict is taken as verified unless it says otherwise; scores are filled in from its measures and
        times under the weights of the moment. An arm without a result counts as cancelled.

        Raises:
            UsageError: an unknown decision or arm, an arm told twice, a value that cannot be, a result that its own race recorded
                already, or a telling that differs from an earlier one; nothing was changed.
        """
        decision, race, is_new = told_race(self.history, decision_id, results, self._criteria)
        best = next((result for result in race.results if result.id == race.best_id), None)
        if is_new and best is not None:
            self.selector.keep_selection(best, race.task_type)
        return finished(race, Decision.of(decision, self.arms))

    atell = in_thread(tell)

    def feedback(self, subject: str, satisfaction: float, *, who: str | None = None, why: str | None = None) -> None:
        """Rate a result, or a race's winner, by its id, in [0, 1]; below 0.9 the weights shift one step. See `selection.rate`."""
        rate(self.history, subject, satisfaction, who=who, why=why)

    afeedback = in_thread(feedback)

    def record_success(self, generator_name: str, task_type: str, success: bool) -> None:
        """Record an outcome that the caller saw; see `racing.success.record_success`, and there what is refused."""
        record_success(self.history, generator_name, task_type, success, self._criteria(task_type))

    arecord_success = in_thread(record_success)

    def prefer(self, better_id: str, worse_id: str, *, who: str | None = None, why: str | None = None) -> None:
        """Prefer one result of a race to another; quality against speed shifts the weights. See `selection.prefer`."""
        prefer(self.history, better_id, worse_id, who=who, why=why)

    aprefer = in_thread(prefer)

    def recommend(self, task_type: str | None = None, top_k: int = 3) -> list[Recommendation]:
        """The `top_k` arms for a task type by expected reward, with credible intervals; by the prior for an unknown type."""
        check_whole("top_k", top_k)
        task_type = DEFAULT_TASK_TYPE if task_type is None else check_text("task_type", task_type)
        return self._current().recommend(task_type, self._criteria(task_type))[:top_k]

    arecommend = in_thread(recommend)

    def pareto_front(self, task_type: str | None = None) -> list[ArmGoals]:
        """The arms that no other beats beyond doubt in all goals on a task type: quality, speed, measures that weights ask for, price."""
        task_type = DEFAULT_TASK_TYPE if task_type is None else check_text("task_type", task_type)
        return [row for row in self._current().goals(task_type, self._criteria(task_type)) if row.on_front]

    apareto_front = in_thread(pareto_front)

    def task_types(self) -> list[str]:
        """The types of task on which anything is known of any arm, verdicts or soft evidence, by alphabet."""
        return self._current().task_types(soft=True)

    atask_types = in_thread(task_types)

    def explain(self, decision: Decision | Race | str) -> Explanation:
        """Why a decision (or race, or the id of either) fell out as it did, in words (`.words`) and as data.

        Raises:
            UsageError: an unknown id, or arms that were given and not chosen.
        """
        record = self.history.decision(decision if isinstance(decision, str) else str(getattr(decision, "id", "")))
        if record is None or "explanation" not in record.detail:
            raise UsageError(f"there is no explanation of {decision!r}: only decisions of a bandit have one")
        return Explanation.from_dict(record.detail["explanation"])

    aexplain = in_thread(explain)

    @property
    def backend(self) -> Generator:
        """What generates."""
        return self.racer.backend

    @property
    def generator_stats(self) -> dict[str, dict[str, dict[str, float]]]:
        """Task type → arm name → success_count, total_count and success_rate."""
        return self.racer.generator_stats

    def get_stats(self) -> dict[str, Any]:
        """The selection statistics of this strategy, with the weights of the moment for all tasks: a type's own opinions move its own."""
        return self.selector.get_stats()
