"""How often each arm passed and failed, from the running sums: not from the log, which may be long."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from banditgen.history import schema as t
from banditgen.history.base import Tally


def tallies(connection: sa.Connection, task_type: str | None = None) -> list[Tally]:
    """Passes and fails per arm and task type, each arm under the name that it had last."""
    s = t.statistics.c
    passes, fails = (sa.func.sum(sa.case((s.verdict == verdict, s.count), else_=0)) for verdict in (1, 0))
    query = sa.select(s.arm_id, s.task_type, passes, fails).where(s.verdict >= 0).group_by(s.arm_id, s.task_type)
    if task_type is not None:
        query = query.where(s.task_type == task_type)
    rows = connection.execute(query.order_by(s.arm_id, s.task_type)).all()
    names = _names(connection, {row[0] for row in rows})
    return [Tally(arm, names[arm], kind, int(passed), int(failed)) for arm, kind, passed, failed in rows]


def _names(connection: sa.Connection, arm_ids: set[str]) -> dict[str, str]:
    """The names that arms had last, by arm id.

    The index gives the last arm of each name at once. Arms whose name another took over are found among those that were chosen;
    only where somebody told outcomes of arms that were never chosen is the log looked through.
    """
    names = {arm: name for arm, name in connection.execute(sa.select(t.arms.c.arm_id, t.arms.c.name)) if arm in arm_ids}
    names |= {arm: name for arm, name in connection.execute(_last_of_each_name()) if arm in arm_ids}
    missing = arm_ids - names.keys()
    if missing:
        r = t.results.c
        query = sa.select(r.arm_id, r.arm_name).group_by(r.arm_id, r.arm_name).order_by(sa.func.max(r.seq))
        names |= {arm: name for arm, name in connection.execute(query) if arm in missing}
    return {arm: names.get(arm, arm) for arm in arm_ids}


def _last_of_each_name() -> sa.Select[Any]:
    """Arm id and name of the newest result of each name, oldest first; a name at a time by the index."""
    r = t.results.c
    every = sa.select(sa.func.min(r.arm_name).label("name")).cte("names", recursive=True)
    following = sa.select(sa.func.min(r.arm_name)).where(r.arm_name > every.c.name).scalar_subquery()
    every = every.union_all(sa.select(following).where(every.c.name.is_not(None)))
    last = sa.select(sa.func.max(r.seq)).where(r.arm_name == every.c.name).scalar_subquery()
    newest = sa.select(last.label("seq")).select_from(every).subquery()
    return sa.select(r.arm_id, r.arm_name).join(newest, newest.c.seq == r.seq).order_by(r.seq)
