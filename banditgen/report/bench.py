"""What `banditgen bench --json` found, as a section of the report. The file may be anyone's: every value is checked."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from banditgen._checks import is_number
from banditgen._text import one_line
from banditgen.errors import UsageError
from banditgen.report.chart import Axis, Chart, Panel, Points
from banditgen.report.colours import colours_of
from banditgen.report.learned import Finding
from banditgen.report.page import Section
from banditgen.report.table import Column, count, number, share
from banditgen.report.view import View

LARGEST = 64 << 20  # bytes of a file that is read
_PAYS = {True: "Choosing among several arms pays here.", False: "Choosing among arms does not pay here: use one.", None: ""}


def section(path: Path) -> Section:
    """The section of a bench's file.

    Raises:
        UsageError: it cannot be read, or is not what `banditgen bench --json` writes; the message says in what.
    """
    told = _read(path)
    rows = [_row(path, row) for row in _list(path, told, "table")]
    if missing := [key for key in ("recommended", "routing_pays") if key not in told]:
        raise _refused(path, f"{missing[0]} is missing")
    pays = told["routing_pays"]
    if pays is not None and not isinstance(pays, bool):
        raise _refused(path, "routing_pays must be true, false or null")
    answer, *more = [str(sentence) for sentence in _list(path, told, "sentences")] or [""]
    findings = [Finding(answer, f"{_PAYS[pays]} {_recommended(told['recommended'])}".strip(), "", sure=pays)]
    findings += [Finding(sentence, "", "") for sentence in more]
    return Section("bench", "The bench: every arm on every task", findings, [_view(rows)] if rows else [])


def _read(path: Path) -> Mapping[str, Any]:
    try:
        if path.stat().st_size > LARGEST:
            raise _refused(path, "it is too large")
        told = json.loads(path.read_bytes())
    except OSError as error:
        raise UsageError(f"cannot read {one_line(path)}: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise _refused(path, "it is not JSON") from None
    if not isinstance(told, dict):
        raise _refused(path, "it is no JSON object")
    return told


def _list(path: Path, told: Mapping[str, Any], key: str) -> Sequence[Any]:
    found = told.get(key)
    if not isinstance(found, list):
        raise _refused(path, f"{key} must be a list")
    return found


def _refused(path: Path, why: str) -> UsageError:
    return UsageError(f"{one_line(path)} is not what `banditgen bench --json` writes: {why}")


def _row(path: Path, row: Any) -> dict[str, Any]:
    if not isinstance(row, dict) or not all(isinstance(row.get(name), str) for name in ("arm", "task_type")):
        raise _refused(path, "every row of the table needs an arm and a task_type")
    numbers = {name: row.get(name) for name in ("passed", "samples", "rate", "low", "high", "seconds")}
    if (
        not all(value is None or is_number(value) for value in numbers.values())
        or not is_number(numbers["passed"])
        or not is_number(numbers["samples"])
    ):
        raise _refused(path, "passed and samples of a row must be numbers; rate, low, high and seconds numbers or null")
    return {"arm": row["arm"], "task_type": row["task_type"]} | numbers


def _recommended(told: Any) -> str:
    if not isinstance(told, dict) or not told.get("arms"):
        return "No set of arms is recommended."
    arms = ", then ".join(str(arm) for arm in told["arms"]) if isinstance(told["arms"], list) else str(told["arms"])
    numbers = {name: told.get(name) if is_number(told.get(name)) else None for name in ("solved", "low", "high", "generations")}
    solved = f"{share(numbers['solved'])} of tasks solved ({share(numbers['low'])} to {share(numbers['high'])})"
    return f"Race {arms}: {solved} at {number(1)(numbers['generations'])} generations, on tasks that did not choose it."


def _view(rows: Sequence[Mapping[str, Any]]) -> View:
    seen: dict[str, float] = {}
    for row in rows:
        seen[row["arm"]] = seen.get(row["arm"], 0) + row["passed"]
    colours = colours_of(sorted(seen, key=lambda arm: -seen[arm]))
    kinds = list(dict.fromkeys(row["task_type"] for row in rows))
    title = "Share of samples that passed, by arm and type of task"
    return View(
        "bench",
        Chart(
            title,
            [_panel(kind, [row for row in rows if row["task_type"] == kind], colours) for kind in kinds],
            f"{len(seen)} arms, {len(kinds)} types",
        ),
        {
            "arm": Column("arm", [row["arm"] for row in rows]),
            "task_type": Column("task type", [row["task_type"] for row in rows]),
            "passed": Column("passed", [row["passed"] for row in rows], count),
            "samples": Column("of", [row["samples"] for row in rows], count),
            "low": Column("95 % from", [row["low"] for row in rows], share),
            "high": Column("to", [row["high"] for row in rows], share),
            "seconds": Column("seconds a generation", [row["seconds"] for row in rows], number(1)),
        },
        "Every arm ran on every task, several samples each: the mean over tasks of the share that passed, with its 95 % interval.",
        "Other tasks may be easier or harder than these.",
    )


def _panel(kind: str, rows: list[Mapping[str, Any]], colours: Mapping[str, int]) -> Panel:
    rows = sorted((row for row in rows if row["samples"] > 0), key=lambda row: -_rate(row))
    rates = [_rate(row) for row in rows]
    low, high = (
        [rate if row[name] is None else float(row[name]) for rate, row in zip(rates, rows, strict=True)] for name in ("low", "high")
    )
    said = [f"{row['arm']}: {count(row['passed'])} of {count(row['samples'])} passed" for row in rows]
    points = Points("", rates, list(range(len(rows))), said, [colours[row["arm"]] for row in rows], x_low=low, x_high=high)
    return Panel([points], Axis("share that passed", "share", 0.0, 1.0), Axis("", "names", names=[row["arm"] for row in rows]), kind)


def _rate(row: Mapping[str, Any]) -> float:
    return float(row["passed"] / row["samples"] if row["rate"] is None else row["rate"])
