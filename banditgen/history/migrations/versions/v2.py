"""Version 2: statistics, arms, strategies, preferences; code and text once by hash."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from banditgen.history.column_types import Code, Text

revision = "2"
down_revision = "1"

BATCH = 500


def upgrade() -> None:
    """Add what is new, then move what is kept elsewhere now. The statistics are filled by the caller."""
    _add_columns()
    _add_tables()
    _move_codes()
    _keep_arms()


def _add_columns() -> None:
    op.add_column("banditgen_decisions", sa.Column("answered", sa.Boolean, nullable=False, server_default=sa.false()))
    decisions, races = sa.table("banditgen_decisions", sa.column("id"), sa.column("answered")), sa.table("banditgen_races", sa.column("id"))
    told = sa.exists().where(races.c.id == decisions.c.id)
    op.execute(sa.update(decisions).where(told).values(answered=sa.true()))
    waiting = sa.column("answered") == sa.false()
    where: dict[str, Any] = {"sqlite_where": waiting, "postgresql_where": waiting}
    op.create_index("banditgen_decisions_pending", "banditgen_decisions", ["task_type", "created_at"], **where)
    op.create_index("banditgen_races_by_time", "banditgen_races", ["created_at", "id"])
    op.drop_index("banditgen_results_by_arm", "banditgen_results")
    op.create_index("banditgen_results_by_name", "banditgen_results", ["arm_name", "seq"])
    for name in ("code_hash", "text_hash"):
        op.add_column("banditgen_results", sa.Column(name, Text))


def _add_tables() -> None:
    op.create_table("banditgen_codes", _text("hash", primary_key=True), sa.Column("content", Code, nullable=False))
    op.create_table(
        "banditgen_arms",
        _text("arm_id", primary_key=True),
        _text("name"),
        _text("model"),
        sa.Column("settings", sa.JSON, nullable=False),
        sa.Column("parents", sa.JSON, nullable=False),
        _text("origin"),
        _float("created_at"),
    )
    op.create_table(
        "banditgen_arm_events",
        _text("id", primary_key=True),
        _float("created_at"),
        _text("scope"),
        _text("arm_id"),
        _text("event"),
        sa.Column("detail", sa.JSON, nullable=False),
    )
    op.create_index("banditgen_arm_events_by_scope", "banditgen_arm_events", ["scope", "created_at"])
    op.create_table("banditgen_strategies", _text("hash", primary_key=True), _text("name"), _float("created_at"), _text("toml"))
    op.create_table(
        "banditgen_preferences",
        _text("id", primary_key=True),
        _float("created_at"),
        *map(_text, ("race_id", "better_id", "worse_id")),
        sa.Column("who", Text),
        sa.Column("why", Text),
    )
    op.create_index("banditgen_preferences_by_race", "banditgen_preferences", ["race_id"])
    op.create_table(
        "banditgen_statistics",
        *(_text(name, primary_key=True) for name in ("task_type", "arm_id", "model", "digest")),
        *(sa.Column(name, sa.Integer, primary_key=True, autoincrement=False) for name in ("verdict", "shard")),
        sa.Column("count", sa.BigInteger, nullable=False),
        *map(_float, ("quality", "speed", "quality_quality", "quality_speed", "speed_speed", "last_at")),
        sa.Column("stamp", sa.BigInteger, nullable=False),
    )
    op.create_index("banditgen_statistics_by_stamp", "banditgen_statistics", ["stamp"])
    op.create_table(
        "banditgen_pair_statistics",
        *(_text(name, primary_key=True) for name in ("task_type", "arm_id", "digest", "other_id", "other_digest")),
        sa.Column("shard", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        *map(_float, ("quality", "speed", "other_quality", "other_speed")),
        *map(_float, ("quality_quality", "quality_speed", "speed_quality", "speed_speed")),
        sa.Column("stamp", sa.BigInteger, nullable=False),
    )
    op.create_index("banditgen_pair_statistics_by_stamp", "banditgen_pair_statistics", ["stamp"])


def _move_codes() -> None:
    codes = sa.table("banditgen_codes", sa.column("hash", Text), sa.column("content", Code))
    columns = sa.column("seq", sa.Integer), sa.column("result", sa.JSON), sa.column("code_hash", Text), sa.column("text_hash", Text)
    results = sa.table("banditgen_results", *columns)
    move = sa.update(results).where(results.c.seq == sa.bindparam("at"))
    move = move.values(result=sa.bindparam("rest"), code_hash=sa.bindparam("code"), text_hash=sa.bindparam("text"))
    connection, known = op.get_bind(), set[str]()
    for rows in _batches(connection, results):
        moved, new = list[dict[str, Any]](), dict[str, str]()
        for seq, result in rows:
            row = {"at": seq, "rest": result}
            for name in ("code", "text"):
                content = result.pop(name, "")
                key = hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()
                row[name] = key if content else None
                if content and key not in known:
                    new[key] = content
            moved.append(row)
        known.update(new)
        if new:
            connection.execute(codes.insert(), [{"hash": key, "content": content} for key, content in new.items()])
        connection.execute(move, moved)


def _batches(connection: sa.Connection, results: Any) -> Iterator[list[tuple[int, dict[str, Any]]]]:
    last = -1
    query = sa.select(results.c.seq, results.c.result).order_by(results.c.seq).limit(BATCH)
    while rows := [(seq, result) for seq, result in connection.execute(query.where(results.c.seq > last))]:
        last = rows[-1][0]
        yield rows


def _keep_arms() -> None:
    columns = [sa.column(name, Text) for name in ("arm_id", "name", "model", "origin")]
    arms = sa.table("banditgen_arms", *columns, *(sa.column(name, sa.JSON) for name in ("settings", "parents")), sa.column("created_at"))
    decisions = sa.table("banditgen_decisions", sa.column("arms", sa.JSON), sa.column("created_at"))
    connection, known = op.get_bind(), dict[str, dict[str, Any]]()
    for chosen, created_at in connection.execute(sa.select(decisions.c.arms, decisions.c.created_at).order_by(decisions.c.created_at)):
        for arm in chosen:
            name = str(arm.get("name", ""))
            row = {"arm_id": arm.get("arm_id") or f"name:{name}", "name": name, "model": str(arm.get("model", "")), "origin": "strategy"}
            row |= {"settings": {key: value for key, value in arm.items() if key not in ("name", "arm_id")}, "parents": []}
            known.setdefault(row["arm_id"], row | {"created_at": created_at})
    if known:
        connection.execute(arms.insert(), list(known.values()))


def _text(name: str, *, primary_key: bool = False) -> sa.Column[Any]:
    return sa.Column(name, Text, primary_key=primary_key, nullable=False)


def _float(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Float, nullable=False)
