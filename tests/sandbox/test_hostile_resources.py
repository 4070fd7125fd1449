"""Candidates that eat resources: each is stopped, the limit is named, and the next job finds a clean place."""

from __future__ import annotations

import pytest

from banditgen.result import FailureKind
from banditgen.sandbox.base import Sandbox
from banditgen.task import Limits, Task
from banditgen.testing.attacks import EXHAUSTION, TESTS

LIMITS = Limits(wall_seconds=2.0, memory_bytes=256 << 20, processes=24, disk_bytes=32 << 20, inodes=512)
CHANNELS = {"judged": TESTS, "cooperative": "import sys\n" + TESTS}
LOOK = """
import os
def gone(p):
    try: os.kill(p, 0)
    except ProcessLookupError: return True
    except PermissionError: return False
print(os.listdir('/tmp'), [p for p in range(2, 300) if p != os.getpid() and not gone(p)])
"""


@pytest.mark.slow
@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("name", EXHAUSTION)
def test_exhaustion_is_stopped_and_named(sandbox: Sandbox, name: str, channel: str) -> None:
    before = sandbox.run(LOOK, Task("look")).stdout
    assert before == "[] []\n" or (before.startswith("[] ") and "container" in sandbox.isolation())  # there are the worker's own processes
    code, limits = EXHAUSTION[name]
    run = sandbox.run(code, Task("f", tests=CHANNELS[channel], limits=LIMITS))
    assert (run.passed, run.channel) == (False, channel)
    assert run.limit in limits, (run.limit, run.error)
    assert run.failure is not FailureKind.INFRASTRUCTURE
    assert run.wall_seconds < 3
    assert run.peak_memory_bytes < 4 * LIMITS.memory_bytes
    assert len(run.stdout) <= LIMITS.output_bytes
    assert sandbox.run(LOOK, Task("look")).stdout == before
