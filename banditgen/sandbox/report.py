"""What a job's end comes to, as any of our sandboxes reports it, and the surroundings that they all give it."""

from __future__ import annotations

import dataclasses
import json
import os
from typing import Any

ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "HOME": "/tmp",  # noqa: S108  # the sandbox's own
    "TMPDIR": "/tmp",  # noqa: S108
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "LD_BIND_NOW": "1",  # else each fork looks up for itself what it calls
    "PYTHONHASHSEED": "0",
    "MALLOC_ARENA_MAX": "2",  # arenas reserve address space, which is limited
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}


class WorkerDiedError(Exception):
    """The worker ended, or does not answer; the job's outcome is unknown."""


@dataclasses.dataclass(frozen=True)
class Report:
    """How a job ended, measured by the worker: seconds and bytes. `verdict` is None where none, or no valid one, came.

    `printed` is stdout with each byte that is no UTF-8 as a lone surrogate, so that it equals no text.
    """

    status: int
    candidate_status: int | None
    wall: float
    cpu: float
    peak: int
    limit: str | None
    stdout: str
    stderr: str
    printed: str
    verdict: dict[str, Any] | None = None


def texts(stdout: bytes, stderr: bytes) -> dict[str, Any]:
    """What a report holds of the outputs."""
    return {
        "stdout": stdout.decode("utf-8", "replace"),
        "stderr": stderr.decode("utf-8", "replace"),
        "printed": stdout.decode("utf-8", "surrogateescape"),
    }


def read_verdict(receiving: int, nonce: str) -> dict[str, Any] | None:
    """The message on the verdict pipe, if it is one, and whole; a passing one must hold the nonce and be the only one.

    A candidate that forks beside its tests may have several processes come to their end.
    """
    try:
        text = os.read(receiving, 1 << 16).decode()
        data, end = json.JSONDecoder().raw_decode(text)
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(data, dict) or not isinstance(data.get("outcome"), str):
        return None
    if data["outcome"] == "passed" and (data.get("nonce") != nonce or end != len(text)):
        return {"outcome": "forged", "error": "a verdict without the nonce" if end == len(text) else "more than one verdict"}
    return data
