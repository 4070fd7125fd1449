"""Rows found by their keys: the same ones wherever they lie in the table."""

from __future__ import annotations

import numpy as np
import pytest
import sqlalchemy as sa

from banditgen.history import schema as t
from banditgen.history.lookup import by_key
from banditgen.history.store import History

COLUMNS = [t.codes.c.hash, t.codes.c.content]
COUNT = 3000


@pytest.fixture
def history(history: History) -> History:
    with history.database.transaction(write=True) as connection:
        connection.execute(t.codes.insert(), [{"hash": f"{i * 7919 % COUNT:064}", "content": str(i)} for i in range(COUNT)])
        connection.execute(sa.delete(t.codes).where(t.codes.c.content.in_(["17", "1000"])))  # retention dropped them
    return history


@pytest.mark.parametrize(
    "places",
    [
        range(COUNT),  # a stretch
        range(500, 900),
        range(0, COUNT, 5),  # too far apart for one
        [*range(1000, 1500), 5, 2990],  # a stretch and what was written long before and after it
        np.random.default_rng(1).permutation(COUNT)[:600].tolist(),
        [17],
        [],
    ],
)
def test_by_key_finds_exactly_what_is_there(history: History, places: list[int]) -> None:
    keys = [f"{i * 7919 % COUNT:064}" for i in places]
    found = by_key(history.database, COLUMNS, [*keys, "no such key"])
    assert len(found) == len({row[0] for row in found})
    assert {row[0]: int(bytes(row[1])) for row in found} == {f"{i * 7919 % COUNT:064}": i for i in places if i not in (17, 1000)}
