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
from banditgen.generators._streamed import Streamed
from banditgen.generators.base import Generation, GenerationError, OnText, Request
from banditgen.result import FailureKind, Timings

_BUSY = (429, 503)


class Stage(enum.Enum):
    """How far a job is: in WAITING and STREAMING a cancelled one ends at once."""

    WAITING = 1
    COMMITTED = 2  # loading, or sent and without a token
    STREAMING = 3


class OllamaJob(Streamed):
    """One generation on its way.

    Args:
        request: what is to be generated.
        on_text: who hears each piece.
        cut: prompts that the host was seen to cut, which all jobs share: of one that it has in its cache it says nothing.
    """

    def __init__(self, request: Request, on_text: OnText | None, cut: set[int]) -> None:
        super().__init__(request, on_text)
        self._cut = cut
        self.stage = Stage.WAITING
        self.abandoned = False
        self.load = 0.0
        self.digest: str | None = None
        self.context: int | None = None  # tokens that the model's runner holds, where the host says so
        self._final: Mapping[str, Any] | None = None

    def check_abandoned(self) -> None:
        """Stop here where nobody waits any more."""
        if self.abandoned:
            raise asyncio.CancelledError

    def may_be_retried(self, error: Exception) -> float | None:
        """The least pause where the host was busy or the connection broke, and nothing was generated; None where waiting is no use."""
        if self.stage is Stage.STREAMING or self.abandoned:
            return None
        if isinstance(error, OllamaError):
            longest = self.request.deadlines.first_token
            too_long = longest is not None and error.retry_after > longest
            return error.retry_after if error.status in _BUSY and not too_long else None
        return 0.0 if isinstance(error, ConnectionError | httpx.TransportError) else None

    def take(self, record: Mapping[str, Any]) -> None:
        """Keep one record of the stream."""
        if record.get("done"):
            self._final, self.finished = record, True
        piece, thought = _text(record, "response"), _text(record, "thinking")
        if piece or thought:
            self.stage = Stage.STREAMING
            self.begin()
        self.check_abandoned()
        self.keep(piece, thought)

    def timings(self) -> Timings:
        """Where the time went until now."""
        wall = time.perf_counter() - self.started
        if self._final is None:
            return Timings(wall=wall, load=self.load, first_token=self.first_token, in_flight=self.in_flight)
        before = self.sent - self.started - self.load
        return timings_of(self._final, wall=wall, before=before, loaded=self.load, first_token=self.first_token, in_flight=self.in_flight)

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
        if not "".join(self.pieces).strip():
            raise self.without_answer(length=done == "length")
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
        refused = isinstance(error, OllamaError) and 400 <= error.status < 500 and error.status not in _BUSY
        return self.failed(error, reason(error), self.timings(), refused=refused)


def _text(record: Mapping[str, Any], field: str) -> str:
    value = record.get(field)
    if value is not None and not isinstance(value, str):
        raise UnreadableError(f"its {field} is no text")
    return value or ""
