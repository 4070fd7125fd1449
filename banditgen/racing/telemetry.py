"""Spans of a race for OpenTelemetry, by the names of its conventions for generative AI; nothing where its API is not installed.

A race is a workflow, with its waves below it, and below each wave what each arm generated and how that was tried. Names and numbers are
recorded, and how things failed (`FailureKind`); no prompt, code or output, and no error's text, which a candidate can write. Only where
`OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT` asks for messages, prompts and answers are recorded on the spans of generations.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import importlib.metadata
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from banditgen._text import one_line
from banditgen.generators.base import Generation, GenerationError, Request
from banditgen.result import FailureKind, GenerationResult
from banditgen.task import Task

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

CAPTURE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
ON_SPANS = ("true", "span_only", "span_and_event")

Attributes = Mapping[str, str | bool | int | float | Sequence[str] | None]


class Recorded:
    """A span under way; one of None takes everything and keeps nothing."""

    def __init__(self, span: Span | None) -> None:
        self._span = span

    def keep(self, attributes: Attributes) -> None:
        """Set attributes; those of None are left out."""
        if self._span is not None:
            self._span.set_attributes(_known(attributes))

    def failed(self, kind: FailureKind) -> None:
        """Say how it failed, and nothing more."""
        if self._span is not None:
            from opentelemetry.trace import StatusCode  # noqa: PLC0415  # where there is a span, it is installed

            self._span.set_attribute("error.type", str(kind))
            self._span.set_status(StatusCode.ERROR, str(kind))

    def wrote(self, generation: Generation) -> None:
        """Keep what a generation came to."""
        timings = generation.timings
        self.keep(
            {
                "gen_ai.response.model": generation.model,
                "gen_ai.response.finish_reasons": [generation.finish],
                "gen_ai.response.time_to_first_chunk": timings.first_token,
                "gen_ai.usage.input_tokens": timings.prompt_tokens,
                "gen_ai.usage.output_tokens": timings.completion_tokens,
                "gen_ai.usage.cache_read.input_tokens": timings.cached_tokens,
            }
        )
        self._say("gen_ai.output.messages", role="assistant", text=generation.text, finish_reason=generation.finish)

    def asked(self, request: Request) -> None:
        """Keep what a model is asked, where that is wanted."""
        self._say("gen_ai.input.messages", role="user", text=request.prompt)

    def _say(self, attribute: str, *, role: str, text: str, **more: str) -> None:
        if self._span is not None and os.environ.get(CAPTURE, "").strip().lower() in ON_SPANS:
            self._span.set_attribute(attribute, json.dumps([{"role": role, "parts": [{"type": "text", "content": text}], **more}]))

    def tried(self, result: GenerationResult) -> None:
        """Keep what came of a candidate's trial."""
        self.keep(
            {
                "banditgen.trial.passed": result.test_passed,
                "banditgen.trial.verified": bool(result.verified),
                "banditgen.trial.channel": result.channel or None,
                "banditgen.trial.isolation": result.isolation.get("level"),
                "banditgen.trial.wall_seconds": result.execution_time,
            }
        )
        if result.failure is not None:
            self.failed(result.failure)

    def ended(self, ranked: Sequence[GenerationResult]) -> None:
        """Keep what came of a race, the winner first."""
        passed = [result for result in ranked if result.test_passed and result.verified]
        self.keep({"banditgen.race.candidates": len(ranked), "banditgen.race.passed": len(passed)})
        if ranked:
            self.keep({"banditgen.race.winner": ranked[0].generator_name})


@contextlib.contextmanager
def race(race_id: str, task: Task, arms: int) -> Iterator[Recorded]:
    """The span of a race."""
    about: Attributes = {
        "gen_ai.operation.name": "invoke_workflow",
        "gen_ai.agent.name": "banditgen",
        "banditgen.race.id": race_id,
        "banditgen.task.type": task.context,
        "banditgen.task.kind": task.kind,
        "banditgen.race.arms": arms,
    }
    with _span(f"race {task.context}", about) as span:
        yield span


@contextlib.contextmanager
def wave(step: int, arms: int) -> Iterator[Recorded]:
    """The span of a wave, `step` counted from 0."""
    with _span(f"wave {step}", {"banditgen.wave.step": step, "banditgen.wave.arms": arms}) as span:
        yield span


@contextlib.contextmanager
def generation(provider: str, request: Request) -> Iterator[Recorded]:
    """The span of what an arm generates; says how that failed where it raises."""
    arm = request.arm
    about: Attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": provider,
        "gen_ai.request.model": arm.model,
        "gen_ai.request.temperature": float(arm.temperature),
        "gen_ai.request.max_tokens": getattr(arm, "max_tokens", None),
        "gen_ai.request.top_p": getattr(arm, "top_p", None),
        "gen_ai.request.top_k": getattr(arm, "top_k", None),
        "gen_ai.request.seed": request.seed,
        "banditgen.arm.name": arm.name,
    }
    with _span(f"chat {arm.model}", about, client=True) as span:
        span.asked(request)
        try:
            yield span
        except GenerationError as error:
            span.failed(error.kind)
            raise
        except asyncio.CancelledError:
            span.failed(FailureKind.CANCELLED)
            raise
        except Exception:
            span.failed(FailureKind.INFRASTRUCTURE)
            raise


@contextlib.contextmanager
def trial(result: GenerationResult) -> Iterator[Recorded]:
    """The span of taking an arm's code out of its answer, and of trying it."""
    with _span(f"trial {result.generator_name}", {"banditgen.arm.name": result.generator_name}) as span:
        try:
            yield span
        finally:
            span.tried(result)


@contextlib.contextmanager
def _span(name: str, attributes: Attributes, *, client: bool = False) -> Iterator[Recorded]:
    tracer = _tracer()
    if tracer is None:
        yield Recorded(None)
        return
    from opentelemetry.trace import SpanKind  # noqa: PLC0415  # where there is a tracer, it is installed

    kind = SpanKind.CLIENT if client else SpanKind.INTERNAL
    with tracer.start_as_current_span(
        one_line(name), kind=kind, attributes=_known(attributes), record_exception=False, set_status_on_exception=False
    ) as span:
        yield Recorded(span)


def _known(attributes: Attributes) -> dict[str, Any]:
    """What is known of them; texts on one line, and bounded, whoever wrote them."""
    return {name: one_line(value) if isinstance(value, str) else value for name, value in attributes.items() if value is not None}


@functools.cache
def _tracer() -> Tracer | None:
    try:
        from opentelemetry import trace  # noqa: PLC0415  # an extra
    except ImportError:
        return None
    return trace.get_tracer("banditgen", importlib.metadata.version("banditgen"))
