"""A local HTTP server that speaks Ollama's wire format, with faults on demand: for tests and experiments, not for use."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from banditgen.arm import GeneratorConfig
from banditgen.generators._ollama_wire import normal_name
from banditgen.generators.base import GenerationError, Generator, Request
from banditgen.testing._ollama_faults import Fault, fail_early, fail_late
from banditgen.testing._ollama_host import Answer, HostMemory, HostModel
from banditgen.testing._replies import chunk, headers, record, reply
from banditgen.testing._stand_in import Received, StandIn

__all__ = ["Fault", "HostModel", "OllamaServer", "Received", "answer_with"]


class OllamaServer(StandIn[Fault]):
    """The server, as a context manager; it runs on a thread and an event loop of its own.

    Args:
        models: what the host has.
        slots: parallel requests per model (`OLLAMA_NUM_PARALLEL`).
        room: how many models fit in memory at once.

    Attributes:
        url: for `OLLAMA_HOST`.
        received: every request, in order of arrival.
        left: paths of requests whose client closed the connection before the answer's end.
    """

    def __init__(self, models: Sequence[HostModel] = (), *, slots: int = 1, room: int = 3) -> None:
        super().__init__()
        self.models = {model.name: model for model in models or [HostModel("tiny")]}
        self._slots, self._room = slots, room

    @property
    def loads(self) -> list[str]:
        """The models in the order in which they were loaded, each load once."""
        return self._memory.loads

    def fail_next(self, *faults: Fault) -> None:
        """The next requests to /api/generate meet these faults, one each, in order: those that carry a prompt, or for LOAD_ABORTED none."""
        super().fail_next(*faults)

    def generated(self) -> list[dict[str, Any]]:
        """Bodies of the requests that carried a prompt."""
        return [request.body for request in self.received if request.path == "/api/generate" and request.body.get("prompt")]

    def _begin(self) -> None:
        self._memory = HostMemory(self._room, self._slots)

    async def _answer(self, request: Received, writer: asyncio.StreamWriter) -> None:
        path, body = request.path, request.body
        if path == "/api/generate":
            await self._generate(body, writer)
        elif path == "/api/tags":
            await reply(writer, {"models": [_listing(model) for model in self.models.values()]})
        elif path == "/api/ps":
            until = {"expires_at": _now(), "size_vram": 0}
            loaded = [_listing(model) | until | {"context_length": model.holds} for model in self._memory.loaded.values()]
            await reply(writer, {"models": loaded})
        elif path == "/api/show":
            model = self.models.get(normal_name(str(body.get("model"))))
            await asyncio.sleep(model.show_seconds if model else 0)
            if model is None:
                await reply(writer, _not_found(body), 404)
            elif isinstance(model.shown, int):
                await reply(writer, {"error": "unexpected EOF"}, model.shown)
            else:
                usual = {"capabilities": list(model.capabilities), "details": _listing(model)["details"], "model_info": {}}
                await reply(writer, usual if model.shown is None else model.shown)
        else:
            await reply(writer, {"error": "404 page not found"}, 404)

    async def _generate(self, body: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        started = time.perf_counter_ns()
        loading = not body.get("prompt")
        fault = self._faults.popleft() if self._faults and (self._faults[0] is Fault.LOAD_ABORTED) == loading else None
        if fault is not None and await fail_early(fault, writer):
            return
        model = self.models.get(normal_name(str(body.get("model"))))
        if model is None:
            await reply(writer, _not_found(body), 404)
        elif "completion" not in model.capabilities:
            await reply(writer, {"error": f'"{body["model"]}" does not support generate'}, 400)
        elif body.get("think") and "thinking" not in model.capabilities:
            await reply(writer, {"error": f'"{body["model"]}" does not support thinking'}, 400)
        else:
            options = body.get("options") or {}
            async with self._memory.runner(model, options) as load:
                if not body.get("prompt"):
                    await reply(writer, {"model": body["model"], "created_at": _now(), "response": "", "done": True, "done_reason": "load"})
                    return
                async with self._memory.slot(model):
                    await self._write(model, body, writer, fault, started, load)

    async def _write(
        self, model: HostModel, body: dict[str, Any], writer: asyncio.StreamWriter, fault: Fault | None, started: int, load: int
    ) -> None:
        base = {"model": body["model"], "created_at": _now()}
        limit = (body.get("options") or {}).get("num_predict", -1)
        read = min(len(body["prompt"].split()), model.holds)
        reading = time.perf_counter_ns()
        cached = model.last_prompt == body["prompt"]
        await asyncio.sleep(0 if cached else model.prompt_seconds)
        model.last_prompt = body["prompt"]
        writing = time.perf_counter_ns()
        await headers(writer, 200, "application/x-ndjson", chunked=True)
        count, reason = 0, "stop"
        async for field, piece in _fields(model, body):
            if count == limit or read + count == model.holds:
                reason = "length"
                break
            await asyncio.sleep(model.token_seconds)
            await record(writer, base | {"response": "", field: piece, "done": False})
            count += 1
            if count == 2 and fault is not None:
                await fail_late(fault, writer)
                return
        final = base | {"response": "", "done": True, "done_reason": reason, "context": [1, 2, 3], "load_duration": load}
        final |= {"prompt_eval_duration": writing - reading, "eval_count": count, "eval_duration": time.perf_counter_ns() - writing}
        if not cached:  # a prompt that is in the cache has no count
            final["prompt_eval_count"] = read
        await record(writer, final | {"total_duration": time.perf_counter_ns() - started})
        await chunk(writer, b"")


def answer_with(generator: Generator, model: str) -> Answer:
    """Answers of a real backend's model, token by token, for `HostModel.answer`."""

    async def answer(body: Mapping[str, Any]) -> AsyncIterator[str]:
        options = body.get("options") or {}
        pieces: asyncio.Queue[str | None] = asyncio.Queue()

        arm = GeneratorConfig(
            "stand-in",
            model,
            options.get("temperature", 0.8),
            max_tokens=options.get("num_predict", 400),
            system_prompt=body.get("system"),
        )
        request = Request(body["prompt"], arm, seed=options.get("seed"))
        work = asyncio.ensure_future(generator.generate(request, pieces.put_nowait))
        work.add_done_callback(lambda _: pieces.put_nowait(None))
        try:
            while (piece := await pieces.get()) is not None:
                if piece:  # the empty one says that the model begins
                    yield piece
            with contextlib.suppress(GenerationError):
                await work
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)

    return answer


async def _fields(model: HostModel, body: Mapping[str, Any]) -> AsyncIterator[tuple[str, str]]:
    if body.get("think") is not False:
        for piece in model.thinking:
            yield "thinking", piece
    async for piece in model.pieces(body):
        yield "response", piece


def _listing(model: HostModel) -> dict[str, Any]:
    details = {"format": "gguf", "family": "llama", "families": ["llama"], "parameter_size": "1B", "quantization_level": "Q4_0"}
    return {"name": model.name, "model": model.name, "modified_at": _now(), "size": 1_000_000, "digest": model.digest, "details": details}


def _not_found(body: Mapping[str, Any]) -> dict[str, str]:
    return {"error": f"model '{body.get('model')}' not found"}


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat()
