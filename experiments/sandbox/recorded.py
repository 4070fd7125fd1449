"""Reads the recorded tasks and generations that `BANDITGEN_DATA` points at; nothing of them is in this repository."""

from __future__ import annotations

import gzip
import json
import os
import random
from pathlib import Path
from typing import Any

from banditgen.task import Task

WALL_SECONDS = 5.0


def folder() -> Path | None:
    """The data folder, if there is one."""
    path = os.environ.get("BANDITGEN_DATA")
    return Path(path) if path and Path(path, "tasks.jsonl.gz").exists() else None


def tasks(data: Path) -> dict[str, dict[str, Any]]:
    """The recorded tasks that have tests of a function, by id."""
    rows = _lines(data / "tasks.jsonl.gz")
    return {row["task_id"]: row for row in rows if row["dataset"] != "CRUXEval"}


def to_task(row: dict[str, Any], wall_seconds: float = WALL_SECONDS) -> Task:
    """A recorded task as a `Task`."""
    tests = row["test"] + "\n" + (row.get("test_call") or "")
    limits = {"wall_seconds": wall_seconds}
    # the recorded re-execution had numpy at hand, and a few candidates import it
    return Task(row["prompt"], tests=tests, entry_point=row["entry_point"], limits=limits, name=row["task_id"], packages=["numpy"])


def canonical(row: dict[str, Any]) -> str:
    """The task's reference solution as a whole program."""
    return str(row["prompt"] + row["canonical_solution"] if row["dataset"] == "HumanEval" else row["canonical_solution"])


def generations(data: Path, count: int, seed: int) -> list[dict[str, Any]]:
    """A random sample of the recorded candidates that have a re-executed verdict."""
    known = tasks(data)
    rows = [row for row in _lines(data / "generations.jsonl.gz") if row["task_id"] in known and "passed_rerun" in row]
    return random.Random(seed).sample(rows, min(count, len(rows)))


def _lines(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]
