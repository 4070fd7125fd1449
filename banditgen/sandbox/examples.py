"""Judging a program by its output: against examples, with a tolerance for numbers, or by a checker of the task's own."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from banditgen.sandbox import blame, orders, verdict
from banditgen.sandbox.base import Execution
from banditgen.sandbox.report import Report
from banditgen.task import Task

NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|\b(?:nan|inf(?:inity)?)\b", re.IGNORECASE)


def run(
    task: Task,
    run_program: Callable[[str], Report],
    run_checker: Callable[[dict[str, Any]], Report],
    execution_of: Callable[[Report], Execution],
) -> Execution:
    """Run a program on one example after the other until one fails.

    Args:
        task: with the examples.
        run_program: runs it with an input.
        run_checker: runs the task's checker, in a process that no candidate has been in.
        execution_of: makes an execution of a report.

    """
    results = []
    for stdin, expected in task.examples:
        report = run_program(stdin)
        results.append(execution_of(report))
        if results[-1].passed and task.checker is not None:
            results[-1] = _checked(results[-1], task, (stdin, report.printed, expected), run_checker)
        elif results[-1].passed:
            results[-1] = verdict.compared(results[-1], difference(report.printed, expected, task.tolerance))
        if not results[-1].passed:
            break
    return verdict.together(results)


def _checked(execution: Execution, task: Task, texts: tuple[str, str, str], run_checker: Callable[[dict[str, Any]], Report]) -> Execution:
    """What a checker says of an output."""
    report = run_checker(orders.check(task, *texts))
    ended = f"the checker hit the {report.limit} limit" if report.limit else "the checker ended before its end"
    found = report.verdict or {"outcome": "fault", "error": ended}
    if found["outcome"] == "fault":
        return blame.blamed(execution, str(found["error"]))
    return verdict.compared(execution, found.get("error"))


def lines(text: str) -> list[str]:
    r"""Lines, which end with \n or \r\n alone, without trailing white space, and without empty lines at the end."""
    return [line.rstrip() for line in text.rstrip().replace("\r\n", "\n").split("\n")]


def difference(printed: str, expected: str, tolerance: float | None = None) -> str | None:
    """What first differs between two outputs; None where nothing does."""
    got, wanted = lines(printed), lines(expected)
    for number, (ours, theirs) in enumerate(zip(got, wanted, strict=False), start=1):
        if ours != theirs and (tolerance is None or not _is_near(ours, theirs, tolerance)):
            return f"line {number} of the output is {ours[:100]!r}, not {theirs[:100]!r}"
    return None if len(got) == len(wanted) else f"the output has {len(got)} lines, not {len(wanted)}"


def _is_near(ours: str, theirs: str, tolerance: float) -> bool:
    """Whether two lines are equal but for numbers that are near enough, and the white space around them."""
    if [part.split() for part in NUMBER.split(ours)] != [part.split() for part in NUMBER.split(theirs)]:
        return False
    pairs = zip(map(float, NUMBER.findall(ours)), map(float, NUMBER.findall(theirs)), strict=True)
    return all(
        got == wanted or (math.isnan(got) and math.isnan(wanted)) or abs(got - wanted) <= tolerance * max(1.0, abs(wanted))
        for got, wanted in pairs
    )
