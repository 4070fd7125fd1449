from __future__ import annotations

from collections.abc import Iterator

import pytest

from banditgen.sandbox.base import Sandbox
from banditgen.sandbox.pool import ZygoteSandbox


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """One pool for all tests: each test also shows that the ones before it left nothing behind."""
    box = ZygoteSandbox(workers=2)
    yield box
    box.close()
