"""Version 3: weights by task type, decisions by race and step, what a result cost, patterns of outcomes, soft evidence."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from banditgen.history.column_types import Text

revision = "3"
down_revision = "2"

BATCH = 500
TICK = 1e-6  # seconds between where weights start and their first step


def upgrade() -> None:
    """Add what is new, and fill it from what was there. The statistics are filled by the caller."""
    _decisions()
    _results()
    _weights()
    _running_sums()
    op.create_table(
        "banditgen_soft_evidence",
        _text("id", primary_key=True),
        _float("created_at"),
        *map(_text, ("result_id", "kind")),
        _float("value"),
    )
    op.create_index("banditgen_soft_evidence_by_result", "banditgen_soft_evidence", ["result_id"])


def _decisions() -> None:
    op.add_column("banditgen_decisions", sa.Column("race_id", Text, nullable=False, server_default=""))
    op.add_column("banditgen_decisions", sa.Column("step", sa.Integer, nullable=False, server_default="0"))
    decisions = sa.table("banditgen_decisions", sa.column("id"), sa.column("race_id"))
    op.execute(sa.update(decisions).values(race_id=decisions.c.id))
    op.create_index("banditgen_decisions_by_race", "banditgen_decisions", ["race_id", "step"], unique=True)


def _results() -> None:
    op.add_column("banditgen_results", sa.Column("step", sa.Integer, nullable=False, server_default="0"))
    op.add_column("banditgen_results", sa.Column("seconds", sa.Float, nullable=False, server_default="0"))
    op.add_column("banditgen_results", sa.Column("tokens", sa.BigInteger))
    op.add_column("banditgen_results", sa.Column("price", sa.Float))
    op.add_column("banditgen_results", sa.Column("prompt_version", Text))
    names = ("seq", sa.Integer), ("result", sa.JSON), ("seconds", sa.Float), ("tokens", sa.BigInteger)
    results = sa.table("banditgen_results", *(sa.column(name, kind) for name, kind in names))
    spent = sa.update(results).where(results.c.seq == sa.bindparam("at"))
    spent = spent.values(seconds=sa.bindparam("took"), tokens=sa.bindparam("counted"))
    for rows in _batches(op.get_bind(), results):
        op.get_bind().execute(spent, [{"at": seq, **_spent(result)} for seq, result in rows])


def _spent(result: dict[str, Any]) -> dict[str, Any]:
    timings = result.get("timings") or {}
    tokens = [count for name in ("prompt_tokens", "completion_tokens") if (count := timings.get(name)) is not None]
    return {"took": result.get("generation_time") or 0.0, "counted": sum(tokens) if tokens else None}


def _batches(connection: sa.Connection, results: Any) -> Iterator[list[tuple[int, dict[str, Any]]]]:
    last = -1
    query = sa.select(results.c.seq, results.c.result).order_by(results.c.seq).limit(BATCH)
    while rows := [(seq, result) for seq, result in connection.execute(query.where(results.c.seq > last))]:
        last = rows[-1][0]
        yield rows


def _weights() -> None:
    op.add_column("banditgen_weights", sa.Column("task_type", Text, nullable=False, server_default=""))
    op.drop_index("banditgen_weights_by_scope", "banditgen_weights")
    op.create_index("banditgen_weights_by_type", "banditgen_weights", ["scope", "task_type", "created_at"])
    texts, numbers = ("id", "scope", "feedback_id", "task_type"), ("created_at", "quality", "speed")
    weights = sa.table("banditgen_weights", *(sa.column(name, Text) for name in texts), *(sa.column(name, sa.Float) for name in numbers))
    connection, types = op.get_bind(), _types_of_opinions()
    by_scope: dict[str, list[Any]] = defaultdict(list)
    for row in connection.execute(sa.select(weights).order_by(weights.c.created_at, weights.c.id)).mappings():
        by_scope[row["scope"]].append(row)
    new = [row for rows in by_scope.values() for row in _of_types(rows, types)]
    if new:
        connection.execute(weights.insert(), new)


def _types_of_opinions() -> dict[str, str]:
    """The task type of every rating's and preference's race, by the opinion's id."""
    races = sa.table("banditgen_races", sa.column("id", Text), sa.column("task_type", Text))
    found = dict[str, str]()
    for name in ("banditgen_feedback", "banditgen_preferences"):
        told = sa.table(name, sa.column("id", Text), sa.column("race_id", Text))
        query = sa.select(told.c.id, races.c.task_type).join_from(told, races, races.c.id == told.c.race_id)
        found |= {row[0]: row[1] for row in op.get_bind().execute(query)}
    return found


def _of_types(rows: list[Any], types: dict[str, str]) -> Iterator[dict[str, Any]]:
    """A scope's steps, each for the task type of what it was learned from: the same steps, from where the scope started.

    A type's next opinion works all of them out anew.
    """
    try:
        start = [float(number) for number in rows[0]["scope"].rpartition(":")[2].split("/", 1)]
        before = {"quality": start[0], "speed": start[1]}
    except (ValueError, IndexError):
        return  # no scope of ours
    at: dict[str, float] = {}
    for row in rows:
        task_type = types.get(row["feedback_id"])
        if task_type is not None:
            if task_type not in at:
                at[task_type] = start[0]
                first = {"id": _id(row, task_type, "start"), "created_at": row["created_at"] - TICK, "feedback_id": None}
                yield {**row, **first, "task_type": task_type, "quality": start[0], "speed": start[1]}
            at[task_type] = min(max(at[task_type] + row["quality"] - before["quality"], 0.0), sum(start))
            own = {"quality": round(at[task_type], 12), "speed": round(sum(start) - at[task_type], 12)}
            yield {**row, "id": _id(row, task_type), "task_type": task_type, **own}
        before = row


def _id(row: Any, *what: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, repr((row["id"], *what))))


def _running_sums() -> None:
    op.drop_table("banditgen_statistics")
    op.drop_table("banditgen_pair_statistics")  # patterns say more
    op.create_table(
        "banditgen_statistics",
        *(_text(name, primary_key=True) for name in ("task_type", "arm_id", "model", "digest")),
        _whole("verdict", primary_key=True),
        _text("failure", primary_key=True),
        _whole("shard", primary_key=True),
        sa.Column("count", sa.BigInteger, nullable=False),
        *map(_float, ("quality", "speed", "quality_quality", "quality_speed", "speed_speed", "seconds", "tokens", "price", "last_at")),
        sa.Column("stamp", sa.BigInteger, nullable=False),
    )
    op.create_index("banditgen_statistics_by_stamp", "banditgen_statistics", ["stamp"])
    op.create_table(
        "banditgen_patterns",
        *(_text(name, primary_key=True) for name in ("task_type", "hash")),
        _whole("shard", primary_key=True),
        _text("pattern"),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("count", "stamp")),
    )
    op.create_index("banditgen_patterns_by_stamp", "banditgen_patterns", ["stamp"])
    op.create_table(
        "banditgen_soft_statistics",
        *(_text(name, primary_key=True) for name in ("task_type", "arm_id", "model", "digest", "kind")),
        *(_whole(name, primary_key=True) for name in ("level", "verdict", "shard")),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("count", "stamp")),
    )
    op.create_index("banditgen_soft_statistics_by_stamp", "banditgen_soft_statistics", ["stamp"])


def _text(name: str, *, primary_key: bool = False) -> sa.Column[Any]:
    return sa.Column(name, Text, primary_key=primary_key, nullable=False)


def _whole(name: str, *, primary_key: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer, primary_key=primary_key, nullable=False, autoincrement=False)


def _float(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Float, nullable=False)
