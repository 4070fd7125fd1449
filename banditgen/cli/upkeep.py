"""`banditgen history prune` and `banditgen history check`."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import re

import click

from banditgen.cli.histories import history_to_read
from banditgen.cli.output import errors, print_json, safe, shared
from banditgen.errors import UsageError
from banditgen.history.integrity import check as check_history
from banditgen.history.integrity import mend
from banditgen.history.retention import plan
from banditgen.history.retention import prune as prune_history

SHOWN = 20
_UNITS = ("", "k", "m", "g", "t")


@click.command("prune")
@click.option("--keep-days", type=click.FloatRange(min=0, max=1e6), help="Candidates of so many days keep everything.")
@click.option("--max-size", help="The size the database is to have, such as 500MB or 2G; the oldest go first.")
@click.option("--yes", is_flag=True, help="Do it; else it is only said what would be done.")
@shared("history", "json")
def prune(keep_days: float | None, max_size: str | None, yes: bool, history: str | None, as_json: bool) -> None:
    """Drop what old candidates wrote and printed: code, text, output.

    Verdicts, scores, measures and times stay, and so do candidates that were rated or preferred: posteriors, feedback
    and tuning miss nothing.
    """
    if keep_days is None and max_size is None:
        raise UsageError("prune needs a limit: --keep-days DAYS or --max-size SIZE")
    if keep_days is not None and math.isnan(keep_days):  # no range refuses it
        raise UsageError("--keep-days must be a number of days, not nan")
    wanted = None if max_size is None else _bytes(max_size)
    with contextlib.closing(history_to_read(history)) as store:
        planned = plan(store.database, keep_days=keep_days, max_bytes=wanted)
        after = planned.size
        if yes and planned.bytes:
            prune_history(store.database, planned.until)
            after = store.database.size()
    if as_json:
        print_json({"applied": yes, **dataclasses.asdict(planned), "size_after": after})
        return
    what = f"{planned.bytes / 1e6:.1f} MB of {planned.candidates} candidates, {planned.contents} codes and texts"
    if yes:
        errors.print(safe(f"dropped {what}; the database had {planned.size / 1e6:.1f} MB and has {after / 1e6:.1f} MB"))
    else:
        errors.print(safe(f"would drop {what}, from a database of {planned.size / 1e6:.1f} MB; --yes does it"))
    if not planned.enough:
        errors.print(safe(f"that is all that can be dropped: it is not enough for {max_size}"))


@click.command("check")
@click.option("--rebuild", is_flag=True, help="Work the statistics out anew from the log, then check.")
@shared("history", "json")
def check(rebuild: bool, history: str | None, as_json: bool) -> int:
    """Check that the statistics equal the log and that the database is whole: exit 0, else 1 with what differs."""
    with contextlib.closing(history_to_read(history)) as store:
        if rebuild:
            mend(store)
        report = check_history(store)
        count = store.count()["results"]
    if as_json:
        print_json({"sound": report.sound, "results": count, **dataclasses.asdict(report)})
        return 0 if report.sound else 1
    for difference in report.differences[:SHOWN]:
        errors.print(safe(f"{difference.table} {difference.key}: stored {difference.stored}, the log says {difference.log}"))
    if len(report.differences) > SHOWN:
        errors.print(safe(f"… and {len(report.differences) - SHOWN} more"))
    if report.unmarked:
        errors.print(safe(f"{report.unmarked} decisions are not marked right as answered or waiting"))
    for line in report.damage[:SHOWN]:
        errors.print(safe(f"the database says: {line}"))
    notes = [f"{number} {what}" for what, number in report.dangling.items()]
    notes += [f"{report.pruned} candidates without their code or text"] if report.pruned else []
    for note in notes:
        errors.print(safe(f"note: {note}"))
    if report.damage:
        errors.print("the file is damaged: export what can be read, or restore a copy")
    elif not report.sound:
        errors.print("the statistics are not those of the log: --rebuild works them out anew")
    else:
        errors.print(safe(f"{count} results: the statistics equal the log"))
    return 0 if report.sound else 1


def _bytes(text: str) -> int:
    """A size such as 500MB, 2G or 1000000."""
    found = re.fullmatch(r"\s*(\d{1,15}(?:\.\d{1,9})?)\s*([kmgt]?)(i?)b?\s*", text, re.IGNORECASE)
    if found is None:
        raise UsageError(f"--max-size must be a size such as 500MB or 2GiB, not {text!r}")
    number, unit, binary = found.groups()
    power = _UNITS.index(unit.lower())
    return int(float(number) * (1024**power if binary else 1000**power))
