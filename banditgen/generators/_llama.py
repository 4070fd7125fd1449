"""One loaded GGUF model, over xllamacpp: blocking calls that worker threads make."""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from banditgen._text import one_line
from banditgen.errors import BackendError, install
from banditgen.generators import _gguf


@dataclasses.dataclass(frozen=True)
class Chunk:
    """One piece of an answer. `timings` are llama.cpp's own counts (tokens) and durations (milliseconds) so far."""

    text: str
    timings: Mapping[str, float]
    finish: str | None = None
    error: str | None = None


class LoadedModel:
    """A model in memory with its slots; many threads may generate at once and are batched.

    Loading blocks the whole interpreter for a second or so: xllamacpp keeps Python's lock meanwhile.

    Args:
        path: the GGUF file.
        slots: how many generations run at once.
        context: tokens that one slot holds, prompt and answer together.
        threads: processor threads.

    Raises:
        BackendError: the file is missing, is no GGUF or cannot be loaded, or xllamacpp is not installed.
    """

    def __init__(self, path: Path, *, slots: int, context: int, threads: int) -> None:
        try:
            import xllamacpp  # type: ignore[import-untyped]  # noqa: PLC0415  # an extra, 40 MB: only who generates loads it
        except ImportError:
            raise BackendError(f"xllamacpp is not installed: {install('embedded')}") from None
        try:
            self.header = _gguf.read_header(path)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise BackendError(f"cannot read model file {one_line(path)}: {one_line(reason)}") from None
        self.context = min(context, self.header.context_length or context)
        params = xllamacpp.CommonParams()
        params.model.path = str(path)
        params.n_ctx = self.context * slots
        params.n_parallel = slots
        params.n_gpu_layers = 0
        params.cache_ram_mib = 0  # else it may keep gigabytes of old prompts
        params.fit_params = False  # it would load twice to see what fits on a GPU
        params.verbosity = -1
        params.api_keys = [secrets.token_urlsafe(32)]  # it listens on a loopback port: nobody else is to use it
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
        try:
            self._server: Any = xllamacpp.Server(params)
        except RuntimeError as error:
            raise BackendError(f"cannot load model file {one_line(path)}: {one_line(error)}") from None
        # a server dropped before its loop has begun to run hangs for ever: one token shows that it runs
        self._server.handle_completions({"prompt": "a", "max_tokens": 1})

    def stream(self, body: dict[str, Any], on_chunk: Callable[[Chunk], bool]) -> None:
        """Generate, calling `on_chunk` for each piece until it returns True. `body` has `messages`, or `prompt` for a completion."""

        def receive(raw: dict[str, Any]) -> bool:
            return on_chunk(_chunk(raw))

        handle = self._server.handle_chat_completions if "messages" in body else self._server.handle_completions
        answer = handle({**body, "stream": True, "timings_per_token": True}, receive)
        if isinstance(answer, dict) and "error" in answer:
            receive(answer)

    def close(self) -> None:
        """Free the memory. No generation may be under way."""
        self._server = None


def _chunk(raw: dict[str, Any]) -> Chunk:
    if "error" in raw:
        error = raw["error"]
        return Chunk("", {}, error=str(error.get("message", error) if isinstance(error, dict) else error))
    choice = (raw.get("choices") or [{}])[0]
    text = choice.get("text") or (choice.get("delta") or {}).get("content") or ""
    return Chunk(text, raw.get("timings") or {}, choice.get("finish_reason"))
