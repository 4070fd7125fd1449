"""`banditgen history export` and `banditgen history import`."""

from __future__ import annotations

import contextlib
import gc
import gzip
import itertools
import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from banditgen._checks import check_text
from banditgen.cli.histories import history_to_read, history_to_write
from banditgen.cli.output import errors, print_json, safe, shared
from banditgen.errors import UsageError
from banditgen.generators.recordings import parse_recordings, write_recordings
from banditgen.history.export import lines
from banditgen.history.frame import parquet_lines, write_parquet
from banditgen.history.imports import Imported, Lines, OnError, file_lines, import_rows, parsed
from banditgen.history.records import Rows
from banditgen.history.store import History
from banditgen.offline.recordings import recorded_rows
from banditgen.task import DEFAULT_TASK_TYPE

SHOWN_ERRORS = 20
GARBAGE_AFTER = 100_000  # new objects: millions of rows hold no cycles, and looking for some takes a third of the time


@click.command("export")
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path), required=False)
@click.option(
    "--format",
    "kind",
    type=click.Choice(["jsonl", "parquet", "recordings"]),
    help="Default: parquet where PATH ends in .parquet, else jsonl.",
)
@click.option("--type", "task_type", help="Only candidates of this kind of task.")
@shared("history")
def export(path: Path | None, kind: str | None, task_type: str | None, history: str | None) -> None:
    """Write the whole history to PATH, or to stdout.

    jsonl: JSON lines, one candidate a line, which carry everything an import needs; parquet: the same as a table, in PATH;
    recordings: what models wrote, to be replayed without them. A name that ends in .gz is gzipped.
    """
    name = "" if path is None or str(path) == "-" else str(path)
    kind = kind or ("parquet" if name.endswith(".parquet") else "jsonl")
    if kind != "jsonl" and not name:
        raise UsageError(f"{kind} needs a file: banditgen history export PATH --format {kind}")
    gc.set_threshold(GARBAGE_AFTER)
    with contextlib.closing(history_to_read(history)) as store:
        if not name:
            _to_stdout(store, task_type)
            return
        target = Path(name)
        part = target.with_name(f".{target.name}.part{target.suffix}")  # nothing half-written under the name itself
        try:
            count = _to_file(store, part, kind, task_type)
            part.replace(target)
        except OSError as error:
            raise UsageError(f"cannot write {target}: {error.strerror or error}") from None
        finally:
            part.unlink(missing_ok=True)
    errors.print(safe(f"{count} {'generations' if kind == 'recordings' else 'candidates'} written to {target}"))


def _to_file(store: History, path: Path, kind: str, task_type: str | None) -> int:
    if kind == "parquet":
        return write_parquet(store.database, path, task_type)
    if kind == "recordings":
        return write_recordings(path, parse_recordings(_numbered(store, task_type), "history"))
    count = 0
    with gzip.open(path, "wb") if path.suffix == ".gz" else path.open("wb") as file:
        for part in lines(store.database, task_type):
            file.write(part.encode())
            count += part.count("\n")
    return count


def _to_stdout(store: History, task_type: str | None) -> None:
    try:
        for part in lines(store.database, task_type):
            sys.stdout.buffer.write(part.encode())
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads has seen enough; python's own flush at its end must not complain
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _numbered(store: History, task_type: str | None) -> Iterator[tuple[int, str]]:
    return enumerate((line for part in lines(store.database, task_type) for line in part.splitlines()), start=1)


@click.command("import")
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "kind",
    type=click.Choice(["jsonl", "parquet", "recordings"]),
    help="Default: parquet where PATH ends in .parquet, else by the first line.",
)
@click.option(
    "--on-error",
    type=click.Choice(["stop", "skip"]),
    default="stop",
    show_default=True,
    help="What a malformed line does: stop imports nothing at all, skip leaves the line out.",
)
@click.option("--type", "task_type", default=DEFAULT_TASK_TYPE, show_default=True, help="The kind of task of recordings.")
@shared("history", "json")
@click.pass_context
def import_(
    ctx: click.Context, path: Path, kind: str | None, on_error: OnError, task_type: str, history: str | None, as_json: bool
) -> None:
    """Add what PATH holds, or stdin for -, to a history: one that was exported, or recordings.

    What is there already stays as it is, so importing twice is harmless.
    """
    check_text("task type", task_type)
    gc.set_threshold(GARBAGE_AFTER)
    kind = kind or ("parquet" if path.suffix == ".parquet" else None)
    source: Lines = (lambda: parquet_lines(path)) if kind == "parquet" else ctx.with_resource(file_lines(path))
    rows: Callable[[Imported], Iterator[Rows]]
    if (kind or _kind_of(source)) == "recordings":

        def rows(imported: Imported) -> Iterator[Rows]:
            skip = None if on_error == "stop" else imported.skip
            return recorded_rows(parse_recordings(source(), str(path), skip), task_type)

    else:
        rows = parsed(source, str(path), on_error)
    with history_to_write(history) as store:
        imported = import_rows(store.database, rows, on_error)
    if as_json:
        print_json(
            {
                "new": _counts(imported.new),
                "known": _counts(imported.known),
                "skipped": imported.skipped,
                "errors": [{"line": number, "error": reason} for number, reason in imported.errors],
            }
        )
        return
    for number, reason in imported.errors[:SHOWN_ERRORS]:
        errors.print(safe(f"{path}, line {number}: {reason}; left out"))
    left = f", {imported.skipped} malformed lines left out" if imported.skipped else ""
    errors.print(safe(f"{_words(imported.new)} are new; {_words(imported.known)} were there already{left}"))


def _words(kinds: Counter[str]) -> str:
    return f"{kinds['candidate']} candidates and {kinds.total() - kinds['candidate']} other records"


def _counts(kinds: Counter[str]) -> dict[str, int]:
    return {kind: kinds[kind] for kind in sorted(kinds)}


def _kind_of(source: Lines) -> str:
    """By the first line: recordings begin with a prompt or a generation."""
    for _, line in itertools.islice(source(), 1):
        try:
            record = json.loads(line)["record"]
        except (ValueError, TypeError, KeyError, RecursionError):
            record = None
        if record in ("prompt", "generation"):
            return "recordings"
    return "jsonl"
