"""One arm's way through a race: generate, take out the code, try it, measure it, score it."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import dataclasses
import functools
import logging
import os
import time
from collections.abc import Callable
from typing import Any, TypeVar

from banditgen._text import one_line
from banditgen._threads import in_thread
from banditgen.arm import GeneratorConfig, arm_id, named_arm_id
from banditgen.ensemble.behaviour import Observer
from banditgen.errors import EvaluatorError, PackageError, SandboxError
from banditgen.evaluators.base import Evaluator
from banditgen.evaluators.measurer import Measurer
from banditgen.evaluators.measures import Subject
from banditgen.generators.base import Brief, Deadlines, Generation, GenerationError, Generator, Request
from banditgen.generators.extract import ended, extract, is_only_thinking
from banditgen.history.ids import new_id
from banditgen.racing import telemetry
from banditgen.racing.beside import INCUMBENT
from banditgen.racing.callers import Callers
from banditgen.result import FailureKind, GenerationResult, Timings
from banditgen.sandbox.base import Execution, Sandbox
from banditgen.scoring import SelectionCriteria, score
from banditgen.task import Task

T = TypeVar("T")

logger = logging.getLogger("banditgen.race")

Extract = Callable[[str, Task], str]
"""Takes the code out of what a model wrote for a task; "" where there is none."""


@functools.cache
def _trials(process: int) -> concurrent.futures.ThreadPoolExecutor:  # noqa: ARG001 - a forked child needs threads of its own
    """Trying candidates is processor work: one at a time per core, apart from the loop's own threads."""
    return concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count() or 1, thread_name_prefix="banditgen-trial")


async def in_trial_thread(function: Callable[..., T], *args: Any) -> T:
    """Run blocking work in the threads kept for trials."""

    def contained() -> T:
        try:
            return function(*args)
        except Exception:
            raise
        except BaseException as error:  # a caller's sandbox that exits must not end the event loop
            raise RuntimeError(f"{type(error).__name__}: {error}") from error

    context = contextvars.copy_context()  # what a caller's sandbox or evaluator traces there belongs to its trial
    return await asyncio.get_running_loop().run_in_executor(_trials(os.getpid()), context.run, contained)


@dataclasses.dataclass(frozen=True)
class RaceSetting:
    """What all candidates of one race share."""

    prompt: str
    task: Task
    node_id: str
    generator: Generator
    evaluator: Evaluator | None  # ours; None where the caller's is asked
    callers: Callers
    measurer: Measurer  # of what the criteria weigh beside what the evaluator gives
    criteria: SelectionCriteria
    sandbox: Sandbox | None  # None where only the caller's runner is used
    sandbox_is_ours: bool = True
    observer: Callable[[], Observer] | None = None  # asks candidates that no tests judge; of this race, so that it asks none twice
    extract: Extract | None = None  # a caller's own
    price: Callable[[GenerationResult], float | None] = lambda _: None  # of a generation, in money
    seed: int | None = None
    brief: bool = True  # whether models are told what is known of the task
    deadlines: Deadlines = dataclasses.field(default_factory=Deadlines)


async def run_candidate(
    setting: RaceSetting, arm: GeneratorConfig, node_id: str, slot: asyncio.Semaphore, on_stage: Callable[[str, str], None]
) -> GenerationResult:
    """One arm's candidate, whatever happens to it: a failure is a result with a `FailureKind`, never an exception.

    Cancelling the task gives a cancelled result too: the race that cancels it keeps what the others have done.
    `on_stage(stage, text)` hears of "generating", first without text, then with each piece of it, and "testing".
    """
    result = GenerationResult(
        arm.name, "", 0.0, arm.model, float(arm.temperature), id=new_id(), arm_id=arm_id(arm), node_id=node_id, verified=False
    )
    asked = time.perf_counter()
    began: float | None = None

    def wrote(text: str) -> None:
        nonlocal began
        if began is None:
            began = time.perf_counter()
        on_stage("generating", text)

    try:
        async with slot:
            asked = time.perf_counter()
            brief = Brief(setting.task.signatures, setting.task.kind == "stdio") if setting.brief else None
            request = Request(setting.prompt, arm, setting.seed, setting.task.wanted, setting.deadlines, brief, setting.node_id)
            with telemetry.generation(setting.generator.name, request) as span:
                generation = await _generated(setting, request, wrote)
                span.wrote(generation)
            if began is None:
                wrote("")
        _keep_generation(result, generation)
        with telemetry.trial(result):
            await _keep_code(result, generation, setting)
            if result.code:
                on_stage("testing", "")
                await _tried(result, setting, truncated=generation.finish == "length")
    except asyncio.CancelledError:
        return _fail(result, FailureKind.CANCELLED, "the race was over", result.timings or _until_now(asked, began))
    except GenerationError as error:
        result.text = error.text
        return _fail(result, error.kind, error.message, error.timings or Timings(wall=time.perf_counter() - asked))
    except Exception as error:  # a backend of the caller's may raise anything; it says nothing about the arm
        logger.exception("the backend %s failed", setting.generator.name)
        message = f"the backend failed: {type(error).__name__}: {str(error)[:200]}"
        return _fail(result, FailureKind.INFRASTRUCTURE, message, Timings(wall=time.perf_counter() - asked))
    finally:
        if setting.task.kind == "none":
            result.verified = False  # without tests nothing is a verdict
    return result


