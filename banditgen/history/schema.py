"""The history's tables. All names begin with `banditgen_`, so that a database can be shared."""

from __future__ import annotations

import sqlalchemy as sa

from banditgen.history.column_types import Code, Text

SCHEMA_VERSION = 5

metadata = sa.MetaData()

meta = sa.Table(
    "banditgen_meta",
    metadata,
    sa.Column("key", sa.String(40), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

# One row per choice of a wave of arms, known by its race and step; the first has its race's id. A decision with no race is pending.
decisions = sa.Table(
    "banditgen_decisions",
    metadata,
    sa.Column("id", Text, primary_key=True),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("task_type", Text, nullable=False),
    sa.Column("arms", sa.JSON, nullable=False),  # list of the chosen arms' settings, name and arm_id included
    sa.Column("propensities", sa.JSON),  # arm name -> chance of being in the race, for every eligible arm
    sa.Column("policy", Text, nullable=False),
    sa.Column("strategy", Text),
    sa.Column("seed", sa.BigInteger),
    sa.Column("detail", sa.JSON, nullable=False),  # what else evaluating another policy on the log needs
    sa.Column("answered", sa.Boolean, nullable=False, server_default=sa.false()),  # its race is there
    sa.Column("race_id", Text, nullable=False, server_default=""),
    sa.Column("step", sa.Integer, nullable=False, server_default="0"),  # which wave of its race it chose, from 0
)
sa.Index("banditgen_decisions_by_race", decisions.c.race_id, decisions.c.step, unique=True)
_waiting = decisions.c.answered == sa.false()
sa.Index("banditgen_decisions_pending", decisions.c.task_type, decisions.c.created_at, sqlite_where=_waiting, postgresql_where=_waiting)

# One row per finished race; its id is its first decision's.
races = sa.Table(
    "banditgen_races",
    metadata,
    sa.Column("id", Text, primary_key=True),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("task_type", Text, nullable=False),
    sa.Column("task", sa.JSON, nullable=False),
    sa.Column("best_id", Text),
    sa.Column("reason", Text, nullable=False),
    sa.Column("wall_seconds", sa.Float, nullable=False),
)
sa.Index("banditgen_races_by_time", races.c.created_at, races.c.id)

# One row per candidate, winners and losers alike, and one per outcome that a caller recorded by hand.
results = sa.Table(
    "banditgen_results",
    metadata,
    # the order in which the log grew; on PostgreSQL nearly so, for transactions take numbers before they end
    sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("id", Text, nullable=False, unique=True),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("race_id", Text),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("task_type", Text, nullable=False),
    sa.Column("arm_id", Text, nullable=False),
    sa.Column("arm_name", Text, nullable=False),
    sa.Column("model", Text, nullable=False),
    sa.Column("digest", Text),
    sa.Column("passed", sa.Boolean, nullable=False),
    sa.Column("informative", sa.Boolean, nullable=False),  # whether it moves the pass posterior
    sa.Column("failure", Text),
    sa.Column("quality", sa.Float, nullable=False),
    sa.Column("speed", sa.Float, nullable=False),
    sa.Column("reward", sa.Float, nullable=False),
    sa.Column("code_hash", Text),  # None where there is none
    sa.Column("text_hash", Text),
    sa.Column("result", sa.JSON, nullable=False),  # the whole GenerationResult but its code and text
    sa.Column("step", sa.Integer, nullable=False, server_default="0"),  # of the decision that chose it
    sa.Column("seconds", sa.Float, nullable=False, server_default="0"),  # that its model spent
    sa.Column("tokens", sa.BigInteger),  # read and written; None where the backend does not say
    sa.Column("price", sa.Float),  # in the strategy's money; None where it has no prices
    sa.Column("prompt_version", Text),  # of the words around the task
)
sa.Index("banditgen_results_by_name", results.c.arm_name, results.c.seq)
sa.Index("banditgen_results_by_race", results.c.race_id)

# What candidates are and what models wrote, each once; retention may drop rows.
codes = sa.Table(
    "banditgen_codes",
    metadata,
    sa.Column("hash", Text, primary_key=True),  # SHA-256 of the content, hexadecimal
    sa.Column("content", Code, nullable=False),
)

# Every arm that was chosen, born or proposed.
arms = sa.Table(
    "banditgen_arms",
    metadata,
    sa.Column("arm_id", Text, primary_key=True),
    sa.Column("name", Text, nullable=False),
    sa.Column("model", Text, nullable=False),
    sa.Column("settings", sa.JSON, nullable=False),
    sa.Column("parents", sa.JSON, nullable=False),  # list of arm ids
    sa.Column("origin", Text, nullable=False),
    sa.Column("created_at", sa.Float, nullable=False),
)

arm_events = sa.Table(
    "banditgen_arm_events",
    metadata,
    sa.Column("id", Text, primary_key=True),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("scope", Text, nullable=False),
    sa.Column("arm_id", Text, nullable=False),
    sa.Column("event", Text, nullable=False),
    sa.Column("detail", sa.JSON, nullable=False),
)
sa.Index("banditgen_arm_events_by_scope", arm_events.c.scope, arm_events.c.created_at)

strategies = sa.Table(
    "banditgen_strategies",
    metadata,
    sa.Column("hash", Text, primary_key=True),
    sa.Column("name", Text, nullable=False),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("toml", Text, nullable=False),
)

selections = sa.Table(
    "banditgen_selections",
    metadata,
    sa.Column("id", Text, primary_key=True),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("scope", Text, nullable=False),
    sa.Column("task_type", Text),
    sa.Column("arm_name", Text, nullable=False),
    sa.Column("result_id", Text),
    sa.Column("combined_score", sa.Float, nullable=False),
)
sa.Index("banditgen_selections_by_scope", selections.c.scope)

feedback = sa.Table(
    "banditgen_feedback",
    metadata,
    sa.Column("id", Text, primary_key=True),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("race_id", Text),
    sa.Column("result_id", Text),
    sa.Column("satisfaction", sa.Float, nullable=False),
    sa.Column("who", Text),
    sa.Column("why", Text),
)
sa.Index("banditgen_feedback_by_race", feedback.c.race_id)
sa.Index("banditgen_feedback_by_result", feedback.c.result_id)

preferences = sa.Table(
    "banditgen_preferences",
    metadata,
    sa.Column("id", Text, primary_key=True),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("race_id", Text, nullable=False),
    sa.Column("better_id", Text, nullable=False),
    sa.Column("worse_id", Text, nullable=False),
    sa.Column("who", Text),
    sa.Column("why", Text),
)
sa.Index("banditgen_preferences_by_race", preferences.c.race_id)

# What speaks for or against a candidate and is no verdict: that it agreed with others, what a runner said, and so on.
soft_evidence = sa.Table(
    "banditgen_soft_evidence",
    metadata,
    sa.Column("id", Text, primary_key=True),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("result_id", Text, nullable=False),
    sa.Column("kind", Text, nullable=False),
    sa.Column("value", sa.Float, nullable=False),  # in [0, 1]: 1 speaks for it
)
sa.Index("banditgen_soft_evidence_by_result", soft_evidence.c.result_id)

# The weights after each step of learning from feedback; the last of a scope and task type are the ones in use. A scope is a strategy
# with the weights that it starts from; the task type "" is all that the scope learned from, of whatever type.
weights = sa.Table(
    "banditgen_weights",
    metadata,
    sa.Column("id", Text, primary_key=True),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("scope", Text, nullable=False),
    sa.Column("quality", sa.Float, nullable=False),
    sa.Column("speed", sa.Float, nullable=False),
    sa.Column("feedback_id", Text),
    sa.Column("task_type", Text, nullable=False, server_default=""),
)
sa.Index("banditgen_weights_by_type", weights.c.scope, weights.c.task_type, weights.c.created_at)

# Sums over the results of one arm in one task type, kept in the transactions that write the results (see statistics.py).
# A key's rows of all shards add up: writers of different shards never wait for each other. A row whose stamp is at
# least a reader's cursor may have changed since that reader looked.
statistics = sa.Table(
    "banditgen_statistics",
    metadata,
    sa.Column("task_type", Text, primary_key=True),
    sa.Column("arm_id", Text, primary_key=True),
    sa.Column("model", Text, primary_key=True),  # without ":latest"
    sa.Column("digest", Text, primary_key=True),  # "" where it is not known
    sa.Column("verdict", sa.Integer, primary_key=True, autoincrement=False),  # 1 passed, 0 failed, -1 teaches nothing
    sa.Column("failure", Text, primary_key=True),  # a `FailureKind`, or ""
    sa.Column("shard", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("count", sa.BigInteger, nullable=False),
    sa.Column("quality", sa.Float, nullable=False),
    sa.Column("speed", sa.Float, nullable=False),
    sa.Column("quality_quality", sa.Float, nullable=False),
    sa.Column("quality_speed", sa.Float, nullable=False),
    sa.Column("speed_speed", sa.Float, nullable=False),
    sa.Column("seconds", sa.Float, nullable=False),
    sa.Column("tokens", sa.Float, nullable=False),
    sa.Column("price", sa.Float, nullable=False),
    sa.Column("last_at", sa.Float, nullable=False),  # when the newest of them was written
    sa.Column("stamp", sa.BigInteger, nullable=False),
)
sa.Index("banditgen_statistics_by_stamp", statistics.c.stamp)

# How often races showed a pattern of outcomes, whatever the order in which their arms ran: see `banditgen.history.patterns`.
patterns = sa.Table(
    "banditgen_patterns",
    metadata,
    sa.Column("task_type", Text, primary_key=True),
    sa.Column("hash", Text, primary_key=True),  # SHA-256 of the pattern, hexadecimal: an index takes no long keys
    sa.Column("shard", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("pattern", Text, nullable=False),
    sa.Column("count", sa.BigInteger, nullable=False),
    sa.Column("stamp", sa.BigInteger, nullable=False),
)
sa.Index("banditgen_patterns_by_stamp", patterns.c.stamp)

# How often soft evidence of a kind, its value rounded to tenths, stood beside a verdict: from that follows what it is worth as a witness.
soft_statistics = sa.Table(
    "banditgen_soft_statistics",
    metadata,
    sa.Column("task_type", Text, primary_key=True),
    sa.Column("arm_id", Text, primary_key=True),
    sa.Column("model", Text, primary_key=True),
    sa.Column("digest", Text, primary_key=True),
    sa.Column("kind", Text, primary_key=True),
    sa.Column("level", sa.Integer, primary_key=True, autoincrement=False),  # 0 to 10
    sa.Column("verdict", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("shard", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("count", sa.BigInteger, nullable=False),
    sa.Column("stamp", sa.BigInteger, nullable=False),
)
sa.Index("banditgen_soft_statistics_by_stamp", soft_statistics.c.stamp)

# Sums of the further measures of candidates that passed, and of their products with quality and speed.
measure_statistics = sa.Table(
    "banditgen_measure_statistics",
    metadata,
    sa.Column("task_type", Text, primary_key=True),
    sa.Column("arm_id", Text, primary_key=True),
    sa.Column("model", Text, primary_key=True),
    sa.Column("digest", Text, primary_key=True),
    sa.Column("measure", Text, primary_key=True),
    sa.Column("shard", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("count", sa.BigInteger, nullable=False),
    sa.Column("value", sa.Float, nullable=False),
    sa.Column("value_value", sa.Float, nullable=False),
    sa.Column("quality_value", sa.Float, nullable=False),
    sa.Column("speed_value", sa.Float, nullable=False),
    sa.Column("stamp", sa.BigInteger, nullable=False),
)
sa.Index("banditgen_measure_statistics_by_stamp", measure_statistics.c.stamp)
