"""`banditgen report`: what a history shows, as one HTML file."""

from __future__ import annotations

import contextlib
import sys
import webbrowser
from pathlib import Path

import click

from banditgen._text import one_line
from banditgen.cli.histories import history_to_read
from banditgen.cli.output import errors, safe, shared
from banditgen.errors import UsageError
from banditgen.report.bench import section
from banditgen.report.page import report
from banditgen.report.source import Source


@click.command("report")
@click.option("--output", "-o", type=click.Path(path_type=Path), default="report.html", show_default=True, help="The file; - is stdout.")
@click.option("--open", "opened", is_flag=True, help="Open it in the browser.")
@click.option("--bench", type=click.Path(path_type=Path), help="Also show what `banditgen bench --json` wrote into this file.")
@click.option("--type", "task_type", help="Only tasks of this type.")
@click.option("--strategy", "-s", help="Whose weights count: a name or a file. Default: the strategy that raced last in the history.")
@shared("history")
def command(output: Path, opened: bool, bench: Path | None, task_type: str | None, strategy: str | None, history: str | None) -> None:
    """Write what was learned into one HTML file: in sentences, with what each rests on, then in pictures.

    The file needs no network, and shows the same everywhere.
    """
    if str(output) == "-" and opened:
        raise click.UsageError("--open needs a file: leave out one of --open and --output -")
    extra = [] if bench is None else [section(bench)]
    with contextlib.closing(history_to_read(history)) as store:
        text = report(Source(store, strategy, task_type), extra)
    data = text.encode("utf-8", "replace")
    if str(output) == "-":
        sys.stdout.buffer.write(data)
        return
    try:
        output.write_bytes(data)
    except OSError as error:
        raise UsageError(f"cannot write {one_line(output)}: {error.strerror}; choose another file with --output") from None
    errors.print(safe(f"{output}: {len(data) / 1e6:.1f} MB"))
    if opened and not webbrowser.open(output.absolute().as_uri()):
        errors.print("no browser could be opened: open the file by hand")
