"""`banditgen history`: what was raced."""

from __future__ import annotations

import contextlib
import datetime as dt

import click

from banditgen import defaults
from banditgen.cli.output import print_json, print_table, shared


@click.group("history")
def command() -> None:
    """What was raced."""


@command.command("list")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many races, newest first.")
@click.option("--type", "task_type", help="Only races of this kind of task.")
@shared("history", "json")
def list_races(limit: int, task_type: str | None, history: str | None, as_json: bool) -> None:
    """List the newest races."""
    with contextlib.closing(defaults.default_history(history)) as store:
        races = store.races(limit, task_type)
    if as_json:
        print_json(
            [
                {"id": r.id, "created_at": r.created_at, "task_type": r.task_type, "task": r.task, "best_id": r.best_id}
                | {"reason": r.reason, "wall_seconds": r.wall_seconds, "results": [result.to_dict() for result in r.results]}
                for r in races
            ]
        )
        return
    rows = []
    for race in races:
        best = next((result.generator_name for result in race.results if result.id == race.best_id), "none")
        passed = sum(result.test_passed for result in race.results)
        when = dt.datetime.fromtimestamp(race.created_at, dt.UTC).astimezone()
        prompt = str(race.task.get("name") or race.task.get("prompt") or "")[:50]
        rows.append((race.id, f"{when:%Y-%m-%d %H:%M}", race.task_type, prompt, f"{passed}/{len(race.results)}", best))
    print_table(("race", "when", "task type", "task", "passed", "winner"), rows)
