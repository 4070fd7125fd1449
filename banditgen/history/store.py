"""The event log over SQLAlchemy Core, on SQLite."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from banditgen.history import schema as t
from banditgen.history.base import DecisionRecord, Outcomes, RaceRecord, SelectionStats, Tally
from banditgen.history.database import Database, default_url
from banditgen.history.ids import new_id
from banditgen.history.opinions import Opinions
from banditgen.history.rows import result_from_json, result_row
from banditgen.result import GenerationResult


class History(Opinions):
    """An append-only event log in SQLite.

    Args:
        url: a `sqlite:///` URL or a file's path; None is `default_url()`; "sqlite://" keeps it in memory.

    Raises:
        HistoryError: it cannot be opened, or the URL is for another database.
        HistoryCorruptError: the file is no readable history.
        HistoryVersionError: a newer banditgen wrote it.
    """

    def __init__(self, url: str | os.PathLike[str] | None = None) -> None:
        self._database = Database(default_url() if url is None else url)
        self.url = self._database.url
        self._transaction = self._database.transaction

    def add_decision(self, decision: DecisionRecord) -> None:
        """Append a decision; until its race is told it is pending."""
        with self._transaction(write=True) as connection:
            connection.execute(insert(t.decisions).values(**{**vars(decision), "created_at": time.time()}).on_conflict_do_nothing())

    def add_race(self, race: RaceRecord) -> bool:
        """Append a race with all its results, at once; False if it was there already."""
        now = time.time()
        row = {**vars(race), "created_at": now}
        rows = [result_row(result, race.id, race.task_type, now, position) for position, result in enumerate(row.pop("results"))]
        with self._transaction(write=True) as connection:
            if connection.execute(insert(t.races).values(**row).on_conflict_do_nothing()).rowcount == 0:
                return False
            if rows:
                connection.execute(insert(t.results), rows)  # a result that is there already is an error: the race is not added
        return True

    def add_outcome(self, result: GenerationResult, task_type: str) -> None:
        """Append an outcome that a caller saw for himself, as a result that belongs to no race."""
        row = result_row(result, None, task_type, time.time(), 0)
        with self._transaction(write=True) as connection:
            connection.execute(insert(t.results).values(**row).on_conflict_do_nothing())

    def add_selection(self, scope: str, result: GenerationResult | Mapping[str, Any], task_type: str | None) -> None:
        """Append that this result was selected."""
        row = dict(result) if isinstance(result, Mapping) else vars(result)
        values = {
            "id": new_id(),
            "created_at": time.time(),
            "scope": scope,
            "task_type": task_type,
            "arm_name": str(row["generator_name"]),
            "result_id": row.get("id") or None,
            "combined_score": float(row.get("combined_score") or 0.0),
        }
        with self._transaction(write=True) as connection:
            connection.execute(insert(t.selections).values(**values))

    def tallies(self, task_type: str | None = None) -> list[Tally]:
        """Passes and fails per arm and task type."""
        r = t.results.c
        passed = sa.case((r.passed, 1), else_=0)
        sums = sa.func.sum(passed), sa.func.sum(1 - passed)
        query = sa.select(r.arm_id, r.arm_name, r.task_type, *sums).where(r.informative).group_by(r.arm_id, r.arm_name, r.task_type)
        if task_type is not None:
            query = query.where(r.task_type == task_type)
        with self._transaction() as connection:
            return [Tally(*row) for row in connection.execute(query)]

    def outcomes(self, after: int = 0) -> Outcomes:
        """What the log has grown by since `after`, for a fold; 0 is from its beginning."""
        r = t.results.c
        race = sa.func.coalesce(r.race_id, r.id)
        query = sa.select(r.seq, r.arm_id, r.model, r.task_type, r.informative, r.passed, r.quality, r.speed, race, r.digest)
        with self._transaction() as connection:
            rows = connection.execute(query.where(r.seq > after).order_by(r.seq)).all()
        return Outcomes(
            arm_id=[row[1] for row in rows],
            model=[row[2] for row in rows],
            digest=[row[9] for row in rows],
            task_type=[row[3] for row in rows],
            passed=[float(row[5]) if row[4] else math.nan for row in rows],
            measures=[(row[6], row[7]) for row in rows],
            race_id=[row[8] for row in rows],
            last=rows[-1][0] if rows else after,
        )

    def pending(self, task_type: str) -> list[DecisionRecord]:
        """Decisions that no race has answered yet."""
        answered = sa.select(t.races.c.id).where(t.races.c.id == t.decisions.c.id)
        query = sa.select(t.decisions).where(t.decisions.c.task_type == task_type, ~answered.exists())
        with self._transaction() as connection:
            return [DecisionRecord(**row) for row in connection.execute(query).mappings()]

    def decision(self, decision_id: str) -> DecisionRecord | None:
        """A decision by id."""
        with self._transaction() as connection:
            row = connection.execute(sa.select(t.decisions).where(t.decisions.c.id == decision_id)).mappings().first()
        return DecisionRecord(**row) if row else None

    def race(self, race_id: str) -> RaceRecord | None:
        """A race by id."""
        return next(iter(self._races(sa.select(t.races).where(t.races.c.id == race_id))), None)

    def races(self, limit: int = 20, task_type: str | None = None) -> list[RaceRecord]:
        """The newest races, newest first."""
        query = sa.select(t.races).order_by(t.races.c.created_at.desc(), t.races.c.id.desc()).limit(limit)
        return self._races(query if task_type is None else query.where(t.races.c.task_type == task_type))

    def _races(self, query: sa.Select[Any]) -> list[RaceRecord]:
        with self._transaction() as connection:
            rows = [dict(row) for row in connection.execute(query).mappings()]
            of_these = sa.select(t.results).where(t.results.c.race_id.in_([row["id"] for row in rows])).order_by(t.results.c.position)
            by_race: dict[str, list[GenerationResult]] = {row["id"]: [] for row in rows}
            for result in connection.execute(of_these).mappings():
                by_race[result["race_id"]].append(result_from_json(result["result"]))
        return [RaceRecord(**row, results=by_race[row["id"]]) for row in rows]

    def result(self, result_id: str) -> GenerationResult | None:
        """A result by id."""
        with self._transaction() as connection:
            value = connection.scalar(sa.select(t.results.c.result).where(t.results.c.id == result_id))
        return result_from_json(value) if value else None

    def race_of(self, result_id: str) -> str | None:
        """The id of the race that a result belongs to; None where it belongs to none, or is not there."""
        with self._transaction() as connection:
            return connection.scalar(sa.select(t.results.c.race_id).where(t.results.c.id == result_id))

    def selection_stats(self, scope: str) -> SelectionStats:
        """What a scope has selected."""
        s = t.selections.c
        query = sa.select(s.arm_name, sa.func.count(), sa.func.sum(s.combined_score), sa.func.sum(s.combined_score * s.combined_score))
        with self._transaction() as connection:
            rows = connection.execute(query.where(s.scope == scope).group_by(s.arm_name).order_by(sa.func.count().desc(), s.arm_name)).all()
        n = sum(row[1] for row in rows)
        if n == 0:
            return SelectionStats({}, 0.0, 0.0)
        mean = sum(row[2] for row in rows) / n
        return SelectionStats({row[0]: row[1] for row in rows}, mean, math.sqrt(max(0.0, sum(row[3] for row in rows) / n - mean * mean)))

    def known_results(self, ids: Sequence[str]) -> set[str]:
        """Which of these result ids are there already."""
        with self._transaction() as connection:
            return set(connection.scalars(sa.select(t.results.c.id).where(t.results.c.id.in_(ids))))

    def arm_ids(self) -> dict[str, str]:
        """Each arm name's newest arm id."""
        r = t.results.c
        query = sa.select(r.arm_name, r.arm_id, sa.func.max(r.created_at)).where(r.race_id.is_not(None)).group_by(r.arm_name)
        with self._transaction() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def count(self) -> dict[str, int]:
        """How many decisions, races, results and ratings there are."""
        tables = {"decisions": t.decisions, "races": t.races, "results": t.results, "feedback": t.feedback}
        with self._transaction() as connection:
            return {name: connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0 for name, table in tables.items()}

    def close(self) -> None:
        """Release the connection; a second call does nothing."""
        self._database.close()
