"""A caller's own client as a backend: any object with `generate(model=, prompt=, temperature=, max_tokens=) -> str`."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from banditgen.arm import GeneratorConfig, arm_settings
from banditgen.errors import BackendError
from banditgen.generators._ollama_wire import sampling_options, timings_of
from banditgen.generators._text import one_line
from banditgen.generators._threads import in_thread
from banditgen.generators.base import Generation, GenerationError, ModelInfo, OnText, Request
from banditgen.result import FailureKind, Timings


class ClientGenerator:
    """Generates through a caller's object, called from worker threads.

    An `ollama.Client` is called the way its `generate` wants it (sampling under `options`) and streamed, so that timings
    are the server's and a cancelled generation closes its connection. Any other object is called with exactly `model`,
    `prompt`, `temperature` and `max_tokens`, an arm's system prompt put before the prompt; such a call cannot be stopped:
    when its generation is cancelled or its deadline passes, it keeps its slot until it returns.

    Args:
        client: the object.
        concurrency: how many threads may call it at once.
        models: what `models()` answers for an object that cannot list them; None is nothing.
    """

    def __init__(self, client: Any, *, concurrency: int = 3, models: Sequence[str] | None = None) -> None:
        if not callable(getattr(client, "generate", None)):
            raise TypeError(
                f"a client needs a method generate(model=, prompt=, temperature=, max_tokens=); {type(client).__name__} has none"
            )
        self.name = type(client).__name__
        self.concurrency = concurrency
        self._client = client
        self._is_ollama = is_ollama_client(client)
        self._models = list(models or ())
        self._slots = asyncio.Semaphore(concurrency)
        self._in_flight = 0

    async def models(self) -> list[ModelInfo]:
        """The server's models for an `ollama.Client`, else those given.

        Raises:
            BackendError: the server does not answer.
        """
        if not self._is_ollama:
            return [ModelInfo(name) for name in self._models]
        try:
            listed = await in_thread(self._client.list)
        except Exception as error:  # noqa: BLE001  # whatever a caller's client raises
            raise BackendError(f"the Ollama client cannot list its models: {one_line(f'{type(error).__name__}: {error}')}") from None
        return [ModelInfo(model.model, model.digest, model.size) for model in listed.models if model.model]

    async def prepare(self, models: Sequence[str]) -> None:
        """Nothing: a client gives no way to load a model without generating."""

    async def generate(self, request: Request, on_text: OnText | None = None) -> Generation:
        """See `Generator.generate`; of the deadlines only `total` can be kept, and it counts from a free slot on."""
        started = time.perf_counter()
        await self._slots.acquire()
        queued = time.perf_counter() - started
        self._in_flight += 1
        in_flight = self._in_flight
        answer = await self._call(request, on_text)
        return _generation(answer, request, started, queued, in_flight)

    async def aclose(self) -> None:
        """Nothing: the client is the caller's."""

    def _release(self) -> None:
        self._in_flight -= 1
        self._slots.release()

    async def _call(self, request: Request, on_text: OnText | None) -> Any:
        """Call the client in a thread of its own; the slot is free again when that thread has ended, not before."""
        loop = asyncio.get_running_loop()
        stopped = threading.Event()

        def tell(text: str) -> None:
            if on_text is not None and not stopped.is_set():
                loop.call_soon_threadsafe(on_text, text)

        def work() -> Any:
            try:
                return _stream(self._client, request, tell, stopped) if self._is_ollama else _ask(self._client, request, tell)
            finally:
                loop.call_soon_threadsafe(self._release)

        started = time.perf_counter()
        try:
            async with asyncio.timeout(request.deadlines.total):
                return await in_thread(work)
        except TimeoutError:
            wall = time.perf_counter() - started
            message = f"not finished within {request.deadlines.total:g} s"
            raise GenerationError(FailureKind.TIMEOUT, message, timings=Timings(wall=wall)) from None
        except Exception as error:  # noqa: BLE001  # whatever a caller's client raises
            wall = time.perf_counter() - started
            raise GenerationError(
                FailureKind.INFRASTRUCTURE, one_line(f"{type(error).__name__}: {error}"), timings=Timings(wall=wall)
            ) from None
        finally:
            stopped.set()


def is_ollama_client(client: Any, kind: Literal["Client", "AsyncClient"] = "Client") -> bool:
    """Whether this is the ollama package's client, without importing that package for objects that cannot be one."""
    module = sys.modules.get("ollama")
    return module is not None and isinstance(client, getattr(module, kind))


def _ask(client: Any, request: Request, tell: Callable[[str], None]) -> dict[str, Any]:
    settings = {"max_tokens": GeneratorConfig.max_tokens} | arm_settings(request.arm)
    system = settings.get("system_prompt")
    text = client.generate(
        model=settings["model"],
        prompt=f"{system}\n\n{request.prompt}" if system else request.prompt,
        temperature=settings["temperature"],
        max_tokens=settings["max_tokens"],
    )
    if not isinstance(text, str):
        raise TypeError(f"the client's generate returned {type(text).__name__}, not str")
    tell(text)
    return {"response": text}


def _stream(client: Any, request: Request, tell: Callable[[str], None], stopped: threading.Event) -> dict[str, Any]:
    pieces: list[str] = []
    last: dict[str, Any] = {}
    parts = client.generate(
        model=request.arm.model,
        prompt=request.prompt,
        system=getattr(request.arm, "system_prompt", None),
        think=getattr(request.arm, "think", None),
        options=sampling_options(request.arm, request.seed),
        stream=True,
    )
    for part in parts:
        if stopped.is_set():
            parts.close()
            break
        if part.response:
            pieces.append(part.response)
            tell(part.response)
        if part.done:
            last = part.model_dump()
    if not last:
        raise ConnectionError("the answer ended before it was complete")
    return last | {"response": "".join(pieces)}


def _generation(answer: Mapping[str, Any], request: Request, started: float, queued: float, in_flight: int) -> Generation:
    wall = time.perf_counter() - started
    text = answer["response"]
    if "done" in answer:
        timings = timings_of(answer, wall=wall, before=queued, in_flight=in_flight)
    else:
        timings = Timings(wall=wall, queue=queued, in_flight=in_flight)
    length = answer.get("done_reason") == "length"
    if not text.strip():
        kind = FailureKind.TRUNCATED if length else FailureKind.EMPTY
        raise GenerationError(kind, "the model wrote no answer" + (" before max_tokens" if length else ""), timings=timings)
    return Generation(text, timings, request.arm.model, "length" if length else "stop")
