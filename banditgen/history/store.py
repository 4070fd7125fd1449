"""The event log over SQLAlchemy Core, on SQLite and PostgreSQL."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa

from banditgen._text import shown
from banditgen.errors import UsageError
from banditgen.history import schema as t
from banditgen.history import statistics
from banditgen.history.base import (
    ArmRecord,
    Changes,
    Cursor,
    DecisionRecord,
    RaceCost,
    RaceRecord,
    SelectionStats,
    SoftEvidence,
    Tally,
)
from banditgen.history.database import Database, default_url
from banditgen.history.frame import dataframe
from banditgen.history.ids import new_id
from banditgen.history.opening import open_database
from banditgen.history.opinions import Opinions
from banditgen.history.roster import Roster
from banditgen.history.rows import RESULTS, code_rows, read_result, result_row, soft_rows
from banditgen.history.sums import soft_sums, sums_of
from banditgen.result import FailureKind, GenerationResult

if TYPE_CHECKING:
    import pandas as pd

Made = TypeVar("Made")

MANY = 1000  # ids in one question: databases limit them
_RESULTS, _SOFT = t.results.insert().inline(), t.soft_evidence.insert().inline()  # no key is asked back: a pipeline would wait for it
_ANSWERED = sa.update(t.decisions).where(t.decisions.c.race_id == sa.bindparam("of_race")).values(answered=True)
_DECISIONS = sa.select(*(column for column in t.decisions.c if column.name != "answered"))
_COLUMNS = (*(column.name for column in statistics.RESULT_COLUMNS), "arm_name", "reward", "step")
# what every ask and tell reads: to build a statement costs more than its answer
_DECISION = _DECISIONS.where(t.decisions.c.id == sa.bindparam("of"))
_PENDING = _DECISIONS.where(
    t.decisions.c.task_type == sa.bindparam("of"),
    t.decisions.c.answered == sa.false(),
    t.decisions.c.created_at >= sa.bindparam("since"),
)
_RACE = sa.select(t.races).where(t.races.c.id == sa.bindparam("of"))
_RESULTS_OF = RESULTS.where(t.results.c.race_id.in_(sa.bindparam("of", expanding=True))).order_by(t.results.c.position)
_KNOWN = sa.select(t.results.c.id).where(t.results.c.id.in_(sa.bindparam("of", expanding=True)))


class History(Opinions, Roster):
    """An append-only event log in SQLite or PostgreSQL.

    Args:
        url: a `sqlite:///` or `postgresql://` URL or a file's path; None is `default_url()`; "sqlite://" keeps it in memory.
        create: make one, and log that, where there is none.

    Raises:
        HistoryError: it cannot be opened, the URL is for another database or mistyped, or there is none and none is to be made.
        HistoryCorruptError: the file is no readable history.
        HistoryVersionError: a newer banditgen wrote it, or an older one and it is shared.
    """

    def __init__(self, url: str | os.PathLike[str] | None = None, *, create: bool = True) -> None:
        self._database = open_database(default_url() if url is None else url, create=create)
        self.url = self._database.url
        self._transaction = self._database.transaction
        self._run = self._database.run
        self._write = self._database.write
        self._statistics = statistics.Writer(self._database.insert, self._database.stamp)
        self._new = {table: self._database.insert(table).on_conflict_do_nothing() for table in (t.races, t.results, t.codes)}
        answered = sa.select(sa.exists().where(t.races.c.id == sa.bindparam("race_id", type_=sa.String))).scalar_subquery()
        given: dict[str, Any] = {column.name: sa.bindparam(column.name) for column in t.decisions.c if column.name != "answered"}
        self._decide = self._database.insert(t.decisions).values(**given, answered=answered).on_conflict_do_nothing()
        self._known_arms: set[str] = set()

    @property
    def database(self) -> Database:
        """What it is kept in, for those who move or mend whole histories."""
        return self._database

    def add_decision(self, decision: DecisionRecord) -> None:
        """Append a decision, and the arms it chose; until its race is told it is pending."""
        now = time.time()
        arms = [row for arm in decision.arms if (row := vars(ArmRecord.of_decision(arm, now)))["arm_id"] not in self._known_arms]
        row = {**vars(decision), "created_at": now}

        def work(connection: sa.Connection) -> None:
            if arms:
                connection.execute(self._database.insert(t.arms).on_conflict_do_nothing(), sorted(arms, key=lambda row: str(row["arm_id"])))
            connection.execute(self._decide, row)

        self._run(work, write=True)
        self._known_arms.update(row["arm_id"] for row in arms)

    def add_race(self, race: RaceRecord, soft: Sequence[SoftEvidence] = ()) -> bool:
        """Append a race with all its results and soft evidence of them, at once; False if it was there already.

        Raises:
            UsageError: soft evidence of a result that is not the race's, or whose value is no number in [0, 1].
        """
        now = time.time()
        row = {**vars(race), "created_at": now}
        del row["results"]
        rows = [result_row(result, race.id, race.task_type, now, position) for position, result in enumerate(race.results)]
        said = soft_rows(soft, {result["id"]: result for result in rows}, now)

        def work(connection: sa.Connection) -> bool:
            if not self._added(connection, t.races, row):
                return False
            # a result that is there already is an error: the race is not added
            own = (_RESULTS, rows), (_ANSWERED, [{"of_race": race.id}]), (_SOFT, [row for row, _ in said])
            self._write(connection, [*own, *self._lessons(connection, race.results, rows, [summed for _, summed in said])])
            return True

        return self._run(work, write=True)

    def add_outcome(self, result: GenerationResult, task_type: str) -> None:
        """Append an outcome that a caller saw for himself, as a result that belongs to no race."""
        row = result_row(result, None, task_type, time.time(), 0)

        def work(connection: sa.Connection) -> None:
            if self._added(connection, t.results, row):
                self._write(connection, self._lessons(connection, [result], [row]))

        self._run(work, write=True)

    def _added(self, connection: sa.Connection, table: sa.Table, row: Mapping[str, Any]) -> bool:
        """Append a row; False if its key is there already."""
        return connection.execute(self._new[table], row, execution_options={"preserve_rowcount": True}).rowcount > 0

    def _lessons(
        self,
        connection: sa.Connection,
        results: Sequence[GenerationResult],
        rows: Sequence[Mapping[str, Any]],
        soft: Sequence[tuple[Mapping[str, Any], str, float]] = (),
    ) -> list[Any]:
        """What writes what new results bring besides their rows: their codes, and their sums."""
        sums = sums_of(rows)
        sums.include(soft_sums(soft))
        return [(self._new[t.codes], code_rows(results)), *self._statistics.additions(sums, self._database.shard(connection))]

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
        self._append(t.selections, [values])

    def tallies(self, task_type: str | None = None) -> list[Tally]:
        """Passes and fails per arm, name and task type, from the log: the running sums know no names."""
        r = t.results.c
        passed = sa.case((r.passed, 1), else_=0)
        sums = sa.func.sum(passed).label("passes"), sa.func.sum(1 - passed).label("fails")
        query = sa.select(r.arm_id, r.arm_name, r.task_type, *sums).where(r.informative).group_by(r.arm_id, r.arm_name, r.task_type)
        if task_type is not None:
            query = query.where(r.task_type == task_type)
        return self._all(lambda row: Tally(**row), query)

    def evidence(self, arms: Collection[str], models: Collection[str], since: Cursor | None = None) -> Changes:
        """The running sums: of these arms and of all arms of these models (without ":latest"), and of races that held
        any of these arms.

        Without `since` all of them; with the cursor of an earlier answer to the same question, those that may have changed.
        """
        return self._run(lambda connection: statistics.changes(connection, self._database.horizon, arms, models, since))

    def outcomes(self) -> list[dict[str, Any]]:
        """What the running sums are made of, every result's, in the order in which they were written, those of one race together."""
        r = t.results.c
        query = sa.select(*statistics.MEASURED_COLUMNS).order_by(r.created_at, r.race_id, r.seq)
        return self._all(lambda row: {**row, "measures": row["result"].get("measures"), "result": None}, query)

    def columns(self, *names: str, task_type: str | None = None) -> dict[str, list[Any]]:
        """What every result has under these names, side by side, for those who count over all of them: in the order of `outcomes`.

        Args:
            names: keys of `outcomes` but `measures`, and `arm_name`, `reward` and `step`.
            task_type: only of results on this kind of task.

        Raises:
            UsageError: another name.
        """
        if unknown := [name for name in names if name not in _COLUMNS]:
            raise UsageError(f"results have no column {shown(unknown[0])}: choose among {', '.join(_COLUMNS)}")
        r = t.results.c
        query = sa.select(*(r[name] for name in names)).order_by(r.created_at, r.race_id, r.seq)
        if task_type is not None:
            query = query.where(r.task_type == task_type)
        rows = self._run(lambda connection: connection.execute(query).all()) if names else []
        return {name: list(column) for name, column in zip(names, zip(*rows, strict=True) if rows else ((),) * len(names), strict=True)}

    def check_statistics(self) -> list[statistics.Difference]:
        """Where the running sums are not those of the log: nowhere, unless something else wrote to the database."""
        return self._run(
            lambda connection: statistics.differences(statistics.stored(connection), statistics.fold(connection)), snapshot=True
        )

    def rebuild_statistics(self) -> None:
        """Replace the running sums by those of the log; other writers wait."""

        def work(connection: sa.Connection) -> None:
            self._database.lock(connection, *statistics.TABLES)
            statistics.rebuild(connection, self._statistics)

        self._run(work, write=True)

    def pending(self, task_type: str, since: float = 0.0) -> list[DecisionRecord]:
        """Decisions made since a moment (Unix seconds) that no race has answered yet."""
        return self._all(lambda row: DecisionRecord(**row), _PENDING, of=task_type, since=since)

    def decision(self, decision_id: str) -> DecisionRecord | None:
        """A decision by id."""
        return next(iter(self._all(lambda row: DecisionRecord(**row), _DECISION, of=decision_id)), None)

    def decisions(self, race_id: str) -> list[DecisionRecord]:
        """The decisions of a race, in their order."""
        return self._all(lambda row: DecisionRecord(**row), _DECISIONS.where(t.decisions.c.race_id == race_id).order_by(t.decisions.c.step))

    def decisions_by_id(self, ids: Sequence[str]) -> dict[str, DecisionRecord]:
        """Those of these decisions that are there, by id."""
        parts = (ids[start : start + MANY] for start in range(0, len(ids), MANY))
        return {row["id"]: DecisionRecord(**row) for of in parts for row in self._all(dict, _DECISIONS.where(t.decisions.c.id.in_(of)))}

    def race(self, race_id: str) -> RaceRecord | None:
        """A race by id."""
        return next(iter(self._races(_RACE, of=race_id)), None)

    def races(self, limit: int = 20, task_type: str | None = None, *, results: bool = True) -> list[RaceRecord]:
        """The newest races, newest first; where not `results`, without them."""
        query = sa.select(t.races).order_by(t.races.c.created_at.desc(), t.races.c.id.desc()).limit(limit)
        if task_type is not None:
            query = query.where(t.races.c.task_type == task_type)
        return self._races(query) if results else self._all(lambda row: RaceRecord(**row, results=[]), query)

    def _races(self, query: sa.Select[Any], **of: Any) -> list[RaceRecord]:
        def work(connection: sa.Connection) -> list[RaceRecord]:
            rows = [dict(row) for row in connection.execute(query, of).mappings()]
            by_race: dict[str, list[GenerationResult]] = {row["id"]: [] for row in rows}
            for start in range(0, len(rows), MANY):
                some = [row["id"] for row in rows[start : start + MANY]]
                for result in connection.execute(_RESULTS_OF, {"of": some}).mappings():
                    by_race[result["race_id"]].append(read_result(result))
            return [RaceRecord(**row, results=by_race[row["id"]]) for row in rows]

        return self._run(work, snapshot=True)

    def costs(self, since: float, limit: int) -> list[RaceCost]:
        """What the newest races spent, at most `limit` of those written since a moment (Unix seconds), newest first."""
        newest = sa.select(t.races).where(t.races.c.created_at >= since)
        race = newest.order_by(t.races.c.created_at.desc(), t.races.c.id.desc()).limit(limit).subquery()
        n, d, r = race.c, t.decisions.c, t.results.c
        ours = (r.race_id == n.id) & (r.model != "") & (sa.func.coalesce(r.failure, "") != FailureKind.INFRASTRUCTURE)
        account = sa.func.coalesce(d.detail["account"].as_string(), "")
        key = (n.id, n.created_at, n.task_type, account)
        sums = (sa.func.coalesce(sa.func.sum(one), 0.0) for one in (r.seconds, r.tokens, r.price))
        found = race.outerjoin(t.decisions, d.id == n.id).outerjoin(t.results, ours)
        query = sa.select(*key, sa.func.count(r.id), *sums).select_from(found).group_by(*key).order_by(n.created_at.desc(), n.id.desc())
        return self._run(lambda connection: [RaceCost(*row) for row in connection.execute(query)])

    def result(self, result_id: str) -> GenerationResult | None:
        """A result by id."""
        return next(iter(self._all(read_result, RESULTS.where(t.results.c.id == result_id))), None)

    def race_of(self, result_id: str) -> str | None:
        """The id of the race that a result belongs to; None where it belongs to none, or is not there."""
        query = sa.select(t.results.c.race_id).where(t.results.c.id == result_id)
        race_id: str | None = self._run(lambda connection: connection.scalar(query))
        return race_id

    def ids_beginning(self, prefix: str, limit: int) -> list[str]:
        """At most so many ids of decisions, races and results that begin with a text, each once, in their order."""
        ids = [table.c.id for table in (t.decisions, t.races, t.results)]
        found = sa.union(*[sa.select(key).where(sa.func.substr(key, 1, len(prefix)) == prefix) for key in ids]).subquery()
        return self._all(lambda row: str(row["id"]), sa.select(found.c.id).order_by(found.c.id).limit(limit))

    def selection_stats(self, scope: str) -> SelectionStats:
        """What a scope has selected."""
        s = t.selections.c
        query = sa.select(s.arm_name, sa.func.count(), sa.func.sum(s.combined_score), sa.func.sum(s.combined_score * s.combined_score))
        query = query.where(s.scope == scope).group_by(s.arm_name).order_by(sa.func.count().desc(), s.arm_name)
        rows = self._run(lambda connection: connection.execute(query).all())
        n = sum(row[1] for row in rows)
        if n == 0:
            return SelectionStats({}, 0.0, 0.0)
        mean = sum(row[2] for row in rows) / n
        return SelectionStats({row[0]: row[1] for row in rows}, mean, math.sqrt(max(0.0, sum(row[3] for row in rows) / n - mean * mean)))

    def selections(self, scope: str) -> list[dict[str, Any]]:
        """What a scope selected, oldest first: `created_at`, `task_type`, `arm_name`, `result_id`, `combined_score` of each."""
        s = t.selections.c
        query = sa.select(s.created_at, s.task_type, s.arm_name, s.result_id, s.combined_score).where(s.scope == scope)
        return self._all(dict, query.order_by(s.created_at, s.id))

    def known_results(self, ids: Sequence[str]) -> set[str]:
        """Which of these result ids are there already."""
        return set(self._all(lambda row: str(row["id"]), _KNOWN, of=list(ids)))

    def last_named(self, name: str, task_type: str | None = None) -> tuple[str, GenerationResult] | None:
        """The last candidate that an arm of this name had in a race, and the race's task type.

        With a task type, of those that were raced on it or have no verdict.
        """
        r = t.results.c
        query = RESULTS.add_columns(r.task_type).where(r.arm_name == name, r.race_id.is_not(None)).order_by(r.seq.desc()).limit(1)
        if task_type is not None:
            query = query.where((r.task_type == task_type) | sa.not_(r.informative))
        return next(iter(self._all(lambda row: (str(row["task_type"]), read_result(row)), query)), None)

    def count(self) -> dict[str, int]:
        """How many decisions, races, results and ratings there are."""
        tables = {"decisions": t.decisions, "races": t.races, "results": t.results, "feedback": t.feedback}
        counts = [sa.select(sa.func.count()).select_from(table).scalar_subquery().label(name) for name, table in tables.items()]
        return self._run(lambda connection: {**connection.execute(sa.select(*counts)).mappings().one()})

    def dataframe(self, task_type: str | None = None, *, code: bool = False) -> pd.DataFrame:
        """Every candidate as a row of a pandas DataFrame, in the order of the log; the extra `dataframe` brings pandas.

        Columns are named as the fields of `GenerationResult`; `created_at` is a UTC datetime, what `timings` holds ends in
        `_seconds` or is a count of tokens, each measure is `measure_NAME`, and what enforced a property of the sandbox `isolation_NAME`.

        Args:
            task_type: only candidates of this kind of task.
            code: whether code, the model's text, stdout and stderr are columns, too; missing where retention dropped them.

        Raises:
            UsageError: pandas is not installed.
        """
        return dataframe(self._database, task_type, code=code)

    def close(self) -> None:
        """Release the connection; a second call does nothing."""
        self._database.close()
