"""Ids on the command line: whole, their beginnings, and `last`."""

from __future__ import annotations

import pytest

from banditgen.arm import GeneratorConfig
from banditgen.cli.subject import find
from banditgen.errors import UsageError
from banditgen.history.base import RaceRecord
from banditgen.history.store import History
from banditgen.result import GenerationResult

ARM = GeneratorConfig("a", "m")


def store_of(*ids: str) -> History:
    store = History("sqlite://")
    for id_ in ids:
        result = GenerationResult("a", "", 0.0, "m", 0.1, id=f"result-of-{id_}", arm_id=ARM.arm_id)
        store.add_race(RaceRecord(id_, "text", {}, [result], created_at=float(len(id_))))
    return store


def test_a_beginning_that_no_other_has_is_enough() -> None:
    store = store_of("abcd", "abcde1", "abxx")
    assert find(store, "abx") == "abxx"
    assert find(store, "abcde") == "abcde1"
    assert find(store, "abcd") == "abcd"  # whole, though another begins with it
    assert find(store, "result-of-abx") == "result-of-abxx"
    assert find(store, "last") == store.races(1)[0].id


@pytest.mark.parametrize(
    ("text", "message"),
    [("abc", "begins several ids: abcd, abcde1"), ("ab", "unknown race or result 'ab'"), ("zzzz", "history list"), ("", "unknown")],
)
def test_what_is_unclear_is_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        find(store_of("abcd", "abcde1", "abxx"), text)


def test_no_last_race_in_an_empty_history() -> None:
    with pytest.raises(UsageError, match="empty"):
        find(History("sqlite://"), "last")
