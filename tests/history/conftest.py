"""What the tests of histories share: an empty history on each database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from banditgen.history.store import History


@pytest.fixture(params=["sqlite"])
def history(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[History]:
    """An empty history in a SQLite file, and one on a PostgreSQL server."""
    url = f"sqlite:///{tmp_path / 'tested.db'}" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    store = History(url)
    yield store
    store.close()
