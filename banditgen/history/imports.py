"""Import of exported histories: JSON lines checked and appended in short transactions; what is there already stays as it is."""

from __future__ import annotations

import contextlib
import dataclasses
import gzip
import os
import pickle
import shutil
import sys
import tempfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import itemgetter
from pathlib import Path
from typing import IO, Any, Literal, cast

import sqlalchemy as sa

from banditgen.errors import HistoryError, UsageError
from banditgen.history import schema as t
from banditgen.history import statistics
from banditgen.history.database import Database
from banditgen.history.records import Rows, parse
from banditgen.history.sums import Sums, soft_sums, sums_of

AT_ONCE = 5000  # rows in a transaction, about half a second's
IDS_AT_ONCE = 1000  # in one question
LONGEST_LINE = 64 << 20  # bytes
ERRORS_KEPT = 1000

OnError = Literal["stop", "skip"]
Lines = Callable[[], Iterable[tuple[int, bytes]]]

_TABLES = {
    "arm": t.arms,
    "strategy": t.strategies,
    "arm_event": t.arm_events,
    "decision": t.decisions,
    "race": t.races,
    "feedback": t.feedback,
    "preference": t.preferences,
    "selection": t.selections,
    "weights": t.weights,
}


@dataclasses.dataclass
class Imported:
    """What an import did: records that are new and records that were there already, by kind; and lines left out.

    `errors` holds the first `ERRORS_KEPT` of the `skipped` lines, as number and reason.
    """

    new: Counter[str] = dataclasses.field(default_factory=Counter)
    known: Counter[str] = dataclasses.field(default_factory=Counter)
    skipped: int = 0
    errors: list[tuple[int, str]] = dataclasses.field(default_factory=list)

    def skip(self, number: int, reason: str) -> None:
        """Write down that a line was left out."""
        self.skipped += 1
        if len(self.errors) < ERRORS_KEPT:
            self.errors.append((number, reason))


def import_rows(database: Database, rows: Callable[[Imported], Iterable[Rows]], on_error: OnError = "stop") -> Imported:
    """Append rows; importing them twice is harmless.

    Args:
        database: of the history.
        rows: begins making them, and writes down in what it is given which lines it left out.
        on_error: "stop" makes all of them before anything is imported, and keeps them in a temporary file; "skip" imports as it reads.

    Raises:
        UsageError: whatever making the rows raised; nothing was imported.
        HistoryError: the history cannot be written; what was imported by then stays, and importing again is harmless.
    """
    imported = Imported()
    batches = _batches(rows(imported))
    for batch in _all_made(batches) if on_error == "stop" else batches:
        new = database.run(lambda connection, batch=batch: _append(database, connection, batch), write=True)  # type: ignore[misc]
        for kind, some in batch.tables.items():
            imported.new[kind] += new[kind]
            imported.known[kind] += len(some) - new[kind]
    return imported


def _all_made(batches: Iterable[Rows]) -> Iterator[Rows]:
    """The same batches, the first of them given when the last was made."""
    with tempfile.TemporaryFile() as file:
        try:
            for batch in batches:
                pickle.dump(batch, file, pickle.HIGHEST_PROTOCOL)
            file.seek(0)
        except OSError as error:
            where = tempfile.gettempdir()
            raise HistoryError(
                f"{where} cannot hold what is to be imported: {error.strerror}; nothing was imported, TMPDIR names another folder"
            ) from None
        end = os.fstat(file.fileno()).st_size
        while file.tell() < end:
            yield pickle.load(file)  # noqa: S301 - nobody else can write to it


def parsed(lines: Lines, name: str, on_error: OnError = "stop") -> Callable[[Imported], Iterator[Rows]]:
    """What makes the rows of the lines of an exported history.

    Raises:
        UsageError: when called, for "stop": a malformed line, with its number.
    """

    def rows(imported: Imported) -> Iterator[Rows]:
        for number, line in lines():
            try:
                made = parse(line)
            except ValueError as error:
                if on_error == "stop":
                    raise UsageError(f"{name}, line {number}: {error}; nothing was imported") from None
                imported.skip(number, str(error))
                continue
            yield made

    return rows


@contextlib.contextmanager
def file_lines(path: Path) -> Iterator[Lines]:
    """The lines of a file, gzipped where its name ends in `.gz`, or of standard input where it is `-`; blank ones are left out.

    Standard input is kept in a file, as lines may be read twice, until the block ends.

    Raises:
        UsageError: when they are read: the file cannot be read, or a line is longer than `LONGEST_LINE`.
    """

    def opened() -> IO[bytes]:
        return cast("IO[bytes]", gzip.open(path)) if path.suffix == ".gz" else path.open("rb")

    if str(path) != "-":
        yield lambda: _numbered(path, opened)
        return
    with tempfile.TemporaryFile() as spooled:
        shutil.copyfileobj(sys.stdin.buffer, spooled)

        def again() -> IO[bytes]:
            spooled.seek(0)
            return os.fdopen(os.dup(spooled.fileno()), "rb")

        yield lambda: _numbered(path, again)


def _numbered(path: Path, opened: Callable[[], IO[bytes]]) -> Iterator[tuple[int, bytes]]:
    number = 0
    try:
        with opened() as file:
            while line := file.readline(LONGEST_LINE + 1):
                number += 1
                if len(line) > LONGEST_LINE:
                    raise UsageError(f"{path}, line {number}: it is longer than {LONGEST_LINE >> 20} MiB")
                if line.strip():
                    yield number, line
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"cannot read {path} (after line {number}): {reason}") from None


