"""`banditgen feedback`: rate the winner of a race."""

from __future__ import annotations

import contextlib

import click

from banditgen import defaults
from banditgen.cli.output import errors, print_json, safe, shared
from banditgen.selection import rate_race


@click.command("feedback")
@click.argument("race_id")
@click.argument("satisfaction", type=float)
@click.option("--who", help="Who says so.")
@click.option("--why", help="In words.")
@shared("history", "json")
def command(race_id: str, satisfaction: float, who: str | None, why: str | None, history: str | None, as_json: bool) -> None:
    """Rate the winner of RACE_ID with SATISFACTION in [0, 1]; below 0.9 the weights shift one step."""
    with contextlib.closing(defaults.default_history(history)) as store:
        rate_race(store, race_id, satisfaction, who=who, why=why)
    if as_json:
        print_json({"race_id": race_id, "satisfaction": satisfaction})
    else:
        errors.print(safe(f"race {race_id} rated {satisfaction:g}"))
