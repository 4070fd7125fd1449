"""From how a job ended to an `Execution`: what passed, what failed, and which kind of failure it was."""

from __future__ import annotations

import dataclasses
import re
import signal
from collections.abc import Sequence
from typing import Any

from banditgen._text import flat, last_line
from banditgen.result import FailureKind
from banditgen.sandbox.base import Execution
from banditgen.sandbox.report import Report

ERROR_CHARACTERS = 500
TIME_LIMITS = ("wall", "cpu")
LIMIT_SIGNS = {  # at the start of an exception's last line, where its type stands
    r"([\w.]*\.)?_?(Array)?MemoryError(:|$)": "memory",
    r"RuntimeError: can't start new thread": "processes",
    r"OSError: \[Errno 2[78]\]": "disk",
}
NO_MORE_PROCESSES = re.compile(r"BlockingIOError: \[Errno 11\]")  # also what reading from an empty pipe says
STARTS_PROCESSES = re.compile("fork|thread|spawn|process|popen|os.system", re.IGNORECASE)
FORBIDDEN_SIGNS = re.compile(
    r"PermissionError: \[Errno (1|13)\]|OSError: \[Errno (30|101)\]|([\w.]*\.)?URLError: <urlopen error \[Errno (1|101)\]"
)


def execution(report: Report, *, code: str, verified: bool, channel: str, isolation: dict[str, str]) -> Execution:
    """Judge a job of some code by its report; what a program has printed is not looked at."""
    failure, error, limit = _outcome(report)
    if limit is None and error and NO_MORE_PROCESSES.match(error) and STARTS_PROCESSES.search(code):
        failure, limit = FailureKind.REFUSED, "processes"
    return Execution(
        passed=failure is None,
        verified=verified,
        failure=failure,
        error=error_text(error) if error else None,
        stdout=report.stdout,
        stderr=report.stderr,
        wall_seconds=report.wall,
        cpu_seconds=report.cpu,
        peak_memory_bytes=report.peak,
        exit_code=report.status if channel == "cooperative" or report.candidate_status is None else report.candidate_status,
        limit=limit,
        channel=channel,
        isolation=isolation,
    )


def _outcome(report: Report) -> tuple[FailureKind | None, str | None, str | None]:
    if report.limit in TIME_LIMITS:
        return FailureKind.TIMEOUT, f"the {report.limit} time limit was hit after {report.wall:.1f} s", report.limit
    if report.limit is not None:
        return FailureKind.REFUSED, f"the {report.limit} limit was hit", report.limit
    if report.verdict is not None:
        return _of_verdict(report.verdict, report)
    if report.status == 0:
        return None, None, None
    return _of_error(last_line(report.stderr) or _ended(report.status), None)


def of_tests(report: Report) -> Report:
    """A report of a job with tests, of which silence is not success: without a verdict it did not run to the end."""
    if report.verdict is not None or report.limit is not None:
        return report
    return dataclasses.replace(report, verdict={"outcome": "gone", "error": "the process ended before its tests did"})


def compared(result: Execution, difference: str | None) -> Execution:
    """An execution that ended well, after a look at its output: what is wrong with that, if something is."""
    return (
        result if difference is None else dataclasses.replace(result, passed=False, failure=FailureKind.WRONG, error=error_text(difference))
    )


def together(results: Sequence[Execution]) -> Execution:
    """Several examples as one execution: the last one's outcome, times added up, the highest memory."""
    return dataclasses.replace(
        results[-1],
        wall_seconds=sum(result.wall_seconds for result in results),
        cpu_seconds=sum(result.cpu_seconds for result in results),
        peak_memory_bytes=max(result.peak_memory_bytes for result in results),
    )


def _of_verdict(verdict: dict[str, Any], report: Report) -> tuple[FailureKind | None, str | None, str | None]:
    error = str(verdict.get("error") or "")
    match verdict["outcome"]:
        case "passed":
            return None, None, None
        case "wrong" | "skipped":
            return FailureKind.WRONG, error, None
        case "forged":
            return FailureKind.REFUSED, f"refused as forged: {error}", None
        case "unjudgeable":
            return FailureKind.REFUSED, f"can't be judged, as the task demands: {error}", None
        case "gone":
            status = report.status if report.candidate_status is None else report.candidate_status
            text = last_line(report.stderr) if status > 0 else ""
            return _of_error(text or f"ended before its tests did ({_ended(status)})", None)
        case _:
            return _of_error(error, None)


def _of_error(error: str, limit: str | None) -> tuple[FailureKind, str, str | None]:
    for sign, name in LIMIT_SIGNS.items():
        if re.match(sign, error):
            limit = name
    refused = limit is not None or FORBIDDEN_SIGNS.match(error) is not None
    return (FailureKind.REFUSED if refused else FailureKind.ERROR), error, limit


def _ended(status: int) -> str:
    if status < 0:
        try:
            return f"killed by {signal.Signals(-status).name}"
        except ValueError:
            return f"killed by signal {-status}"
    return f"exit status {status}"


def error_text(text: str) -> str:
    """Hostile text as one bounded line, its spaces as they were: what a test compares may differ in them."""
    return flat(text[: 2 * ERROR_CHARACTERS]).strip()[:ERROR_CHARACTERS]
