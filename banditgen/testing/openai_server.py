"""A local HTTP server that speaks OpenAI's dialect, with faults on demand: for tests and experiments, not for use."""

from __future__ import annotations

import asyncio
import enum
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Literal

from banditgen.arm import plain_model
from banditgen.generators._ollama_wire import normal_name
from banditgen.testing._ollama_host import HostModel
from banditgen.testing._replies import chunk, event, headers, reply
from banditgen.testing._stand_in import Received, StandIn

__all__ = ["Fault", "HostModel", "OpenAIServer", "Received"]


class Fault(enum.Enum):
    """What goes wrong with one request to generate."""

    ERROR_IN_STREAM = "an error after two pieces, under status 200"
    ERROR_AT_ONCE = "an error as the first event, under status 200"
    ERROR_AS_JSON = "an error under status 200, and no stream"
    BUSY = "503"
    TOO_MANY = "429, to be tried again after 0.4 s"
    FAR_TOO_MANY = "429, to be tried again after an hour"
    QUOTA = "429, because nothing is left to spend"
    BAD_GATEWAY = "502 with a page for people"
    SERVER_ERROR = "500"
    TOO_LONG = "400, because the prompt is longer than the context"
    REDIRECT = "307 to another host"
    ECHO = "400, with all headers of the request in its message"
    HANG_BEFORE_HEADERS = "the request is read and never answered"
    HANG_AFTER_HEADERS = "headers, then nothing"
    HANG_AFTER_ROLE = "a first chunk without any text, then nothing"
    HANG_IN_STREAM = "two pieces, then nothing"
    HANG_AT_END = "all of the answer with its reason to finish, then nothing"
    RESET = "the connection is reset before any answer"
    RESET_IN_STREAM = "two pieces, then the connection is reset"
    HALF_A_LINE = "two pieces, then the connection closes in the middle of an event"
    CUT = "two pieces, then a proper end without a reason to finish"
    GARBAGE = "status 200 and a page for people"
    NO_JSON = "an event that is no JSON"
    NO_TEXT = "an event that is no text"
    NOT_AN_OBJECT = "an event that is a list"
    NO_CHOICE = "an event whose choices are a number"
    ABORTED = "two pieces, then the reason to finish is that it was aborted"
    FILTERED = "two pieces, then the reason to finish is a content filter"


