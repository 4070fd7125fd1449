"""`banditgen bench`: which of your models to use on your tasks, and whether routing is worth it."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from banditgen._task_files import read_tasks
from banditgen._text import one_line
from banditgen.bench.allowance import Allowance
from banditgen.bench.document import document, matrix_by_id
from banditgen.bench.earlier import earlier
from banditgen.bench.plan import SAMPLES, BenchPlan
from banditgen.bench.run import Bench, Heard, bench
from banditgen.cli.histories import history_to_write
from banditgen.cli.output import WIDE, errors, print_json, print_table, safe, shared
from banditgen.history.base import HistoryStore
from banditgen.offline.matrix.change import compare
from banditgen.offline.matrix.findings import ArmRow
from banditgen.offline.matrix.rates import Interval
from banditgen.offline.matrix.sentences import percent
from banditgen.racing import defaults
from banditgen.racing.events import RaceEvent
from banditgen.session import BanditGenerator
from banditgen.strategy import Strategy, with_models
from banditgen.task import Task

DEMO = "demo"  # in the place of a path: the demo's tasks
DEMO_MAX_TOKENS = 256  # they need no more; small models that ramble on would keep everybody waiting


@click.command("bench")
@click.argument("tasks", nargs=-1, required=True)
@click.option("--samples", "-n", type=click.IntRange(min=1), default=SAMPLES, show_default=True, help="Of each arm on each task.")
@click.option(
    "-k", type=click.IntRange(min=1, max=5), help="Tries of a task that the answer may use; the strategy's number where left out."
)
@click.option("-m", "--model", "models", multiple=True, help="Bench this model, not the strategy's; repeatable.")
@click.option("-t", "--temperature", "temperatures", type=float, multiple=True, help="At this temperature, not the strategy's; repeatable.")
@click.option(
    "--budget", metavar="AMOUNT", help="Stop before more is spent now: '300 generations', '600 seconds' (of models), '2e5 tokens'."
)
@click.option("--reruns", type=click.IntRange(min=0), default=1, show_default=True, help="How often some code is tried again: flaky tests.")
@click.option("--compare", "old", metavar="OLD", help="Say what changed since an earlier bench: its JSON file, its id, or its history.")
@click.option("--at-least", type=click.FloatRange(0, 100), metavar="PERCENT", help="Exit 1 where what is recommended solves fewer tasks.")
@shared("strategy", "backend", "history", "seed", "json")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    tasks: Sequence[str],
    samples: int,
    k: int | None,
    models: Sequence[str],
    temperatures: Sequence[float],
    budget: str | None,
    reruns: int,
    old: str | None,
    at_least: float | None,
    strategy: str | None,
    backend: str | None,
    history: str | None,
    seed: int | None,
    as_json: bool,
) -> None:
    """Race every arm on every one of TASKS, and say which to use, and whether routing pays. Exit 1 below --at-least.

    TASKS are .toml or .jsonl files or folders of them, as `run` takes them, or demo: the demo's own. A bench that was stopped goes on
    with what is missing when it is called again, and so does one that is asked for more samples; a changed model or another --seed
    begin anew. All races are kept in the history, and the bandit learns from them.
    """
    chosen, limit = _tasks(tasks), Allowance.read(budget) if budget is not None else None
    with history_to_write(history) as store:
        plan = defaults.default_strategy(strategy, store)
        if list(tasks) == [DEMO] and plan.models is not None:
            plan = dataclasses.replace(plan, max_tokens=min(plan.max_tokens, DEMO_MAX_TOKENS))
        plan = with_models(plan, models, temperatures)
        before = None if old is None else earlier(store, old)
        with _opened(plan, backend, store) as bandit, _progress(limit) as heard:
            done = bench(bandit, chosen, samples=samples, k=k, seed=seed or 0, budget=limit, reruns=reruns, heard=heard)
    changes = None if before is None else compare(before, matrix_by_id(done))
    found = document(done, changes)
    if as_json:
        print_json(found)
    else:
        _report(done, found["sentences"])
    solved = found["recommended"]["solved"]
    ctx.exit(1 if at_least is not None and (solved is None or 100 * solved < at_least) else 0)


def _tasks(places: Sequence[str]) -> list[Task]:
    """The tasks of files and folders; `demo` are the demo's where nothing here is called so."""
    found: list[Task] = []
    for place in places:
        if place == DEMO and not Path(place).exists():
            from banditgen.demo.catalogue import catalogue  # noqa: PLC0415 - only where it is wanted

            found += [entry.task for entry in catalogue()]
        else:
            found += read_tasks(Path(place))
    return found


