"""Any server of OpenAI's dialect as a backend: llama.cpp's, vLLM, LM Studio, gateways."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

import httpx
import openai

from banditgen._text import one_line
from banditgen.arm import plain_model
from banditgen.errors import BackendError
from banditgen.generators._ollama_wire import only_embeds
from banditgen.generators._openai_job import OpenAIJob, reason
from banditgen.generators._openai_server import Server
from banditgen.generators._openai_wire import body, refused_setting
from banditgen.generators._streamed import Retries, received
from banditgen.generators.base import Generation, GenerationError, ModelInfo, OnText, Request
from banditgen.generators.prompts import version
from banditgen.result import FailureKind

logger = logging.getLogger("banditgen.generators")

_LIST_SECONDS = 10.0
_PARALLEL = 4
_MOST_BYTES = 64_000_000  # of one answer: a server may send without end
_LLAMA = "llamacpp"  # what llama.cpp's server says of who owns its models; it answers with its one model whatever name is asked for


class OpenAIGenerator:
    """Generates on one server of OpenAI's dialect, by chat completions.

    What a busy or broken server has not begun to answer is asked again, after the pause that it wants or a jittered one. What a server
    refuses of the dialect's newer or older words (`max_tokens`, `stream_options`, `seed`) is left out or renamed from then on.

    Args:
        base_url: such as http://127.0.0.1:8080/v1; without a path it gets /v1. None is the one that is set (`BANDITGEN_BASE_URL`, a
            project's or a user's `base_url`), else `OPENAI_BASE_URL`. A server on loopback is never asked through a proxy.
        api_key_env: the environment variable that holds the key; the key itself is given nowhere. None is the one that is set where
            the URL is, too, and `OPENAI_API_KEY` for `OPENAI_BASE_URL` and for api.openai.com, else no key.
        headers: sent with every request; a value of `$NAME` is that environment variable's, and as secret as the key.
        parallel: requests at once; None is as many slots as llama.cpp's server says it has, else 4.
        retries: how often a request is tried again.
        seed: of the pauses' jitter.

    Raises:
        BackendError: no URL, one that is none, or a variable that is not set or no key.
        UsageError: headers that are no texts, or hold a key.
    """

    def __init__(
        self,
        base_url: str | None = None,
        *,
        api_key_env: str | None = None,
        headers: Mapping[str, str] | None = None,
        parallel: int | None = None,
        retries: int = 3,
        seed: int | None = None,
    ) -> None:
        self.name = "openai"
        self._server = Server.read(base_url, api_key_env, headers)
        self._parallel = parallel
        self._retries = Retries(retries, seed)
        self._http = self._server.client(_MOST_BYTES)
        # the key is no business of the package's: the HTTP client puts it in, and takes out what the package adds from the environment
        self._client = openai.AsyncOpenAI(
            api_key="-", base_url=self._server.address.url, http_client=self._http, max_retries=0, timeout=None
        )
        self._set_slots(parallel or _PARALLEL)
        self._in_flight = 0
        self._refused: set[str] = set()
        self._answered: set[str] = set()
        self._only: set[str] | None = None  # all names of the one model that the server has
        self._looked = False
        self._resting_until = 0.0

    def _set_slots(self, count: int) -> None:
        self.concurrency = count
        self._slots = asyncio.Semaphore(count)

    async def models(self) -> list[ModelInfo]:
        """The models that the server lists, those that only embed left out.

        Raises:
            BackendError: the server does not answer, or not in its dialect.
        """
        try:
            async with asyncio.timeout(_LIST_SECONDS):
                listed = await self._listed()
        except Exception as error:  # noqa: BLE001  # whatever the HTTP client raises for a server that is not there
            said = reason(error, self._server.secrets)
            raise BackendError(f"the server at {self._server.address.shown} does not answer: {said}") from None
        return [ModelInfo(entry["id"], size_bytes=_size(entry)) for entry in listed if not only_embeds(entry["id"])]

    async def prepare(self, models: Sequence[str]) -> None:
        """Nothing: the dialect has no way to load a model without generating."""

    async def generate(self, request: Request, on_text: OnText | None = None) -> Generation:
        """See `Generator.generate`. A model's first answer may take `load` and `first_token` together to begin: the server may load it.

        Cancelled, a generation closes its connection at once, which ends it on the server.
        """
        job = OpenAIJob(request, on_text, self._server.secrets)
        async with self._slots:
            self._in_flight += 1
            job.in_flight = self._in_flight
            try:
                return await self._retries.run(lambda: self._attempt(job), lambda error: self._pause(job, error), job.failure)
            finally:
                self._in_flight -= 1

    async def aclose(self) -> None:
        """Close the connections, which ends what still runs."""
        await self._http.aclose()

    async def _attempt(self, job: OpenAIJob) -> Generation:
        request, deadlines = job.request, job.request.deadlines
        model = request.arm.model
        await self._check_model(request)
        await asyncio.sleep(self._resting_until - asyncio.get_running_loop().time())
        job.send()
        if model not in self._answered and None not in (deadlines.load, deadlines.first_token):
            deadlines = dataclasses.replace(deadlines, first_token=(deadlines.load or 0.0) + (deadlines.first_token or 0.0))
        async with contextlib.aclosing(self._chunks(request)) as chunks:
            await received(job, chunks, job.take, deadlines)
        done = job.generation()
        self._answered.add(model)
        return dataclasses.replace(done, prompt_version=version(request.brief))

    async def _chunks(self, request: Request) -> AsyncGenerator[Any, None]:
        """The chunks of an answer; of a server that does not stream, the answer."""
        connect = httpx.Timeout(None, connect=request.deadlines.connect)
        stream: Any = await self._client.post(
            "/chat/completions",
            body=body(request, self._refused),
            cast_to=object,  # as it comes: the package's types would let anything pass as they are declared
            stream=True,
            stream_cls=openai.AsyncStream[object],
            options={"timeout": connect},
        )
        try:
            if stream.response.headers.get("content-type", "").startswith("application/json"):
                await stream.response.aread()
                yield _whole(stream.response)
                return
            async for chunk in stream:
                yield chunk
        finally:
            await stream.close()

    def _pause(self, job: OpenAIJob, error: Exception) -> float | None:
        """See `OpenAIJob.may_be_retried`; what the server complains of is learned, and left out in the next attempt."""
        least = job.may_be_retried(error)
        if isinstance(error, openai.APIStatusError):
            if (
                error.status_code in (400, 422)
                and (name := refused_setting(reason(error, self._server.secrets), self._refused)) is not None
            ):
                self._refused.add(name)
                return 0.0
            if least is not None:  # all others wait as well
                self._resting_until = max(self._resting_until, asyncio.get_running_loop().time() + least)
        return least

    async def _check_model(self, request: Request) -> None:
        """Refuse a model that the server does not have, where it would answer with another one instead."""
        model = request.arm.model
        if not self._looked:
            with contextlib.suppress(Exception):  # the request itself will say what is wrong
                async with asyncio.timeout(request.deadlines.connect):
                    try:
                        await self._listed()
                    except openai.NotFoundError:  # it has no list, and will have none before the next request
                        self._looked = True
        if self._only is not None and plain_model(model) not in self._only:
            there = ", ".join(sorted(self._only))
            raise GenerationError(FailureKind.INFRASTRUCTURE, f"the server has no model {one_line(model, 80)}: it has {one_line(there)}")

    async def _listed(self) -> list[dict[str, Any]]:
        answer = await self._client.get("/models", cast_to=object)
        listed = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(listed, list):
            raise ValueError("no list of models")  # noqa: TRY004  # it is what the server sent
        entries = [entry for entry in listed if isinstance(entry, dict) and isinstance(entry.get("id"), str) and entry["id"]]
        self._looked = True
        if entries and all(entry.get("owned_by") == _LLAMA for entry in entries):
            aliases = [alias for entry in entries for alias in entry.get("aliases") or () if isinstance(alias, str)]
            self._only = {plain_model(name) for name in (*(entry["id"] for entry in entries), *aliases)}
            await self._see_slots()
        return entries

    async def _see_slots(self) -> None:
        """Take as many slots as llama.cpp's server has, while none is in use."""
        if self._parallel is not None or self._in_flight:
            return
        with contextlib.suppress(Exception):  # an old or closed server does not say
            properties = (await self._http.get(f"{self._server.address.url.removesuffix('/v1')}/props")).json()
            if isinstance(properties.get("total_slots"), int) and 0 < properties["total_slots"] != self.concurrency:
                self._set_slots(properties["total_slots"])


def _whole(response: httpx.Response) -> Any:
    answer = response.json()
    if isinstance(answer, dict) and answer.get("error"):
        error = answer["error"]
        raise openai.APIError(str(error.get("message") if isinstance(error, dict) else error), response.request, body=error)
    return answer


def _size(entry: Mapping[str, Any]) -> int | None:
    meta = entry.get("meta")
    size = meta.get("size") if isinstance(meta, dict) else None
    return size if isinstance(size, int) else None
