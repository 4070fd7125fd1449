"""What all tests share: a private home, and a PostgreSQL server or a browser where one is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

from banditgen._settings import KEYS, PREFIX
from tests.browser import Looking, chromium
from tests.postgres import Cluster

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# how long an example takes says how busy the machine is, not whether the code is right; and every run tries the same examples
# (`--hypothesis-profile=search` tries others)
_ANY_MACHINE = hypothesis.settings(deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.register_profile("search", _ANY_MACHINE)
hypothesis.settings.register_profile("any machine", _ANY_MACHINE, derandomize=True)
hypothesis.settings.register_profile("quick", _ANY_MACHINE, derandomize=True, max_examples=15)  # `make check` asks for it
hypothesis.settings.load_profile("any machine")


@pytest.fixture(autouse=True)
def _private_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test reads or writes the user's own history, strategies or settings."""
    for variable in (
        *(PREFIX + key.upper() for key in KEYS),
        "BANDITGEN_TOKEN",
        "OLLAMA_HOST",
        "OPENAI_BASE_URL",
        "OPENAI_API_KEY",
        "OPENAI_ORG_ID",
    ):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("BANDITGEN_HISTORY", f"sqlite:///{tmp_path / 'history.db'}")
    for kind in ("CONFIG", "STATE", "DATA"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind.lower()))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Cluster]:
    """One server per test process."""
    cluster = Cluster()
    yield cluster
    cluster.close()


@pytest.fixture
def postgres_url(postgres_server: Cluster) -> str:
    """A new, empty database."""
    return postgres_server.database()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, one per module, since its driver's event loop runs on the tests' thread as long as it is there.

    Mark who uses it with `xdist_group("browser")`.
    """
    with chromium() as running:
        yield running


@pytest.fixture
def looking(browser: Browser) -> Iterator[Looking]:
    """Opens pages; at the end they must have done nothing that `Looking.faults` names."""
    pages = Looking(browser)
    yield pages
    pages.close()
    assert pages.faults == []
