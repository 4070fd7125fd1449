"""What every database behind the history gives: short transactions, tried again where that helps, and errors in one line."""

from __future__ import annotations

import abc
import contextlib
import os
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import platformdirs
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, StatementError

from banditgen._retry import again
from banditgen._settings import setting
from banditgen.errors import BanditgenError, HistoryCorruptError, HistoryError

WAIT_SECONDS = 60.0  # how long a database that was open may be out of reach
FIRST_PAUSE_SECONDS = 0.02
LONGEST_PAUSE_SECONDS = 1.0
WRITE = "banditgen_write"  # the execution option that says that a transaction writes

Found = TypeVar("Found")


def default_url() -> str:
    """The one that is set (`BANDITGEN_HISTORY`, a project's or a user's settings), else a SQLite file in the platform's data folder."""
    found = setting("history")
    return found.value if found else f"sqlite:///{Path(platformdirs.user_data_dir('banditgen', appauthor=False)) / 'history.db'}"


class Database(abc.ABC):
    """A database, open. Every method may be called from any thread, and after a fork.

    `url` names it for people, without a password. `stamp` and `horizon` are SQL, for statistics that are followed while
    others write (see `schema.statistics`): the running transaction's number, and one that no earlier transaction which
    is not visible yet, nor any later one, falls short of. `insert` makes inserts that know ON CONFLICT.

    Args:
        url: what people may see.
        engine: made for this class by its `open`.
    """

    insert: Callable[..., Any]
    stamp: sa.ColumnElement[Any]
    horizon: sa.ColumnElement[Any]
    shared: bool  # by hosts and people: it is not upgraded without being asked
    numbered: bool  # rows have a `rowid` in the order in which they were written

    def __init__(self, url: str, engine: sa.Engine) -> None:
        self.url = url
        self.engine = engine
        self._lock: contextlib.AbstractContextManager[Any] = contextlib.nullcontext()
        self._process = os.getpid()
        self._closed = False
        # who forgets to close leaves no connection behind; not at exit, when a thread may still write
        weakref.finalize(self, _end, engine, os.getpid()).atexit = False

    @contextlib.contextmanager
    def transaction(self, *, write: bool = False, snapshot: bool = False) -> Iterator[sa.Connection]:
        """A transaction, committed at the end of the block; whatever the database refuses is a HistoryError.

        Args:
            write: it may write.
            snapshot: it sees one moment of the database all along.
        """
        with self.errors_in_one_line(), self._transaction(write, snapshot) as connection:
            yield connection

    def run(self, work: Callable[[sa.Connection], Found], *, write: bool = False, snapshot: bool = False) -> Found:
        """What `work` gives in a transaction, tried again for up to `WAIT_SECONDS` while the database is out of reach.

        A commit whose answer was lost may have happened: `work` must be harmless when done twice.
        """

        def attempt() -> Found:
            with self._transaction(write, snapshot) as connection:
                return work(connection)

        def may_pass(error: Exception) -> bool:
            return isinstance(error, DBAPIError) and self._passes(error)

        with self.errors_in_one_line():
            return again(attempt, may_pass, seconds=WAIT_SECONDS, first=FIRST_PAUSE_SECONDS, longest=LONGEST_PAUSE_SECONDS)

    @contextlib.contextmanager
    def _transaction(self, write: bool, snapshot: bool) -> Iterator[sa.Connection]:
        if os.getpid() != self._process:
            self._process = os.getpid()
            self._after_fork()
        if self._closed:
            raise HistoryError(f"the history {self.url} is closed: open it again")
        with self._lock, self.engine.connect() as connection:
            connection.execution_options(**self._options(write, snapshot))
            with connection.begin():
                yield connection
            if write:
                self._confirm()

    def _options(self, write: bool, snapshot: bool) -> dict[str, Any]:
        del snapshot
        return {WRITE: write}

    def _after_fork(self) -> None:
        """A connection must not be used on both sides of a fork."""
        self.engine.dispose(close=False)

    def write(self, connection: sa.Connection, work: Iterable[tuple[Any, Sequence[Mapping[str, Any]]]]) -> None:
        """Execute each of these statements for all of its rows, none of which has an answer."""
        for statement, rows in work:
            if rows:
                connection.execute(statement, rows)

    @abc.abstractmethod
    def make_durable(self) -> None:
        """Once it is known to be a history of ours: what keeps every commit."""

    @abc.abstractmethod
    def _confirm(self) -> None:
        """After a commit, see that it went where others will find it; HistoryError where it did not."""

    @abc.abstractmethod
    def _passes(self, error: DBAPIError) -> bool:
        """Whether trying again may help."""

    @abc.abstractmethod
    def _named(self, text: str) -> HistoryError:
        """The error that the database's own words stand for."""

    @abc.abstractmethod
    def shard(self, connection: sa.Connection) -> int:
        """Which shard of the statistics this connection writes."""

    @abc.abstractmethod
    def lock(self, connection: sa.Connection, *tables: sa.Table) -> None:
        """Keep other writers from these tables until the transaction ends."""

    @abc.abstractmethod
    def lock_schema(self, connection: sa.Connection) -> None:
        """Keep others from making or upgrading the tables until the transaction ends."""

    @abc.abstractmethod
    def backup(self, version: int) -> Path | None:
        """A copy of the database beside it before it is upgraded from this version; None where that is others' business."""

    @abc.abstractmethod
    def size(self) -> int:
        """What the history takes, in bytes."""

    @abc.abstractmethod
    def give_back(self) -> None:
        """Make what deleted rows took free again."""

    @abc.abstractmethod
    def damage(self) -> list[str]:
        """What the database finds wrong with its files; nothing where that is others' business."""

    @contextlib.contextmanager
    def errors_in_one_line(self) -> Iterator[None]:
        """Whatever is raised by the database, by the file system or for what is in a row is a HistoryError; our own errors pass."""
        try:
            yield
        except BanditgenError:
            raise
        except (StatementError, self.engine.dialect.loaded_dbapi.Error) as error:
            raise self._named(self._words(error)) from None
        except OSError as error:
            raise HistoryError(f"the history {self.url} cannot be used: {error.strerror or error}; choose another file") from None
        except ValueError as error:
            text = " ".join(str(error).split())
            raise HistoryCorruptError(f"the history {self.url} has a row or a name that cannot be read ({text}): restore a copy") from None

    def _words(self, error: BaseException) -> str:
        own = getattr(error, "orig", None) or error
        primary = getattr(getattr(own, "diag", None), "message_primary", None)
        return " ".join(str(primary or own).split())

    def close(self) -> None:
        """Release the connections; a second call does nothing."""
        with self._lock:
            self._closed = True
            self.engine.dispose()


def _end(engine: sa.Engine, process: int) -> None:
    if process == os.getpid():  # a forked child holds copies of connections that are its parent's
        engine.dispose()
