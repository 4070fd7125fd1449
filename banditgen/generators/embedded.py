"""Language models inside this process: llama.cpp through xllamacpp, on the processor, no server to install."""

from __future__ import annotations

import asyncio
import dataclasses
import importlib.util
import logging
import os
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from banditgen._text import one_line
from banditgen.arm import GeneratorConfig, arm_settings
from banditgen.errors import BackendError, ModelNotFoundError, install
from banditgen.generators import _gguf
from banditgen.generators import models as registry
from banditgen.generators._llama import Chunk, LoadedModel
from banditgen.generators._progress import shown_pull
from banditgen.generators.base import Deadlines, Generation, GenerationError, ModelInfo, OnText, Request
from banditgen.generators.prompts import chat_messages, completion, version
from banditgen.result import FailureKind, Timings

logger = logging.getLogger("banditgen.generators")

_SAMPLING = ("temperature", "max_tokens", "top_p", "top_k", "min_p", "repeat_penalty")
_NOT_INSTALLED = f"xllamacpp is not installed: {install('embedded')}"
_STOP_SECONDS = 10.0  # a cancelled generation ends with its next token; waiting longer than this would hang the race


def is_installed() -> bool:
    """Whether the `embedded` extra is there; nothing is imported."""
    return importlib.util.find_spec("xllamacpp") is not None


