"""Opening a history: which database a URL names, its tables made, checked and upgraded."""

from __future__ import annotations

import dataclasses
import logging
import os
import re
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from banditgen.errors import HistoryCorruptError, HistoryError, HistoryVersionError
from banditgen.history import schema as t
from banditgen.history import statistics
from banditgen.history.database import Database
from banditgen.history.sqlite import MEMORY, SQLite, sqlite_path

VERSION_TABLE = "banditgen_alembic_version"  # Optuna, which may share the database, has Alembic's own

_SERVER = re.compile(r"postgres(?:ql)?(\+psycopg)?://", re.IGNORECASE)
_SQLITE = re.compile(r"sqlite://(/(?!.*\?\w+=).+)?")  # options (?mode=ro) would become part of a name
# a scheme before a colon (C:\ is a drive), or one of ours with a slash in the colon's place
_MEANT = re.compile(r"(?![a-z]:[\\/])([a-z][a-z0-9+-]*:|(?:sqlite|postgres(?:ql)?)(?:\+\w+)?/(?=/|\S*@))", re.IGNORECASE)

logger = logging.getLogger("banditgen.history")


@dataclasses.dataclass(frozen=True)
class Upgraded:
    """What opening a history did to it: its schema version before and now, and where a copy of what it was is kept."""

    url: str
    before: int
    now: int
    copy: Path | None = None


def upgrade_database(url: str | os.PathLike[str]) -> Upgraded:
    """Upgrade a history, shared ones too, to this version's tables; one that has them stays as it is.

    Raises:
        HistoryError: as `open_database` does; there is none.
    """
    database = _database(url, create=False)
    try:
        with database.errors_in_one_line():
            return _check(database, upgrade=True, create=False)
    finally:
        database.close()


def open_database(url: str | os.PathLike[str], *, create: bool = True) -> Database:
    """The database, with the tables of this version.

    A SQLite file of an older version is upgraded, after a copy was made beside it.

    Args:
        url: a `sqlite:///` or `postgresql://` URL or a file's path; "sqlite://" keeps it in memory.
        create: make one, and log that, where there is none.

    Raises:
        HistoryError: it cannot be opened, the URL is for another database or mistyped, or there is none and none is to be made.
        HistoryCorruptError: it is no readable history.
        HistoryVersionError: a newer banditgen wrote it, or an older one and it is shared.
    """
    database = _database(url, create=create)
    try:
        with database.errors_in_one_line():
            _check(database, upgrade=False, create=create)
    except BaseException:
        database.close()
        raise
    return database


def is_there(url: str | os.PathLike[str]) -> bool:
    """Whether a SQLite history has a file; True for one on a server, which is not asked, and for one in memory.

    Raises:
        HistoryError: as `place_of` does.
    """
    place = place_of(url)
    return not isinstance(place, Path) or os.path.lexists(place)


def shown(url: str | os.PathLike[str]) -> str:
    """What people may see of a URL.

    Raises:
        HistoryError: as `place_of` does.
    """
    place = place_of(url)
    if isinstance(place, str):
        from banditgen.history.postgres import read_url  # noqa: PLC0415 - its dialect is slow to import, and most need none

        return read_url(place)[1]
    return MEMORY if place is None else f"sqlite:///{place}"


def _database(url: str | os.PathLike[str], *, create: bool) -> Database:
    place = place_of(url)
    if isinstance(place, str):
        from banditgen.history.postgres import PostgreSQL  # noqa: PLC0415 - likewise

        return PostgreSQL(place)
    if not create and not is_there(url):
        raise HistoryError(f"there is no history at {place}: check its name; `banditgen run` makes one where there is none")
    return SQLite(place)


def place_of(url: str | os.PathLike[str]) -> str | Path | None:
    """A server's URL, a SQLite file's path, or None for memory.

    Raises:
        HistoryError: the URL is for another database, or mistyped; what may be a password is not shown.
    """
    text = os.fspath(url)
    if not isinstance(text, str) or not text.strip():
        raise HistoryError(f"the history must be a sqlite:/// or postgresql:// URL or a file's path, not {text!r}")
    if (server := _SERVER.match(text)) is not None:
        return f"postgresql{server[1] or ''}://{text[server.end() :]}"
    if (meant := _MEANT.match(text)) is not None and not _SQLITE.fullmatch(text):
        raise HistoryError(
            f"the history {meant[1]}… is no URL that banditgen knows: use sqlite:///PATH, postgresql://USER@HOST:PORT/DATABASE"
            " or a file's path (./NAME where its name looks like a URL)"
        )
    return sqlite_path(text)


