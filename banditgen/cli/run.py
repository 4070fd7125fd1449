"""`banditgen run`: race generators on one task."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from banditgen.cli.live import watch
from banditgen.cli.output import errors, print_json, printable, safe, shared
from banditgen.errors import TaskError
from banditgen.racing.decision import Race
from banditgen.session import BanditGenerator, OnDecision
from banditgen.task import Task


@click.command("run")
@click.argument("prompt")
@click.option("--type", "task_type", help="The kind of task the bandit learns under.")
@click.option("--tests", type=click.Path(path_type=Path), help="A file of asserts, or a pytest file; - reads stdin.")
@click.option("--entry-point", help="The function the tests call; inferred where left out.")
@click.option("-k", type=click.IntRange(min=1), help="How many arms race; the strategy's number where left out.")
@click.option("--allow-unsafe", is_flag=True, help="Where no sandbox works, run candidates with resource limits alone.")
@click.option("--exploit", is_flag=True, help="Only the arm that is best so far; no exploration.")
@shared("strategy", "backend", "history", "seed", "json")
@click.pass_context
def command(
    ctx: click.Context,
    prompt: str,
    task_type: str | None,
    tests: Path | None,
    entry_point: str | None,
    k: int | None,
    allow_unsafe: bool,
    exploit: bool,
    strategy: str | None,
    backend: str | None,
    history: str | None,
    seed: int | None,
    as_json: bool,
) -> int:
    """Race generators on PROMPT and print the best code. Exit 0 when a candidate passed, 1 when none did."""
    task = Task(prompt, task_type=task_type, tests=_read(tests), entry_point=entry_point)
    with BanditGenerator.open(strategy, backend=backend, history=history, seed=seed, allow_unsafe=allow_unsafe) as bandit:
        with watch() as on_event:
            race = bandit.run(task, k, exploit=exploit, on_event=on_event, on_decision=_announce(bandit.backend.name))
        if as_json:
            print_json(race_json(race, bandit.backend.name))
        elif race.best is not None:
            # a file or a pipe gets the code as it is; a terminal would obey what it finds there
            click.echo(printable(race.best.code) if sys.stdout.isatty() else race.best.code.encode("utf-8", "replace"))
        errors.print(safe(f"race {race.id}: {race.reason}"))
    ctx.exit(0 if race.best is not None else 1)


def _announce(backend: str) -> OnDecision:
    return lambda decision: errors.print(safe(f"racing on {backend}: {', '.join(arm.name for arm in decision.arms)}"))


def race_json(race: Race, backend: str) -> dict[str, object]:
    """A race as JSON-ready data."""
    return {
        "id": race.id,
        "task_type": race.task_type,
        "backend": backend,
        "reason": race.reason,
        "wall_seconds": race.wall_seconds,
        "arms": [arm["name"] for arm in race.decision.record.arms],
        "propensities": race.decision.propensities,
        "best": race.best.to_dict() if race.best else None,
        "results": [result.to_dict() for result in race.results],
    }


def _read(tests: Path | None) -> str | None:
    if tests is None:
        return None
    try:
        return sys.stdin.read() if str(tests) == "-" else tests.read_text(encoding="utf-8")
    except OSError as error:
        raise TaskError(f"cannot read the tests {tests}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise TaskError(f"cannot read the tests {tests}: not UTF-8 text") from None
