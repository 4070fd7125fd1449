"""One generation on its way through an Ollama host: how far it is, what has arrived, and what to make of it."""

from __future__ import annotations

import asyncio
import enum
import time
from collections.abc import Mapping
from typing import Any

import httpx

from banditgen.generators._ollama_api import OllamaError, UnreadableError
from banditgen.generators._ollama_models import reason
from banditgen.generators._ollama_wire import normal_name, prompt_was_cut, timings_of
from banditgen.generators.base import Generation, GenerationError, OnText, Request
from banditgen.result import FailureKind, Timings

_MOST_CHARACTERS = 4_000_000


class Stage(enum.Enum):
    """How far a job is: in WAITING and STREAMING a cancelled one ends at once."""

    WAITING = 1
    COMMITTED = 2  # loading, or sent and without a token
    STREAMING = 3


class OllamaJob:
    """One generation on its way.

    Args:
        request: what is to be generated.
        on_text: who hears each piece.
        cut: prompts that the host was seen to cut, which all jobs share: of one that it has in its cache it says nothing.
    """

    def __init__(self, request: Request, on_text: OnText | None, cut: set[int]) -> None:
        self.request, self._on_text, self._cut = request, on_text, cut
        self.stage = Stage.WAITING
        self.abandoned = False
        self.started = self.sent = time.perf_counter()
        self.load = 0.0
        self.in_flight = 1
        self.digest: str | None = None
        self.context: int | None = None  # tokens that the model's runner holds, where the host says so
        self._first_token: float | None = None
        self._pieces: list[str] = []
        self._thoughts: list[str] = []
        self._size = 0
        self._final: Mapping[str, Any] | None = None

    @property
    def text(self) -> str:
        """What was written; thoughts, where nothing else was."""
        return "".join(self._pieces) or "".join(self._thoughts)

    def check_abandoned(self) -> None:
        """Stop here where nobody waits any more."""
        if self.abandoned:
            raise asyncio.CancelledError

    def may_be_retried(self, error: Exception) -> bool:
        """Whether the host was busy or the connection broke, and nothing was generated."""
        if self.stage is Stage.STREAMING or self.abandoned:
            return False
        if isinstance(error, OllamaError):
            return error.status == 503
        return isinstance(error, ConnectionError | httpx.TransportError)

    def take(self, record: Mapping[str, Any]) -> None:
        """Keep one record of the stream."""
        if record.get("done"):
            self._final = record
        piece, thought = _text(record, "response"), _text(record, "thinking")
        if piece or thought:
            self.stage = Stage.STREAMING
            if self._first_token is None:
                self._first_token = time.perf_counter() - self.started
        self.check_abandoned()
        self._size += len(piece) + len(thought)
        if self._size > _MOST_CHARACTERS:
            raise GenerationError(FailureKind.INFRASTRUCTURE, f"the host sent more than {_MOST_CHARACTERS:,} characters")
        if thought:
            self._thoughts.append(thought)
        if piece:
            self._pieces.append(piece)
            if self._on_text is not None:
                self._on_text(piece)

    def timings(self) -> Timings:
        """Where the time went until now."""
        wall = time.perf_counter() - self.started
        if self._final is None:
            return Timings(wall=wall, load=self.load, first_token=self._first_token, in_flight=self.in_flight)
        before = self.sent - self.started - self.load
        return timings_of(self._final, wall=wall, before=before, loaded=self.load, first_token=self._first_token, in_flight=self.in_flight)

    def generation(self) -> Generation:
        """What was written, if it is whole and the host's to be judged by.

        Raises:
            GenerationError: it is not.
        """
        if self._final is None:
            raise GenerationError(FailureKind.INFRASTRUCTURE, "the answer broke off before it was complete")
        done = self._final.get("done_reason")
        if done in ("load", "unload"):
            raise GenerationError(FailureKind.INFRASTRUCTURE, f"the host ended the answer to {done} the model")
        if self._was_cut(self._final):
            holds = f" of {self.context} tokens" if self.context else ""
            remedy = "raise num_ctx in runner_options, or OLLAMA_CONTEXT_LENGTH at the host"
            raise GenerationError(FailureKind.INFRASTRUCTURE, f"the prompt was cut to the host's context{holds} (num_ctx): {remedy}")
        if not "".join(self._pieces).strip():
            kind, when = (FailureKind.TRUNCATED, " before max_tokens") if done == "length" else (FailureKind.EMPTY, "")
            raise GenerationError(kind, f"the model {'only thought, and ' if self._thoughts else ''}wrote no answer{when}")
        return Generation(self.text, self.timings(), self.request.arm.model, "length" if done == "length" else "stop", self.digest)

    def _was_cut(self, final: Mapping[str, Any]) -> bool:
        key = hash((normal_name(self.request.arm.model), self.request.prompt))
        cut = prompt_was_cut(final, self.context, self.request.prompt)
        if cut:
            self._cut.add(key)
        elif cut is not None:
            self._cut.discard(key)
        return key in self._cut

    def failure(self, error: Exception) -> GenerationError:
        """Any exception of an attempt as the failure that the race records, with what had arrived."""
        kind, message = (error.kind, error.message) if isinstance(error, GenerationError) else (FailureKind.INFRASTRUCTURE, reason(error))
        return GenerationError(kind, message, text=self.text, timings=self.timings())


def _text(record: Mapping[str, Any], field: str) -> str:
    value = record.get(field)
    if value is not None and not isinstance(value, str):
        raise UnreadableError(f"its {field} is no text")
    return value or ""
