"""`banditgen feedback`: rate a result, or prefer one to another."""

from __future__ import annotations

import contextlib

import click

from banditgen._checks import unit_interval
from banditgen.cli.histories import history_to_read
from banditgen.cli.output import errors, print_json, safe, shared
from banditgen.cli.subject import find
from banditgen.errors import UsageError
from banditgen.selection import prefer, rate


@click.command("feedback")
@click.argument("subject", metavar="[ID]", required=False)
@click.argument("satisfaction", metavar="[SATISFACTION]", type=float, required=False)
@click.option("--prefer", "better_id", metavar="RESULT", help="The better of two results of one race; with --over.")
@click.option("--over", "worse_id", metavar="RESULT", help="The other one.")
@click.option("--who", help="Who says so.")
@click.option("--why", help="In words.")
@shared("history", "json")
def command(
    subject: str | None,
    satisfaction: float | None,
    better_id: str | None,
    worse_id: str | None,
    who: str | None,
    why: str | None,
    history: str | None,
    as_json: bool,
) -> None:
    """Rate a result, or the winner of a race, with SATISFACTION in [0, 1]; below 0.9 the weights shift one step.

    ID is an id, the beginning of one that no other has, or `last` for the newest race.

    Or say with --prefer and --over which of two results of a race is the better one. Said again by the same person it
    corrects what was said before.
    """
    if (subject is None) == (better_id is None) or (subject is None) != (satisfaction is None) or (better_id is None) != (worse_id is None):
        raise UsageError("feedback takes either ID SATISFACTION or --prefer RESULT --over RESULT")
    with contextlib.closing(history_to_read(history)) as store:
        if subject is not None and satisfaction is not None:
            unit_interval("satisfaction", satisfaction)  # what was typed before what is stored
            told = vars(rate(store, find(store, subject), satisfaction, who=who, why=why))
            words = f"{told['result_id']} rated {satisfaction:g}"
        else:
            told = vars(prefer(store, find(store, str(better_id)), find(store, str(worse_id)), who=who, why=why))
            words = f"{told['better_id']} preferred to {told['worse_id']}"
    if as_json:
        print_json(told)
    else:
        errors.print(safe(words))
