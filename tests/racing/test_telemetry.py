"""What OpenTelemetry sees of a race: nested spans by its own names, how things failed, and nothing that a prompt or a candidate says."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.semconv._incubating.attributes import gen_ai_attributes
from opentelemetry.semconv.attributes import error_attributes
from opentelemetry.trace import SpanKind, StatusCode

from banditgen._loop import run_elsewhere, run_sync
from banditgen.arm import GeneratorConfig
from banditgen.race import ParallelGenerator
from banditgen.racing import telemetry
from banditgen.racing.waves import RacePlan
from banditgen.result import FailureKind, GenerationResult
from banditgen.sandbox.base import Execution
from banditgen.task import Task
from tests.clients import BAD, GOOD, Client

SECRET = "hunter2-said-by-the-prompt"
HOSTILE = "```python\nprint('EVIL stdout')\ndef double(x):\n    raise ValueError('EVIL error')\n```"
ANSWERS: dict[str, str | Exception] = {"good": GOOD, "bad": BAD, "hostile": HOSTILE, "empty": "no code", "broken": ValueError("EVIL reply")}
ARMS = [GeneratorConfig(f"{model} arm", model, temperature=0.5) for model in ANSWERS]
TASK = Task(f"double a number {SECRET}", task_type="numbers\x1b[2J", tests="assert double(2) == 4", entry_point="double")


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(telemetry, "_tracer", lambda: provider.get_tracer("banditgen"))
    yield exporter
    provider.shutdown()


def raced(
    arms: Sequence[GeneratorConfig] = ARMS, plan: RacePlan | None = None, seconds: float = 0.0, **parts: Any
) -> list[GenerationResult]:
    racing = ParallelGenerator(Client(ANSWERS, seconds), **parts)
    return list(run_sync(racing._generate(TASK.prompt, list(arms), "node", "", 9, TASK, plan=plan)).results)


def by_name(exporter: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {span.name: span for span in exporter.get_finished_spans()}


def parent(span: ReadableSpan) -> int | None:
    return None if span.parent is None else span.parent.span_id


def the_id(span: ReadableSpan) -> int:
    assert span.context is not None
    return int(span.context.span_id)


@pytest.mark.slow
def test_spans_nest_from_the_caller_to_the_trial(exported: InMemorySpanExporter) -> None:
    """Across threads and the loop; each wave has its own arms, and what a caller's sandbox traces lies below its trial."""

    class Traced:
        name, isolation, close = "traced", dict, lambda self: None

        def run(self, code: str, task: Task) -> Execution:
            with telemetry._tracer().start_as_current_span("own"):  # type: ignore[union-attr]
                return Execution(passed=True, verified=True)

    async def more(results: Sequence[GenerationResult]) -> Sequence[GeneratorConfig]:
        return ARMS[1:2] if len(results) == 1 else ()

    with telemetry._tracer().start_as_current_span("caller"):  # type: ignore[union-attr]
        raced(ARMS[:1], RacePlan(more=more), sandbox=Traced())
    spans = exported.get_finished_spans()
    found = by_name(exported)
    chain = {"race numbers[2J": "caller", "wave 0": "race numbers[2J", "wave 1": "race numbers[2J"}
    chain |= {"chat good": "wave 0", "trial good arm": "wave 0", "chat bad": "wave 1", "trial bad arm": "wave 1"}
    assert {name: parent(found[name]) for name in chain} == {name: the_id(found[above]) for name, above in chain.items()}
    trials = {the_id(found[f"trial {name} arm"]) for name in ("good", "bad")}
    assert {parent(span) for span in spans if span.name == "own"} == trials
    assert len({span.context.trace_id for span in spans if span.context}) == 1


def test_names_are_the_conventions_and_failures_are_kinds(exported: InMemorySpanExporter) -> None:
    results = {result.model_used: result for result in raced(seed=7)}
    found = by_name(exported)
    known = {value for name, value in vars(gen_ai_attributes).items() if name.isupper()} | {error_attributes.ERROR_TYPE}
    for span in found.values():
        assert {name for name in span.attributes or {} if not name.startswith("banditgen.")} <= known
    good = found["chat good"]
    assert good.kind is SpanKind.CLIENT
    attributes = dict(good.attributes or {})
    assert attributes["gen_ai.operation.name"] == "chat"
    assert (attributes["gen_ai.request.model"], attributes["gen_ai.request.temperature"], attributes["gen_ai.request.seed"]) == (
        "good",
        0.5,
        7,
    )
    assert attributes["gen_ai.response.finish_reasons"] == ("stop",)
    assert good.status.status_code is StatusCode.UNSET
    race = dict(found["race numbers[2J"].attributes or {})
    assert (race["gen_ai.operation.name"], race["banditgen.race.arms"], race["banditgen.race.passed"]) == ("invoke_workflow", 5, 1)
    assert race["banditgen.race.winner"] == "good arm"
    kinds = {name: (found[name].attributes or {}).get("error.type") for name in found}
    assert kinds["trial good arm"] is None
    assert (kinds["trial bad arm"], kinds["trial hostile arm"], kinds["trial empty arm"]) == ("wrong", "error", "empty")
    assert kinds["chat broken"] == results["broken"].failure == FailureKind.INFRASTRUCTURE
    assert "trial broken arm" not in found
    assert found["chat broken"].status.status_code is StatusCode.ERROR


