"""Version 1: its databases were made without Alembic."""

from __future__ import annotations

revision = "1"
down_revision = None


def upgrade() -> None:
    """Nothing to do: this is where a database of version 1 stands."""
