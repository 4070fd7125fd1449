"""Who raced: arms, what happened to them, and strategies."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa

from banditgen.history import schema as t
from banditgen.history.base import ArmEvent, ArmRecord
from banditgen.history.database import Database
from banditgen.history.ids import new_id

Made = TypeVar("Made")


class Roster:
    """The part of a history that keeps who raced; each row is written once and stays as it is."""

    _database: Database

    def _append(self, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Rows, those whose key is there already left as they are."""
        if rows:
            statement = self._database.insert(table).on_conflict_do_nothing()
            self._database.run(lambda connection: connection.execute(statement, list(rows)), write=True)

    def _all(self, make: Callable[[Any], Made], query: sa.Select[Any], **of: Any) -> list[Made]:
        """What `make` makes of every row, a mapping by column."""
        return self._database.run(lambda connection: [make(row) for row in connection.execute(query, of).mappings()])

    def add_arms(self, arms: Sequence[ArmRecord]) -> None:
        """Append arms; one whose id is there already stays as it is."""
        self._append(
            t.arms, [{**vars(arm), "created_at": arm.created_at or time.time()} for arm in sorted(arms, key=lambda arm: arm.arm_id)]
        )

    def add_arm_event(self, event: ArmEvent) -> None:
        """Append something that happened to an arm."""
        self._append(t.arm_events, [{**vars(event), "id": event.id or new_id(), "created_at": event.created_at or time.time()}])

    def add_strategy(self, hash: str, name: str, toml: str) -> None:  # noqa: A002 - what it is
        """Keep a strategy's text by its hash; one that is there already stays as it is."""
        self._append(t.strategies, [{"hash": hash, "name": name, "created_at": time.time(), "toml": toml}])

    def arms(self) -> list[ArmRecord]:
        """Every arm that was ever chosen or added, oldest first."""
        return self._all(lambda row: ArmRecord(**row), sa.select(t.arms).order_by(t.arms.c.created_at, t.arms.c.arm_id))

    def arm_events(self, scope: str | None = None) -> list[ArmEvent]:
        """What happened to arms, oldest first; in one scope or all."""
        query = sa.select(t.arm_events).order_by(t.arm_events.c.created_at, t.arm_events.c.id)
        return self._all(lambda row: ArmEvent(**row), query if scope is None else query.where(t.arm_events.c.scope == scope))

    def strategy(self, hash: str) -> str | None:  # noqa: A002
        """The TOML text of the strategy of that hash."""
        return next(iter(self._all(lambda row: str(row["toml"]), sa.select(t.strategies.c.toml).where(t.strategies.c.hash == hash))), None)
