"""Ollama as a backend: streamed, with true timings, one model at a time where only one fits."""

from __future__ import annotations

import asyncio
import contextlib
import enum
import logging
import os
import random
import time
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import ollama

from banditgen.errors import BackendError
from banditgen.generators._ollama_wire import generates, normal_name, sampling_options, timings_of
from banditgen.generators._text import one_line
from banditgen.generators._turns import ModelTurns
from banditgen.generators.base import Deadlines, Generation, GenerationError, ModelInfo, OnText, Request
from banditgen.result import FailureKind, Timings

logger = logging.getLogger("banditgen.generators")

_RESIDENT_AT_ONCE = 3  # Ollama's own OLLAMA_MAX_LOADED_MODELS for one processor or GPU
_MOST_CHARACTERS = 4_000_000
_FIRST_PAUSE = 0.25


class OllamaGenerator:
    """Generates on one Ollama host.

    Requests for one model run together, and a model that is in the host's memory goes first; another is loaded only when nobody
    uses that one: on a host that holds one model at a time, a race then loads each model once. A model that is not resident
    is loaded before its prompt is sent, so that load and first token have deadlines of their own.
    503 and broken connections are tried again, with jittered pauses, as long as nothing was generated.

    Args:
        host: as `ollama.AsyncClient` reads it; None is `OLLAMA_HOST`, else http://127.0.0.1:11434.
        client: an `ollama.AsyncClient` to use instead, with its headers and settings; it stays the caller's to close.
        parallel: requests per model at once; None is `OLLAMA_NUM_PARALLEL`, else 1, which is Ollama's own default. More
            than the host has slots for would queue there, and count as time to the first token.
        runner_options: model name to options that shape its runner (`num_ctx`, …). They belong to the model and not to an
            arm, because each change of them makes the host load the model again.
        keep_alive: how long the host keeps a model after a request, as Ollama writes it ("10m"); None is its own setting.
        retries: how often a request is tried again.
        seed: of the pauses' jitter.
    """

    def __init__(
        self,
        host: str | None = None,
        *,
        client: ollama.AsyncClient | None = None,
        parallel: int | None = None,
        runner_options: Mapping[str, Mapping[str, Any]] | None = None,
        keep_alive: str | float | None = None,
        retries: int = 3,
        seed: int | None = None,
    ) -> None:
        parallel = parallel or _parallel_of_environment()
        self.name = "ollama"
        self.concurrency = parallel * _RESIDENT_AT_ONCE
        self._client = client or ollama.AsyncClient(host)
        self._owns_client = client is None
        self._runner_options = {normal_name(name): dict(options) for name, options in (runner_options or {}).items()}
        self._keep_alive = keep_alive
        self._retries = retries
        self._jitter = random.Random(seed)  # noqa: S311  # pauses are no secret
        self._turns = ModelTurns(parallel)
        self._loading = asyncio.Lock()
        self._jobs: set[asyncio.Task[Generation]] = set()

    async def models(self) -> list[ModelInfo]:
        """The host's models that can generate; those that only embed are left out.

        Raises:
            BackendError: the host does not answer, or not as Ollama does.
        """
        try:
            listed = [model for model in (await self._client.list()).models if model.model]
            shown = await asyncio.gather(*(self._client.show(str(model.model)) for model in listed), return_exceptions=True)
        except Exception as error:  # noqa: BLE001  # the client lets through whatever httpx and pydantic raise
            raise BackendError(f"Ollama does not answer: {_reason(error)}") from None
        return [
            ModelInfo(str(model.model), model.digest, model.size)
            for model, details in zip(listed, shown, strict=True)
            if isinstance(details, ollama.ShowResponse) and generates(details)
        ]

    async def prepare(self, models: Sequence[str]) -> None:
        """Load the first of these models, unless the host has one of them already.

        More of them might push each other out; the rest is loaded when its turn comes, in a deadline of its own.
        """
        names = list(dict.fromkeys(map(normal_name, models)))
        try:
            async with asyncio.timeout(Deadlines().load):
                if not names or set(names) & set(await self._resident()):
                    return
                await self._load(names[0])
        except Exception as error:  # noqa: BLE001  # best effort
            logger.warning("ollama cannot load %s: %s", one_line(names[0]), _reason(error))

    async def generate(self, request: Request, on_text: OnText | None = None) -> Generation:
        """See `Generator.generate`. Total counts from when the model is loaded and the request is sent.

        Cancelled before its first token, a generation goes on in the background until that arrives: closing the connection
        earlier would abort a load that others wait for, and the host would not notice it before that token anyway.
        """
        job = _Job(request, on_text)
        task = asyncio.ensure_future(self._run(job))
        self._jobs.add(task)
        task.add_done_callback(self._forget)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            job.abandoned = True
            if job.stage is not _Stage.COMMITTED:
                task.cancel()
                await asyncio.wait([task])
            raise

    async def aclose(self) -> None:
        """Cancel what runs and close the connections."""
        jobs = list(self._jobs)
        for task in jobs:
            task.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)
        if self._owns_client:
            closing: Any = self._client.close  # untyped in the package
            await closing()

    def _forget(self, task: asyncio.Task[Generation]) -> None:
        self._jobs.discard(task)
        if not task.cancelled():
            task.exception()  # an abandoned job's failure interests nobody

    async def _run(self, job: _Job) -> Generation:
        model = normal_name(job.request.arm.model)
        async with self._turns.turn(model) as running:
            job.in_flight = running
            for attempt in range(self._retries + 1):
                try:
                    return await self._attempt(job, model)
                except Exception as error:  # noqa: BLE001  # the client lets through whatever httpx and pydantic raise
                    if attempt == self._retries or not job.may_be_retried(error):
                        raise _failure(error, job) from None
                    pause = _FIRST_PAUSE * 2**attempt * self._jitter.uniform(0.5, 1.5)
                    logger.info("ollama: %s; trying again in %.2f s", _reason(error), pause)
                    await asyncio.sleep(pause)
        raise AssertionError("unreachable")

    async def _attempt(self, job: _Job, model: str) -> Generation:
        deadlines = job.request.deadlines
        await self._make_resident(job, model)
        job.sent = time.perf_counter()
        first = True
        try:
            async with asyncio.timeout(deadlines.total) as total, asyncio.timeout(deadlines.first_token) as waiting:
                parts: Any = await self._client.generate(**self._arguments(job.request, model), stream=True)
                async with contextlib.aclosing(parts):  # closes the connection at once when this is left early
                    async for part in parts:
                        stall = deadlines.stall
                        waiting.reschedule(None if stall is None else asyncio.get_running_loop().time() + stall)
                        first = False
                        job.take(part)
        except TimeoutError:
            if total.expired():
                raise GenerationError(FailureKind.TIMEOUT, f"not finished within {deadlines.total:g} s") from None
            late = f"no token within {deadlines.first_token:g} s" if first else f"no more tokens within {deadlines.stall:g} s"
            raise GenerationError(FailureKind.INFRASTRUCTURE, late) from None
        return job.generation()

    def _arguments(self, request: Request, model: str) -> dict[str, Any]:
        return {
            "model": model,
            "prompt": request.prompt,
            "system": getattr(request.arm, "system_prompt", None),
            "think": getattr(request.arm, "think", None),
            "options": self._runner_options.get(model, {}) | sampling_options(request.arm, request.seed),
            "keep_alive": self._keep_alive,
        }

    async def _make_resident(self, job: _Job, model: str) -> None:
        """Have the model in the host's memory, so that its first token is not kept waiting by its load."""
        deadlines = job.request.deadlines
        try:
            async with asyncio.timeout(deadlines.connect):
                resident = await self._resident()
        except TimeoutError:
            raise GenerationError(FailureKind.INFRASTRUCTURE, f"the host did not answer within {deadlines.connect:g} s") from None
        job.stage = _Stage.COMMITTED
        if model not in resident:
            started = time.perf_counter()
            try:
                async with asyncio.timeout(deadlines.load):
                    loaded = await self._load(model)
            except TimeoutError:
                raise GenerationError(FailureKind.INFRASTRUCTURE, f"{model} was not loaded within {deadlines.load:g} s") from None
            if loaded:
                job.load += time.perf_counter() - started
            resident = await self._resident()
        job.digest = resident.get(model)
        job.check_abandoned()

    async def _load(self, model: str) -> bool:
        """Load a model with an empty prompt; False where somebody else did while this waited."""
        async with self._loading:
            if model in await self._resident():
                return False
            options = self._runner_options.get(model)
            await self._client.generate(model=model, prompt="", options=options, keep_alive=self._keep_alive)
            await self._resident()
            return True

    async def _resident(self) -> dict[str, str | None]:
        """The models in the host's memory, with their digests."""
        try:
            running = await self._client.ps()
        except ollama.ResponseError as error:
            if error.status_code != 404:
                raise
            return {}  # a server older than /api/ps: every request then asks for a load, which a loaded model answers at once
        resident = {normal_name(str(model.model or model.name)): model.digest for model in running.models}
        await self._turns.know_resident(set(resident))
        return resident


