"""One generation on its way through a server of OpenAI's dialect: what has arrived, and what to make of it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import httpx
import openai

from banditgen._text import one_line
from banditgen.generators._ollama_wire import prompt_was_cut
from banditgen.generators._openai_wire import UnreadableError, how_it_ended, piece_of, timings_of
from banditgen.generators._secrets import Secrets
from banditgen.generators._streamed import Streamed, retry_after
from banditgen.generators.base import Generation, GenerationError, OnText, Request
from banditgen.result import FailureKind, Timings

_TRY_AGAIN = frozenset({408, 429, 502, 503, 504, 529})


class OpenAIJob(Streamed):
    """One generation on its way.

    Args:
        request: what is to be generated.
        on_text: who hears each piece.
        secrets: what no text may show.
    """

    def __init__(self, request: Request, on_text: OnText | None, secrets: Secrets) -> None:
        super().__init__(request, on_text)
        self._secrets = secrets
        self._texts, self._thoughts = secrets.filter(), secrets.filter()
        self._refusal = ""
        self._finish: str | None = None
        self._usage: Mapping[str, Any] = {}
        self._own: Mapping[str, Any] = {}
        self._arrivals = 0
        self._written = self.started  # when the last token came

    def take(self, chunk: Any) -> None:
        """Keep one chunk of the stream."""
        piece = piece_of(chunk)
        for field, kept in (("usage", "_usage"), ("timings", "_own")):
            if isinstance(chunk.get(field), dict):
                setattr(self, kept, chunk[field])
        if piece.text or piece.thought or piece.refusal:
            self.begin()
            self._arrivals += 1
            self._written = time.perf_counter()
        self._refusal += piece.refusal
        self.keep(self._texts.feed(piece.text), self._thoughts.feed(piece.thought))
        if piece.finish is not None:
            self._finish, self.finished = piece.finish, True

    def timings(self) -> Timings:
        """Where the time went until now."""
        return timings_of(
            self._usage,
            self._own,
            wall=time.perf_counter() - self.started,
            before=self.sent - self.started,
            first_token=self.first_token,
            writing=self._written - self.started - self.first_token if self.first_token is not None and self._arrivals > 1 else 0.0,
            in_flight=self.in_flight,
        )

    def generation(self) -> Generation:
        """What was written, if it is whole and the server's to be judged by.

        Raises:
            GenerationError: it is not.
        """
        self._end()
        if self._finish is None:
            raise GenerationError(FailureKind.INFRASTRUCTURE, "the answer broke off before it was complete")
        ended = how_it_ended(self._finish)
        if ended == "broken":
            raise GenerationError(FailureKind.INFRASTRUCTURE, f"the server ended the answer as {one_line(self._finish, 40)!r}")
        if prompt_was_cut({"prompt_eval_count": self._usage.get("prompt_tokens")}, None, self.request.prompt):
            raise GenerationError(FailureKind.INFRASTRUCTURE, "the prompt was cut to the server's context: raise that")
        if ended == "filtered":
            raise GenerationError(FailureKind.EMPTY, "the server's content filter stopped the answer")
        if not "".join(self.pieces).strip():
            if self._refusal.strip():
                raise GenerationError(FailureKind.EMPTY, f"the model refused: {one_line(self._secrets.hide(self._refusal))}")
            raise self.without_answer(length=ended == "length")
        return Generation(self.text, self.timings(), self.request.arm.model, "length" if ended == "length" else "stop")

    def may_be_retried(self, error: Exception) -> float | None:
        """The least pause before the server is asked again; None where that is no use, or something was generated."""
        if self.first_token is not None or isinstance(error, openai.APITimeoutError):
            return None
        if isinstance(error, openai.APIStatusError):
            if error.status_code not in _TRY_AGAIN or error.code == "insufficient_quota":
                return None
            pause, longest = retry_after(error.response.headers), self.request.deadlines.first_token
            return None if longest is not None and pause > longest else pause
        return 0.0 if isinstance(error, openai.APIConnectionError | httpx.TransportError | ConnectionError) else None

    def failure(self, error: Exception) -> GenerationError:
        """Any exception of an attempt as the failure that the race records, with what had arrived."""
        self._end()
        status = error.status_code if isinstance(error, openai.APIStatusError) else 0
        refused = 400 <= status < 500 and status not in _TRY_AGAIN | {401, 403}  # the request, not the server, is at fault
        return self.failed(error, reason(error, self._secrets), self.timings(), refused=refused)

    def _end(self) -> None:
        self.keep(self._texts.end(), self._thoughts.end())


def reason(error: BaseException, secrets: Secrets) -> str:
    """Why a request failed, in one line."""
    return one_line(secrets.hide(_told(error)))  # hidden before it is cut, which might cut a key


def _complaint(body: object) -> object:
    """What the body of a refusal says; servers made with FastAPI list what is wrong with each field."""
    if not isinstance(body, dict):
        return body
    said = body.get("message") or body.get("detail")
    if not isinstance(said, list):
        return said
    faults = [one for one in said if isinstance(one, dict) and isinstance(one.get("loc"), list)]
    return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one.get('msg')}" for one in faults)


def _told(error: BaseException) -> str:
    if isinstance(error, openai.APITimeoutError):
        return "the server cannot be reached in time"
    if isinstance(error, openai.APIConnectionError):
        cause = error.__cause__ or error
        return f"the connection to the server failed ({type(cause).__name__}: {cause})"
    if isinstance(error, openai.APIStatusError):
        said = _complaint(error.body)
        hint = ": name the environment variable that holds its key (api_key_env)" if error.status_code == 401 else ""
        return f"status {error.status_code}{hint} ({said})" if said else f"status {error.status_code}{hint}"
    if isinstance(error, openai.APIError):
        return f"the server ended the answer with an error ({error.message})"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    said = str(error) if isinstance(error, UnreadableError) else f"{type(error).__name__}: {error}"
    return f"the server's answer cannot be read ({said})"
