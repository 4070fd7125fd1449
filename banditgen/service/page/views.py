"""What the pages show, read from the history and from what a service knows: plain blocking code, and plain data for the templates."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from banditgen._text import one_line, printable
from banditgen.history.base import DecisionRecord, HistoryStore, RaceRecord
from banditgen.result import GenerationResult, passed
from banditgen.service.page.compared import LinePair, compared, lines_of
from banditgen.session import BanditGenerator
from banditgen.task import DEFAULT_TASK_TYPE

NEWEST = 50  # races on the first page
LONG = 20_000  # characters of a prompt, an output or an error
WIDTH = 160  # of an interval's bar, in its own units


@dataclasses.dataclass(frozen=True)
class CandidateShown:
    """A candidate as a race's page shows it: its result, its code beside the winner's, and what people said of it."""

    result: GenerationResult
    best: bool
    same: bool  # as the winner's
    lines: list[str]
    rows: list[LinePair]
    output: str
    errors: str
    ratings: list[str]


@dataclasses.dataclass(frozen=True)
class WaveShown:
    """A wave, or the stop, of a race: the arms with their chances, the chance that it was to stop there, and why in words."""

    arms: list[tuple[str, float | None]]
    stop: float
    words: str


def when(moment: float) -> str:
    """A Unix time as people read it, in UTC."""
    try:
        return dt.datetime.fromtimestamp(moment, dt.UTC).strftime("%Y-%m-%d %H:%M:%S")
    except (OverflowError, OSError, ValueError):
        return "at an unknown time"


def newest(store: HistoryStore, task_type: str | None) -> list[dict[str, Any]]:
    """The newest races, newest first, a row each."""
    return [_row(race) for race in store.races(NEWEST, task_type)]


def _row(race: RaceRecord) -> dict[str, Any]:
    best = next((result for result in race.results if result.id == race.best_id), None)
    return {
        "id": race.id,
        "at": when(race.created_at),
        "task_type": race.task_type,
        "prompt": one_line(race.task.get("prompt") or race.task.get("name") or "", 90),
        "candidates": len(race.results),
        "passed": passed(race.results),
        "best": best and best.generator_name,
        "confidence": best and best.confidence,
        "seconds": race.wall_seconds,
    }


def race(store: HistoryStore, race_id: str) -> dict[str, Any] | None:
    """One race with all that is known of it; None where the history has none of that id."""
    found = store.race(store.race_of(race_id) or race_id)
    if found is None:
        return None
    said: dict[str | None, list[str]] = {}
    for feedback in store.feedback(found.id):
        who = f" by {one_line(feedback.who, 60)}" if feedback.who else ""
        why = f": {one_line(feedback.why, 200)}" if feedback.why else ""
        said.setdefault(feedback.result_id or found.best_id, []).append(f"rated {feedback.satisfaction:.2f}{who}{why}")
    best = next((result for result in found.results if result.id == found.best_id), None)
    return {
        "race": found,
        "at": when(found.created_at),
        "prompt": _clipped(str(found.task.get("prompt") or "")),
        "reason": one_line(found.reason, 600),
        "best": best,
        "candidates": [_candidate(result, best, said.get(result.id, [])) for result in found.results],
        "steps": [_step(decision) for decision in store.decisions(found.id)],
    }


def _candidate(result: GenerationResult, best: GenerationResult | None, ratings: list[str]) -> CandidateShown:
    same = best is not None and best.id != result.id and best.code == result.code
    rows = compared(best.code, result.code) if best is not None and best.id != result.id and result.code and not same else []
    texts = (_clipped(result.stdout), _clipped("\n".join(text for text in (result.error or "", result.stderr) if text)))
    return CandidateShown(result, best is not None and best.id == result.id, same, lines_of(result.code), rows, *texts, ratings)


def _step(decision: DecisionRecord) -> WaveShown:
    chances = decision.propensities or {}
    arms = [(str(arm["name"]), chances.get(str(arm["name"]))) for arm in decision.arms]
    words = str((decision.detail.get("explanation") or {}).get("words", ""))
    return WaveShown(arms, float(decision.detail.get("stop") or 0.0), printable(words))


def arms(bandit: BanditGenerator, task_type: str | None) -> dict[str, Any]:
    """What is expected of every arm on one type of task: the one asked for, else the first that anything is known of."""
    types = bandit.task_types()
    chosen = task_type or (types[0] if types else DEFAULT_TASK_TYPE)
    rows = bandit.recommend(chosen, max(len(bandit.arms), 1))
    return {"types": types, "chosen": chosen, "rows": rows, "width": WIDTH}


def _clipped(text: str) -> str:
    return printable(text) if len(text) <= LONG else printable(text[:LONG]) + f"\n… {len(text) - LONG} more characters"
