"""Ollama as a backend: streamed, with true timings, one model at a time where only one fits."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import functools
import logging
import math
import os
import time
from collections.abc import Mapping, Sequence
from typing import Any

from banditgen._text import one_line
from banditgen.generators._ollama_address import address_of_client, ollama_address
from banditgen.generators._ollama_api import OllamaApi, OllamaError
from banditgen.generators._ollama_job import OllamaJob, Stage
from banditgen.generators._ollama_models import models_of, reason
from banditgen.generators._ollama_wire import full_name, normal_name, sampling_options, tokens
from banditgen.generators._streamed import Retries, received
from banditgen.generators._turns import ModelTurns
from banditgen.generators.base import Deadlines, Generation, GenerationError, ModelInfo, OnText, Request
from banditgen.generators.prompts import instructions, told, version
from banditgen.result import FailureKind

logger = logging.getLogger("banditgen.generators")

_GOOD_FOR = 0.25  # seconds: with many requests a second, asking before each what is in memory costs more than it tells
_LOOK_AGAIN = 5.0  # seconds after which even of a model that writes all the time it is asked: it may run under another digest
_RESIDENT_AT_ONCE = 3  # Ollama's own OLLAMA_MAX_LOADED_MODELS for one processor or GPU


class OllamaGenerator:
    """Generates on one Ollama host.

    Requests for one model run together, and a model that is in the host's memory goes first; another is loaded only when nobody
    uses that one: on a host that holds one model at a time, a race then loads each model once. A model that is not resident
    is loaded before its prompt is sent, so that load and first token have deadlines of their own.
    503 and broken connections are tried again, with jittered pauses, as long as nothing was generated.

    Args:
        host: HOST, HOST:PORT or a URL, as Ollama reads `OLLAMA_HOST`; None is that variable, else http://127.0.0.1:11434. A host on
            loopback is never asked through a proxy; another one is, where the environment names one.
        client: an `ollama.AsyncClient` or `ollama.Client` whose host is meant instead, with its headers, cookies and certificates.
        parallel: requests per model at once; None is `OLLAMA_NUM_PARALLEL`, else 1, which is Ollama's own default. More
            than the host has slots for would queue there, and count as time to the first token.
        runner_options: model name to options that shape its runner (`num_ctx`, …). They belong to the model and not to an
            arm, because each change of them makes the host load the model again.
        keep_alive: how long the host keeps a model after a request, as Ollama writes it ("10m"); None is its own setting.
        retries: how often a request is tried again.
        seed: of the pauses' jitter.

    Raises:
        BackendError: the host's address, a proxy or a certificate that the environment names cannot be used.
    """

    def __init__(
        self,
        host: str | None = None,
        *,
        client: Any = None,
        parallel: int | None = None,
        runner_options: Mapping[str, Mapping[str, Any]] | None = None,
        keep_alive: str | float | None = None,
        retries: int = 3,
        seed: int | None = None,
    ) -> None:
        parallel = parallel or _parallel_of_environment()
        self.name = "ollama"
        self.parallel = parallel
        self.concurrency = parallel * _RESIDENT_AT_ONCE
        self._api = OllamaApi(ollama_address(host) if client is None else address_of_client(client))
        self._runner_options = {normal_name(name): dict(options) for name, options in (runner_options or {}).items()}
        self._keep_alive = keep_alive
        self._retries = Retries(retries, seed)
        self._turns = ModelTurns(parallel)
        self._loading = asyncio.Lock()
        self._seen: dict[str, dict[str, Any]] = {}
        self._seen_at = -math.inf
        self._wrote: dict[str, float] = {}  # when each model wrote last
        self._looking = asyncio.Lock()
        self._cut: set[int] = set()
        self._jobs: set[asyncio.Task[Generation]] = set()

    async def models(self) -> list[ModelInfo]:
        """The host's models that can generate; those that only embed, or that the host cannot show, are left out.

        Raises:
            BackendError: the host does not answer, or not as Ollama does.
        """
        return await models_of(self._api)

    async def warm(self) -> set[str]:
        """The models in the host's memory."""
        return set(await self._resident())

    async def prepare(self, models: Sequence[str]) -> None:
        """Load the first of these models, unless the host has one of them already.

        More of them might push each other out, or what others use; the rest is loaded when its turn comes, in a deadline of its own.
        """
        if not models or self._jobs:
            return
        try:
            async with asyncio.timeout(Deadlines().load):
                await self._load(models[0], unless=models)
        except Exception as error:  # noqa: BLE001  # best effort
            logger.warning("ollama cannot load %s: %s", one_line(models[0]), reason(error))

    async def generate(self, request: Request, on_text: OnText | None = None) -> Generation:
        """See `Generator.generate`. Total counts from when the model is loaded and the request is sent.

        Cancelled before its first token, a generation goes on in the background until that arrives: closing the connection
        earlier would abort a load that others wait for, and the host would not notice it before that token anyway.
        """
        job = OllamaJob(request, on_text, self._cut)
        task = asyncio.ensure_future(self._run(job))
        self._jobs.add(task)
        task.add_done_callback(self._forget)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            job.abandoned = True
            if job.stage is not Stage.COMMITTED:
                task.cancel()
                await asyncio.wait([task])
            raise

    async def aclose(self) -> None:
        """Cancel what runs and close the connections."""
        jobs = list(self._jobs)
        for task in jobs:
            task.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)
        await self._api.aclose()

    def _forget(self, task: asyncio.Task[Generation]) -> None:
        self._jobs.discard(task)
        if not task.cancelled():
            task.exception()  # an abandoned job's failure interests nobody

    async def _run(self, job: OllamaJob) -> Generation:
        async with self._turns.turn(normal_name(job.request.arm.model)) as running:
            job.in_flight = running
            return await self._retries.run(lambda: self._attempt(job), job.may_be_retried, job.failure)

    async def _attempt(self, job: OllamaJob) -> Generation:
        await self._make_resident(job)
        job.send()
        async with contextlib.aclosing(
            self._api.generate(self._body(job.request))
        ) as records:  # left early, the connection is closed at once
            await received(job, records, functools.partial(self._take, job, normal_name(job.request.arm.model)), job.request.deadlines)
        return dataclasses.replace(job.generation(), prompt_version=version(job.request.brief))

    def _take(self, job: OllamaJob, name: str, record: Mapping[str, Any]) -> None:
        self._wrote[name] = time.perf_counter()
        job.take(record)

    def _body(self, request: Request) -> dict[str, Any]:
        model, think = request.arm.model, getattr(request.arm, "think", None)
        return {
            "model": full_name(model),
            "prompt": told(request.prompt, request.brief),
            "system": instructions(getattr(request.arm, "system_prompt", None), request.brief, thinking=bool(think)),
            "think": think,
            "options": self._runner_options.get(normal_name(model), {}) | sampling_options(request.arm, request.seed),
            "keep_alive": self._keep_alive,
        }

    async def _make_resident(self, job: OllamaJob) -> None:
        """Have the model in the host's memory, so that its first token is not kept waiting by its load."""
        deadlines, model = job.request.deadlines, job.request.arm.model
        name = normal_name(model)
        writes = time.perf_counter() - self._wrote.get(name, -math.inf) < _GOOD_FOR  # then it is in memory
        try:
            async with asyncio.timeout(deadlines.connect):
                resident = await self._resident(_LOOK_AGAIN if writes and name in self._seen else _GOOD_FOR)
        except TimeoutError:
            raise GenerationError(FailureKind.INFRASTRUCTURE, f"the host did not answer within {deadlines.connect:g} s") from None
        job.stage = Stage.COMMITTED
        if name not in resident:
            started = time.perf_counter()
            try:
                async with asyncio.timeout(deadlines.load):
                    loaded = await self._load(model)
            except TimeoutError:
                late = f"{one_line(model)} was not loaded within {deadlines.load:g} s"
                raise GenerationError(FailureKind.INFRASTRUCTURE, late) from None
            if loaded:
                job.load += time.perf_counter() - started
            resident = await self._resident(_GOOD_FOR)
        runner = resident.get(name, {})
        job.digest = runner.get("digest") if isinstance(runner.get("digest"), str) else None
        job.context = tokens(runner, "context_length") or tokens(self._runner_options.get(name, {}), "num_ctx")
        job.check_abandoned()

    async def _load(self, model: str, unless: Sequence[str] = ()) -> bool:
        """Load a model with an empty prompt; False where it is in memory, or another one that would do as well."""
        name = normal_name(model)
        async with self._loading:
            if {name, *map(normal_name, unless)} & set(await self._resident(_GOOD_FOR)):
                return False
            await self._api.load({"model": full_name(model), "options": self._runner_options.get(name), "keep_alive": self._keep_alive})
            await self._resident()
            return True

    async def _resident(self, good_for: float = 0.0) -> dict[str, dict[str, Any]]:
        """The models in the host's memory by name: what the host says of them, or said that many seconds ago."""
        if time.perf_counter() - self._seen_at < good_for:
            return self._seen
        async with self._looking:  # one asks for all that want to know
            if time.perf_counter() - self._seen_at < good_for:
                return self._seen
            try:
                running = await self._api.ps()
            except OllamaError as error:
                if error.status != 404:
                    raise
                return {}  # a server older than /api/ps: every request then asks for a load, which a loaded model answers at once
            resident = {normal_name(entry["name"]): entry for entry in running}
            self._seen, self._seen_at = resident, time.perf_counter()
        await self._turns.know_resident(set(resident))
        return resident


def _parallel_of_environment() -> int:
    value = os.environ.get("OLLAMA_NUM_PARALLEL", "")
    return int(value) if value.isdigit() and int(value) > 0 else 1
