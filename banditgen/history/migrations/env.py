"""Run by Alembic: the connection and its transaction are those of `banditgen.history.opening`."""

from __future__ import annotations

from alembic import context

from banditgen.history.opening import VERSION_TABLE

context.configure(connection=context.config.attributes["connection"], version_table=VERSION_TABLE)
context.run_migrations()
