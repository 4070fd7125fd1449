"""Tasks solved against generations spent: as it was, and what other policies would have solved where that can be known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from banditgen.bandit.arrays import Floats
from banditgen.demo.comparison import Row, compare_on
from banditgen.report.chart import COLOURS, GREY, Axis, Chart, Line, Panel
from banditgen.report.source import Source
from banditgen.report.table import Column, Table, count, number, share
from banditgen.report.view import View, nothing

ROUNDS, SEEDS = 30, 20
LEAST_TASKS = 10  # of a type, on which every arm was tried at once, for a replay
_POINTS = 100  # of the line as it was


def view(source: Source, rounds: int = ROUNDS, seeds: int = SEEDS) -> View:
    """Solved tasks by generations of the history itself; and of policies replayed over the tasks on which all arms were tried."""
    title = "Tasks solved, and what that took"
    log = source.log
    if not source.races:
        return nothing("solved", title, "No race is over yet.")
    generations = np.bincount(log.race[log.race >= 0], minlength=len(log.races))
    place = {race: i for i, race in enumerate(log.races)}
    took = np.array([generations[place[race.id]] if race.id in place else 0 for race in source.races]).cumsum()
    solved = np.array([race.best_id is not None for race in source.races]).cumsum()
    some = np.unique(np.linspace(0, len(took) - 1, _POINTS).round().astype(int))
    own = Line("", [0.0, *took[some].astype(float).tolist()], [0.0, *solved[some].astype(float).tolist()], 0)
    panels = [Panel([own], Axis("generations spent", "count", low=0.0), Axis("tasks solved", "count", low=0.0), "As it was")]
    table: Table = {
        "policy": Column("policy", ["as it was"]),
        "races": Column("races", [len(source.races)], count),
        "generations": Column("generations a race", [float(took[-1]) / len(took)], number()),
        "solved": Column("solved", [float(solved[-1]) / len(took)], share),
        "low": Column("95 % from", [None], share),
        "high": Column("to", [None], share),
    }
    arms, outcomes = matrix(source)
    doubt = "Which arms ran was chosen as it went, and tasks came as they came: how other policies would have done is not in this line."
    about = "Races with a winner by generations spent, over the whole history."
    if outcomes:
        k = min(source.strategy.k, len(arms))
        rows = compare_on([source.arms[i] for i in arms], outcomes, k=k, rounds=rounds, seeds=seeds)
        tasks = sum(one.shape[1] for one in outcomes.values())
        panels.append(_replayed(rows, len(outcomes)))
        table = _with(table, rows, rounds * len(outcomes))
        about += (
            f" Then policies replayed over the {tasks} tasks on which all {len(arms)} arms were tried at once: {rounds} races of each "
            f"type, {seeds} runs; bands are 95 % intervals of the mean over runs."
        )
        doubt = (
            "A replay draws tasks and samples again and again from those that were recorded, so it knows no more than these. Its bands "
            "are of the drawing alone; other tasks may differ by more."
        )
    else:
        doubt += " A full matrix (`banditgen bench`) lets policies be replayed."
    said = f"{solved[-1]} of {len(took)} tasks solved with {took[-1]} generations"
    return View("solved", Chart(title, panels, said), table, about, doubt)


def matrix(source: Source) -> tuple[list[int], dict[str, Floats]]:
    """The arms that raced on everything, by position, and by task type (arms, tasks, samples): 1 passed, 0 failed, NaN missing.

    Only races that had all of these arms in their first wave count: whom chance or learning chose, or whom others' failures called
    for, met tasks of another kind. Empty where there are no such races, or of fewer than `LEAST_TASKS` tasks.
    """
    log, k = source.log, source.strategy.k
    first = (log.race >= 0) & (log.step == 0) & (log.arm >= 0)
    by_race: dict[int, list[int]] = {}
    for row in np.flatnonzero(first).tolist():
        by_race.setdefault(int(log.race[row]), []).append(row)
    sets: dict[int, frozenset[int]] = {race: frozenset(log.arm[rows].tolist()) for race, rows in by_race.items()}
    common: Counter[frozenset[int]] = Counter(some for some in sets.values() if len(some) > k)
    met = np.bincount(log.arm[log.arm >= 0], minlength=len(source.arms))
    wide: list[frozenset[int]] = [some for some in common if len(some) >= 0.8 * (met > 0.02 * met.sum()).sum()]
    if not wide:
        return [], {}
    commonest: frozenset[int] = max(wide, key=lambda some: common[some])
    arms = sorted(commonest)
    place = {race.id: race for race in source.races}
    cells: dict[str, dict[str, dict[int, list[float]]]] = {}
    for race, rows in by_race.items():
        record = place.get(log.races[race])
        if record is None or not sets[race].issuperset(arms):
            continue
        task = str(record.task.get("name") or record.task.get("prompt") or record.id)
        own = cells.setdefault(record.task_type, {}).setdefault(task, {})
        for row in rows:
            own.setdefault(int(log.arm[row]), []).append(float(log.verdict[row]) if log.verdict[row] >= 0 else np.nan)
    found = {kind: _table(tasks, arms) for kind, tasks in sorted(cells.items()) if len(tasks) >= LEAST_TASKS}
    return arms, {kind: table for kind, table in found.items() if not np.isnan(table).all((1, 2)).any()}


def _table(tasks: Mapping[str, Mapping[int, list[float]]], arms: list[int]) -> Floats:
    samples = max(len(told) for own in tasks.values() for told in own.values())
    table = np.full((len(arms), len(tasks), samples), np.nan)
    for column, own in enumerate(tasks.values()):
        for row, arm in enumerate(arms):
            told = own.get(arm, [])
            table[row, column, : len(told)] = told
    return table


def _replayed(rows: list[Row], types: int) -> Panel:
    lines = []
    for place, row in enumerate(rows):
        total = row.solved.mean(axis=2).cumsum(axis=1) * types
        spent = row.spent.sum(axis=2).cumsum(axis=1).mean(axis=0)
        mean, half = total.mean(axis=0), 1.96 * total.std(axis=0, ddof=1) / np.sqrt(len(total))
        colour = place if place < COLOURS else GREY
        lines.append(Line(row.name, spent.tolist(), mean.tolist(), colour, (mean - half).tolist(), (mean + half).tolist()))
    most = max(line.x[-1] for line in lines if line.name != "all arms")
    lines = [line if line.x[-1] <= most else _until(line, most) for line in lines]
    return Panel(
        lines,
        Axis("generations spent", "count", low=0.0),
        Axis("tasks solved", "count", low=0.0),
        "Replayed: what each policy would have solved",
    )


def _until(line: Line, most: float) -> Line:
    """The beginning of a line."""
    n = max(1, int(np.searchsorted(line.x, most, side="right")))
    low, high = (None if ends is None else list(ends)[:n] for ends in (line.low, line.high))
    return Line(line.name, line.x[:n], line.y[:n], line.colour, low, high)


def _with(table: Table, rows: list[Row], races: int) -> Table:
    more: dict[str, list[Any]] = {
        "policy": [row.name for row in rows],
        "races": [races] * len(rows),
        "generations": [row.generations for row in rows],
        "solved": [row.share for row in rows],
        "low": [row.low for row in rows],
        "high": [row.high for row in rows],
    }
    return {name: Column(column.title, [*column.values, *more[name]], column.shown) for name, column in table.items()}
