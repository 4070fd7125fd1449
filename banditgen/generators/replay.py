"""Recorded generations as a backend: the same answers again, with the waiting as it was, scaled, or left out."""

from __future__ import annotations

import asyncio
import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from banditgen._text import one_line
from banditgen.errors import UsageError
from banditgen.generators._ollama_wire import normal_name
from banditgen.generators.base import Generation, GenerationError, ModelInfo, OnText, Request
from banditgen.generators.recordings import Recording, read_recordings
from banditgen.result import FailureKind

_PIECES = 20
_Key = tuple[str, str, float]


class ReplayGenerator:
    """Answers with recordings that have the request's prompt, model and temperature; other settings are not looked at.

    Of several samples a request with a seed gets one that depends on the seed alone, one without a seed the next in
    the recordings' order. The timings of an answer are the recorded ones whatever `pace` is.

    Args:
        source: a file of recordings, several of them, or recordings.
        pace: how much of the model's recorded time (prompt eval + eval) is waited: 1 all of it, 0.1 a tenth, 0 nothing.
        concurrency: how many requests the race may have under way at once.

    Raises:
        UsageError: a file that is not as the format says, no recording at all, or a pace that is no number of at least 0.
        OSError: a file cannot be read.
    """

    def __init__(self, source: str | Path | Iterable[str | Path | Recording], *, pace: float = 0.0, concurrency: int = 64) -> None:
        if isinstance(pace, bool) or not math.isfinite(pace) or pace < 0:
            raise UsageError(f"pace must be a number of at least 0, not {pace!r}")
        self.name = "replay"
        self.concurrency = concurrency
        self._pace = pace
        self._recordings: dict[_Key, list[Recording]] = {}
        self._used: Counter[_Key] = Counter()
        for item in [source] if isinstance(source, str | Path) else source:
            for recording in [item] if isinstance(item, Recording) else read_recordings(item):
                self._recordings.setdefault(_key(recording.prompt, recording.model, recording.temperature), []).append(recording)
        if not self._recordings:
            raise UsageError("there is no recording to replay")
        self._slots = asyncio.Semaphore(concurrency)

    async def models(self) -> list[ModelInfo]:
        """The models that were recorded."""
        digests = {one.model: one.digest for found in self._recordings.values() for one in found}
        return [ModelInfo(name, digest, note="recorded") for name, digest in sorted(digests.items())]

    async def prepare(self, models: Sequence[str]) -> None:
        """Nothing: there is nothing to load."""

    async def generate(self, request: Request, on_text: OnText | None = None) -> Generation:
        """See `Generator.generate`; of the deadlines only `total` is kept, on what is waited."""
        recording = self._choose(request)
        try:
            async with self._slots, asyncio.timeout(request.deadlines.total):
                await self._wait_and_tell(recording, on_text)
        except TimeoutError:
            message = f"not finished within {request.deadlines.total:g} s"
            raise GenerationError(FailureKind.TIMEOUT, message, timings=recording.timings) from None
        if recording.failure is not None:
            message = one_line(recording.error or f"recorded as {recording.failure}")
            raise GenerationError(recording.failure, message, text=recording.text, timings=recording.timings)
        return Generation(recording.text, recording.timings, recording.model, recording.finish, recording.digest)

    async def aclose(self) -> None:
        """Nothing: there is nothing to release."""

    def _choose(self, request: Request) -> Recording:
        key = _key(request.prompt, request.arm.model, request.arm.temperature)
        samples = self._recordings.get(key)
        if samples is None:
            message = f"no recording of model {request.arm.model} at temperature {key[2]:g} for this prompt"
            raise GenerationError(FailureKind.INFRASTRUCTURE, one_line(message))
        if request.seed is None:
            self._used[key] += 1
            return samples[(self._used[key] - 1) % len(samples)]
        drawn = hashlib.sha256(f"{request.seed}\0{key}".encode()).digest()
        return samples[int.from_bytes(drawn[:8], "big") % len(samples)]

    async def _wait_and_tell(self, recording: Recording, on_text: OnText | None) -> None:
        seconds = recording.timings.model_seconds * self._pace
        if on_text is not None:
            on_text("")
        reading = min(seconds, (recording.timings.prompt_eval or 0.0) * self._pace)
        await asyncio.sleep(reading)
        size = max(1, math.ceil(len(recording.text) / _PIECES))
        pieces = [recording.text[start : start + size] for start in range(0, len(recording.text), size)] or [""]
        for piece in pieces:
            await asyncio.sleep((seconds - reading) / len(pieces))
            if piece and on_text is not None:
                on_text(piece)


def _key(prompt: str, model: str, temperature: float) -> _Key:
    return prompt, normal_name(model), round(float(temperature), 6)
