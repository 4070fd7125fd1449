"""A history's pictures as plotly Figures, and what they are made of as pandas DataFrames.

Each `plot_NAME` has a `NAME_dataframe` beside it with the same arguments; the extra `report` brings plotly and pandas. A
history is a store (SQLite, PostgreSQL or your own); nothing is written to it. `strategy` is the one whose weights say what a reward is: a
`Strategy`, its name or file, or None for the one that raced last; `task_type` leaves out all other tasks.

All raise `UsageError` where the extra is missing, the strategy or the task type is not there, and `HistoryError` where the history
cannot be read. A picture of what is not there yet is empty and says why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from banditgen.history.base import HistoryStore
from banditgen.report import best, calibration, gantt, lineage, posteriors, regret, solved, spending, tradeoff, weights
from banditgen.report.figure import figure
from banditgen.report.source import Source
from banditgen.report.table import dataframe
from banditgen.strategy import Strategy

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go


def plot_posteriors(history: HistoryStore, *, strategy: Strategy | str | None = None, task_type: str | None = None) -> go.Figure:
    """Expected reward of every arm (0 to 1) with its 95 % credible interval, a panel for each task type, best arm first.

    In doubt: the interval is of the arm's mean, not of one candidate; evidence from before a model changed counts a tenth.
    """
    return figure(posteriors.view(Source(history, strategy, task_type)).chart)


def posteriors_dataframe(history: HistoryStore, *, strategy: Strategy | str | None = None, task_type: str | None = None) -> pd.DataFrame:
    """By task type and arm: `expected_reward`, `low`, `high`, `chance_best`, `passes`, `fails`, `soft` (what soft evidence is worth)."""
    return dataframe(posteriors.view(Source(history, strategy, task_type)).table)


def plot_best_over_time(history: HistoryStore, *, strategy: Strategy | str | None = None, task_type: str | None = None) -> go.Figure:
    """Each arm's posterior chance to have the best mean reward, after so many verdicts, a panel for each task type.

    In doubt: arms are judged by their own outcomes alone, and a chance that is looked at again and again crosses any line sooner or later.
    """
    return figure(best.view(Source(history, strategy, task_type)).chart)


def best_over_time_dataframe(
    history: HistoryStore, *, strategy: Strategy | str | None = None, task_type: str | None = None
) -> pd.DataFrame:
    """By task type, moment (`at`, Unix seconds) and arm: `outcomes` (verdicts on the type by then) and `chance_best`."""
    return dataframe(best.view(Source(history, strategy, task_type)).table)


def plot_solved(
    history: HistoryStore,
    *,
    strategy: Strategy | str | None = None,
    task_type: str | None = None,
    rounds: int = solved.ROUNDS,
    seeds: int = solved.SEEDS,
) -> go.Figure:
    """Tasks solved against generations spent: as it was; and, where all arms were tried at once on at least ten tasks of a type
    (`banditgen bench`), what other policies would have solved, replayed: `rounds` races of each type, `seeds` runs, 95 % bands.

    In doubt: tasks came as they came; a replay knows no more tasks than were recorded, and its bands are of the drawing alone.
    """
    return figure(solved.view(Source(history, strategy, task_type), rounds, seeds).chart)


def solved_dataframe(
    history: HistoryStore,
    *,
    strategy: Strategy | str | None = None,
    task_type: str | None = None,
    rounds: int = solved.ROUNDS,
    seeds: int = solved.SEEDS,
) -> pd.DataFrame:
    """By policy, the history's own first: `races`, `generations` a race, the share `solved`, and its 95 % interval `low` to `high`."""
    return dataframe(solved.view(Source(history, strategy, task_type), rounds, seeds).table)


def plot_regret(history: HistoryStore, *, strategy: Strategy | str | None = None, task_type: str | None = None) -> go.Figure:
    """Reward lost by generations against racing the best arms of each type every time, summed up, with 95 % credible intervals; and what
    racing all arms equally often would have lost.

    In doubt: which arms were best is only believed (the interval has that in it); arms are counted one by one, not as sets.
    """
    return figure(regret.view(Source(history, strategy, task_type)).chart)


