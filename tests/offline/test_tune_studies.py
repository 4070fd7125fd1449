"""Studies live in a database: resumed after kill -9, shared by processes, shown by optuna-dashboard, quiet."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from wsgiref.util import setup_testing_defaults

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState

from banditgen.errors import UsageError
from banditgen.history.store import History
from banditgen.offline.tune import open_storage, tune
from banditgen.strategy import Strategy
from tests.planted import fill, ratings

COMMAND = [sys.executable, "-c", "from banditgen.cli import main; main()", "tune"]


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A history of 60 ratings by raters who love speed."""
    history = History(tmp_path / "history.db")
    fill(history, np.random.default_rng(1), 60, 0.2)
    history.close()
    return f"sqlite:///{tmp_path / 'history.db'}"


def run(url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, "--history", url, *arguments], capture_output=True, text=True, check=False)


def finished(url: str) -> dict[str, int]:
    """Complete trials of every study."""
    storage = open_storage(url)
    studies = storage.get_all_studies()
    counts = {study.study_name: len(storage.get_all_trials(study._study_id, states=(TrialState.COMPLETE,))) for study in studies}
    own: Any = getattr(storage, "_backend", storage)  # Optuna wraps its own storages of servers
    own.engine.dispose()
    return counts


@pytest.mark.slow
def test_trials_are_kept_with_the_history_and_count_the_next_time(url: str) -> None:
    first = run(url, "--trials", "10", "--json")
    assert first.returncode == 0, first.stderr
    assert first.stderr == ""  # nothing of Optuna's, no bar where there is no terminal
    counts = finished(url)
    assert set(counts.values()) == {10}
    assert json.loads(first.stdout)["studies"] == counts
    again = run(url, "--trials", "15", "--json")
    assert set(finished(url).values()) == {15}
    assert finished(url).keys() == counts.keys()
    assert json.loads(again.stdout)["proposed"]
    # the history is none the worse for its guests
    history = History(url)
    assert history.count()["feedback"] == 60
    history.close()


@pytest.mark.slow
def test_new_feedback_is_another_question_and_another_study(url: str) -> None:
    run(url, "--trials", "3")
    before = set(finished(url))
    history = History(url)
    fill(history, np.random.default_rng(2), 5, 0.2)
    history.close()
    run(url, "--trials", "3")
    assert before < set(finished(url))


@pytest.mark.slow
def test_a_killed_run_goes_on_where_it_was_and_the_total_is_kept(url: str) -> None:
    for wanted in (5, 40, 100):
        process = subprocess.Popen([*COMMAND, "--history", url, "--trials", "60"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 60
        while sum(finished(url).values()) < wanted and process.poll() is None and time.monotonic() < until:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert sum(finished(url).values()) >= wanted
    done = run(url, "--trials", "60", "--json")
    assert done.returncode == 0, done.stderr
    assert [*finished(url).values()] == [60, 60, 60]  # all, and two task types


@pytest.mark.slow
def test_several_processes_share_the_trials(url: str) -> None:
    """Each may have one trial under way when the last one finishes, so there may be as many more as there are other processes."""
    command = [*COMMAND, "--history", url, "--trials", "60", "--json"]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    outputs = [process.communicate(timeout=200) for process in processes]
    assert [process.returncode for process in processes] == [0] * 4, outputs
    assert all(60 <= count <= 63 for count in finished(url).values())
    weights = [json.loads(out)["weights"]["quality"] for out, _ in outputs]
    assert max(weights) - min(weights) < 0.05


@pytest.mark.slow
def test_a_trial_whose_process_died_is_buried(url: str) -> None:
    storage = open_storage(url)
    evidence, strategy = ratings(np.random.default_rng(3), 30, 0.4), Strategy.load("balanced")
    name = next(iter(tune(evidence, strategy, storage=storage, trials=4).trials))
    study = optuna.load_study(study_name=name, storage=storage)
    lost = study.ask()
    with storage.engine.begin() as connection:  # type: ignore[attr-defined]
        connection.exec_driver_sql(f"UPDATE trials SET datetime_start = '2020-01-01 00:00:00.000000' WHERE trial_id = {lost._trial_id}")
    assert tune(evidence, strategy, storage=open_storage(url), trials=6).trials[name] == 6
    states = [trial.state for trial in optuna.load_study(study_name=name, storage=open_storage(url)).get_trials()]
    assert states.count(TrialState.COMPLETE) == 6
    assert states.count(TrialState.FAIL) == 1
    assert TrialState.RUNNING not in states


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # the dashboard's own
def test_the_dashboard_shows_our_studies(url: str) -> None:
    run(url, "--trials", "5")
    dashboard = pytest.importorskip("optuna_dashboard")
    application = dashboard.wsgi(open_storage(url))

    def get(path: str) -> Any:
        environment: dict[str, Any] = {}
        setup_testing_defaults(environment)
        environment |= {"PATH_INFO": path.split("?", maxsplit=1)[0], "QUERY_STRING": path.partition("?")[2], "REQUEST_METHOD": "GET"}
        status: list[str] = []
        body = b"".join(application(environment, lambda code, _headers, _error=None: status.append(code)))
        assert status[0].startswith("200"), (path, status, body)
        return body

    assert b"html" in get("/dashboard/").lower()
    studies = json.loads(get("/api/studies"))["study_summaries"]
    assert any(study["study_name"].startswith("banditgen tune balanced weights") for study in studies)
    detail = json.loads(get(f"/api/studies/{studies[0]['study_id']}?after=0"))
    assert len(detail["trials"]) == 5
    assert {parameter["name"] for trial in detail["trials"] for parameter in trial["params"]} == {"quality"}


@pytest.mark.slow
def test_another_storage_keeps_them_instead(url: str, tmp_path: Path) -> None:
    other = f"sqlite:///{tmp_path / 'studies.db'}"
    assert run(url, "--trials", "3", "--storage", other).returncode == 0
    assert set(finished(other).values()) == {3}
    assert finished(url) == {}


@pytest.mark.parametrize("storage", ["nonsense://x", "sqlite:////nowhere/at/all/x.db", "postgresql://nobody:secret@127.0.0.1:1/none"])
def test_a_storage_that_cannot_be_opened_is_one_line(storage: str) -> None:
    with pytest.raises(UsageError, match="the studies cannot be kept in ") as caught:
        open_storage(storage)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_studies_in_memory_leave_the_callers_optuna_as_it_was(capfd: pytest.CaptureFixture[str]) -> None:
    before = optuna.logging.get_verbosity()
    tune(ratings(np.random.default_rng(4), 30, 0.4), Strategy.load("balanced"), storage=open_storage(None), trials=5)
    assert optuna.logging.get_verbosity() == before
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_importing_banditgen_does_not_import_optuna() -> None:
    code = "import sys, banditgen, banditgen.cli; from banditgen import BanditGenerator; print('optuna' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=dict(os.environ))
    assert done.stdout.strip() == "False"


@pytest.mark.slow
def test_studies_share_a_postgresql_history_with_our_tables(postgres_url: str) -> None:
    history = History(postgres_url)
    fill(history, np.random.default_rng(5), 40, 0.2)
    history.close()
    command = [*COMMAND, "--history", postgres_url, "--trials", "12", "--json"]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = [process.communicate(timeout=200) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    assert all(12 <= count <= 13 for count in finished(postgres_url).values())
    history = History(postgres_url)
    assert history.count()["feedback"] == 40
    history.close()
