"""`banditgen demo`: real models race on small tasks, in front of you."""

from __future__ import annotations

import dataclasses
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import click

from banditgen.cli.live import watch
from banditgen.cli.output import BACKENDS, backend_option, errors, print_json, print_table, safe, shared
from banditgen.demo import comparison
from banditgen.demo.live import Summary, demo_history, learned, race_all
from banditgen.racing.decision import Race
from banditgen.racing.events import OnEvent
from banditgen.session import BanditGenerator
from banditgen.strategy import Strategy
from banditgen.task import Task

MAX_TOKENS = 256


@click.command("demo")
@click.option("--live-only", is_flag=True, help="Only the live races.")
@click.option("--replay-only", is_flag=True, help="Only the comparison of policies on recorded outcomes; needs no model.")
@click.option("--plot", type=click.Path(dir_okay=False, path_type=Path), help="Also draw the comparison into this image file.")
@click.option("--history", help="Where the demo's races are kept. Default: demo.db in the platform's data folder.")
@backend_option(BACKENDS, "embedded")
@shared("seed", "json")
def command(
    live_only: bool, replay_only: bool, plot: Path | None, history: str | None, backend: str, seed: int | None, as_json: bool
) -> None:
    """Race a dozen small tasks with real models, show what was learned, then whether learning pays."""
    if live_only and replay_only:
        raise click.UsageError("--live-only and --replay-only leave nothing to do: give one of them")
    if plot is not None:
        comparison.check_plot(plot)
    shown: dict[str, Any] = {}
    if not replay_only:
        shown |= _live(history or demo_history(), backend, seed, quiet=as_json)
    if not live_only:
        shown |= _replay(plot, quiet=as_json)
    if as_json:
        print_json(shown)


def _live(url: str, backend: str, seed: int | None, *, quiet: bool) -> dict[str, Any]:
    started = time.perf_counter()
    summary = Summary()
    races: list[Race] = []
    # small models that ramble on would keep everybody waiting
    plan = dataclasses.replace(Strategy.load("balanced"), max_tokens=MAX_TOKENS)
    with BanditGenerator.open(plan, backend=backend, history=url, seed=seed) as bandit:
        models = sorted({arm.model for arm in bandit.arms})
        errors.print(
            safe(f"{len(bandit.arms)} arms: {', '.join(models)}, each at temperatures 0.1, 0.5, 0.9; three of them race on each task")
        )
        for race in race_all(bandit, _listen):
            summary.add(race)
            races.append(race)
            if not quiet:
                click.echo(_line(race))
            if len(races) == 1:
                errors.print(safe(f"first result after {time.perf_counter() - started:.0f} s"))
        rows = learned(bandit)
    if not quiet:
        _report(summary, rows, url, time.perf_counter() - started)
    return {"history": url, **vars(summary), "races": [_race_json(race) for race in races], "learned": [_learned_json(row) for row in rows]}


def _replay(plot: Path | None, *, quiet: bool) -> dict[str, Any]:
    rows = comparison.compare(comparison.recordings())
    if plot is not None:
        comparison.plot(rows, plot)
    if not quiet:
        click.echo(
            f"\nDoes learning pay? Policies replayed over recorded outcomes of these models: every arm on every task, "
            f"{comparison.SEEDS} seeds, {comparison.ROUNDS} races per task type.\n"
        )
        print_table(
            ("policy", "generations a task", "tasks solved", "95 % interval", "per 300 generations", "bandit's gain"),
            [_compared(row) for row in rows],
        )
        click.echo(f"\n{comparison.verdict(rows)}" + (f" Plot: {plot}" if plot else ""))
    return {"comparison": [_compared_json(row) for row in rows], "verdict": comparison.verdict(rows)}


def _compared(row: comparison.Row) -> tuple[str, ...]:
    gain = "" if row.name == "bandit" else f"{row.gain[0]:+.1%} ({row.gain[1]:+.1%} to {row.gain[2]:+.1%})"
    interval = f"{row.low:.1%} – {row.high:.1%}"
    return row.name, f"{row.generations:.3g}", f"{row.share:.1%}", interval, f"{row.share * 300 / row.generations:.1f}", gain


def _compared_json(row: comparison.Row) -> dict[str, Any]:
    gain, low, high = row.gain
    numbers = {"generations": row.generations, "share_solved": row.share, "low": row.low, "high": row.high}
    return {"policy": row.name, **numbers, "bandit_gain": gain, "bandit_gain_low": low, "bandit_gain_high": high}


def _listen(task: Task) -> AbstractContextManager[OnEvent]:
    return watch(f"{task.context}: {task.name}")


def _line(race: Race) -> str:
    arms = ", ".join(f"{'✓' if result.test_passed else '✗'} {result.generator_name}" for result in race.results)
    won = f"won by {race.best.generator_name}" if race.best else "nobody passed"
    task = race.decision.task_type
    return f"{task:16} {race.wall_seconds:5.1f} s  {won:42} {arms}"


def _report(summary: Summary, rows: list[tuple[Any, ...]], url: str, total: float) -> None:
    click.echo(
        f"\n{summary.solved} of {summary.races} tasks solved; {summary.passed} of {summary.candidates} candidates passed their tests."
    )
    click.echo(
        f"Racing took {summary.wall:.1f} s; its generations and tests, each as long as it took beside the others, add up to "
        f"{summary.one_by_one:.1f} s, {summary.one_by_one / max(summary.wall, 1e-9):.1f} times as much. The demo took {total:.0f} s in all."
    )
    click.echo("\nWhat was learned (all demos so far): each arm's posterior by type of task, best first\n")
    print_table(
        ("task type", "arm", "passed", "of", "expected reward", "95 % interval"),
        [
            (task, arm, f"{passed:g}", f"{tries:g}", f"{mean:.2f}", f"{low:.2f} – {high:.2f}")
            for task, arm, passed, tries, mean, low, high in rows
        ],
    )
    click.echo(f"\nEvery candidate is kept: banditgen history list --history {url}")
    click.echo('A task of your own: banditgen run "what to write" --tests FILE (README.md, First use)')


def _race_json(race: Race) -> dict[str, Any]:
    return {
        "id": race.id,
        "task_type": race.task_type,
        "best": race.best.generator_name if race.best else None,
        "reason": race.reason,
        "wall_seconds": race.wall_seconds,
        "results": [
            {"arm": r.generator_name, "passed": r.test_passed, "failure": r.failure, "combined_score": r.combined_score}
            for r in race.results
        ],
    }


def _learned_json(row: tuple[Any, ...]) -> dict[str, Any]:
    return dict(zip(("task_type", "arm", "passes", "tries", "expected_reward", "low", "high"), row, strict=True))
