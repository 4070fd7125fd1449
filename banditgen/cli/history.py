"""`banditgen history`: what was raced."""

from __future__ import annotations

import contextlib
import datetime as dt
from pathlib import Path

import click

from banditgen import defaults
from banditgen.cli.output import errors, print_json, print_table, safe, shared
from banditgen.errors import UsageError
from banditgen.generators.recordings import write_recordings
from banditgen.offline.recordings import race_recordings

EVERY_RACE = 1 << 31


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


@command.command("export")
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--type", "task_type", help="Only races of this kind of task.")
@shared("history")
def export(path: Path, task_type: str | None, history: str | None) -> None:
    """Write every generation to PATH as recordings (gzipped where it ends in .gz), to be replayed without the models."""
    with contextlib.closing(defaults.default_history(history)) as store:
        races = store.races(EVERY_RACE, task_type)
    try:
        count = write_recordings(path, race_recordings(reversed(races)))
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from None
    errors.print(safe(f"{count} generations of {len(races)} races written to {path}"))
