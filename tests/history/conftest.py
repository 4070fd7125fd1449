"""What the tests of histories share: a history on each database."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from banditgen.history.store import History
from tests.postgres import Cluster

DATABASES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)]


@pytest.fixture(params=DATABASES)
def history(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[History]:
    """An empty history in a SQLite file, and one on a PostgreSQL server."""
    yield from _opened(request, tmp_path)


@pytest.fixture(scope="module", params=DATABASES)
def lasting_history(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[History]:
    """One for all tests of a file, where each brings new rows of its own: a database takes longer to make than a test takes."""
    yield from _opened(request, tmp_path_factory.mktemp("lasting"))


def _opened(request: pytest.FixtureRequest, folder: Path) -> Iterator[History]:
    url = f"sqlite:///{folder / 'tested.db'}"
    if request.param == "postgresql":
        server: Cluster = request.getfixturevalue("postgres_server")
        url = server.database()
    with contextlib.closing(History(url)) as store:
        yield store