async def run_incumbent(setting: RaceSetting, code: str) -> GenerationResult:
    """The code that is in use already, tried as a candidate is. No model wrote it: it teaches nothing of any arm."""
    result = GenerationResult(INCUMBENT, ended(code), 0.0, "", 0.0, id=new_id(), arm_id=named_arm_id(INCUMBENT))
    result.node_id = f"{setting.node_id}__{INCUMBENT}"
    await _tried(result, setting, truncated=False)
    result.verified = False
    return result


async def _generated(setting: RaceSetting, request: Request, on_text: Callable[[str], None]) -> Generation:
    """What the model writes, unless it writes for longer than the criteria allow: no candidate of that time can win.

    The time counts from the first token on; what went before is reading the prompt, or not the model's.
    """
    longest = setting.criteria.max_generation_time
    if longest is None:
        return await setting.generator.generate(request, on_text)
    loop, began = asyncio.get_running_loop(), False

    def heard(text: str) -> None:
        nonlocal began
        if text and not began:
            began = True
            loop.call_soon_threadsafe(limit.reschedule, loop.time() + longest)
        on_text(text)

    try:
        async with asyncio.timeout(None) as limit:
            return await setting.generator.generate(request, heard)
    except TimeoutError:
        if not limit.expired():
            raise
        message = f"it wrote for longer than the criteria's max_generation_time of {longest:g} s"
        raise GenerationError(FailureKind.TIMEOUT, message, timings=Timings(wall=longest)) from None


def _until_now(asked: float, began: float | None) -> Timings:
    """What a generation took that was stopped: the model's time begins when it began to work on it."""
    now = time.perf_counter()
    return Timings(wall=now - asked, queue=(began or now) - asked, eval=now - (began or now), source="wall")


def _keep_generation(result: GenerationResult, generation: Generation) -> None:
    result.text = generation.text
    result.timings = generation.timings
    result.generation_time = generation.timings.model_seconds
    result.model_used = generation.model
    result.digest = generation.digest
    result.prompt_version = generation.prompt_version


async def _keep_code(result: GenerationResult, generation: Generation, setting: RaceSetting) -> None:
    """Take the code out of the text, in a thread: a caller's way of doing so may be slow, or hang, and is not the arm's fault."""
    take_out = setting.extract or extract
    seconds = setting.task.limits.wall_seconds if setting.extract else None
    try:
        code = await asyncio.wait_for(in_thread(lambda: take_out(generation.text, setting.task)), seconds)
        if not isinstance(code, str):
            raise TypeError(f"it returned {type(code).__name__}, not a string")  # noqa: TRY301 - one way to say so
    except TimeoutError:
        _fail(result, FailureKind.INFRASTRUCTURE, f"extract failed: not done within {seconds:g} s")
        return
    except Exception as error:  # noqa: BLE001 - whatever a caller's function raises
        _fail(result, FailureKind.INFRASTRUCTURE, one_line(f"extract failed: {type(error).__name__}: {error}"))
        return
    result.code = ended(code)
    if code.strip():
        return
    result.code = ""
    if generation.finish == "length":
        _fail(result, FailureKind.TRUNCATED, "the model ran into max_tokens before it wrote code")
    elif is_only_thinking(generation.text):
        _fail(result, FailureKind.EMPTY, "the model wrote no code: its answer is only thinking")
    else:
        _fail(result, FailureKind.EMPTY, "the model wrote no code")


