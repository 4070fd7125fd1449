"""The history in a SQLite file: WAL, short immediate transactions, one connection per process, every commit flushed to disk."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from banditgen.errors import HistoryCorruptError, HistoryError
from banditgen.history import schema as t
from banditgen.history.database import WRITE, Database

BUSY_TIMEOUT_SECONDS = 30.0
MEMORY = "sqlite://"


class SQLite(Database):
    """One SQLite database, made with its folder if it isn't there.

    Args:
        path: the file; None keeps it in memory.

    Raises:
        HistoryError: it cannot be opened.
        HistoryCorruptError: the file is no SQLite database.
    """

    insert = staticmethod(insert)
    # writers take turns, and the log's last number is theirs alone until they end
    stamp = sa.select(sa.func.max(t.results.c.seq)).scalar_subquery()
    horizon = sa.select(sa.func.max(t.results.c.seq) + 1).scalar_subquery()
    shared = False
    numbered = True

    def __init__(self, path: Path | None) -> None:
        here = None if path is None else path.absolute()  # whoever changes the folder later still means this file
        engine = sa.create_engine(
            sa.URL.create("sqlite", database=None if here is None else str(here)),
            poolclass=StaticPool,
            connect_args={"check_same_thread": False, "timeout": BUSY_TIMEOUT_SECONDS},
        )
        # SQLAlchemy's documented recipe for SQLite: the driver must not begin transactions by itself
        sa.event.listen(engine, "connect", _prepare)
        sa.event.listen(engine, "begin", _begin)
        super().__init__(MEMORY if path is None else f"sqlite:///{path}", engine)
        self.path = here
        self._file: tuple[int, int] | None = None  # what makes it this file and no other of its name
        self._logged = False  # a commit goes to the log beside it
        self._lock = threading.RLock()
        with self.errors_in_one_line():
            if here is not None:
                here.parent.mkdir(parents=True, exist_ok=True)
            engine.connect().close()

    def _after_fork(self) -> None:
        """One in memory is this process's own copy."""
        self._lock = threading.RLock()
        if self.path is not None:
            super()._after_fork()

    def make_durable(self) -> None:
        """Write-ahead logging; no transaction may be under way."""
        with self._lock, self.engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            (mode,) = driver.execute("PRAGMA journal_mode=WAL").fetchone()
        self._logged = mode == "wal"
        self._file = self._found()

    def _found(self) -> tuple[int, int] | None:
        """The file that is there now under our name; None where there is none."""
        if self.path is None:
            return None
        try:
            found = self.path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        return found.st_dev, found.st_ino

    def _confirm(self) -> None:
        """A file that was deleted or replaced while it is open takes every commit, and keeps none."""
        if self._file is None or self.path is None:
            return
        log = self.path.with_name(f"{self.path.name}-wal")
        if self._found() != self._file or (self._logged and not log.exists()):
            raise HistoryError(f"the history {self.url} was deleted, moved or replaced while it was open: this was not kept; open it again")

    def _passes(self, error: DBAPIError) -> bool:
        code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
        return code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)

    def _named(self, text: str) -> HistoryError:
        if "not a database" in text or "malformed" in text:
            return HistoryCorruptError(
                f"the history {self.url} is damaged or no SQLite file ({text}): restore a copy or choose another file"
            )
        return HistoryError(f"the history {self.url} cannot be used: {text}; check the file, its folder and the disk")

    def shard(self, connection: sa.Connection) -> int:
        """Always the first: writers take turns anyway."""
        del connection
        return 0

    def lock(self, connection: sa.Connection, *tables: sa.Table) -> None:
        """A transaction that writes is alone in doing so."""

    def lock_schema(self, connection: sa.Connection) -> None:
        """A transaction that writes is alone in doing so."""

    def backup(self, version: int) -> Path | None:
        """A copy beside the file, whole or not there at all; the caller's transaction keeps writers out."""
        if self.path is None:
            return None
        copy = self.path.with_name(f"{self.path.name}.v{version}-{time.strftime('%Y%m%dT%H%M%S')}-{os.getpid()}.backup")
        partial = copy.with_name(f"{copy.name}.part")
        try:
            with contextlib.closing(sqlite3.connect(self.path)) as source, contextlib.closing(sqlite3.connect(partial)) as target:
                source.backup(target)
            with partial.open("rb+") as file:
                os.fsync(file.fileno())
            partial.replace(copy)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        return copy

    def size(self) -> int:
        """What the file takes, in bytes, without its log."""
        query = sa.text("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
        return int(self.run(lambda connection: connection.scalar(query)) or 0)

    def give_back(self) -> None:
        """Write the file anew, without what was deleted; others who use it now must have ended within the busy timeout."""
        with self.errors_in_one_line(), self._lock, self.engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            driver.execute("VACUUM")  # outside a transaction
            driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def damage(self) -> list[str]:
        """What an integrity check finds."""
        lines = self.run(lambda connection: [str(line) for line in connection.scalars(sa.text("PRAGMA integrity_check"))])
        return [] if lines == ["ok"] else lines


def sqlite_path(url: str) -> Path | None:
    """The file that a `sqlite:///` URL or a path names, taken literally; None is in memory."""
    if url in (MEMORY, "sqlite:///:memory:"):
        return None
    return Path(url.removeprefix("sqlite:///")).expanduser().absolute()


def _prepare(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA synchronous=FULL")


def _begin(connection: sa.Connection) -> None:
    write = connection.get_execution_options().get(WRITE, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