def _check(database: Database, *, upgrade: bool, create: bool) -> Upgraded:
    version = database.run(lambda connection: _version(database, connection))
    if version is None and not create:
        raise HistoryError(f"{database.url} holds no history: check its name; `banditgen run` makes one where there is none")
    if version is None:
        database.make_durable()
        database.run(lambda connection: _make(database, connection), write=True)
        version = database.run(lambda connection: _version(database, connection)) or 0
        if database.url != MEMORY:
            logger.info("a new history is made: %s", database.url)
    if version > t.SCHEMA_VERSION:
        raise HistoryVersionError(
            f"the history {database.url} has schema version {version}; this banditgen knows {t.SCHEMA_VERSION}: upgrade banditgen"
        )
    if version < t.SCHEMA_VERSION and database.shared and not upgrade:
        raise HistoryVersionError(
            f"the history {database.url} has schema version {version}, this banditgen needs {t.SCHEMA_VERSION}:"
            " stop what writes to it and run `banditgen storage upgrade --history URL`"
        )
    database.make_durable()
    copy = database.run(lambda connection: _upgrade(database, connection), write=True) if version < t.SCHEMA_VERSION else None
    return Upgraded(database.url, version, t.SCHEMA_VERSION, copy)


def _version(database: Database, connection: sa.Connection) -> int | None:
    """The schema version; None where there are no tables of ours."""
    tables = {name for name in sa.inspect(connection).get_table_names() if name.startswith("banditgen_")}
    if not tables:
        return None
    damaged = "it is damaged, or not banditgen's; choose another database"
    if t.meta.name not in tables:
        raise HistoryCorruptError(f"the history {database.url} has tables of ours but no schema version: {damaged}")
    version = connection.scalar(sa.select(t.meta.c.value).where(t.meta.c.key == "schema_version"))
    if version is None or not (version.isascii() and version.isdecimal()):
        raise HistoryCorruptError(f"the history {database.url} has no schema version: {damaged}")
    return int(version)


def _make(database: Database, connection: sa.Connection) -> None:
    database.lock_schema(connection)
    if _version(database, connection) is not None:
        return  # another process was faster
    t.metadata.create_all(connection)
    connection.execute(t.meta.insert().values(key="schema_version", value=str(t.SCHEMA_VERSION)))
    from alembic.migration import MigrationContext  # noqa: PLC0415 - slow to import, and only needed for a new database

    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    context.stamp(_scripts(connection)[1], "head")


def _upgrade(database: Database, connection: sa.Connection) -> Path | None:
    """All steps to this version, in the one transaction that the caller commits; a process killed meanwhile changed nothing."""
    database.lock_schema(connection)
    version = _version(database, connection)
    if version is None or version >= t.SCHEMA_VERSION:
        return None  # another process was faster
    copy = database.backup(version)
    from alembic import command  # noqa: PLC0415

    config, _ = _scripts(connection)
    if version == 1 and VERSION_TABLE not in sa.inspect(connection).get_table_names():
        command.stamp(config, "1")  # it was made before there were migrations
    command.upgrade(config, "head")
    database.lock(connection, *statistics.TABLES)
    statistics.rebuild(connection, statistics.Writer(database.insert, database.stamp))
    connection.execute(t.meta.update().where(t.meta.c.key == "schema_version").values(value=str(t.SCHEMA_VERSION)))
    kept = f"; what it was is kept in {copy}" if copy else ""
    logger.warning("the history %s is upgraded from schema version %d to %d%s", database.url, version, t.SCHEMA_VERSION, kept)
    return copy


def _scripts(connection: sa.Connection) -> tuple[Any, Any]:
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    return config, ScriptDirectory.from_config(config)
