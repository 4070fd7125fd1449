"""The inside of the stand-in Ollama host: models, memory, slots, and the time that each of them takes."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import hashlib
import time
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from banditgen.generators._ollama_wire import normal_name

Answer = Callable[[Mapping[str, Any]], AsyncIterator[str]]


@dataclasses.dataclass
class HostModel:
    """A model of the stand-in host.

    Args:
        name: without a tag it is `:latest`.
        answer: the pieces it writes: a fixed list, or a function from the request's body to an asynchronous iterator.
        capabilities: as `/api/show` names them; without "completion" it does not generate.
        load_seconds, prompt_seconds, token_seconds: what loading, reading a new prompt and writing one piece take.
        thinking: pieces of thought that come before the answer.
        digest: None is one made from the name.
        context: tokens (words of a prompt, pieces of an answer) that its runner holds where no num_ctx is asked for; what is more
            of a prompt is cut without a word.
        shown: what `/api/show` answers in place of the usual: an object, or the status of an error.
        show_seconds: what that takes.
    """

    name: str
    answer: list[str] | Answer = dataclasses.field(default_factory=lambda: ["def add", "(a, b):\n", "    return", " a + b", "\n"])
    capabilities: tuple[str, ...] = ("completion",)
    load_seconds: float = 0.0
    prompt_seconds: float = 0.0
    token_seconds: float = 0.0
    thinking: tuple[str, ...] = ()
    digest: str | None = None
    context: int = 4096
    shown: Mapping[str, Any] | int | None = None
    show_seconds: float = 0.0

    def __post_init__(self) -> None:
        self.name = normal_name(self.name)
        self.digest = self.digest or hashlib.sha256(self.name.encode()).hexdigest()
        self.last_prompt: str | None = None
        self.runner_options: dict[str, Any] = {}
        self.busy = 0

    @property
    def holds(self) -> int:
        """The tokens that its runner holds now."""
        return int(self.runner_options.get("num_ctx", self.context))

    async def pieces(self, body: Mapping[str, Any]) -> AsyncIterator[str]:
        """What it writes for a request, without any waiting of the host's."""
        if callable(self.answer):
            async for piece in self.answer(body):
                yield piece
        else:
            for piece in self.answer:
                yield piece


class HostMemory:
    """Which models are loaded; loads one at a time, throws idle ones out, waits while none is idle."""

    def __init__(self, room: int, slots: int) -> None:
        self.room, self._slots = room, slots
        self.loaded: dict[str, HostModel] = {}
        self.loads: list[str] = []
        self._parallel: dict[str, asyncio.Semaphore] = {}
        self._changed = asyncio.Condition()
        self._scheduler = asyncio.Lock()

    @contextlib.asynccontextmanager
    async def runner(self, model: HostModel, options: Mapping[str, Any]) -> AsyncIterator[int]:
        """Hold the model in memory; the value is the load duration in nanoseconds, the scheduler's queue within it."""
        started = time.perf_counter_ns()
        runner_options = {key: value for key, value in options.items() if key.startswith(("num_ctx", "num_gpu", "num_batch"))}
        async with self._scheduler:
            if self.loaded.get(model.name) is not model or model.runner_options != runner_options:
                await self._make_room(model)
                await asyncio.sleep(model.load_seconds)
                model.runner_options, model.last_prompt = runner_options, None
                self.loaded[model.name] = model
                self.loads.append(model.name)
            model.busy += 1
        try:
            yield time.perf_counter_ns() - started
        finally:
            model.busy -= 1
            async with self._changed:
                self._changed.notify_all()

    def slot(self, model: HostModel) -> asyncio.Semaphore:
        """The model's parallel slots."""
        return self._parallel.setdefault(model.name, asyncio.Semaphore(self._slots))

    async def _make_room(self, model: HostModel) -> None:
        def idle() -> list[str]:
            return [name for name, other in self.loaded.items() if other.busy == 0]

        async with self._changed:
            if model.name in self.loaded:  # other runner options: it is loaded anew
                await self._changed.wait_for(lambda: model.busy == 0)
                self.loaded.pop(model.name, None)
            while len(self.loaded) >= self.room:
                await self._changed.wait_for(lambda: bool(idle()))
                self.loaded.pop(idle()[0])
