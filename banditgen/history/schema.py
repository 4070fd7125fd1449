"""The history's tables. All names begin with `banditgen_`, so that a database can be shared."""

from __future__ import annotations

import sqlalchemy as sa

SCHEMA_VERSION = 1

metadata = sa.MetaData()

meta = sa.Table(
    "banditgen_meta",
    metadata,
    sa.Column("key", sa.String(40), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

# One row per choice of arms. A decision with no race is pending.
decisions = sa.Table(
    "banditgen_decisions",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("task_type", sa.Text, nullable=False),
    sa.Column("arms", sa.JSON, nullable=False),  # list of the chosen arms' settings, name and arm_id included
    sa.Column("propensities", sa.JSON),  # arm name -> chance of being in the race, for every eligible arm
    sa.Column("policy", sa.Text, nullable=False),
    sa.Column("strategy", sa.Text),
    sa.Column("seed", sa.Integer),
    sa.Column("detail", sa.JSON, nullable=False),  # what else evaluating another policy on the log needs
)

# One row per finished race; its id is its decision's.
races = sa.Table(
    "banditgen_races",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("task_type", sa.Text, nullable=False),
    sa.Column("task", sa.JSON, nullable=False),
    sa.Column("best_id", sa.String(36)),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("wall_seconds", sa.Float, nullable=False),
)

# One row per candidate, winners and losers alike, and one per outcome that a caller recorded by hand.
results = sa.Table(
    "banditgen_results",
    metadata,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),  # the order in which the log grew
    sa.Column("id", sa.String(36), nullable=False, unique=True),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("race_id", sa.String(36)),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("task_type", sa.Text, nullable=False),
    sa.Column("arm_id", sa.Text, nullable=False),
    sa.Column("arm_name", sa.Text, nullable=False),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("digest", sa.Text),
    sa.Column("passed", sa.Boolean, nullable=False),
    sa.Column("informative", sa.Boolean, nullable=False),  # whether it moves the pass posterior
    sa.Column("failure", sa.Text),
    sa.Column("quality", sa.Float, nullable=False),
    sa.Column("speed", sa.Float, nullable=False),
    sa.Column("reward", sa.Float, nullable=False),
    sa.Column("result", sa.JSON, nullable=False),  # the whole GenerationResult
)
sa.Index("banditgen_results_by_arm", results.c.task_type, results.c.arm_id)
sa.Index("banditgen_results_by_race", results.c.race_id)

selections = sa.Table(
    "banditgen_selections",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("scope", sa.Text, nullable=False),
    sa.Column("task_type", sa.Text),
    sa.Column("arm_name", sa.Text, nullable=False),
    sa.Column("result_id", sa.String(36)),
    sa.Column("combined_score", sa.Float, nullable=False),
)
sa.Index("banditgen_selections_by_scope", selections.c.scope)

feedback = sa.Table(
    "banditgen_feedback",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("race_id", sa.String(36)),
    sa.Column("result_id", sa.String(36)),
    sa.Column("satisfaction", sa.Float, nullable=False),
    sa.Column("who", sa.Text),
    sa.Column("why", sa.Text),
)
sa.Index("banditgen_feedback_by_race", feedback.c.race_id)

preferences = sa.Table(
    "banditgen_preferences",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("race_id", sa.String(36), nullable=False),
    sa.Column("better_id", sa.String(36), nullable=False),
    sa.Column("worse_id", sa.String(36), nullable=False),
    sa.Column("who", sa.Text),
    sa.Column("why", sa.Text),
)

# The weights after each step of learning from feedback; the last of a scope are the ones in use.
weights = sa.Table(
    "banditgen_weights",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("scope", sa.Text, nullable=False),
    sa.Column("quality", sa.Float, nullable=False),
    sa.Column("speed", sa.Float, nullable=False),
    sa.Column("feedback_id", sa.String(36)),
)
sa.Index("banditgen_weights_by_scope", weights.c.scope, weights.c.created_at)