class EmbeddedGenerator:
    """Generates with GGUF models in this process.

    An arm's `model` is a name of `banditgen.generators.models.REGISTRY`, fetched at first use after saying so, or the
    path of a GGUF file (it has a `/` or ends in `.gguf`). A file with a chat template chats; any other is a base model and
    goes on writing a file that begins with the task. Models are loaded at first use and stay until `aclose`.

    Args:
        models: what `models()` lists: registry names and paths of GGUF files; None is the whole registry.
        slots: generations of one model at once; they are batched. Also the backend's concurrency.
        context: tokens that one generation may hold, prompt and answer together. A longer prompt is refused; an answer
            that fills it ends there with finish "length", as one that runs into max_tokens does.
        threads: processor threads per model; None is half of the processors. llama.cpp's threads spin while they wait for
            each other, so that more of them than free processors (two models, a sandbox) cost tens of times their gain.

    Raises:
        ModelNotFoundError: `models` names one that is neither in the registry nor a file.
    """

    def __init__(self, models: Sequence[str] | None = None, *, slots: int = 3, context: int = 2048, threads: int | None = None) -> None:
        self.name = "embedded"
        self.concurrency = slots
        self._listed = list(registry.REGISTRY if models is None else models)
        self._context, self._threads = context, threads or max(1, (os.cpu_count() or 1) // 2)
        self._models = {name: _Model(name, slots) for name in self._listed}
        self._pool = ThreadPoolExecutor(thread_name_prefix="banditgen-embedded", max_workers=4 * slots)
        self._in_flight = 0

    async def models(self) -> list[ModelInfo]:
        """The models given, or the registry's, also those that would first be fetched.

        Raises:
            BackendError: xllamacpp is not installed.
        """
        if not is_installed():
            raise BackendError(_NOT_INSTALLED)
        return [self._models[name].info() for name in self._listed]

    async def prepare(self, models: Sequence[str]) -> None:
        """Fetch and load these models; one of several that fails is logged, and says why again when it is asked to generate.

        Raises:
            BackendError: none of them is there to be had.
            ModelNotFoundError: the same, of models that nobody has.
        """
        failed: dict[str, BackendError | ModelNotFoundError] = {}
        for name in dict.fromkeys(models):
            try:
                await self._load(self._model(name), None)
            except (BackendError, ModelNotFoundError) as error:
                failed[name] = error
        if failed and len(failed) == len(set(models)):
            raise next(iter(failed.values()))
        for name, why in failed.items():
            logger.warning("model %s is not ready: %s", one_line(name), why)

    async def generate(self, request: Request, on_text: OnText | None = None) -> Generation:
        """See `Generator.generate`. The total deadline counts from the model being loaded and a slot being free."""
        started = time.perf_counter()
        try:
            model = self._model(request.arm.model)
            async with model.slots:
                loading = time.perf_counter()
                paid = await self._load(model, request.deadlines.load)
                self._in_flight += 1
                answer = _Answer(started, self._in_flight, time.perf_counter() - loading if paid else 0.0)
                if on_text is not None:
                    on_text("")
                try:
                    await self._run(model, request, answer, on_text)
                finally:
                    self._in_flight -= 1
            return dataclasses.replace(answer.generation(model), prompt_version=version(request.brief))
        except (BackendError, ModelNotFoundError) as error:
            raise GenerationError(FailureKind.INFRASTRUCTURE, one_line(error, 400)) from None

    async def aclose(self) -> None:
        """Stop what runs, wait until its threads have ended, free the models."""
        for model in self._models.values():
            model.closing.set()
        await asyncio.to_thread(self._pool.shutdown)
        for model in self._models.values():
            model.unload()

    def _model(self, name: str) -> _Model:
        if name not in self._models:
            self._models[name] = _Model(name, self.concurrency)
        return self._models[name]

    async def _load(self, model: _Model, deadline: float | None) -> bool:
        """Make the model ready; whether this call did it (and did not just wait for another that did)."""
        try:
            async with asyncio.timeout(deadline), model.lock:
                if model.loaded is not None:
                    return False
                await asyncio.get_running_loop().run_in_executor(self._pool, model.load, self._context, self._threads)
                return True
        except TimeoutError:
            raise BackendError(f"model {one_line(model.name)} was not loaded within {deadline:g} s") from None

    async def _run(self, model: _Model, request: Request, answer: _Answer, on_text: OnText | None) -> None:
        """Generate in a worker thread; whatever ends this coroutine ends the thread's work with its next token."""
        loop = asyncio.get_running_loop()
        chunks: asyncio.Queue[Chunk | None] = asyncio.Queue()
        stop = threading.Event()
        body, answer.prefix = model.body(request)

        def receive(chunk: Chunk) -> bool:
            loop.call_soon_threadsafe(chunks.put_nowait, chunk)
            return stop.is_set() or model.closing.is_set()

        def work() -> None:
            try:
                model.ready().stream(body, receive)
            finally:
                loop.call_soon_threadsafe(chunks.put_nowait, None)

        job = loop.run_in_executor(self._pool, work)
        try:
            await _read(chunks, answer, request.deadlines, on_text)
            await job
        finally:
            stop.set()
            await asyncio.wait([job], timeout=_STOP_SECONDS)


async def _read(chunks: asyncio.Queue[Chunk | None], answer: _Answer, deadlines: Deadlines, on_text: OnText | None) -> None:
    """Take chunks until the end, within the deadlines for the first token and in total."""
    now = asyncio.get_running_loop().time()
    total = None if deadlines.total is None else now + deadlines.total
    first = None if deadlines.first_token is None else now + deadlines.first_token
    both = [moment for moment in (total, first) if moment is not None]
    try:
        async with asyncio.timeout_at(min(both, default=None)) as clock:
            while (chunk := await chunks.get()) is not None:
                piece = answer.take(chunk)
                if answer.first_token is not None:
                    clock.reschedule(total)
                if piece and on_text is not None:
                    on_text(piece)
    except TimeoutError:
        if answer.first_token is None and first is not None and (total is None or first < total):
            message = f"no token within {deadlines.first_token:g} s"
            raise GenerationError(FailureKind.INFRASTRUCTURE, message, timings=answer.timings()) from None
        message = f"not finished within {deadlines.total:g} s"
        raise GenerationError(FailureKind.TIMEOUT, message, text=answer.text, timings=answer.timings()) from None


class _Answer:
    """What has arrived of one generation."""

    def __init__(self, started: float, in_flight: int, load: float) -> None:
        self.started, self.in_flight, self.load = started, in_flight, load
        self.prefix = ""
        self.first_token: float | None = None
        self._pieces: list[str] = []
        self._last = Chunk("", {})

    @property
    def text(self) -> str:
        return self.prefix + "".join(self._pieces) if self._pieces else ""

    def take(self, chunk: Chunk) -> str:
        """Keep a chunk; the text to show for it, with the prefix before the first piece."""
        if chunk.error is not None:
            raise GenerationError(FailureKind.INFRASTRUCTURE, one_line(chunk.error), text=self.text, timings=self.timings())
        self._last = chunk
        if not chunk.text:
            return ""
        shown = chunk.text if self._pieces else self.prefix + chunk.text
        self._pieces.append(chunk.text)
        if self.first_token is None:
            self.first_token = time.perf_counter() - self.started
        return shown

    def timings(self) -> Timings:
        wall = time.perf_counter() - self.started
        own = self._last.timings
        if "predicted_ms" not in own:
            return Timings(wall=wall, load=self.load, in_flight=self.in_flight, source="wall")
        prompt, written = own["prompt_ms"] / 1e3, own["predicted_ms"] / 1e3
        return Timings(
            wall=wall,
            queue=max(0.0, wall - self.load - prompt - written),
            load=self.load,
            prompt_eval=prompt,
            eval=written,
            first_token=self.first_token,
            prompt_tokens=int(own["prompt_n"] + own["cache_n"]),
            cached_tokens=int(own["cache_n"]),
            completion_tokens=int(own["predicted_n"]),
            in_flight=self.in_flight,
            source="host",
        )

    def generation(self, model: _Model) -> Generation:
        timings = self.timings()
        if self._last.finish is None:
            raise GenerationError(
                FailureKind.INFRASTRUCTURE, "the model was closed before it had finished", text=self.text, timings=timings
            )
        length = self._last.finish == "length"
        if not "".join(self._pieces).strip():
            kind = FailureKind.TRUNCATED if length else FailureKind.EMPTY
            raise GenerationError(kind, "the model wrote no answer" + (" before max_tokens" if length else ""), timings=timings)
        return Generation(self.text, timings, model.name, "length" if length else "stop", model.digest)


class _Model:
    """A model by its name: where its file is, its slots, and itself once it is loaded."""

    def __init__(self, name: str, slots: int) -> None:
        self.name = name
        self.known = registry.REGISTRY.get(name)
        self.path = Path(name).expanduser()
        if self.known is None and not ((name.endswith(".gguf") or "/" in name) and self.path.is_file()):
            what = "no such file" if name.endswith(".gguf") or "/" in name else f"known are {', '.join(registry.REGISTRY)}"
            raise ModelNotFoundError(f"no embedded model {one_line(name)!r}: {what}")
        self.lock = asyncio.Lock()
        self.slots = asyncio.Semaphore(slots)
        self.closing = threading.Event()
        self.loaded: LoadedModel | None = None
        self.digest = f"sha256:{self.known.sha256}" if self.known else None
        self._slot_count = slots

    def info(self) -> ModelInfo:
        if self.known is None:
            return ModelInfo(self.name, self.digest, self.path.stat().st_size, "your own GGUF file")
        missing = "" if registry.local_path(self.name) else f"; not fetched yet ({self.known.download_bytes / 1e6:.0f} MB)"
        return ModelInfo(self.name, self.digest, self.known.size_bytes, self.known.note + missing)

    def load(self, context: int, threads: int) -> None:
        """Fetch the file where it is missing, and load it; blocking."""
        path = shown_pull(self.name) if self.known else self.path
        self.loaded = LoadedModel(path, slots=self._slot_count, context=context, threads=threads)
        if self.digest is None:
            self.digest = _gguf.fingerprint(path)

    def ready(self) -> LoadedModel:
        if self.loaded is None:
            raise BackendError("the embedded backend was closed")
        return self.loaded

    def unload(self) -> None:
        if self.loaded is not None:
            self.loaded.close()
            self.loaded = None

    def body(self, request: Request) -> tuple[dict[str, Any], str]:
        """The request as llama.cpp takes it, and the text that belongs before what the model writes."""
        settings = {"max_tokens": GeneratorConfig.max_tokens} | arm_settings(request.arm)
        body = {field: settings[field] for field in _SAMPLING if settings.get(field) is not None}
        if self.known is not None:
            body["max_tokens"] = min(body.get("max_tokens", self.known.most_tokens), self.known.most_tokens)
        if request.seed is not None:
            body["seed"] = request.seed % (1 << 32)
        system = settings.get("system_prompt")
        if self.ready().header.chats:
            body["messages"] = chat_messages(request.prompt, system, request.brief, thinking=bool(settings.get("think")))
            if "think" in settings:
                body["chat_template_kwargs"] = {"enable_thinking": settings["think"]}
            return body, ""
        start = completion(request.prompt, system, request.entry_point, request.brief)
        return body | {"prompt": start.prompt, "stop": list(start.stop)}, start.prefix
