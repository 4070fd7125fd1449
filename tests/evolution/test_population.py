"""The population is a fold of events, in any order, each told once or twice."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from banditgen.evolution.population import fold
from banditgen.history.base import ArmEvent

EVENTS = [
    ArmEvent("s", "a", "born", {"look": 1}),
    ArmEvent("s", "b", "born", {"look": 3}),
    ArmEvent("s", "c", "born", {"look": 2}),
    ArmEvent("s", "a", "graduated", {}),
    ArmEvent("s", "b", "graduated", {}),
    ArmEvent("s", "b", "retired", {}),
    ArmEvent("s", "founder", "retired", {}),
    ArmEvent("s", "c", "tool", {"task_type": "t"}),
]


@given(st.permutations([*EVENTS, *EVENTS]))
def test_order_and_repetition_do_not_matter(events: list[ArmEvent]) -> None:
    population = fold(events)
    assert (population.on_trial, population.grown, population.looked_at) == (["c"], ["a"], 3)
    statuses = {own: population.status(own) for own in ("a", "b", "c", "founder", "other")}
    assert statuses == {"a": "racing", "b": "retired", "c": "on trial", "founder": "retired", "other": "racing"}


def test_nothing_happened() -> None:
    population = fold([])
    assert (population.on_trial, population.grown, population.looked_at) == ([], [], -1)
