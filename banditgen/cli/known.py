"""What a history knows of the strategy that raced in it, without any backend."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from banditgen._loop import run_sync
from banditgen.arm import GeneratorConfig
from banditgen.evolution.live import LiveEvolution
from banditgen.history.base import HistoryStore
from banditgen.racing import defaults
from banditgen.selection import criteria_now
from banditgen.strategy import Strategy, arms_on, expand


def racing_arms(store: HistoryStore, plan: Strategy, backend: str | None) -> Sequence[GeneratorConfig]:
    """The arms that may race, those bred included; on a backend, or where it is None on all models that the history knows.

    Empty where a strategy races what is available and the history knows of no model.

    Raises:
        UsageError: no arm of the strategy can race on the backend.
        BackendError: the backend does not answer.
    """
    if backend is None:
        models = [*(arm.model for arm in plan.arms), *(record.model for record in store.arms() if record.model)]
        if not models:
            return []
        founders = expand(plan, models)
    else:
        with contextlib.closing(_Backend(backend)) as opened:
            founders = arms_on(plan, opened.models())
    return LiveEvolution(store, founders, plan, criteria_now(store, plan)).current().arms if plan.evolution else founders


class _Backend:
    def __init__(self, name: str) -> None:
        self._generator = defaults.default_backend(name)

    def models(self) -> list[str]:
        return [model.name for model in run_sync(self._generator.models())]

    def close(self) -> None:
        run_sync(self._generator.aclose())
