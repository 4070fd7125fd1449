"""A caller's own client as a backend: any object with `generate(model=, prompt=, temperature=, max_tokens=) -> str`."""

from __future__ import annotations

import asyncio
import concurrent.futures
import inspect
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from banditgen._text import one_line
from banditgen._threads import LoopThread, in_thread
from banditgen.arm import GeneratorConfig, arm_settings
from banditgen.generators.base import Generation, GenerationError, ModelInfo, OnText, Request
from banditgen.result import FailureKind, Timings


class ClientGenerator:
    """Generates through a caller's object, called from worker threads.

    It is called with exactly `model`, `prompt`, `temperature` and `max_tokens`, an arm's system prompt put before the prompt. A call
    cannot be stopped: when its generation is cancelled or its deadline passes, it keeps its slot until it returns. One that answers
    with a coroutine is awaited, on an event loop of this object's own, and can be stopped. Whatever it does wrong (an exception,
    no text, no answer in time) is of kind infrastructure: who wrote the client is to be told, not the arm.

    Args:
        client: the object.
        concurrency: how many threads may call it at once.
        models: what `models()` answers; None is nothing.
    """

    def __init__(self, client: Any, *, concurrency: int = 3, models: Sequence[str] | None = None) -> None:
        if not callable(getattr(client, "generate", None)):
            raise TypeError(
                f"a client needs a method generate(model=, prompt=, temperature=, max_tokens=); {type(client).__name__} has none"
            )
        self.name = type(client).__name__
        self.concurrency = concurrency
        self._client = client
        self._models = list(models or ())
        self._slots = asyncio.Semaphore(concurrency)
        self._in_flight = 0
        self._loop: LoopThread | None = None
        self._lock = threading.Lock()

    async def models(self) -> list[ModelInfo]:
        """The models that were given: a caller's object cannot list them."""
        return [ModelInfo(name) for name in self._models]

    async def prepare(self, models: Sequence[str]) -> None:
        """Nothing: a client gives no way to load a model without generating."""

    async def generate(self, request: Request, on_text: OnText | None = None) -> Generation:
        """See `Generator.generate`; of the deadlines only `total` can be kept, and it counts from a free slot on."""
        asked = time.perf_counter()
        await self._slots.acquire()
        started = time.perf_counter()
        self._in_flight += 1
        in_flight = self._in_flight
        if on_text is not None:
            on_text("")
        try:
            text = await self._call(request)
        except GenerationError as error:
            raise GenerationError(error.kind, error.message, timings=Timings(wall=time.perf_counter() - started)) from None
        if on_text is not None:
            on_text(text)
        timings = Timings(wall=time.perf_counter() - asked, queue=started - asked, in_flight=in_flight, source="wall")
        return Generation(text, timings, request.arm.model)

    async def aclose(self) -> None:
        """Nothing of the client's, which is the caller's; coroutines of its that still run are cancelled."""
        with self._lock:
            if self._loop is not None:
                self._loop.close()
                self._loop = None

    def _release(self) -> None:
        self._in_flight -= 1
        self._slots.release()

    async def _call(self, request: Request) -> str:
        """Call the client in a thread of its own; the slot is free again when that thread has ended, not before."""
        loop = asyncio.get_running_loop()
        stopped: concurrent.futures.Future[None] = concurrent.futures.Future()

        def work() -> Any:
            try:
                answer = self._ask(request)
                return self._awaited(answer, stopped) if inspect.isawaitable(answer) else answer
            finally:
                loop.call_soon_threadsafe(self._release)

        try:
            async with asyncio.timeout(request.deadlines.total) as total:
                answer = await in_thread(work)
        except Exception as error:  # noqa: BLE001  # whatever a caller's client raises
            said = f"not finished within {request.deadlines.total:g} s" if total.expired() else f"{type(error).__name__}: {error}"
            raise GenerationError(FailureKind.INFRASTRUCTURE, one_line(f"the client failed: {said}")) from None
        finally:
            stopped.set_result(None)
        if not isinstance(answer, str):
            raise GenerationError(FailureKind.INFRASTRUCTURE, f"the client's generate returned {type(answer).__name__}, not str")
        if not answer.strip():
            raise GenerationError(FailureKind.INFRASTRUCTURE, "the client's generate returned no text")
        return answer

    def _ask(self, request: Request) -> Any:
        settings = {"max_tokens": GeneratorConfig.max_tokens} | arm_settings(request.arm)
        system = settings.get("system_prompt")
        generate: Callable[..., Any] = self._client.generate
        return generate(
            model=settings["model"],
            prompt=f"{system}\n\n{request.prompt}" if system else request.prompt,
            temperature=settings["temperature"],
            max_tokens=settings["max_tokens"],
        )

    def _awaited(self, answer: Any, stopped: concurrent.futures.Future[None]) -> Any:
        with self._lock:
            self._loop = self._loop or LoopThread()
            coming: concurrent.futures.Future[Any] = self._loop.submit(answer)
        stopped.add_done_callback(lambda _: coming.cancel())
        return coming.result()
