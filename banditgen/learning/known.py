"""What a history knows of the strategy and the arms that raced in it, without any backend."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from banditgen.arm import GeneratorConfig
from banditgen.history.base import HistoryStore
from banditgen.strategy import Strategy

LOOKED_AT = 100  # races, newest first, in which the last strategy is looked for


def strategy_of(store: HistoryStore, name: str | None) -> Strategy:
    """The strategy of that name or file; None is the one that raced last in the history, as it was then.

    Where no strategy raced there, it is one of all the arms that the history knows; `balanced` for an empty history.

    Raises:
        StrategyError: no such strategy.
    """
    if name is not None:
        return Strategy.load(name)
    for race in store.races(LOOKED_AT, results=False):
        decision = store.decision(race.id)
        text = store.strategy(str(decision.detail.get("strategy_hash"))) if decision else None
        if decision is not None and text is not None:
            return Strategy.loads(text, name=decision.strategy or "history", source="the history's strategy")
    by_name = {arm.name: arm for record in store.arms() if (arm := record.arm) is not None}
    return Strategy("history", arms=tuple(by_name.values())) if by_name else Strategy.load("balanced")


def known_arms(store: HistoryStore, arms: Sequence[GeneratorConfig] = ()) -> list[GeneratorConfig]:
    """These and all that the history knows, each once; one whose name another has is told apart by its id."""
    found = {arm.arm_id: arm for arm in arms}
    names = {arm.name for arm in arms}
    for record in store.arms():
        arm = record.arm
        if arm is None or arm.arm_id in found:
            continue
        found[arm.arm_id] = arm if arm.name not in names else dataclasses.replace(arm, name=f"{arm.name} ({arm.arm_id})")
        names.add(arm.name)
    return list(found.values())


def as_last_chosen(store: HistoryStore, arms: Sequence[GeneratorConfig]) -> list[GeneratorConfig]:
    """The arms in the order in which the last race chose among them, others after these.

    A seed draws of arms in their order: intervals and chances are those that `BanditGenerator.recommend` says where the order is the same.
    """
    races = store.races(1, results=False)
    last = store.decision(races[0].id) if races else None
    eligible = last.detail.get("eligible") if last else None
    place = {str(own): i for i, own in enumerate(eligible.values())} if isinstance(eligible, Mapping) else {}
    return sorted(arms, key=lambda arm: place.get(arm.arm_id, len(place)))
