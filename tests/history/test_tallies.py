"""How often arms passed, from the running sums: what the log says, under the names that arms had last."""

from __future__ import annotations

import dataclasses

import sqlalchemy as sa

from banditgen.history import schema as t
from banditgen.history.base import ArmRecord
from banditgen.history.store import History
from tests.history.test_store import race, result
from tests.history.test_transfer import filled


def test_they_are_the_counts_of_the_log(history: History) -> None:
    filled(history)
    r = t.results.c
    passes, fails = (sa.func.sum(sa.case((r.passed == passed, 1), else_=0)) for passed in (True, False))
    query = sa.select(r.arm_id, r.arm_name, r.task_type, passes, fails).where(r.informative).group_by(r.arm_id, r.arm_name, r.task_type)
    with history.database.transaction() as connection:
        log = {tuple(row) for row in connection.execute(query)}
    assert len(log) > 4
    assert {dataclasses.astuple(tally) for tally in history.tallies()} == log
    assert {dataclasses.astuple(tally) for tally in history.tallies("data")} == {row for row in log if row[2] == "data"}
    assert history.tallies("nothing of this") == []


def test_an_arm_has_the_name_that_it_had_last(history: History) -> None:
    """One was renamed, one lost its name to another, which was chosen before or never."""
    history.add_arms([ArmRecord("id-chosen", "taken", "m")])
    for arm_id, name in [("id-1", "old"), ("id-1", "new"), ("id-never", "taken"), ("id-chosen", "taken"), ("id-2", "taken")]:
        history.add_race(race(dataclasses.replace(result(name), arm_id=arm_id)))
    found = {(tally.arm_id, tally.arm_name, tally.passes) for tally in history.tallies()}
    assert found == {("id-1", "new", 2), ("id-never", "taken", 1), ("id-chosen", "taken", 1), ("id-2", "taken", 1)}
