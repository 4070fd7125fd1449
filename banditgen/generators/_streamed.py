"""An answer on its way from a host that streams it: what has arrived, within its deadlines, tried again while nothing has."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, TypeVar

from banditgen._retry import pauses
from banditgen.generators.base import Deadlines, GenerationError, OnText, Request
from banditgen.result import FailureKind, Timings

T = TypeVar("T")

logger = logging.getLogger("banditgen.generators")

_SURROGATE = re.compile("[\ud800-\udfff]")
_MOST_CHARACTERS = 4_000_000
_FIRST_PAUSE = 0.25
_LAST_WORDS = 5.0  # seconds that a host has, after an answer's end, for its counts


class Streamed:
    """What has arrived of one answer.

    Args:
        request: what is to be generated.
        on_text: who hears each piece.
    """

    def __init__(self, request: Request, on_text: OnText | None) -> None:
        self.request, self._on_text = request, on_text
        self.started = self.sent = time.perf_counter()
        self.in_flight = 1
        self.first_token: float | None = None  # seconds from the start
        self.finished = False  # whether the host has said that the answer is whole
        self.pieces: list[str] = []
        self.thoughts: list[str] = []
        self._size = 0

    @property
    def text(self) -> str:
        """What was written; thoughts, where nothing else was."""
        text = "".join(self.pieces) or "".join(self.thoughts)
        if _SURROGATE.search(text):  # a character that some gateways cut in two
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
        return text

    def send(self) -> None:
        """The request goes out: from now on the time is the model's."""
        self.sent = time.perf_counter()
        if self._on_text is not None:
            self._on_text("")

    def begin(self) -> None:
        """A token has arrived, whatever it says."""
        if self.first_token is None:
            self.first_token = time.perf_counter() - self.started

    def keep(self, piece: str, thought: str) -> None:
        """Keep what has arrived."""
        self._size += len(piece) + len(thought)
        if self._size > _MOST_CHARACTERS:
            raise GenerationError(FailureKind.INFRASTRUCTURE, f"the host sent more than {_MOST_CHARACTERS:,} characters")
        if thought:
            self.thoughts.append(thought)
        if piece:
            self.pieces.append(piece)
            if self._on_text is not None:
                self._on_text(piece)

    def without_answer(self, *, length: bool) -> GenerationError:
        """That the model wrote nothing but perhaps thoughts, for what that is."""
        kind, when = (FailureKind.TRUNCATED, " before max_tokens") if length else (FailureKind.EMPTY, "")
        return GenerationError(kind, f"the model {'only thought, and ' if self.thoughts else ''}wrote no answer{when}")

    def failed(self, error: Exception, said: str, timings: Timings, *, refused: bool) -> GenerationError:
        """An attempt's error as the failure that the race records, with what had arrived.

        Args:
            error: whatever was raised.
            said: what went wrong, where it is no `GenerationError`.
            timings: of what had arrived.
            refused: whether the request is at fault: then no other host may take it.
        """
        kind, message = (error.kind, error.message) if isinstance(error, GenerationError) else (FailureKind.INFRASTRUCTURE, said)
        elsewhere = kind is FailureKind.INFRASTRUCTURE and self.first_token is None and not refused
        return GenerationError(kind, message, text=self.text, timings=timings, elsewhere=elsewhere)


async def received(answer: Streamed, records: AsyncIterator[Any], take: Callable[[Any], None], deadlines: Deadlines) -> None:
    """Take each record as it comes, within the deadlines for the first, between two, and in total, which counts from `answer.sent`.

    Raises:
        GenerationError: a deadline has passed.
    """
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(deadlines.total) as total, asyncio.timeout(deadlines.first_token) as waiting:
            async for record in records:
                take(record)
                if answer.finished or answer.first_token is not None:  # until then it may be a sign of life without a word
                    stall = _LAST_WORDS if answer.finished else deadlines.stall
                    waiting.reschedule(None if stall is None else loop.time() + stall)
    except TimeoutError:
        if answer.finished:
            return
        if total.expired():
            raise GenerationError(FailureKind.TIMEOUT, f"not finished within {deadlines.total:g} s") from None
        began = answer.first_token is not None
        late = f"no more tokens within {deadlines.stall:g} s" if began else f"no token within {deadlines.first_token:g} s"
        raise GenerationError(FailureKind.INFRASTRUCTURE, late) from None


class Retries:
    """How often, and after which pauses, a host is asked again that has not begun to answer.

    Args:
        times: at most, beside the first.
        seed: of the pauses' jitter.
    """

    def __init__(self, times: int, seed: int | None) -> None:
        self._times = times
        self._jitter = random.Random(seed)  # noqa: S311  # pauses are no secret

    async def run(
        self,
        attempt: Callable[[], Awaitable[T]],
        may_be_retried: Callable[[Exception], float | None],
        failed: Callable[[Exception], Exception],
    ) -> T:
        """What an attempt gives.

        Args:
            attempt: asks the host.
            may_be_retried: the least pause in seconds after which another attempt may help; None where none may.
            failed: what is raised in place of an attempt's error.
        """
        for number, pause in enumerate(pauses(_FIRST_PAUSE, jitter=self._jitter)):
            try:
                return await attempt()
            except Exception as error:  # noqa: BLE001  # whatever an HTTP client raises
                least = may_be_retried(error)
                failure = failed(error)
                if number == self._times or least is None:
                    raise failure from None
            logger.info("%s; trying again in %.2f s", failure, max(least, pause))
            await asyncio.sleep(max(least, pause))
        raise AssertionError


def retry_after(headers: Mapping[str, str]) -> float:
    """The seconds that a server asks to wait; 0 where it does not say."""
    with contextlib.suppress(ValueError):
        return max(0.0, float(headers.get("retry-after-ms", "")) / 1000)
    with contextlib.suppress(ValueError):
        return max(0.0, float(headers.get("retry-after", "")))
    return 0.0