def _batches(lines: Iterable[Rows]) -> Iterator[Rows]:
    """Lines together, at least `AT_ONCE` rows, the candidates of a race in one batch where they follow each other."""
    batch, count, race_id = Rows(), 0, None
    for rows in lines:
        candidate = next(iter(rows.tables.get("candidate", ())), None)
        if count >= AT_ONCE and (candidate is None or candidate["race_id"] != race_id or count >= 10 * AT_ONCE):
            yield batch
            batch, count = Rows(), 0
        race_id = candidate["race_id"] if candidate else None
        batch.contents.update(rows.contents)
        for kind, some in rows.tables.items():
            batch.tables.setdefault(kind, []).extend(some)
            count += len(some)
    if batch.tables:
        yield batch


def _append(database: Database, connection: sa.Connection, batch: Rows) -> Counter[str]:
    """Append what is not there yet; how much that was, by kind. The order is always the same: writers never wait in a ring."""
    new = Counter[str]()
    rated = {row["result_id"] for row in batch.tables.get("feedback", ())} - {None}
    if rated or connection.scalar(sa.select(t.feedback.c.id).limit(1)) is not None:
        rated |= {row["id"] for row in batch.tables.get("candidate", ())}
        database.lock(connection, t.feedback)  # nobody's rating may be missing from a result's mean
    ratings = _rating_sums(connection, rated)
    for kind, table in _TABLES.items():
        if rows := batch.tables.get(kind):
            ordered = sorted(rows, key=itemgetter(next(iter(table.primary_key)).name))
            statement = database.insert(table).on_conflict_do_nothing().execution_options(preserve_rowcount=True)
            new[kind] = connection.execute(statement, ordered).rowcount
    candidates = _append_candidates(database, connection, batch)
    new["candidate"] = len(candidates)
    new["soft_evidence"] = _append_soft(database, connection, batch.tables.get("soft_evidence", []), candidates)
    sums = _rating_sums(connection, rated)
    sums.take_back(ratings)
    statistics.Writer(database.insert, database.stamp).add(connection, sums, database.shard(connection))
    answered = sa.exists().where(t.races.c.id == t.decisions.c.race_id)
    races = {row["id"] for row in batch.tables.get("race", ())} | {row["race_id"] for row in batch.tables.get("decision", ())}
    for ids in _some(races):
        connection.execute(sa.update(t.decisions).where(t.decisions.c.race_id.in_(ids), answered).values(answered=True))
    return new


def _append_candidates(database: Database, connection: sa.Connection, batch: Rows) -> set[str]:
    """Append candidates; the ids of those that are new."""
    rows = {row["id"]: row for row in reversed(batch.tables.get("candidate", []))}  # of two with one id the first
    if not rows:
        return set()
    statement = database.insert(t.results).on_conflict_do_nothing().returning(t.results.c.id)
    added = {str(own) for own in connection.scalars(statement, list(reversed(rows.values())))}
    if batch.contents:
        contents = [{"hash": key, "content": batch.contents[key]} for key in sorted(batch.contents)]
        connection.execute(database.insert(t.codes).on_conflict_do_nothing(), contents)
    new = [row for row in reversed(rows.values()) if row["id"] in added]
    # a race has one pattern of outcomes: with those who were there before, too
    before = [row for row in _of_races(connection, {row["race_id"] for row in new} - {None}) if row["id"] not in added]
    sums = sums_of([*before, *new])
    sums.take_back(sums_of(before))
    statistics.Writer(database.insert, database.stamp).add(connection, sums, database.shard(connection))
    return added


def _append_soft(database: Database, connection: sa.Connection, rows: Sequence[dict[str, Any]], candidates: set[str]) -> int:
    """Append soft evidence; what is new, and what waited for a candidate that is new, is added to the sums."""
    e, added = t.soft_evidence.c, list[str]()
    writer, shard = statistics.Writer(database.insert, database.stamp), database.shard(connection)
    for ids in _some(candidates):
        writer.add(connection, soft_sums(statistics.told(connection, e.result_id.in_(ids))), shard)
    if rows:
        statement = database.insert(t.soft_evidence).on_conflict_do_nothing().returning(e.id)
        added = [str(own) for own in connection.scalars(statement, sorted(rows, key=itemgetter("id")))]
    for ids in _some(added):
        writer.add(connection, soft_sums(statistics.told(connection, e.id.in_(ids))), shard)
    return len(added)


def _rating_sums(connection: sa.Connection, result_ids: Iterable[str]) -> Sums:
    """What the ratings of these results add to the running sums."""
    sums = Sums()
    for ids in _some(result_ids):
        sums.include(soft_sums(statistics.rated(connection, t.results.c.id.in_(ids))))
    return sums


def _of_races(connection: sa.Connection, race_ids: Iterable[str]) -> list[dict[str, Any]]:
    r = t.results.c
    queries = (sa.select(*statistics.RESULT_COLUMNS).where(r.race_id.in_(ids)).order_by(r.seq) for ids in _some(race_ids))
    return [dict(row) for query in queries for row in connection.execute(query).mappings()]


def _some(ids: Iterable[str]) -> Iterator[Sequence[str]]:
    """Ids, as many at a time as a database takes."""
    ordered = sorted(ids)
    return (ordered[start : start + IDS_AT_ONCE] for start in range(0, len(ordered), IDS_AT_ONCE))
