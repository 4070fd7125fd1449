"""An earlier bench, to be compared with: from its JSON file, by its id, or the newest of a history."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from banditgen.bench.document import matrix_from
from banditgen.bench.plan import PREFIX
from banditgen.bench.stored import races
from banditgen.errors import HistoryError, UsageError
from banditgen.history.base import DecisionRecord, HistoryStore
from banditgen.history.store import History
from banditgen.offline.matrix.outcomes import Matrix

LOOKED_AT = (100, 20_000)  # races, newest first, among which a history's last bench is looked for
LARGEST = 64 << 20  # bytes of a file that is read


def earlier(history: HistoryStore, old: str) -> Matrix:
    """The outcomes of an earlier bench, its tasks called by their ids.

    Args:
        history: where an id is looked up.
        old: a file that `banditgen bench --json` wrote, a bench's id or its beginning, or another history's URL or file.

    Raises:
        UsageError: it is none of these.
    """
    path = Path(old)
    if path.is_file() and not _is_database(path):
        return _from_file(path)
    if old.startswith(PREFIX):
        return _by_id(history, old)
    if "://" in old or path.is_file():
        try:
            other = History(old, create=False)
        except HistoryError as error:
            raise UsageError(f"cannot compare with {old}: {error}") from None
        try:
            return _newest(other, old)
        finally:
            other.close()
    raise UsageError(f"cannot compare with {old}: it is no file that `banditgen bench --json` wrote, no bench's id, and no history")


def _is_database(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(15) == b"SQLite format 3"
    except OSError:
        return False


def _from_file(path: Path) -> Matrix:
    try:
        text = path.read_text(encoding="utf-8-sig") if path.stat().st_size <= LARGEST else ""
        return matrix_from(json.loads(text))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot compare with {path}: {getattr(error, 'strerror', None) or 'not UTF-8 text'}") from None
    except UsageError as error:
        raise UsageError(f"cannot compare with {path}: {error}") from None
    except (ValueError, RecursionError):
        raise UsageError(f"cannot compare with {path}: it is no JSON") from None


def _by_id(history: HistoryStore, old: str) -> Matrix:
    found = [own for own in history.ids_beginning(old, 2) if own.startswith(PREFIX)]
    if len(found) != 1:
        raise UsageError(f"cannot compare with {old}: {'several benches begin so' if found else 'the history has no such bench'}")
    return _stored(history, found[0])


def _newest(history: HistoryStore, old: str) -> Matrix:
    for limit in LOOKED_AT:
        for race in history.races(limit):
            decision = history.decision(race.id)
            if decision is not None and "bench" in decision.detail:
                return _stored(history, str(decision.detail["bench"]))
    raise UsageError(f"cannot compare with {old}: no bench is in this history")


def _stored(history: HistoryStore, bench: str) -> Matrix:
    told = history.decision(bench)
    if told is None or "tasks" not in told.detail:
        raise UsageError(f"cannot compare with {bench}: the history does not say what it was")
    return _read(history, told)


def _read(history: HistoryStore, told: DecisionRecord) -> Matrix:
    tasks = [str(task["id"]) for task in told.detail["tasks"]]
    types = [str(task["task_type"]) for task in told.detail["tasks"]]
    arms = {str(arm["id"]): i for i, arm in enumerate(told.detail["arms"])}
    samples: list[np.ndarray[tuple[int, int], np.dtype[np.float64]]] = []
    while True:
        table, seen = np.full((len(arms), len(tasks)), np.nan), False
        for i, task in enumerate(tasks):
            for race in races(history, str(told.detail["key"]), task, len(samples)):
                seen = True
                for result in race.results:
                    if result.moves_posterior and result.arm_id in arms:
                        table[arms[result.arm_id], i] = result.test_passed
        if not seen:
            break
        samples.append(table)
    if not samples:
        raise UsageError(f"cannot compare with {told.id}: nothing of it was raced")
    return Matrix(tuple(str(arm["name"]) for arm in told.detail["arms"]), tuple(tasks), tuple(types), np.stack(samples, axis=2))