class OpenAIServer(StandIn[Fault]):
    """The server, as a context manager; it runs on a thread and an event loop of its own.

    Args:
        models: what it has; of a model without a tag the tag is left out.
        slots: requests at once; others wait.
        clock: whose seconds it tells: "llama" are llama.cpp's `timings`, "usage" stand beside the counts, None are none.
        key: what requests have to carry; None takes all.
        llama: whether it is llama.cpp's server, which has one model and answers with it whatever name is asked for.
        refuses: settings to which it answers 400.
        streams: whether it streams; one that does not answers at once, whatever is asked for.
        counts: whether it tells tokens.
        echo: whether answers begin with the request's headers, in pieces of three characters.

    Attributes:
        url: for `base_url`.
        received, left: see `StandIn`.
    """

    def __init__(
        self,
        models: Sequence[HostModel] = (),
        *,
        slots: int = 4,
        clock: Literal["llama", "usage"] | None = None,
        key: str | None = None,
        llama: bool = False,
        refuses: Sequence[str] = (),
        streams: bool = True,
        counts: bool = True,
        echo: bool = False,
    ) -> None:
        super().__init__()
        self.models = {model.name: model for model in models or [HostModel("tiny")]}
        self._slot_count, self._clock, self._key, self._llama, self._refuses = slots, clock, key, llama, set(refuses)
        self._streams, self._counts, self._echo = streams, counts, echo

    def generated(self) -> list[dict[str, Any]]:
        """Bodies of the requests to generate."""
        return [request.body for request in self.received if request.path == "/v1/chat/completions"]

    def _begin(self) -> None:
        self._slots = asyncio.Semaphore(self._slot_count)

    async def _answer(self, request: Received, writer: asyncio.StreamWriter) -> None:
        if self._key is not None and request.headers.get("authorization") != f"Bearer {self._key}":
            await _error(writer, 401, "Invalid API Key")
        elif request.path == "/v1/models":
            owner = {"owned_by": "llamacpp", "aliases": ["llama"]} if self._llama else {"owned_by": "me"}
            await reply(writer, {"object": "list", "data": [{"id": plain_model(name), "object": "model"} | owner for name in self.models]})
        elif request.path == "/props" and self._llama:
            await reply(writer, {"total_slots": self._slot_count})
        elif request.path == "/v1/chat/completions":
            await self._generate(request, writer)
        else:
            await _error(writer, 404, "no such path")

    async def _generate(self, request: Received, writer: asyncio.StreamWriter) -> None:
        fault = self._faults.popleft() if self._faults else None
        if fault is not None and await _fail_early(fault, request, writer):
            return
        named = next(iter(self.models)) if self._llama else normal_name(str(request.body.get("model")))
        refused = next((name for name in request.body if name in self._refuses), None)
        if refused is not None:
            instead = " Use 'max_completion_tokens' instead." if refused == "max_tokens" else ""
            await _error(writer, 400, f"Unsupported parameter: '{refused}' is not supported with this model.{instead}")
        elif named not in self.models:
            await _error(writer, 404, f"The model `{request.body.get('model')}` does not exist.")
        else:
            async with self._slots:
                await self._write(self.models[named], request, writer, fault)

    async def _write(self, model: HostModel, request: Received, writer: asyncio.StreamWriter, fault: Fault | None) -> None:
        body, base = request.body, {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": request.body["model"]}
        limit = body.get("max_tokens") or body.get("max_completion_tokens")
        reading = time.perf_counter()
        if self._streams:
            await headers(writer, 200, "text/event-stream", chunked=True)
            await event(writer, base | {"choices": [{"index": 0, "delta": {"role": "assistant", "content": None}, "finish_reason": None}]})
        if fault is Fault.HANG_AFTER_ROLE:
            await asyncio.sleep(3600)
        await asyncio.sleep(model.prompt_seconds)
        writing, count, finish, said = time.perf_counter(), 0, "stop", ""
        async for field, piece in self._pieces(model, request):
            if count == limit:
                finish = "length"
                break
            await asyncio.sleep(model.token_seconds)
            count += 1
            if not self._streams:
                said += piece if field == "content" else ""
                continue
            await event(writer, base | {"choices": [{"index": 0, "delta": {field: piece}, "finish_reason": None}]})
            if count == 2 and fault is not None and await _fail_late(fault, base, writer):
                return
        read = sum(len(message["content"].split()) for message in body["messages"])
        now = time.perf_counter()
        last = self._told(read, count, writing - reading, now - writing)
        if not self._streams:
            message = {"role": "assistant", "content": said}
            await reply(writer, base | {"choices": [{"index": 0, "message": message, "finish_reason": finish}]} | last)
            return
        await event(writer, base | {"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
        if fault is Fault.HANG_AT_END:
            await asyncio.sleep(3600)
        if (body.get("stream_options") or {}).get("include_usage"):
            await event(writer, base | {"choices": []} | last)
        await event(writer, "[DONE]")
        await chunk(writer, b"")

    async def _pieces(self, model: HostModel, request: Received) -> AsyncIterator[tuple[str, str]]:
        if self._echo:
            told = str(dict(request.headers))
            for start in range(0, len(told), 3):
                yield "content", told[start : start + 3]
        for piece in model.thinking:
            yield "reasoning_content", piece
        async for piece in model.pieces(request.body):
            yield "content", piece

    def _told(self, read: int, wrote: int, reading: float, writing: float) -> dict[str, Any]:
        usage: dict[str, Any] = {"prompt_tokens": read, "completion_tokens": wrote, "total_tokens": read + wrote} if self._counts else {}
        told: dict[str, Any] = {"usage": usage}
        if self._clock == "usage":
            usage |= {"prompt_time": reading, "completion_time": writing}
        elif self._clock == "llama":
            told["timings"] = {
                "cache_n": 1,
                "prompt_n": read - 1,
                "prompt_ms": reading * 1e3,
                "predicted_n": wrote,
                "predicted_ms": writing * 1e3,
            }
        return told


async def _error(writer: asyncio.StreamWriter, status: int, message: str, code: str = "no", more: Mapping[str, str] | None = None) -> None:
    await reply(writer, {"error": {"message": message, "type": "server_error", "code": code}}, status, more)


_STATUS = {
    Fault.BUSY: (503, "busy", {}),
    Fault.TOO_MANY: (429, "Rate limit reached", {"Retry-After": "0.4"}),
    Fault.FAR_TOO_MANY: (429, "Rate limit reached", {"Retry-After": "3600"}),
    Fault.SERVER_ERROR: (500, "the engine died", {}),
    Fault.TOO_LONG: (400, "request (5031 tokens) exceeds the available context size (2048 tokens)", {}),
    Fault.REDIRECT: (307, "elsewhere", {"Location": "http://127.0.0.2:9/v1/chat/completions"}),
}


async def _fail_early(fault: Fault, request: Received, writer: asyncio.StreamWriter) -> bool:
    """Meet a fault that comes before the first piece; False where it comes later."""
    if fault in _STATUS:
        status, message, more = _STATUS[fault]
        await _error(writer, status, message, more=more)
    elif fault is Fault.QUOTA:
        await _error(writer, 429, "You exceeded your current quota", "insufficient_quota")
    elif fault is Fault.ECHO:
        await _error(writer, 400, f"bad request: {dict(reversed(list(request.headers.items())))}")
    elif fault is Fault.ERROR_AS_JSON:
        await _error(writer, 200, "CUDA error")
    elif fault in (Fault.BAD_GATEWAY, Fault.GARBAGE):
        await headers(writer, 502 if fault is Fault.BAD_GATEWAY else 200, "text/html", chunked=True)
        await chunk(writer, b"<html>\x1b[31m bad gateway</html>\n")
        await chunk(writer, b"")
    elif fault is Fault.HANG_BEFORE_HEADERS:
        await asyncio.sleep(3600)
    elif fault is Fault.RESET:
        writer.transport.abort()
    elif fault in _FIRST:
        await headers(writer, 200, "text/event-stream", chunked=True)
        if fault is Fault.HANG_AFTER_HEADERS:
            await asyncio.sleep(3600)
        await chunk(writer, b"data: " + _FIRST[fault] + b"\n\n")
        await chunk(writer, b"")
    else:
        return False
    return True


_FIRST = {
    Fault.HANG_AFTER_HEADERS: b"",
    Fault.ERROR_AT_ONCE: b'{"error": {"message": "CUDA error", "code": 500}}',
    Fault.NO_JSON: b"{no json\x1b[31m",
    Fault.NO_TEXT: b"\xff\xfe",
    Fault.NOT_AN_OBJECT: b"[1, 2]",
    Fault.NO_CHOICE: b'{"choices": 7}',
}


async def _fail_late(fault: Fault, base: Mapping[str, Any], writer: asyncio.StreamWriter) -> bool:
    """Meet a fault after two pieces; False where it comes later still."""
    finish = {Fault.ABORTED: "abort", Fault.FILTERED: "content_filter"}
    if fault is Fault.ERROR_IN_STREAM:
        await event(writer, {"error": {"message": "CUDA error", "code": 500}})
    elif fault is Fault.HANG_IN_STREAM:
        await asyncio.sleep(3600)
    elif fault is Fault.RESET_IN_STREAM:
        writer.transport.abort()
    elif fault is Fault.HALF_A_LINE:
        await chunk(writer, b'data: {"choices": [{"delta": {"content": "re')
    elif fault in finish:
        await event(writer, dict(base) | {"choices": [{"index": 0, "delta": {}, "finish_reason": finish[fault]}]})
        await event(writer, "[DONE]")
    elif fault is not Fault.CUT:
        return False
    if not writer.is_closing():
        await chunk(writer, b"")
    return True
