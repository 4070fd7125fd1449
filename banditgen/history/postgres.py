"""The history in PostgreSQL, which processes on several hosts share."""

from __future__ import annotations

import logging
import random
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError

from banditgen.errors import HistoryError, install
from banditgen.history import schema as t
from banditgen.history.database import WRITE, Database

CONNECT_SECONDS = 10
SHARDS = 64
LOCK_SPACE = 0x62616E64  # of our advisory locks: "band"
SCHEMA_LOCK = -1
DISK_FULL = "53100"


class PostgreSQL(Database):
    """A PostgreSQL database, version 13 or later, over psycopg 3.

    Each connection holds a shard of the statistics for itself, so that writers never wait for each other's rows.

    Args:
        url: `postgresql://…` or `postgresql+psycopg://…`; the password is never shown.

    Raises:
        HistoryError: psycopg is missing, the URL is none, or the server can't be reached.
    """

    insert = staticmethod(insert)
    stamp = sa.literal_column("pg_current_xact_id()::text::bigint", sa.BigInteger)
    horizon = sa.literal_column("pg_snapshot_xmin(pg_current_snapshot())::text::bigint", sa.BigInteger)
    shared = True
    numbered = False

    def __init__(self, url: str) -> None:
        parsed, shown = read_url(url)
        secrets = {value for key, value in parsed.query.items() if "password" in key}
        self._secrets = {str(value) for value in (*secrets, parsed.password) if value}
        try:
            engine = sa.create_engine(parsed, connect_args={"connect_timeout": CONNECT_SECONDS, "application_name": "banditgen"})
        except ModuleNotFoundError:
            raise HistoryError(f"a PostgreSQL history needs psycopg: {install('postgres')}") from None
        logging.getLogger("psycopg").addFilter(_no_echo)
        sa.event.listen(engine, "connect", _take_shard)
        super().__init__(shown, engine)
        with self.errors_in_one_line():
            engine.connect().close()

    def _options(self, write: bool, snapshot: bool) -> dict[str, Any]:
        return {WRITE: write} | ({"isolation_level": "REPEATABLE READ"} if snapshot else {})

    def write(self, connection: sa.Connection, work: Iterable[tuple[Any, Sequence[Mapping[str, Any]]]]) -> None:
        """In one round trip: a race's rows cost the network, and the server's and our processes' turns, once."""
        driver: Any = connection.connection.driver_connection
        base = self.engine.dialect.loaded_dbapi.Error
        try:
            with driver.pipeline():
                super().write(connection, work)
        except base as error:  # what the server refused is known at the end, where SQLAlchemy does not see it
            raise DBAPIError.instance(None, None, error, base, connection_invalidated=driver.closed) from error

    def make_durable(self) -> None:
        """The server is, unless its administrator said otherwise."""

    def _confirm(self) -> None:
        """The server has answered for it."""

    def _passes(self, error: DBAPIError) -> bool:
        """A server that restarts, a connection that broke, a deadlock; not a full disk."""
        if getattr(error.orig, "sqlstate", None) == DISK_FULL:
            return False
        return error.connection_invalidated or isinstance(error, OperationalError)

    def _named(self, text: str) -> HistoryError:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return HistoryError(f"the history {self.url} cannot be used: {text}; check the server and the URL")

    def shard(self, connection: sa.Connection) -> int:
        """The connection's own."""
        return int(connection.info["banditgen_shard"])

    def lock(self, connection: sa.Connection, *tables: sa.Table) -> None:
        """Keep other writers from these tables until the transaction ends."""
        connection.exec_driver_sql(f"LOCK TABLE {', '.join(table.name for table in tables)} IN EXCLUSIVE MODE")

    def lock_schema(self, connection: sa.Connection) -> None:
        """Keep others from making or upgrading the tables until the transaction ends."""
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK_SPACE}, {SCHEMA_LOCK})")

    def backup(self, version: int) -> Path | None:
        """None: backups of a server are its administrator's."""
        del version
        return None

    def size(self) -> int:
        """What our tables take with their indexes, in bytes."""
        sizes = [sa.func.pg_total_relation_size(table.name) for table in t.metadata.sorted_tables]
        return int(self.run(lambda connection: sum(connection.execute(sa.select(*sizes)).one())))

    def give_back(self) -> None:
        """To the tables' new rows; the server's files stay as large as they are."""
        with self.errors_in_one_line(), self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(f"VACUUM {t.codes.name}, {t.results.name}")

    def damage(self) -> list[str]:
        """Nothing: a server looks after its own files."""
        return []


def read_url(url: str) -> tuple[sa.URL, str]:
    """A server's URL, and what people may see of it.

    Raises:
        HistoryError: it is none; nothing of it is shown.
    """
    if url.count("@") > 1:  # which of them ends the password is a guess, and a wrong one shows what is left of it
        raise HistoryError("the history's PostgreSQL URL can't be read: an @ in its user or password is written %40")
    try:
        parsed = sa.make_url(url).set(drivername="postgresql+psycopg")
    except (ArgumentError, ValueError):
        raise HistoryError("the history's PostgreSQL URL can't be read: use postgresql://USER@HOST:PORT/DATABASE") from None
    shown = parsed.set(drivername="postgresql").difference_update_query([key for key in parsed.query if "password" in key])
    return parsed, shown.render_as_string(hide_password=True)


def _no_echo(record: logging.LogRecord) -> bool:
    """Not what psycopg says of a pipeline that ends after an error: the error itself is raised, and people see that."""
    return not str(record.msg).startswith("error ignored")


def _take_shard(connection: Any, record: Any) -> None:
    """The first shard that no other connection holds; where all are held, one at random is shared."""
    shard = random.randrange(SHARDS)  # noqa: S311 - spreads writers
    with connection.cursor() as cursor:
        for free in range(SHARDS):
            if cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", (LOCK_SPACE, free)).fetchone()[0]:
                shard = free
                break
    connection.commit()
    record.info["banditgen_shard"] = shard
