"""Settings: a flag before the environment, that before a project's file, that before a user's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from banditgen._settings import HEADERS, KEYS, model_names, setting
from banditgen.errors import NoBackendError, UsageError
from banditgen.generators.default import resolve_backend
from banditgen.history.database import default_url
from banditgen.history.store import History
from banditgen.session import BanditGenerator
from banditgen.strategy import Strategy, strategy_in_use, tuned_path
from tests.clients import GOOD, Client


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a project, two above the working folder; no variable is set."""
    monkeypatch.delenv("BANDITGEN_HISTORY")
    (tmp_path / "project" / "src" / "deep").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "project" / "src" / "deep")
    return tmp_path / "project"


def test_the_environment_comes_before_the_project_and_that_before_the_user(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = tmp_path / "config" / "banditgen" / "banditgen.toml"
    user.parent.mkdir(parents=True)
    user.write_text("strategy = 'speed_first'\nmodels = ['a', 'b']\n")
    (project / "pyproject.toml").write_text("[tool.banditgen]\nhistory = 'runs.db'\nmodels = ['c']\n")
    assert (strategy_in_use(), model_names()) == ("speed_first", ["c"])
    assert default_url() == str(project / "runs.db")
    monkeypatch.setenv("BANDITGEN_MODELS", "d, e")
    assert model_names() == ["d", "e"]
    found = setting("history")
    assert found is not None
    assert found.source == str(project / "pyproject.toml")
    (project / "banditgen.toml").write_text("backend = 'embedded'\n")  # the tool's own file is the project's, whole
    assert setting("history") is None
    (project / "src" / "pyproject.toml").write_text("[project]\nname = 'x'\n")  # says nothing of ours
    assert setting("backend") is not None


def test_a_strategy_and_a_history_of_the_project_are_used(project: Path) -> None:
    Strategy.load("quality_first").save(project / "mine.toml")
    (project / "banditgen.toml").write_text("strategy = 'mine.toml'\nhistory = 'h.db'\nmodels = 'm2'\n")
    client = Client({"m1": GOOD, "m2": GOOD})
    client.list = lambda: {"models": [{"model": "m1"}, {"model": "m2"}]}  # type: ignore[attr-defined]
    with BanditGenerator.open(backend=client) as bandit:
        assert bandit.strategy.criteria.quality_weight == 0.85
        assert {arm.model for arm in bandit.arms} == {"m2"}
    assert (project / "h.db").is_file()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "colour = 'red'\n",
            f"colour: unknown setting; use {', '.join((*KEYS, HEADERS))}",
        ),
        ("history = 3\n", "history must be a text, not 3"),
        ("models = []\n", "models must be a list of names"),
        ("strategy = \n", "can't be read"),
    ],
)
def test_what_is_wrong_is_one_line_with_the_file(project: Path, text: str, message: str) -> None:
    (project / "banditgen.toml").write_text(text)
    with pytest.raises(UsageError, match=f"banditgen.toml: {re.escape(message)}") as caught:
        [setting(key) for key in ("backend", "history", "models", "strategy")]
    assert "\n" not in str(caught.value)


def test_a_backend_that_is_set_is_named_with_where(project: Path) -> None:
    (project / "banditgen.toml").write_text("backend = 'clouds'\n")
    with pytest.raises((UsageError, NoBackendError), match=r"'clouds' \(set by .*banditgen.toml\)"):
        resolve_backend()


def test_a_tuned_strategy_belongs_to_its_history(project: Path) -> None:
    one, other = "sqlite:////one.db", "sqlite:////other.db"
    assert (strategy_in_use(one), tuned_path("balanced", one).stem) == ("balanced", "balanced-tuned")
    path = Strategy.load("balanced").save(tuned_path("balanced", one))
    path.write_text(f"# Tuned on the history {one}\n" + path.read_text())
    assert (strategy_in_use(one), strategy_in_use(other)) == ("balanced-tuned", "balanced")
    second = tuned_path("balanced-tuned", other)
    assert second != path
    Strategy.load("balanced").save(second)
    assert strategy_in_use(other) == second.stem
    assert Strategy.load(second.stem).path == second


def test_a_history_names_itself_alike_however_it_was_named(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    urls = set()
    for name in ("h.db", str(project / "h.db"), f"sqlite:///{project / 'h.db'}", "sqlite:///h.db"):
        store = History(name)
        urls.add(store.url)
        store.close()
    assert len(urls) == 1
