"""A caller's own runner, any object with `save_code` and `run_node`, in the place of our sandbox."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from banditgen._text import last_line
from banditgen._threads import time_limit
from banditgen.errors import SandboxError
from banditgen.result import FailureKind
from banditgen.sandbox.base import Execution


def run_with(runner: Any, node_id: str, code: str, seconds: float, payload: Mapping[str, Any] | None = None) -> Execution:
    """Save the code under its node id and run it there; exit code 0 passes, and nothing is verified.

    Both methods get the limit as `timeout=`, where they take that. `run_node(node_id, payload)` gives `(stdout, stderr, metrics)`;
    of the metrics, `exit_code` and `latency_ms` (in milliseconds) are read, and all of them reach the evaluator.

    Raises:
        SandboxError: the runner raised, or returned something else.
    """
    try:
        runner.save_code(node_id, code, **time_limit(runner.save_code, seconds))
        outcome = runner.run_node(node_id, dict(payload or {}), **time_limit(runner.run_node, seconds))
    except Exception as error:
        raise SandboxError(f"the node runner failed on {node_id}: {type(error).__name__}: {str(error)[:200]}") from error
    if not isinstance(outcome, tuple | list) or len(outcome) != 3 or not isinstance(outcome[2], Mapping):
        raise SandboxError(f"the node runner returned {type(outcome).__name__} for {node_id}, not (stdout, stderr, metrics)")
    stdout, stderr, metrics = outcome
    exit_code = metrics.get("exit_code", 0)
    seconds = _seconds(metrics.get("latency_ms", 0.0))
    passed = bool(exit_code == 0)
    stderr = str(stderr or "")
    return Execution(
        passed=passed,
        verified=False,
        failure=None if passed else FailureKind.ERROR,
        error=None if passed else last_line(stderr)[:500] or f"exit code {exit_code}",
        stdout=str(stdout or ""),
        stderr=stderr,
        wall_seconds=seconds,
        exit_code=exit_code if isinstance(exit_code, int) else None,
        channel="runner",
        metrics=dict(metrics),
    )


def _seconds(milliseconds: Any) -> float:
    """Any number type's milliseconds in seconds; what is no time counts as none."""
    try:
        seconds = float(milliseconds) / 1000
    except (TypeError, ValueError, OverflowError):
        return 0.0
    return seconds if math.isfinite(seconds) and seconds >= 0 else 0.0