def regret_dataframe(history: HistoryStore, *, strategy: Strategy | str | None = None, task_type: str | None = None) -> pd.DataFrame:
    """By `generations`: `regret` with `low` and `high`, and `even` with `even_low` and `even_high`, in summed-up reward."""
    return dataframe(regret.view(Source(history, strategy, task_type)).table)


def plot_tradeoff(history: HistoryStore, *, strategy: Strategy | str | None = None, task_type: str | None = None) -> go.Figure:
    """Each arm's mean quality against its mean speed score (0 to 1, failures being 0) with 95 % intervals; on the Pareto front filled.

    In doubt: arms met different tasks.
    """
    return figure(tradeoff.view(Source(history, strategy, task_type)).chart)


def tradeoff_dataframe(history: HistoryStore, *, strategy: Strategy | str | None = None, task_type: str | None = None) -> pd.DataFrame:
    """By arm: `quality` ± `quality_half`, `speed` ± `speed_half`, the share `passed`, `outcomes`, and whether it is `on_front`."""
    return dataframe(tradeoff.view(Source(history, strategy, task_type)).table)


def plot_weights(history: HistoryStore, *, strategy: Strategy | str | None = None) -> go.Figure:
    """The share of quality in the weights after each rating or preference, for each strategy and task type, over time (UTC).

    In doubt: a step is one person's word on one result.
    """
    return figure(weights.view(Source(history, strategy)).chart)


def weights_dataframe(history: HistoryStore, *, strategy: Strategy | str | None = None) -> pd.DataFrame:
    """By `scope`, `task_type` and moment (`at`, Unix seconds): the weights `quality` and `speed`, and the `evidence` in words."""
    return dataframe(weights.view(Source(history, strategy)).table)


def plot_lineage(history: HistoryStore, *, strategy: Strategy | str | None = None) -> go.Figure:
    """Bred arms by generation, linked to their parents; filled where better than the better parent beyond doubt (97.5 % credibility).

    In doubt: winners that were bred from look better than they are.
    """
    return figure(lineage.view(Source(history, strategy)).chart)


def lineage_dataframe(history: HistoryStore, *, strategy: Strategy | str | None = None) -> pd.DataFrame:
    """By arm: `parents`, `change`, `status`, `passes` of `outcomes`, and the `gain` in expected reward with `low`, `high` and `chance`."""
    return dataframe(lineage.view(Source(history, strategy)).table)


def plot_race(history: HistoryStore, *, race_id: str | None = None) -> go.Figure:
    """One race as a Gantt chart, in seconds from its begin: queue, load, prompt, tokens and test of each candidate, wave by wave.

    Without an id it is one of the newest with most waves. In doubt: stages are drawn one after another from their wave's begin.
    """
    return figure(gantt.view(history, race_id).chart)


def race_dataframe(history: HistoryStore, *, race_id: str | None = None) -> pd.DataFrame:
    """By candidate: `wave` (from 1), `begin` and each stage in seconds, `verdict`, `score` and `error`."""
    return dataframe(gantt.view(history, race_id).table)


def plot_calibration(history: HistoryStore, *, strategy: Strategy | str | None = None, task_type: str | None = None) -> go.Figure:
    """How often credible intervals held an arm's next mean reward; and of what stood in for tests, how often it was right.

    In doubt: intervals assume that arms stay as they are; confidence is held against ratings, of what people used.
    """
    return figure(calibration.view(Source(history, strategy, task_type)).chart)


def calibration_dataframe(history: HistoryStore, *, strategy: Strategy | str | None = None, task_type: str | None = None) -> pd.DataFrame:
    """By `what` and what it `stated`: the number of `cases`, the share `observed`, and its 95 % interval `low` to `high`."""
    return dataframe(calibration.view(Source(history, strategy, task_type)).table)


def plot_spending(history: HistoryStore, *, strategy: Strategy | str | None = None, task_type: str | None = None) -> go.Figure:
    """Model time by arm and by what came of it, and as time went on.

    In doubt: seconds of models that ran side by side add up.
    """
    return figure(spending.view(Source(history, strategy, task_type)).chart)


def spending_dataframe(history: HistoryStore, *, strategy: Strategy | str | None = None, task_type: str | None = None) -> pd.DataFrame:
    """By arm: `generations`, `model_seconds` and how many of them passed, failed or taught nothing, `tokens`, `price`."""
    return dataframe(spending.view(Source(history, strategy, task_type)).table)