def test_tokens_and_times_are_kept_where_a_backend_says_them() -> None:
    from banditgen.generators.base import Generation
    from banditgen.result import Timings

    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with provider.get_tracer("x").start_as_current_span("s") as span:
        timings = Timings(wall=2.0, first_token=0.5, prompt_tokens=11, completion_tokens=22, cached_tokens=3)
        telemetry.Recorded(span).wrote(Generation("text", timings, "m:7b", "length"))
    attributes = dict(exporter.get_finished_spans()[0].attributes or {})
    assert attributes == {
        "gen_ai.response.model": "m:7b",
        "gen_ai.response.finish_reasons": ("length",),
        "gen_ai.response.time_to_first_chunk": 0.5,
        "gen_ai.usage.input_tokens": 11,
        "gen_ai.usage.output_tokens": 22,
        "gen_ai.usage.cache_read.input_tokens": 3,
    }


def whole(span: ReadableSpan) -> str:
    return json.dumps(
        [span.name, dict(span.attributes or {}), span.status.description, [(e.name, dict(e.attributes or {})) for e in span.events]]
    )


def test_no_prompt_code_output_or_error_text_unless_asked(exported: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch) -> None:
    raced()
    said = "".join(map(whole, exported.get_finished_spans()))
    assert not any(word in said for word in (SECRET, "EVIL", "def double", "\\u001b", "no code"))
    exported.clear()
    for value in ("SPAN_ONLY", "true"):
        monkeypatch.setenv(telemetry.CAPTURE, value)
        raced()
        asked = by_name(exported)
        messages = json.loads(str((asked["chat hostile"].attributes or {})["gen_ai.input.messages"]))
        assert messages == [{"role": "user", "parts": [{"type": "text", "content": TASK.prompt}]}]
        answer = json.loads(str((asked["chat hostile"].attributes or {})["gen_ai.output.messages"]))
        assert answer[0]["parts"][0]["content"] == HOSTILE
        others = "".join(whole(span) for name, span in asked.items() if not name.startswith("chat"))
        assert not any(word in others for word in (SECRET, "EVIL", "def double"))
        exported.clear()
    for value in ("NO_CONTENT", "EVENT_ONLY", "false", ""):
        monkeypatch.setenv(telemetry.CAPTURE, value)
        raced()
        assert SECRET not in "".join(map(whole, exported.get_finished_spans()))
        exported.clear()


def test_a_race_that_is_over_in_time_says_who_was_cancelled(exported: InMemorySpanExporter) -> None:
    raced(ARMS[:2], RacePlan(seconds=0.3), seconds=30.0)
    found = by_name(exported)
    assert {(found[name].attributes or {}).get("error.type") for name in ("chat good", "chat bad")} == {"cancelled"}
    assert all(span.end_time for span in found.values())
    assert set(found) == {"race numbers[2J", "wave 0", "chat good", "chat bad"}


async def _from_a_loop(exporter: InMemorySpanExporter) -> None:
    with telemetry._tracer().start_as_current_span("caller"):  # type: ignore[union-attr]
        racing = ParallelGenerator(Client(ANSWERS))
        await run_elsewhere(racing._generate(TASK.prompt, ARMS[:1], "node", "", 9, TASK))


def test_a_callers_own_loop_is_above_as_well(exported: InMemorySpanExporter) -> None:
    import asyncio

    asyncio.run(_from_a_loop(exported))
    found = by_name(exported)
    assert parent(found["race numbers[2J"]) == the_id(found["caller"])


WITHOUT = """
import sys, time
sys.modules["opentelemetry"] = None
import banditgen.race
from banditgen.racing import telemetry
from banditgen.result import GenerationResult
result = GenerationResult("a", "", 0.0, "m", 0.5)
def spans():
    with telemetry.trial(result): pass
spans()
assert telemetry._tracer() is None
def of(call, count=2000):
    started = time.perf_counter()
    for _ in range(count): call()
    return (time.perf_counter() - started) / count
print(min(of(spans) for _ in range(5)))
"""


@pytest.mark.slow
def test_without_the_api_nothing_is_traced_and_it_costs_next_to_nothing() -> None:
    run = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert float(run.stdout) < 1e-3  # some microseconds, on a machine with other work, too
    light = "import banditgen, sys; assert not any(name.startswith('opentelemetry') for name in sys.modules)"
    assert subprocess.run([sys.executable, "-c", light], check=False).returncode == 0


LATER = """
from banditgen.racing import telemetry
tracer = telemetry._tracer()
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
assert not tracer.start_span("before").is_recording()
trace.set_tracer_provider(TracerProvider())
assert tracer.start_span("after").is_recording()
"""


def test_the_tracer_is_of_whatever_provider_is_set_later() -> None:
    run = subprocess.run([sys.executable, "-c", LATER], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
