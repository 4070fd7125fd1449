"""Optuna studies: kept in a database, resumed after an end of any kind, shared by processes."""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import random
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import numpy as np
import optuna
import sqlalchemy as sa
from optuna.exceptions import DuplicatedStudyError, StorageInternalError
from optuna.storages import BaseStorage, InMemoryStorage, RDBStorage
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.exc import SQLAlchemyError

from banditgen._retry import again
from banditgen.errors import UsageError
from banditgen.history.sqlite import sqlite_path
from banditgen.offline.tune.problem import Problem
from banditgen.offline.tune.steps import Step

BUSY_SECONDS = 30.0
DEAD_SECONDS = 60.0  # a trial takes milliseconds: one that is under way for so long lost its process

T = TypeVar("T")


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Nothing of Optuna's own reaches the user but warnings that matter."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        optuna.logging.set_verbosity(before)


def open_storage(url: str | None) -> BaseStorage:
    """The storage of a URL: SQLite or PostgreSQL, beside what else is in the database; None keeps studies in memory.

    Raises:
        UsageError: it cannot be opened.
    """
    path = sqlite_path(url) if url is not None and (url.startswith("sqlite:") or "://" not in url) else None
    if url is None or (path is None and url.startswith("sqlite:")):
        return InMemoryStorage()
    if path is None and url.count("@") > 1:
        raise UsageError("the studies' URL has more than one @: write %40 for those in the user or the password")
    plain = f"sqlite:///{path}" if path is not None else re.sub("^postgres(ql)?:", "postgresql+psycopg:", url)
    try:
        if path is None:
            other: BaseStorage = _again(lambda: optuna.storages.get_storage(plain))
            return other
        storage: RDBStorage = _again(lambda: RDBStorage(plain, engine_kwargs={"connect_args": {"timeout": BUSY_SECONDS}}))
    except (SQLAlchemyError, StorageInternalError, ValueError, ImportError, OSError, RuntimeError) as error:
        text = " ".join(str(getattr(error, "orig", None) or error).split())
        raise UsageError(f"the studies cannot be kept in {sa_safe(plain)}: {text}; give another --storage") from None
    # as the history does: writers wait for one another instead of failing when a reader turns writer
    sa.event.listen(storage.engine, "connect", _leave_transactions_to_us)
    sa.event.listen(storage.engine, "begin", _begin_immediate)
    storage.engine.dispose()
    return storage


def sa_safe(url: str) -> str:
    """A URL without its password."""
    if url.count("@") > 1:  # what stands after the first may be the rest of the password
        return url.split("://", 1)[0] + "://…"
    try:
        return sa.make_url(url).render_as_string(hide_password=True)
    except SQLAlchemyError:
        return url.split("://", 1)[0] + "://…"


def search(
    step: Step, problem: Problem, *, study_name: str, storage: BaseStorage, trials: int, seed: int, progress: bool = False
) -> tuple[dict[str, float], int]:
    """The best parameters of a step by an Optuna study, and how many trials finished.

    What is maximised is the log-likelihood of what was said, each piece while it was held out, plus the step's prior. A study
    that has trials already goes on until `trials` have finished in all, whoever ran them. The first two trials are the settings
    as they are, and the best of the step's own candidates.

    Raises:
        UsageError: the storage failed.
    """
    with quiet():
        try:
            study, fresh = _study(study_name, storage)
            values = step.candidates(np.random.default_rng([seed, 1]))
            worth = problem.held_out(step.settings(values)) + step.log_prior(values)
            best = {name: float(column[int(worth.argmax())]) for name, column in values.items()}

            def objective(trial: optuna.Trial) -> float:
                own = {name: np.array([trial.suggest_float(name, p.low, p.high, log=p.log)]) for name, p in step.space.items()}
                return float(problem.held_out(step.settings(own))[0] + step.log_prior(own)[0])

            entropy = seed if fresh else random.SystemRandom().randrange(2**31)
            sampler = optuna.samplers.TPESampler(seed=entropy, multivariate=len(step.space) > 1)
            _run(study, sampler, objective, [dict(step.start()), best], step, trials, progress)
            finished = _again(lambda: study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)))
            top: FrozenTrial = max(finished, key=lambda trial: (-np.inf if trial.value is None else trial.value, -trial.number))
        except (SQLAlchemyError, StorageInternalError) as error:
            text = " ".join(str(getattr(error, "orig", None) or error).split())
            raise UsageError(f"the study {study_name} cannot go on: {text}; check the database, and run the same command again") from None
    return {name: float(value) for name, value in top.params.items()}, len(finished)


def _study(name: str, storage: BaseStorage) -> tuple[optuna.Study, bool]:
    """The study of that name, and whether it was made just now."""
    try:
        return _again(lambda: optuna.create_study(study_name=name, storage=storage, direction="maximize")), True
    except DuplicatedStudyError:
        return _again(lambda: optuna.load_study(study_name=name, storage=storage)), False


def _run(
    study: optuna.Study,
    sampler: optuna.samplers.BaseSampler,
    objective: Callable[[optuna.Trial], float],
    first: list[Mapping[str, float]],
    step: Step,
    trials: int,
    progress: bool,
) -> None:
    study.sampler = sampler
    _again(lambda: _bury(study))
    for values in first:
        inside = {name: min(max(values[name], p.low), p.high) for name, p in step.space.items()}
        _again(lambda inside=inside: study.enqueue_trial(inside, skip_if_exists=True))  # type: ignore[misc]
    enough = optuna.study.MaxTrialsCallback(trials, states=(TrialState.COMPLETE,))

    def go_on() -> None:
        left = trials - len(study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)))
        if left > 0:
            study.optimize(objective, n_trials=left, callbacks=[enough], show_progress_bar=progress and sys.stderr.isatty())

    _again(go_on)


def _bury(study: optuna.Study) -> None:
    """Fail trials whose process was killed: they would be under way for ever."""
    now = dt.datetime.now().astimezone()
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        started = trial.datetime_start
        if started is None or (now - started.astimezone()).total_seconds() > DEAD_SECONDS:
            with contextlib.suppress(ValueError, RuntimeError):  # another process was quicker
                study.tell(trial.number, state=TrialState.FAIL)


def _again(action: Callable[[], T]) -> T:
    """What the action returns; tried again where the database was busy, or another process was quicker."""

    def may_pass(error: Exception) -> bool:
        said = f"{error} {error.__cause__} {getattr(error, 'orig', '')}"
        busy = any(word in said for word in ("locked", "busy", "already exists", "UNIQUE", "unique"))
        return busy and isinstance(error, StorageInternalError | SQLAlchemyError)

    return again(action, may_pass, seconds=BUSY_SECONDS, first=0.1, longest=2.0)


def _leave_transactions_to_us(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA synchronous=NORMAL")  # a trial that a power cut takes is run again


def _begin_immediate(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
