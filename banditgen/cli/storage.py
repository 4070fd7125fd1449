"""`banditgen storage`: the history's database itself."""

from __future__ import annotations

import click

from banditgen.cli.output import print_json, safe, shared
from banditgen.history.database import default_url
from banditgen.history.opening import upgrade_database


@click.group("storage")
def command() -> None:
    """The history's database itself."""


@command.command("upgrade")
@shared("history", "json")
def upgrade(history: str | None, as_json: bool) -> None:
    """Bring the history's tables to this version of banditgen. Stop what writes to it first."""
    done = upgrade_database(history or default_url())
    if as_json:
        print_json({"history": done.url, "before": done.before, "now": done.now, "copy": str(done.copy) if done.copy else None})
    elif done.before == done.now:
        click.echo(f"{safe(done.url)} has schema version {done.now} already")
    else:
        kept = f"; what it was is kept in {done.copy}" if done.copy else ""
        click.echo(safe(f"{done.url} is upgraded from schema version {done.before} to {done.now}{kept}"))
