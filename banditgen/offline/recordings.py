"""The history as recordings, so that its races can be run again without the models."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from banditgen.generators.recordings import Recording
from banditgen.history.base import RaceRecord
from banditgen.result import FailureKind


def race_recordings(races: Iterable[RaceRecord]) -> Iterator[Recording]:
    """Every generation of these races whose prompt and timings are known; cancelled ones are left out."""
    samples: Counter[tuple[str, str, float]] = Counter()
    ids: dict[str, str] = {}
    for race in races:
        prompt = race.task.get("prompt")
        if not isinstance(prompt, str):
            continue
        prompt_id = ids.setdefault(prompt, race.id)
        for result in race.results:
            if result.timings is None or result.failure is FailureKind.CANCELLED:
                continue
            key = (prompt, result.model_used, result.temperature)
            samples[key] += 1
            failed = None if result.success else result.failure
            yield Recording(
                prompt_id=prompt_id,
                prompt=prompt,
                model=result.model_used,
                temperature=result.temperature,
                text=result.text,
                timings=result.timings,
                sample=samples[key] - 1,
                finish="length" if result.failure is FailureKind.TRUNCATED else "stop",
                digest=result.digest,
                failure=failed,
                error=result.error if failed else None,
                passed=result.test_passed if result.verified else None,
            )
