"""What Prometheus may know: how many races and candidates, how they ended, and what they cost. Nothing of prompts, code or callers."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from banditgen.result import GenerationResult

SECONDS = (0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000)


class SaysEnded(Protocol):
    """Says how a race ended, and what its candidates were."""

    def __call__(self, outcome: str, results: Sequence[GenerationResult] = ()) -> None:
        """To be called once."""
        ...


class Metrics:
    """One service's metrics, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = own = CollectorRegistry()
        self._running = Gauge("banditgen_races_running", "Races under way.", registry=own)
        self._races = Counter("banditgen_races", "Races that ended.", ["dialect", "outcome"], registry=own)
        self._seconds = Histogram("banditgen_race_seconds", "How long races took.", buckets=SECONDS, registry=own)
        self._candidates = Counter("banditgen_candidates", "Candidates of races that ended by themselves.", ["outcome"], registry=own)
        self._tokens = Counter("banditgen_tokens", "Tokens that models read and wrote.", ["kind"], registry=own)
        self._model_seconds = Counter("banditgen_model_seconds", "Seconds that models spent.", registry=own)
        self._price = Counter("banditgen_price", "Money that generations cost, where the strategy gives prices.", registry=own)
        self._requests = Counter("banditgen_requests", "Requests that were answered.", ["status"], registry=own)

    @contextlib.contextmanager
    def race(self, dialect: str) -> Iterator[SaysEnded]:
        """One race, from its order to its end."""
        started = time.perf_counter()

        def ended(outcome: str, results: Sequence[GenerationResult] = ()) -> None:
            self._races.labels(dialect, outcome).inc()
            self._seconds.observe(time.perf_counter() - started)
            for result in results:
                self._candidate(result)

        with self._running.track_inprogress():
            yield ended

    def answered(self, status: int) -> None:
        """A request was answered."""
        self._requests.labels(str(status)).inc()

    def text(self) -> bytes:
        """All of it, in Prometheus' own form."""
        return generate_latest(self.registry)

    def _candidate(self, result: GenerationResult) -> None:
        self._candidates.labels("passed" if result.test_passed else str(result.failure or "failed")).inc()
        self._model_seconds.inc(result.generation_time)
        self._price.inc(result.price or 0.0)
        if result.timings is not None:
            self._tokens.labels("prompt").inc(result.timings.prompt_tokens or 0)
            self._tokens.labels("completion").inc(result.timings.completion_tokens or 0)
