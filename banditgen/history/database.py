"""The database behind the history: opening and checking it, transactions, and errors in one line."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import platformdirs
import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import StatementError
from sqlalchemy.pool import StaticPool

from banditgen.errors import HistoryCorruptError, HistoryError, HistoryVersionError
from banditgen.history import schema as t

BUSY_TIMEOUT_SECONDS = 30.0
MEMORY = "sqlite://"

Found = TypeVar("Found")


def default_url() -> str:
    """`BANDITGEN_HISTORY` if set, else a SQLite file in the platform's data folder."""
    return (
        os.environ.get("BANDITGEN_HISTORY") or f"sqlite:///{Path(platformdirs.user_data_dir('banditgen', appauthor=False)) / 'history.db'}"
    )


class Database:
    """One SQLite database: one connection per process, short immediate transactions, WAL, every commit flushed to disk.

    Args:
        url: a `sqlite:///` URL or a file's path, both taken literally; "sqlite://" keeps it in memory.

    Raises:
        HistoryError: it cannot be opened, or the URL is for another database.
        HistoryCorruptError: the file is no readable history.
        HistoryVersionError: a newer banditgen wrote it.
    """

    insert = staticmethod(insert)
    # writers take turns, and the log's last number is theirs alone until they end
    stamp: sa.ColumnElement[Any] = sa.select(sa.func.max(t.results.c.seq)).scalar_subquery()
    horizon: sa.ColumnElement[Any] = sa.select(sa.func.max(t.results.c.seq) + 1).scalar_subquery()
    shard = 0

    def __init__(self, url: str | os.PathLike[str]) -> None:
        self.path = _path(url)
        self.url = MEMORY if self.path is None else f"sqlite:///{self.path}"
        self._lock = threading.RLock()
        self._process = os.getpid()
        self._closed = False
        with self._errors_in_one_line():
            self._engine = self._open()

    def _open(self) -> sa.Engine:
        if self.path is not None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        engine = sa.create_engine(
            sa.URL.create("sqlite", database=None if self.path is None else str(self.path)),
            poolclass=StaticPool,
            connect_args={"check_same_thread": False, "timeout": BUSY_TIMEOUT_SECONDS},
        )
        # SQLAlchemy's documented recipe for SQLite: the driver must not begin transactions by itself
        sa.event.listen(engine, "connect", _leave_transactions_to_us)
        sa.event.listen(engine, "begin", _begin)
        with engine.connect() as connection:
            self._check_or_create(connection)
        return engine

    def _check_or_create(self, connection: sa.Connection) -> None:
        with connection.begin():
            tables = {name for name in sa.inspect(connection).get_table_names() if name.startswith("banditgen_")}
        if tables and t.meta.name not in tables:
            raise HistoryCorruptError(
                f"the history {self.url} has tables of ours but no schema version: it is damaged, or not banditgen's; choose another file"
            )
        if not tables:
            _durable(connection)
            with connection.execution_options(banditgen_write=True).begin():
                t.metadata.create_all(connection)
                connection.execute(insert(t.meta).values(key="schema_version", value=str(t.SCHEMA_VERSION)).on_conflict_do_nothing())
            return
        with connection.begin():
            version = connection.scalar(sa.select(t.meta.c.value).where(t.meta.c.key == "schema_version"))
        if version is None or not (version.isascii() and version.isdecimal()):
            raise HistoryCorruptError(
                f"the history {self.url} has no schema version: it is damaged, or not banditgen's; choose another file"
            )
        if int(version) < t.SCHEMA_VERSION:
            raise HistoryVersionError(f"the history {self.url} has schema version {version}; this banditgen knows {t.SCHEMA_VERSION}")
        if int(version) > t.SCHEMA_VERSION:
            raise HistoryVersionError(
                f"the history {self.url} has schema version {version}; this banditgen knows {t.SCHEMA_VERSION}: upgrade banditgen"
            )
        _durable(connection)

    @contextlib.contextmanager
    def transaction(self, *, write: bool = False) -> Iterator[sa.Connection]:
        """A transaction, committed at the end of the block; whatever the database refuses is a HistoryError."""
        if os.getpid() != self._process:
            self._after_fork()
        if self._closed:
            raise HistoryError(f"the history {self.url} is closed: open it again")
        with (
            self._lock,
            self._errors_in_one_line(),
            self._engine.connect() as connection,
            connection.execution_options(banditgen_write=write).begin(),
        ):
            yield connection

    def run(self, work: Callable[[sa.Connection], Found], *, write: bool = False, snapshot: bool = False) -> Found:
        """What `work` gives in a transaction; `snapshot` shows it one moment of the database all along."""
        del snapshot  # every transaction of SQLite does
        with self.transaction(write=write) as connection:
            return work(connection)

    def lock(self, connection: sa.Connection, *tables: sa.Table) -> None:
        """Keep other writers from these tables until the transaction ends; SQLite's writers take turns anyway."""

    def _after_fork(self) -> None:
        """A connection must not be used on both sides of a fork; one in memory is this process's own copy."""
        self._process = os.getpid()
        self._lock = threading.RLock()
        if self.path is not None:
            self._engine.dispose(close=False)

    @contextlib.contextmanager
    def _errors_in_one_line(self) -> Iterator[None]:
        try:
            yield
        except (StatementError, sqlite3.Error) as error:
            text = " ".join(str(getattr(error, "orig", error)).split())
            if "not a database" in text or "malformed" in text:
                raise HistoryCorruptError(
                    f"the history {self.url} is damaged or no SQLite file ({text}): restore a copy or choose another file"
                ) from None
            raise HistoryError(f"the history {self.url} cannot be used: {text}; check the file, its folder and the disk") from None
        except OSError as error:
            raise HistoryError(f"the history {self.url} cannot be used: {error.strerror or error}; choose another file") from None
        except ValueError as error:
            text = " ".join(str(error).split())
            raise HistoryCorruptError(f"the history {self.url} has a row or a name that cannot be read ({text}): restore a copy") from None

    def close(self) -> None:
        """Release the connection; a second call does nothing."""
        with self._lock:
            self._closed = True
            self._engine.dispose()


def _path(url: str | os.PathLike[str]) -> Path | None:
    text = os.fspath(url)
    if not isinstance(text, str) or not text.strip():
        raise HistoryError(f"the history must be a sqlite:/// URL or a file's path, not {text!r}")
    if text in (MEMORY, "sqlite:///:memory:"):
        return None
    if text.startswith("sqlite:///") and text != "sqlite:///":
        text = text.removeprefix("sqlite:///")
    elif "://" in text or text.startswith("sqlite:"):
        raise HistoryError(f"the history {text.split(':', 1)[0]}:… is not one that banditgen knows: use sqlite:///PATH")
    return Path(text).expanduser()


def _leave_transactions_to_us(connection: Any, _record: object) -> None:
    connection.isolation_level = None


def _durable(connection: sa.Connection) -> None:
    driver: Any = connection.connection.driver_connection  # these must stand outside a transaction
    driver.execute("PRAGMA journal_mode=WAL")
    driver.execute("PRAGMA synchronous=FULL")


def _begin(connection: sa.Connection) -> None:
    write = connection.get_execution_options().get("banditgen_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
