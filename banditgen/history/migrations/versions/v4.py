"""Version 4: ratings add up as soft evidence."""

from __future__ import annotations

from alembic import op

revision = "4"
down_revision = "3"


def upgrade() -> None:
    """Let ratings be found by what they rate. The statistics are filled by the caller."""
    op.create_index("banditgen_feedback_by_result", "banditgen_feedback", ["result_id"])