def _fail(result: GenerationResult, kind: FailureKind, message: str, timings: Timings | None = None) -> GenerationResult:
    """Mark a candidate that never came to be tried; whether it counts against the arm is the kind's to say."""
    result.success = False
    result.failure = kind
    result.error = message
    result.verified = kind.moves_posterior
    if timings is not None:
        result.timings = timings
        result.generation_time = timings.model_seconds
    return result


async def _tried(result: GenerationResult, setting: RaceSetting, *, truncated: bool) -> None:
    started = time.perf_counter()
    try:
        own = await setting.callers.run(result.node_id, result.code) if setting.callers.has_runner else None
        judge = functools.partial(_judge, setting, result.code, own)
        # a caller's sandbox may be slow: it keeps no other race's trials waiting
        execution, measures = await (in_trial_thread(judge) if setting.sandbox_is_ours else in_thread(judge))
        if setting.callers.has_evaluator:
            measures = await setting.callers.measure(result.code, execution)
        keep_execution(result, execution)
        if truncated and not execution.passed and execution.failure is not FailureKind.TASK:
            result.failure = FailureKind.TRUNCATED
        result.measures = measures
        if execution.passed:
            await _measured(result, setting, execution)
    except PackageError as error:
        _spoil(result, str(error), FailureKind.TASK)
    except (SandboxError, EvaluatorError) as error:
        _spoil(result, str(error))
    except Exception as error:  # one candidate's trial must not end the race
        logger.exception("trying the candidate of %s failed", result.generator_name)
        _spoil(result, f"trying the candidate failed: {type(error).__name__}: {str(error)[:200]}")
    result.test_time = time.perf_counter() - started
    score(result, setting.criteria)


async def _measured(result: GenerationResult, setting: RaceSetting, execution: Execution) -> None:
    """Take the measures that the criteria ask for and the evaluator did not give."""
    result.tools = {name: "evaluator" for name in setting.criteria.measures if name in result.measures}
    asked = [name for name in setting.criteria.measures if name not in result.measures]
    if not asked:
        return
    take = functools.partial(setting.measurer.measure, asked, Subject(result.code, execution, setting.task))
    taken = await (in_trial_thread(take) if setting.sandbox_is_ours else in_thread(take))
    result.measures = result.measures | {name: value for name, (value, _) in taken.items()}
    result.tools |= {name: tool for name, (_, tool) in taken.items()}


def _spoil(result: GenerationResult, message: str, kind: FailureKind = FailureKind.INFRASTRUCTURE) -> None:
    """What was to try the candidate failed: it counts for nothing."""
    result.test_passed = False
    result.verified = False
    result.failure = kind
    result.error = message


def _judge(setting: RaceSetting, code: str, own: Execution | None) -> tuple[Execution, dict[str, float]]:
    """What our own parts say of a candidate, after the caller's runner where there is one."""
    execution = _execute(setting, code, own)
    return execution, setting.evaluator.evaluate(code, execution, setting.task) if setting.evaluator is not None else {}


def _execute(setting: RaceSetting, code: str, own: Execution | None) -> Execution:
    """The task's tests always in a sandbox, and with a caller's runner both must pass."""
    if own is not None and setting.task.kind == "none":
        return own
    if own is not None and not own.passed:
        return dataclasses.replace(own, verified=True)
    if setting.sandbox is None:
        raise SandboxError("no sandbox was handed in")
    verdict = setting.sandbox.run(code, setting.task)
    if own is None:
        return verdict
    return dataclasses.replace(verdict, stdout=own.stdout, stderr=own.stderr, wall_seconds=own.wall_seconds, metrics=own.metrics)


def keep_execution(result: GenerationResult, execution: Execution) -> None:
    """Copy onto the result what its trial showed."""
    result.test_passed = execution.passed
    result.verified = execution.verified
    result.failure = execution.failure
    result.error = execution.error
    result.execution_time = execution.wall_seconds
    result.stdout = execution.stdout
    result.stderr = execution.stderr
    result.channel = execution.channel
    result.isolation = dict(execution.isolation)
