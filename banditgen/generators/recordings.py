"""Recorded generations as JSON lines: the format, reading and writing. Described in docs/reference/recordings.md."""

from __future__ import annotations

import dataclasses
import gzip
import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, Literal

from banditgen._checks import is_number
from banditgen._text import one_line
from banditgen.errors import UsageError
from banditgen.result import FailureKind, Timings

RACES_AT_ONCE = 1000  # races of an exported history whose candidates may stand among each other
_TIMES = ("queue", "load", "prompt_eval", "eval", "first_token")
_COUNTS = ("prompt_tokens", "cached_tokens", "completion_tokens")


@dataclasses.dataclass(frozen=True)
class Recording:
    """One generation that a model once made.

    Args:
        prompt_id: names the prompt within the file.
        prompt: what was asked.
        model, temperature: of the arm that was asked; together with the prompt they are what a replay looks for.
        text: what the model wrote.
        timings: as they were.
        sample: tells several generations of one arm for one prompt apart.
        finish: "stop" or "length".
        digest: of the model, where it was known.
        failure, error: where the generation failed.
        passed: the verdict at the time, for those who replay without running code; None where there was none.
    """

    prompt_id: str
    prompt: str
    model: str
    temperature: float
    text: str
    timings: Timings
    sample: int = 0
    finish: Literal["stop", "length"] = "stop"
    digest: str | None = None
    failure: FailureKind | None = None
    error: str | None = None
    passed: bool | None = None


def write_recordings(path: str | Path, recordings: Iterable[Recording]) -> int:
    """Write a file of recordings, gzipped where its name ends in `.gz`; how many were written.

    Raises:
        UsageError: two prompts under one id.
    """
    prompts: dict[str, str] = {}
    count = 0
    with _open(Path(path), "w") as file:
        for recording in recordings:
            if recording.prompt_id not in prompts:
                prompts[recording.prompt_id] = recording.prompt
                file.write(json.dumps({"record": "prompt", "id": recording.prompt_id, "prompt": recording.prompt}) + "\n")
            elif prompts[recording.prompt_id] != recording.prompt:
                raise UsageError(f"two prompts have the id {recording.prompt_id!r}")
            file.write(json.dumps(_as_line(recording)) + "\n")
            count += 1
    return count


def read_recordings(path: str | Path) -> Iterator[Recording]:
    """The recordings of a file, in its order; see `parse_recordings`.

    Raises:
        UsageError: a line that is not as the format says; the message names file and line.
        OSError: the file cannot be read.
    """
    with _open(Path(path), "r") as file:
        yield from parse_recordings(enumerate(file, start=1), str(path))


def parse_recordings(
    lines: Iterable[tuple[int, str | bytes]], name: str, on_error: Callable[[int, str], None] | None = None
) -> Iterator[Recording]:
    """The recordings in numbered lines of this format, or of an exported history.

    Args:
        lines: with their numbers.
        name: of the source, for messages.
        on_error: hears of each malformed line, which is then left out; None raises.

    Raises:
        UsageError: a line that is not as the format says.
    """
    prompts: dict[str, str] = {}
    history = _HistoryLines(prompts)
    for number, line in lines:
        if not line.strip():
            continue
        try:
            data = json.loads(line)
            recording = None
            if data["record"] == "prompt":
                prompts[_text(data, "id")] = _text(data, "prompt")
            elif data["record"] == "generation":
                recording = _from_line(data, prompts)
            elif data["record"] == "candidate" and (generation := history.generation(data)):
                recording = _from_line(generation, prompts)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            reason = one_line(f"{error} is missing" if isinstance(error, KeyError) else error)
            if on_error is None:
                raise UsageError(f"{name}, line {number}: not a recording: {reason}") from None
            on_error(number, f"not a recording: {reason}")
            continue
        if recording is not None:
            yield recording


