"""Which history a URL or path names: mistyped ones make no files, passwords are never shown, a file that went away is noticed."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from banditgen import BanditGenerator, GeneratorConfig
from banditgen.errors import HistoryError
from banditgen.history.opening import is_there, place_of, shown
from banditgen.history.store import History
from banditgen.testing._histories import a_race
from tests.clients import Client

MISTYPED = [
    "postgresql:/me@127.0.0.1/db",
    "postgresql:me@127.0.0.1/db",
    "postgresql//me:Geheim@127.0.0.1/db",
    "postgres/me:Geheim@127.0.0.1/db",
    "postgresql+asyncpg://me:Geheim@127.0.0.1/db",
    "postgresq://me:Geheim@127.0.0.1/db",
    "me:Geheim@127.0.0.1/db",
    "file:h.db?mode=ro",
    "sqlite//h.db",
    "sqlite:h.db",
    "sqlite:/h.db",
    "sqlite://h.db",
    "sqlite:///",
    "SQLite:///h.db",
    "sqllite:///h.db",
    "sqlite:///h.db?mode=ro",
    "mysql://me:Geheim@127.0.0.1/db",
    "",
    " ",
]


@pytest.mark.parametrize("url", MISTYPED)
def test_a_mistyped_url_is_one_line_and_no_file(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for use in (History, is_there, shown):
        with pytest.raises(HistoryError) as caught:
            use(url)
        assert str(caught.value).isprintable()
        assert "Geheim" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["h.db", "a b.db", "./sqlite:odd.db", "runs/postgres/h.db", "2026:11.db", "a?b.db", "h.db:1"])
def test_any_other_name_is_a_files(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    History(name).close()
    assert (tmp_path / name).is_file()


def test_the_schemes_that_are_known() -> None:
    """postgres:// is postgresql://, and so is either with psycopg's name."""
    assert place_of("sqlite://") is None
    assert place_of("sqlite:///:memory:") is None
    assert place_of("sqlite:////tmp/h.db") == Path("/tmp/h.db")
    assert place_of("postgres://me@h/d") == "postgresql://me@h/d"
    assert place_of("Postgres+psycopg://me@h/d") == "postgresql+psycopg://me@h/d"


PASSWORDS = [
    "p@ss/Geheim",
    "p@ss?Geheim",
    "p@ss#Geheim",
    "p@Geheim",
    "p@Geheim/x",
    "p/Geheim",
    "Geheim",
    "Geh%65im",
    "@Geheim",
    "Geheim@",
]


@pytest.mark.parametrize("password", PASSWORDS)
@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_a_password_is_never_shown(password: str, scheme: str) -> None:
    """One with more than one raw @ is refused; whatever else goes wrong says nothing of it."""
    url = f"{scheme}://ann:{password}@127.0.0.1:1/db"
    with pytest.raises(HistoryError) as caught:
        History(url)
    assert "Geheim" not in str(caught.value)
    if url.count("@") > 1:
        assert "%40" in str(caught.value)
        with pytest.raises(HistoryError, match="%40"):
            shown(url)
    else:
        assert "Geheim" not in shown(url)


def test_making_a_history_is_said_and_one_that_must_be_there_is_not_made(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "banditgen.history")
    path = tmp_path / "nowhere" / "h.db"
    with pytest.raises(HistoryError, match="there is no history at"):
        History(path, create=False)
    assert not path.parent.exists()
    History(path).close()
    History(path, create=False).close()
    assert caplog.messages == [f"a new history is made: sqlite:///{path}"]
    (tmp_path / "empty.db").touch()
    with pytest.raises(HistoryError, match="holds no history"):
        History(tmp_path / "empty.db", create=False)
    assert (tmp_path / "empty.db").stat().st_size == 0


def remove(folder: Path) -> None:
    shutil.rmtree(folder)


def replace(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()
    History(folder / "h.db").close()


def move(folder: Path) -> None:
    folder.rename(folder.with_name("moved"))


def lose_the_log(folder: Path) -> None:
    (folder / "h.db-wal").unlink()


@pytest.mark.parametrize("mishap", [remove, replace, move, lose_the_log])
def test_a_telling_that_nobody_will_find_is_not_confirmed(mishap: Callable[[Path], None], tmp_path: Path) -> None:
    """Told through the session and through the store alike; opened again, telling works."""
    path = tmp_path / "folder" / "h.db"
    arms = [GeneratorConfig("a", "m", 0.1)]
    with BanditGenerator.open(arms=arms, backend=Client({}), history=path) as bandit:
        decision = bandit.ask("t", 1)
        mishap(path.parent)
        with pytest.raises(HistoryError, match="deleted, moved or replaced"):
            bandit.tell(decision.id, [{"generator_name": "a", "test_passed": True, "generation_time": 1.0}])
    store = History(path)
    assert store.add_race(a_race(np.random.default_rng(1)))
    store.close()


def test_another_folder_and_a_checkpoint_are_no_mishap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A history opened by a relative path stays the file that it was."""
    monkeypatch.chdir(tmp_path)
    store, other = History("h.db"), History("h.db")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    rng = np.random.default_rng(1)
    store.add_race(a_race(rng))
    other.database.give_back()
    other.close()
    store.add_race(a_race(rng))
    store.close()
    assert len(History(tmp_path / "h.db", create=False).races()) == 2
