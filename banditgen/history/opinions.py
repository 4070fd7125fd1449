"""What was said of results beside their verdicts: people's opinions, of which each one's latest on a matter holds, and soft evidence."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from banditgen._checks import unit_interval
from banditgen.history import schema as t
from banditgen.history import statistics
from banditgen.history.base import SoftEvidence
from banditgen.history.database import Database
from banditgen.history.ids import new_id
from banditgen.history.judged import Learn, Measured, Opinion, PreferredResult, RatedResult, WeightsOfType, effective, matter
from banditgen.history.sums import Sums, soft_sums
from banditgen.result import RATING, Feedback, Preference

_AT_ONCE = 500  # ids in one query, below what any database takes
_TICK = 1e-6  # seconds between what was said, or learned, one after the other where clocks disagree


def _weights_of() -> tuple[sa.Select[Any], sa.Select[Any]]:
    """The last weights of a scope and task type, and how often they changed; made once, as every decision asks for them."""
    w = t.weights.c
    of = (w.scope == sa.bindparam("of_scope"), w.task_type == sa.bindparam("of_type"))
    last = sa.select(t.weights).where(*of).order_by(w.created_at.desc(), w.id.desc()).limit(1)
    was = {name: sa.func.lag(w[name]).over(order_by=(w.created_at, w.id)).label(f"{name}_was") for name in ("quality", "speed")}
    steps = sa.select(w.quality, w.speed, w.feedback_id, *was.values()).where(*of).subquery().c
    first = steps.quality_was.is_(None)  # where a scope starts, or in an old history its first step
    changed = sa.case(
        (first, steps.feedback_id.is_not(None)), else_=(steps.quality != steps.quality_was) | (steps.speed != steps.speed_was)
    )
    return last, sa.select(sa.func.count()).where(changed)


_LAST_WEIGHTS, _CHANGES_OF_WEIGHTS = _weights_of()


class Opinions:
    """The part of a history that keeps ratings, preferences, the weights that were learned from them, and soft evidence."""

    _database: Database
    _statistics: statistics.Writer

    def add_feedback(
        self, opinion: Feedback | Preference, scope: str | None = None, learn: Learn | None = None, of_type: WeightsOfType | None = None
    ) -> bool:
        """Append a rating or a preference and, in the same transaction, what weights become by it.

        Args:
            opinion: without an id or a time it gets one.
            scope: whose weights learn from it; None is nobody's.
            learn: makes the weights of all opinions that hold and that the scope learned from, this one included.
            of_type: the weights of one task type that learn from it likewise; None is none's.

        Returns:
            False if an opinion with its id was there already: nothing was changed.
        """
        row = {**vars(opinion), "id": opinion.id or new_id()}
        table = _table(type(opinion))
        append = self._database.insert(table).on_conflict_do_nothing().execution_options(preserve_rowcount=True)
        said_last = sa.select(sa.func.max(table.c.created_at)).where(table.c.who == opinion.who)

        learners = [] if of_type is None else [of_type]
        if scope is not None and learn is not None:
            learners.append(WeightsOfType(scope, "", learn))

        def work(connection: sa.Connection) -> bool:
            # nobody's step may be missing from another's fold, nor anybody's rating from a result's mean
            self._database.lock(connection, t.feedback, *([t.weights] if learners else []))
            before = self._rating_sums(connection, opinion)
            # what is said now comes after what the same person said before, whatever the clocks say
            now = opinion.created_at or max(time.time(), (connection.scalar(said_last) or 0.0) + _TICK)
            if connection.execute(append, row | {"created_at": now}).rowcount == 0:
                return False
            sums = self._rating_sums(connection, opinion)
            sums.take_back(before)
            self._statistics.add(connection, sums, self._database.shard(connection))
            for one in learners:
                _learn(connection, one, row["id"])
            return True

        return self._database.run(work, write=True)

    @staticmethod
    def _rating_sums(connection: sa.Connection, opinion: Feedback | Preference) -> Sums:
        """What the ratings of the result that an opinion rates add to the running sums."""
        if not isinstance(opinion, Feedback) or opinion.result_id is None:
            return Sums()
        return soft_sums(statistics.rated(connection, t.results.c.id == opinion.result_id))

    def feedback(self, race_id: str | None = None) -> list[Feedback]:
        """Every rating ever told, oldest first; of one race or all."""
        return self._database.run(lambda connection: _told(connection, Feedback, race_id))

    def ratings(self) -> list[RatedResult]:
        """The ratings that hold, in the order in which they were first told: the latest of each person on each result.

        Ratings of results that the history does not have are left out.
        """

        def work(connection: sa.Connection) -> list[RatedResult]:
            held = effective(_told(connection, Feedback))
            results = _measured(connection, {rating.result_id for rating in held if rating.result_id})
            return [RatedResult(rating, *results[rating.result_id]) for rating in held if rating.result_id in results]

        return self._database.run(work)

    def preferences(self) -> list[PreferredResult]:
        """The preferences that hold, in the order in which they were first told: the latest of each person on each pair.

        Preferences between results that the history does not have are left out.
        """
        return self._database.run(lambda connection: _joined(connection, effective(_told(connection, Preference))))

    def weight_scopes(self) -> list[tuple[str, str]]:
        """Whose weights learned from anything: each scope, with each task type on which they did ("" is all together), sorted."""
        w = t.weights.c
        query = sa.select(w.scope, w.task_type).distinct().order_by(w.scope, w.task_type)
        return self._database.run(lambda connection: [(row.scope, row.task_type) for row in connection.execute(query)])

    def weights(self, scope: str, task_type: str = "") -> tuple[tuple[float, float] | None, int]:
        """A scope's weights in use (quality, speed) on a task type, None where they learned from nothing yet, and how often they
        changed; without a task type those that learned from everything.
        """
        of = {"of_scope": scope, "of_type": task_type}

        def work(connection: sa.Connection) -> tuple[tuple[float, float] | None, int]:
            last = connection.execute(_LAST_WEIGHTS, of).first()
            count = connection.scalar(_CHANGES_OF_WEIGHTS, of) or 0 if last else 0
            return ((last.quality, last.speed) if last else None), count

        return self._database.run(work)

    def weight_steps(self, scope: str, task_type: str = "") -> list[dict[str, Any]]:
        """A scope's weights after each opinion that it learned from, oldest first: `created_at`, `quality`, `speed`, `feedback_id`; the
        first, without a `feedback_id`, are those to start from.
        """
        w = t.weights.c
        query = sa.select(w.created_at, w.quality, w.speed, w.feedback_id).where(w.scope == scope, w.task_type == task_type)
        query = query.order_by(w.created_at, w.id)
        return self._database.run(lambda connection: [dict(row) for row in connection.execute(query).mappings()])

    def add_soft_evidence(self, evidence: SoftEvidence) -> bool:
        """Append soft evidence of a result, and what it adds to the running sums; False if it was there already, or the result is not.

        Raises:
            UsageError: a value that is no number in [0, 1].
        """
        unit_interval("the value of soft evidence", evidence.value)
        row = {**vars(evidence), "id": evidence.id or new_id(), "created_at": evidence.created_at or time.time()}
        append = self._database.insert(t.soft_evidence).values(**row).on_conflict_do_nothing()
        append = append.execution_options(preserve_rowcount=True)
        there = sa.select(t.results.c.seq).where(t.results.c.id == evidence.result_id)

        def work(connection: sa.Connection) -> bool:
            if connection.scalar(there) is None or connection.execute(append).rowcount == 0:
                return False
            sums = soft_sums(statistics.told(connection, t.soft_evidence.c.id == row["id"]))
            self._statistics.add(connection, sums, self._database.shard(connection))
            return True

        return self._database.run(work, write=True)

    def soft_evidence(self, race_id: str | None = None) -> list[SoftEvidence]:
        """Soft evidence of results in the order in which it was told, of one race or all; ratings are among it: a later one of a result
        takes the place of the one before.
        """
        r, e = t.results.c, t.soft_evidence
        of = r.race_id.is_not(None) if race_id is None else r.race_id == race_id
        said = sa.select(e) if race_id is None else sa.select(e).join(t.results, r.id == e.c.result_id).where(of)

        def work(connection: sa.Connection) -> list[SoftEvidence]:
            told = [SoftEvidence(**row) for row in connection.execute(said).mappings()]
            races = {row.id: row.race_id for row in connection.execute(sa.select(r.id, r.race_id).where(of))}
            held: dict[str, dict[str | None, float]] = {}
            for rating in _told(connection, Feedback, race_id):
                if rating.race_id is not None and races.get(rating.result_id) == rating.race_id:  # as in the sums
                    of_result = held.setdefault(str(rating.result_id), {})
                    of_result[rating.who] = rating.satisfaction
                    mean = math.fsum(of_result.values()) / len(of_result)
                    told.append(SoftEvidence(str(rating.result_id), RATING, mean, rating.id, rating.created_at))
            return sorted(told, key=lambda evidence: (evidence.created_at, evidence.id))

        return self._database.run(work, snapshot=True)


def _learn(connection: sa.Connection, learner: WeightsOfType, opinion_id: str) -> None:
    """Append the weights after an opinion: those that `learn` makes of everything that holds."""
    scope, task_type, learn = learner
    last = connection.execute(_LAST_WEIGHTS, {"of_scope": scope, "of_type": task_type}).first()
    now = time.time() if last is None else max(time.time(), last.created_at + _TICK)
    start = [] if last else [(None, learn([]), now - _TICK)]
    w = t.weights.c
    ids = {*connection.scalars(sa.select(w.feedback_id).where(w.scope == scope, w.task_type == task_type)), opinion_id}
    told: list[Feedback | Preference] = [*_told(connection, Feedback), *_told(connection, Preference)]
    told.sort(key=lambda opinion: (opinion.created_at, opinion.id))
    mine = {matter(opinion) for opinion in told if opinion.id in ids}
    held = [opinion for opinion in effective(told) if matter(opinion) in mine]
    joined = {p.preference.id: p for p in _joined(connection, [p for p in held if isinstance(p, Preference)])}
    known = [opinion if isinstance(opinion, Feedback) else joined.get(opinion.id) for opinion in held]
    for feedback_id, (quality, speed), when in [*start, (opinion_id, learn([opinion for opinion in known if opinion]), now)]:
        row = {"id": new_id(), "created_at": when, "scope": scope, "task_type": task_type, "feedback_id": feedback_id}
        row |= {"quality": quality, "speed": speed}
        connection.execute(sa.insert(t.weights).values(**row))


def _told(connection: sa.Connection, kind: type[Opinion], race_id: str | None = None) -> list[Opinion]:
    """All ratings or all preferences, oldest first; of one race or all."""
    table = _table(kind)
    query = sa.select(table).order_by(table.c.created_at, table.c.id)
    if race_id is not None:
        query = query.where(table.c.race_id == race_id)
    return [kind(**row) for row in connection.execute(query).mappings()]


def _table(kind: type[Any]) -> sa.Table:
    return t.feedback if kind is Feedback else t.preferences


def _joined(connection: sa.Connection, preferences: Sequence[Preference]) -> list[PreferredResult]:
    results = _measured(connection, {side for p in preferences for side in (p.better_id, p.worse_id)})
    return [
        PreferredResult(p, results[p.better_id][0], results[p.better_id][1], results[p.worse_id][1])
        for p in preferences
        if p.better_id in results and p.worse_id in results
    ]


def _measured(connection: sa.Connection, ids: Iterable[str]) -> dict[str, tuple[str, Measured]]:
    """By id, the task type and the measures of those results that are there."""
    wanted = sorted(ids)
    r = t.results.c
    found: dict[str, tuple[str, Measured]] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        query = sa.select(r.id, r.task_type, r.result).where(r.id.in_(wanted[start : start + _AT_ONCE]))
        found.update({row[0]: (row[1], _measures(row[0], row[2])) for row in connection.execute(query)})
    return found


def _measures(result_id: str, result: Mapping[str, Any]) -> Measured:
    return Measured(
        result_id=result_id,
        quality=result["quality_score"],
        speed=result["speed_score"],
        generation_time=result["generation_time"],
        execution_time=result["execution_time"],
        test_passed=result["test_passed"],
        measures=dict(result["measures"]),
    )