class _Stage(enum.Enum):
    """How far a job is: in WAITING and STREAMING a cancelled one ends at once."""

    WAITING = 1
    COMMITTED = 2  # loading, or sent and without a token
    STREAMING = 3


class _Job:
    """One generation on its way."""

    def __init__(self, request: Request, on_text: OnText | None) -> None:
        self.request, self._on_text = request, on_text
        self.stage = _Stage.WAITING
        self.abandoned = False
        self.started = self.sent = time.perf_counter()
        self.load = 0.0
        self.in_flight = 1
        self.digest: str | None = None
        self._first_token: float | None = None
        self._pieces: list[str] = []
        self._size = 0
        self._final: ollama.GenerateResponse | None = None

    @property
    def text(self) -> str:
        return "".join(self._pieces)

    def check_abandoned(self) -> None:
        if self.abandoned:
            raise asyncio.CancelledError

    def may_be_retried(self, error: Exception) -> bool:
        """Whether the host was busy or the connection broke, and nothing was generated."""
        if self.stage is _Stage.STREAMING or self.abandoned:
            return False
        if isinstance(error, ollama.ResponseError):
            return error.status_code == 503
        return isinstance(error, ConnectionError | httpx.TransportError)

    def take(self, part: ollama.GenerateResponse) -> None:
        """Keep one record of the stream."""
        if part.done:
            self._final = part
        if part.response or part.thinking:
            self.stage = _Stage.STREAMING
            if self._first_token is None:
                self._first_token = time.perf_counter() - self.started
        self.check_abandoned()
        if part.response:
            self._pieces.append(part.response)
            self._size += len(part.response)
            if self._size > _MOST_CHARACTERS:
                raise GenerationError(FailureKind.INFRASTRUCTURE, f"the host sent more than {_MOST_CHARACTERS:,} characters")
            if self._on_text is not None:
                self._on_text(part.response)

    def timings(self) -> Timings:
        wall = time.perf_counter() - self.started
        if self._final is None:
            return Timings(wall=wall, load=self.load, first_token=self._first_token, in_flight=self.in_flight)
        before = self.sent - self.started - self.load
        final = self._final.model_dump()
        return timings_of(final, wall=wall, before=before, loaded=self.load, first_token=self._first_token, in_flight=self.in_flight)

    def generation(self) -> Generation:
        if self._final is None:
            raise GenerationError(FailureKind.INFRASTRUCTURE, "the answer broke off before it was complete")
        length = self._final.done_reason == "length"
        if not self.text.strip():
            kind = FailureKind.TRUNCATED if length else FailureKind.EMPTY
            raise GenerationError(kind, "the model wrote no answer" + (" before max_tokens" if length else ""))
        return Generation(self.text, self.timings(), self.request.arm.model, "length" if length else "stop", self.digest)


def _failure(error: Exception, job: _Job) -> GenerationError:
    """Any exception of an attempt as the failure that the race records, with what had arrived."""
    kind = error.kind if isinstance(error, GenerationError) else FailureKind.INFRASTRUCTURE
    return GenerationError(kind, _reason(error), text=job.text, timings=job.timings())


def _reason(error: BaseException) -> str:
    if isinstance(error, ollama.ResponseError):
        return one_line(error.error or f"status {error.status_code}")
    if isinstance(error, GenerationError):
        return error.message
    if isinstance(error, ConnectionError | httpx.TransportError):
        return one_line(f"the connection to Ollama failed ({type(error).__name__}: {error})")
    return one_line(f"the host's answer cannot be read ({type(error).__name__}: {error})")


def _parallel_of_environment() -> int:
    value = os.environ.get("OLLAMA_NUM_PARALLEL", "")
    return int(value) if value.isdigit() and int(value) > 0 else 1
