"""Retention: what old candidates wrote and printed is dropped, and nothing else.

Codes and model texts are kept once by hash; one goes when every candidate that it belongs to is old enough. Candidates that somebody rated
or preferred keep theirs, and every candidate keeps its verdict, scores, measures and times: posteriors, feedback and
tuning read those alone.
"""

from __future__ import annotations

import dataclasses
import json
import time
from typing import Any

import numpy as np
import sqlalchemy as sa

from banditgen.history import schema as t
from banditgen.history.database import Database

AT_ONCE = 500  # candidates in a transaction
PARTS = "0123456789abcdef"  # hashes are dropped by their first digit: other writers never wait long
NEVER = 1e18  # seconds: when a content goes that is to stay
_PRINTED = ("stdout", "stderr")
_NOTHING_PRINTED = '"stdout": "", "stderr": ""'  # as every result of ours without output is written


@dataclasses.dataclass(frozen=True)
class Pruning:
    """What pruning drops: of candidates from before `until` (Unix seconds) so many contents and bytes.

    `size` is the database's in bytes as it is; `enough` is False where the size asked for cannot be reached.
    """

    until: float
    candidates: int
    contents: int
    bytes: int
    size: int
    enough: bool = True


def plan(database: Database, *, keep_days: float | None = None, max_bytes: int | None = None) -> Pruning:
    """What would be dropped, so that candidates of the last `keep_days` keep what they have and the database takes `max_bytes`.

    Of two limits the one that drops more holds. The size is an estimate: a database gives space back by pages.
    """
    until = 0.0 if keep_days is None else time.time() - keep_days * 86400.0
    size = database.size()
    printed_at, printed = _printed(database)
    used_at, contents = _contents(database)
    enough = True
    if max_bytes is not None and size > max_bytes:
        times, sizes = np.concatenate([printed_at, used_at]), np.concatenate([printed, contents])
        times, sizes = times[times < NEVER], sizes[times < NEVER]
        order = np.argsort(times, kind="stable")
        freed = np.cumsum(sizes[order])
        last = int(np.searchsorted(freed, size - max_bytes))
        enough = last < len(order)
        if len(order):
            until = max(until, float(np.nextafter(times[order][min(last, len(order) - 1)], np.inf)))
    gone = used_at < until
    return Pruning(
        until=until,
        candidates=_count_losing(database, until),
        contents=int(gone.sum()),
        bytes=int(contents[gone].sum() + printed[printed_at < until].sum()),
        size=size,
        enough=enough,
    )


def prune(database: Database, until: float) -> None:
    """Drop what candidates from before `until` wrote and printed, and give the space back.

    Raises:
        HistoryError: the history cannot be written; what was dropped by then is gone, and pruning again goes on.
    """
    after: int | None = -1
    while after is not None:
        after = database.run(lambda connection, after=after: _silence(connection, until, after), write=True)  # type: ignore[misc]
    r, c = t.results.c, t.codes.c
    for part in PARTS:

        def drop(connection: sa.Connection, part: str = part) -> None:
            database.lock(connection, t.codes)  # a writer who found a content there must have ended, or still wait to look
            kept = [sa.select(key).where(key.startswith(part), ~_loses(until)) for key in (r.code_hash, r.text_hash)]
            connection.execute(sa.delete(t.codes).where(c.hash.startswith(part), c.hash.not_in(sa.union_all(*kept))))

        database.run(drop, write=True)
    database.give_back()


def _judged() -> sa.ColumnElement[bool]:
    """Whether somebody rated a candidate or chose between it and another."""
    r, f, p = t.results.c, t.feedback.c, t.preferences.c
    rated = sa.select(f.result_id).where(f.result_id.is_not(None))
    return r.id.in_(sa.union_all(rated, sa.select(p.better_id), sa.select(p.worse_id)))


def _loses(until: float) -> sa.ColumnElement[bool]:
    """Whether a candidate loses what it wrote."""
    return sa.and_(t.results.c.created_at < until, ~_judged())


def _count_losing(database: Database, until: float) -> int:
    r, code, text = t.results.c, t.codes.alias("code").c, t.codes.alias("text").c
    has = sa.exists().where(code.hash == r.code_hash) | sa.exists().where(text.hash == r.text_hash)
    query = sa.select(sa.func.count()).select_from(t.results).where(_loses(until), has)
    return int(database.run(lambda connection: connection.scalar(query)) or 0)


def _contents(database: Database) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Of each content when its newest candidate was written, `NEVER` where one of them keeps it, and its bytes."""
    r, c = t.results.c, t.codes.c
    used_at = sa.case((_judged(), NEVER), else_=r.created_at)
    uses = sa.union_all(*(sa.select(key.label("hash"), used_at.label("at")).where(key.is_not(None)) for key in (r.code_hash, r.text_hash)))
    used = uses.subquery()
    latest = sa.select(used.c.hash, sa.func.max(used.c.at).label("at")).group_by(used.c.hash).subquery()
    query = sa.select(sa.func.coalesce(latest.c.at, 0.0), sa.func.length(sa.type_coerce(c.content, sa.LargeBinary)))
    query = query.select_from(t.codes.outerjoin(latest, latest.c.hash == c.hash))
    rows = database.run(lambda connection: connection.execute(query).all())
    table = np.array([tuple(row) for row in rows], dtype=float).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def _printed(database: Database) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Of each candidate that printed something and may lose it when it was written, and how many bytes that takes."""
    found: list[tuple[float, int]] = []
    after = -1
    while True:
        rows = database.run(lambda connection, after=after: _printing(connection, NEVER, after))  # type: ignore[misc]
        if not rows:
            break
        found += [(at, sum(len(json.dumps(result[name])) - 2 for name in _PRINTED)) for _, at, result in rows if result]
        after = rows[-1][0]
    table = np.array(found, dtype=float).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def _printing(connection: sa.Connection, until: float, after: int) -> list[tuple[int, float, dict[str, Any]]]:
    """The next candidates that may lose what they printed: number, when, and the result, empty where there is nothing to lose."""
    r = t.results.c
    query = sa.select(r.seq, r.created_at, sa.cast(r.result, sa.Text)).where(_loses(until), r.seq > after).order_by(r.seq).limit(AT_ONCE)
    return [(seq, at, {} if _NOTHING_PRINTED in text else json.loads(text)) for seq, at, text in connection.execute(query)]


def _silence(connection: sa.Connection, until: float, after: int) -> int | None:
    """Drop what the next candidates printed; the last one's number, None at the end."""
    rows = _printing(connection, until, after)
    for seq, _, result in rows:
        if result:
            silent = result | dict.fromkeys(_PRINTED, "")
            connection.execute(sa.update(t.results).where(t.results.c.seq == seq).values(result=silent))
    return rows[-1][0] if rows else None
