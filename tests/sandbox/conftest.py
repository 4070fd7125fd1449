from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from banditgen.sandbox.base import Sandbox
from banditgen.sandbox.container import ContainerSandbox
from banditgen.sandbox.pool import ZygoteSandbox
from banditgen.sandbox.pooled import PooledSandbox
from banditgen.sandbox.worker import Mechanisms


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """One pool for all tests: each test also shows that the ones before it left nothing behind."""
    box: PooledSandbox = (
        ContainerSandbox(workers=2, require="isolated")
        if "BANDITGEN_TEST_CONTAINER" in os.environ
        else ZygoteSandbox(workers=2, mechanisms=Mechanisms(namespaces="BANDITGEN_TEST_BUBBLEWRAP" not in os.environ))
    )
    yield box
    box.close()


@pytest.fixture
def without_namespaces(readable_to_all: None) -> None:
    """Skips where candidates, as an ordinary user, could not read the interpreter or its packages."""


@pytest.fixture(scope="session")
def readable_to_all() -> None:
    """The same, for fixtures of any scope."""
    needed = [*Path(os.__file__).parents, *Path(pytest.__file__).parents]
    if os.geteuid() == 0 and not all(folder.stat().st_mode & 0o005 == 0o005 for folder in needed):
        pytest.skip("without namespaces an ordinary user must be able to read the interpreter and its packages")


@pytest.fixture
def bubblewrap() -> None:
    """Skips for root, for whom the suite is run once more as an ordinary user."""
    if os.geteuid() == 0:
        pytest.skip("bubblewrap is for ordinary users: see test_as_ordinary_user.py")
