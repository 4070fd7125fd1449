"""`banditgen demo`: real models race on small tasks, in front of you."""

from __future__ import annotations

import dataclasses
import time
from contextlib import AbstractContextManager
from typing import Any

import click

from banditgen.cli.live import watch
from banditgen.cli.output import errors, print_json, print_table, safe, shared
from banditgen.demo.live import Summary, demo_history, learned, race_all
from banditgen.race import OnEvent
from banditgen.session import BanditGenerator, Race
from banditgen.strategy import Strategy
from banditgen.task import Task

MAX_TOKENS = 256


@click.command("demo")
@click.option("--history", help="Where the demo's races are kept. Default: demo.db in the platform's data folder.")
@click.option("--backend", "-b", type=click.Choice(["ollama", "embedded"]), default="embedded", show_default=True)
@shared("seed", "json")
def command(history: str | None, backend: str, seed: int | None, as_json: bool) -> None:
    """Race a dozen small tasks with real models and show what was learned."""
    started = time.perf_counter()
    url = history or demo_history()
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
            if not as_json:
                click.echo(_line(race))
            if len(races) == 1:
                errors.print(safe(f"first result after {time.perf_counter() - started:.0f} s"))
        rows = learned(bandit)
    if as_json:
        print_json(
            {
                "history": url,
                **vars(summary),
                "races": [_race_json(race) for race in races],
                "learned": [_learned_json(row) for row in rows],
            }
        )
        return
    _report(summary, rows, url, time.perf_counter() - started)


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
        ("task type", "arm", "passed", "of", "expected reward", "90 % interval"),
        [
            (task, arm, f"{passed:g}", f"{tries:g}", f"{mean:.2f}", f"{low:.2f} – {high:.2f}")
            for task, arm, passed, tries, mean, low, high in rows
        ],
    )
    click.echo(f"\nEvery candidate is kept: banditgen history list --history {url}")


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
