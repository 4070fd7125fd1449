"""What is built when nothing was handed in. Heavy parts are imported on use."""

from __future__ import annotations

from typing import Any

from banditgen.errors import UsageError
from banditgen.evaluators.base import Evaluator
from banditgen.generators.base import Generator
from banditgen.history.base import HistoryStore
from banditgen.sandbox.base import check_sandbox
from banditgen.sandbox.default import checked_name
from banditgen.strategy import Strategy, strategy_in_use


def default_backend(backend: Any = None) -> Generator:
    """A backend from a name, a caller's client, a `Generator`, or from what is reachable here (see `resolve_backend`)."""
    from banditgen.generators.default import resolve_backend

    return resolve_backend(backend)


def default_evaluator(evaluator: Any = None) -> Evaluator:
    """Our evaluator, or a caller's own behind the same port: an `Evaluator`, or an object with `evaluate_full`."""
    from banditgen.evaluators.default import DefaultEvaluator
    from banditgen.evaluators.external import ExternalEvaluator

    if evaluator is None:
        return DefaultEvaluator()
    if hasattr(evaluator, "evaluate_full"):
        return ExternalEvaluator(evaluator)
    if not isinstance(evaluator, Evaluator):
        raise UsageError(f"an evaluator needs evaluate_full(stdout, stderr, metrics); {type(evaluator).__name__} has none")
    return evaluator


def default_history(history: Any = None) -> HistoryStore:
    """A history from a URL, a path or a store; None is `BANDITGEN_HISTORY` or the platform's data folder."""
    from banditgen.history.store import History

    if history is None or isinstance(history, str) or hasattr(history, "__fspath__"):
        return History(history)
    if not isinstance(history, HistoryStore):
        raise UsageError(f"history must be a sqlite:/// URL, a path or a HistoryStore, not {history!r}")
    return history


def default_strategy(strategy: str | Strategy | None, history: HistoryStore) -> Strategy:
    """A strategy from its name or file; None is the one in use on a history.

    Raises:
        StrategyError: no such strategy, or one that is wrong.
    """
    return strategy if isinstance(strategy, Strategy) else Strategy.load(strategy or strategy_in_use(str(getattr(history, "url", ""))))


def checked_parts(node_runner: Any, sandbox: Any, extract: Any = None) -> None:
    """Refuse a runner, a sandbox or a function to extract with that cannot be one (UsageError)."""
    if extract is not None and not callable(extract):
        raise UsageError(f"extract must be a function extract(text, task) -> str, not {extract!r}")
    for method in ("save_code", "run_node"):
        if node_runner is not None and not callable(getattr(node_runner, method, None)):
            raise UsageError(f"a node runner needs save_code and run_node; {type(node_runner).__name__} has no {method}")
    if isinstance(sandbox, str):
        checked_name(sandbox)
    elif sandbox is not None:
        check_sandbox(sandbox)
