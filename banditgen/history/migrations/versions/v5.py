"""Version 5: sums of further measures."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from banditgen.history.column_types import Text

revision = "5"
down_revision = "4"

TABLE = "banditgen_measure_statistics"


def upgrade() -> None:
    """Make their table. The statistics are filled by the caller."""
    op.create_table(
        TABLE,
        *(sa.Column(name, Text, primary_key=True) for name in ("task_type", "arm_id", "model", "digest", "measure")),
        sa.Column("shard", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.Float, nullable=False) for name in ("value", "value_value", "quality_value", "speed_value")),
        sa.Column("stamp", sa.BigInteger, nullable=False),
    )
    op.create_index(f"{TABLE}_by_stamp", TABLE, ["stamp"])