@contextlib.contextmanager
def _progress(budget: Allowance | None) -> Iterator[Heard]:
    """Who draws how far a bench is: a bar on a terminal, else a line a tenth of the way."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("generations,"),
        TimeElapsedColumn(),
        TextColumn("gone,"),
        TimeRemainingColumn(),
        TextColumn("left"),
        console=errors,
        disable=not errors.is_terminal,
    )
    shown = _Shown(bar, budget)
    with bar:
        yield Heard(shown.start, shown.race, shown.event)


class _Shown:
    """What is shown of a bench under way."""

    def __init__(self, bar: Progress, budget: Allowance | None) -> None:
        self._budget = budget
        self._bar, self._done, self._all, self._told = bar, 0, 0, 0
        self._row = bar.add_task("bench", total=None)

    def start(self, plan: BenchPlan, done: int, missing: int) -> None:
        """Say what is to be done."""
        self._done, self._all = done, done + missing
        self._told = 10 * done // max(self._all, 1)
        there = f"; {done:,} are there already" if done else ""
        whole = f"{len(plan.arms)} arms × {len(plan.tasks)} tasks × {plan.samples} samples = {self._all:,} generations"
        errors.print(safe(f"{plan.id}: {whole}{there}"))
        self._bar.update(self._row, total=self._all, completed=done)

    def race(self, task: Task, sample: int) -> None:
        """Name the task under way."""
        spent = "" if self._budget is None else f", {self._budget.spent:.0f} of {self._budget.amount:g} {self._budget.unit} spent"
        self._bar.update(self._row, description=escape(safe(f"{one_line(task.name, 30)}, sample {sample + 1}{spent}").plain))

    def event(self, event: RaceEvent) -> None:
        """Count a generation."""
        if event.result is None:
            return
        self._done += 1
        self._bar.update(self._row, completed=self._done)
        if self._bar.disable and 10 * self._done // self._all > self._told:
            self._told = 10 * self._done // self._all
            errors.print(safe(f"  {self._done:,} of {self._all:,} generations"))


def _opened(plan: Strategy, backend: str | None, store: HistoryStore) -> BanditGenerator:
    return BanditGenerator.open(plan, backend=backend, history=store)


def _report(done: Bench, sentences: Sequence[str]) -> None:
    found = done.findings
    rows = ([("all types", row) for row in found.overall] if len(found.by_type) > 1 else []) + [(row.task_type, row) for row in found.rows]
    most = min(done.plan.samples, found.k)
    priced = any(row.price is not None for row in found.rows)
    headings = ["task type", "arm", "passed", "of", "pass rate (95 %)"]
    headings += [f"pass@{most}", f"pass^{most}"] if most > 1 else []
    print_table([*headings, "seconds", *(["price"] if priced else [])], [_shown_row(kind, row, most, priced=priced) for kind, row in rows])
    click.echo()
    for sentence in sentences:  # wrapped only where a person reads it
        width = Console().width if sys.stdout.isatty() else WIDE
        click.echo(
            textwrap.fill(sentence, width, initial_indent="- ", subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
        )


def _shown_row(kind: str, row: ArmRow, most: int, *, priced: bool) -> list[str]:
    shown = [kind, row.arm, str(row.passed), str(row.samples), percent(Interval(row.rate, row.low, row.high))]
    if most > 1:
        shown += [f"{100 * values[most]:.0f} %" if most in values else "" for values in (row.pass_at, row.pass_all)]
    shown.append("" if row.seconds is None else f"{row.seconds:.2f}")
    return shown + ([f"{row.price:.6g}" if row.price is not None else ""] if priced else [])