class _HistoryLines:
    """Candidates of an exported history as lines of generations; each prompt is added to `prompts` once."""

    def __init__(self, prompts: dict[str, str]) -> None:
        self._prompts = prompts
        self._ids: dict[str, str] = {}  # of prompts, by their text
        self._races: dict[str, str] = {}  # race id -> prompt id, of the latest races
        self._samples: Counter[tuple[str, str, float]] = Counter()

    def generation(self, candidate: Mapping[str, Any]) -> dict[str, Any] | None:
        """The candidate as a line of this format; None where its prompt, text or timings are not known, or it was cancelled.

        The first candidate of a race brings the race, and with it the prompt.
        """
        race_id, failure = candidate.get("race_id"), candidate.get("failure")
        if race_id is None:
            return None
        if candidate.get("race") and isinstance(prompt := candidate["race"]["task"].get("prompt"), str):
            prompt_id = self._ids.setdefault(prompt, _text(candidate, "race_id"))
            self._prompts[prompt_id] = prompt
            self._races[race_id] = prompt_id
            if len(self._races) > RACES_AT_ONCE:
                del self._races[next(iter(self._races))]
        prompt_id = self._races.get(race_id, "")
        if not prompt_id or candidate.get("timings") is None or candidate.get("text") is None or failure == FailureKind.CANCELLED:
            return None
        key = (prompt_id, _text(candidate, "model_used"), _number(candidate, "temperature"))
        self._samples[key] += 1
        line = {"prompt": prompt_id, "model": key[1], "temperature": key[2], "text": candidate["text"], "sample": self._samples[key] - 1}
        line["timings"] = {name: value for name, value in candidate["timings"].items() if value is not None}
        if candidate.get("digest") is not None:
            line["digest"] = candidate["digest"]
        if failure is not None and not candidate.get("success", True):
            line |= {"failure": failure, "error": candidate.get("error") or ""}
        if candidate.get("verified"):
            line["passed"] = candidate.get("test_passed")
        return line | {"finish": "length" if failure == FailureKind.TRUNCATED else "stop"}


def _as_line(recording: Recording) -> dict[str, Any]:
    line: dict[str, Any] = {"record": "generation", "prompt": recording.prompt_id}
    for field in ("model", "temperature", "sample", "text", "finish", "digest", "failure", "error", "passed"):
        if (value := getattr(recording, field)) is not None:
            line[field] = value
    times = dataclasses.asdict(recording.timings)
    line["timings"] = {name: round(value, 4) if isinstance(value, float) else value for name, value in times.items() if value is not None}
    return line


def _from_line(data: Mapping[str, Any], prompts: Mapping[str, str]) -> Recording:
    prompt_id = _text(data, "prompt")
    if prompt_id not in prompts:
        raise ValueError(f"no prompt with the id {prompt_id!r} comes before it")
    finish = data.get("finish", "stop")
    if finish not in ("stop", "length"):
        raise ValueError(f"finish is {finish!r}, not 'stop' or 'length'")
    passed = data.get("passed")
    if passed is not None and not isinstance(passed, bool):
        raise ValueError(f"passed is {passed!r}, not true or false")
    return Recording(
        prompt_id=prompt_id,
        prompt=prompts[prompt_id],
        model=_text(data, "model"),
        temperature=_number(data, "temperature"),
        text=_text(data, "text"),
        timings=_timings(data["timings"]),
        sample=int(_number(data, "sample")) if "sample" in data else 0,
        finish=finish,
        digest=_text(data, "digest") if "digest" in data else None,
        failure=FailureKind(data["failure"]) if "failure" in data else None,
        error=_text(data, "error") if "error" in data else None,
        passed=passed,
    )


def _timings(data: Mapping[str, Any]) -> Timings:
    times = {name: _number(data, name) for name in _TIMES if name in data}
    counts = {name: int(_number(data, name)) for name in _COUNTS if name in data}
    in_flight = int(_number(data, "in_flight")) if "in_flight" in data else 1
    return Timings(
        wall=_number(data, "wall"),
        queue=times.get("queue"),
        load=times.get("load"),
        prompt_eval=times.get("prompt_eval"),
        eval=times.get("eval"),
        first_token=times.get("first_token"),
        prompt_tokens=counts.get("prompt_tokens"),
        cached_tokens=counts.get("cached_tokens"),
        completion_tokens=counts.get("completion_tokens"),
        in_flight=in_flight,
    )


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data[key]
    if not isinstance(value, str):
        raise TypeError(f"{key} is {value!r}, not a string")
    return value


def _number(data: Mapping[str, Any], key: str) -> float:
    value = data[key]
    if not is_number(value) or not math.isfinite(value) or value < 0:
        raise TypeError(f"{key} is {value!r}, not a number of at least 0")
    return float(value)


def _open(path: Path, mode: Literal["r", "w"]) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "rt" if mode == "r" else "wt", encoding="utf-8")
    return path.open(mode, encoding="utf-8")
