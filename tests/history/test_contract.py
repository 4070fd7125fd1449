"""Every history we ship keeps the contract."""

from __future__ import annotations

from pathlib import Path

import pytest

from banditgen.history.store import History
from banditgen.testing.history import HistoryContract


class TestInMemory(HistoryContract):
    lasts = False

    def make(self) -> History:
        return History("sqlite://")


class TestSQLite(HistoryContract):
    @pytest.fixture(autouse=True)
    def _place(self, tmp_path: Path) -> None:
        self.url = f"sqlite:///{tmp_path / 'some folder' / 'h.db'}"

    def make(self) -> History:
        return History(self.url)


@pytest.mark.slow
class TestPostgreSQL(HistoryContract):
    @pytest.fixture(autouse=True)
    def _place(self, postgres_url: str) -> None:
        self.url = postgres_url

    def make(self) -> History:
        return History(self.url)
