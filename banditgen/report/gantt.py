"""One race, as it went: who waited, loaded, read, wrote and was tested, wave by wave."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from banditgen._text import one_line
from banditgen.errors import UsageError
from banditgen.history.base import DecisionRecord, HistoryStore, RaceRecord
from banditgen.report.chart import GREY, Axis, Bars, Chart, Line, Panel, Points
from banditgen.report.colours import LOAD, PROMPT, QUEUE, TEST, TOKENS
from banditgen.report.table import Column, Table, number
from banditgen.report.view import View, nothing
from banditgen.result import FailureKind, GenerationResult, verdict

STAGES = (("queue", QUEUE), ("load", LOAD), ("prompt", PROMPT), ("tokens", TOKENS), ("test", TEST))
NEWEST = 50  # races among which one with the most waves is chosen, where none is named


@dataclasses.dataclass(frozen=True)
class Run:
    """One candidate of a race: seconds from the race's begin at which it began, and what each of `STAGES` took then, in seconds."""

    result: GenerationResult
    wave: int
    begin: float
    stages: tuple[float, ...]

    @property
    def end(self) -> float:
        """When it was over, in seconds from the race's begin."""
        return self.begin + sum(self.stages)


def view(history: HistoryStore, race_id: str | None = None, task_type: str | None = None) -> View:
    """A race as a Gantt chart.

    Args:
        history: where it is.
        race_id: which; None is the newest of those with most waves and candidates.
        task_type: only among races of this type, where none is named.

    Raises:
        UsageError: an unknown race.
    """
    title = "A race"
    race = history.race(race_id) if race_id is not None else telling_race(history, task_type)
    if race is None and race_id is not None:
        raise UsageError(f"unknown race {race_id!r}: `banditgen history list` shows the races")
    if race is None or not race.results:
        return nothing("race", title, "No race is over yet.")
    runs = course(race, history.decisions(race.id))
    waves = len({run.wave for run in runs})
    name = one_line(race.task.get("name") or race.task.get("prompt") or race.id, 60)
    best = next((run.result.generator_name for run in runs if run.result.id == race.best_id), None)
    ended = f"{best} won" if best else "no candidate won"
    counted = f"{len(runs)} candidates in {waves} wave{'s' if waves > 1 else ''}, {race.wall_seconds:.1f} s"
    return View(
        "race",
        Chart(f"A race: {name}", [_panel(runs, race)], f"{counted}; {ended}: {one_line(race.reason)}"),
        _table(runs),
        f"Race {race.id} on a task of type {race.task_type}: {counted}; {ended}. Each candidate's time from the race's begin: waiting for "
        "a slot (queue), loading the model, reading the prompt, writing tokens, and the test. A new wave begins at a dashed line.",
        "The history keeps how long each stage took and when each wave was decided, not when each stage began: stages are drawn one after "
        "another from their wave's begin. What a backend does not tell apart counts as writing tokens, and waiting to be tested as test.",
    )


def telling_race(history: HistoryStore, task_type: str | None = None, newest: int = NEWEST) -> RaceRecord | None:
    """Of the newest races the one that shows most: with most waves, then most candidates, then a winner; None where there is none."""
    races = history.races(newest, task_type)
    return max(
        races, key=lambda race: (len({one.step for one in race.results}), min(len(race.results), 8), race.best_id is not None), default=None
    )


def course(race: RaceRecord, decisions: Sequence[DecisionRecord]) -> list[Run]:
    """The race's candidates with when they ran, in the order of their waves."""
    decided = {decision.step: decision.created_at for decision in decisions}
    first = decided.get(0)
    runs: list[Run] = []
    ended = 0.0  # of the waves so far
    for wave in sorted({result.step for result in race.results}):
        begin = decided[wave] - first if first is not None and wave in decided and wave > 0 else ended
        before = [run.end for run in runs if run.wave == runs[-1].wave]
        if not 0.9 * min(before, default=0.0) <= begin <= race.wall_seconds + 1:  # a replay's clock is not the models'
            begin = ended
        runs += [Run(result, wave, begin, _stages(result)) for result in race.results if result.step == wave]
        ended = max([ended, *(run.end for run in runs)])
    return runs


def _stages(result: GenerationResult) -> tuple[float, ...]:
    """Seconds of queue, load, prompt, tokens and test."""
    told = result.timings
    if told is None:
        return 0.0, 0.0, 0.0, result.generation_time, result.test_time
    queue, load, prompt = told.queue or 0.0, told.load or 0.0, told.prompt_eval or 0.0
    written = told.eval if told.eval is not None else max(told.wall - queue - load - prompt, 0.0)
    return queue, load, prompt, written, result.test_time


def _panel(runs: Sequence[Run], race: RaceRecord) -> Panel:
    marks: list[Bars | Line | Points] = []
    rows = [float(row) for row in range(len(runs))]
    begins = [run.begin for run in runs]
    for stage, (name, colour) in enumerate(STAGES):
        ends = [begin + run.stages[stage] for begin, run in zip(begins, runs, strict=True)]
        there = [i for i, run in enumerate(runs) if run.stages[stage] > 0]
        if there:
            said = [f"{runs[i].result.generator_name}: {name} {runs[i].stages[stage]:.2f} s" for i in there]
            marks.append(
                Bars(name, [begins[i] for i in there], [ends[i] for i in there], [rows[i] for i in there], said, [colour] * len(there))
            )
        begins = ends
    end = max([run.end for run in runs] + [race.wall_seconds])
    for wave in sorted({run.wave for run in runs} - {0}):
        at = next(run.begin for run in runs if run.wave == wave)
        marks.append(Line("", [at, at], [-0.5, len(runs) - 0.5], GREY, dash="dashed"))
    x = Axis("seconds from the race's begin", "seconds", 0.0, max(end, 1e-3))
    names = [f"{run.result.generator_name} {_verdict(run.result, race)}" for run in runs]
    return Panel(marks, x, Axis("", "names", names=names), legend=True)


def _verdict(result: GenerationResult, race: RaceRecord) -> str:
    if result.id == race.best_id:
        return "★ won"
    if result.test_passed:
        return "✓"
    return "– cut off" if result.failure is FailureKind.CANCELLED else "✗"


def _table(runs: Sequence[Run]) -> Table:
    table = {
        "arm": Column("arm", [run.result.generator_name for run in runs]),
        "wave": Column("wave", [run.wave + 1 for run in runs]),
        "begin": Column("begins at, s", [run.begin for run in runs], number()),
    }
    table |= {name: Column(f"{name}, s", [run.stages[i] for run in runs], number()) for i, (name, _) in enumerate(STAGES)}
    verdicts = [verdict(run.result) for run in runs]
    return table | {
        "verdict": Column("verdict", verdicts),
        "score": Column("combined score", [run.result.combined_score for run in runs], number()),
        "error": Column("why not", [one_line(run.result.error or "") for run in runs]),
    }
