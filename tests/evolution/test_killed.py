"""`banditgen evolve` killed at any moment and called again: what was paid for is neither lost nor paid again."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from banditgen.evolution import checkpoint
from banditgen.history.store import History

BUDGET = 14.0
# the command with a backend whose models need no model: smaller temperatures pass more often, each generation "takes" 0.1 s
COMMAND = """
import asyncio, sys
from banditgen.racing import defaults
from banditgen.cli import main
from banditgen.generators.base import Generation, ModelInfo
from banditgen.result import Timings

class Backend:
    name, concurrency = "planted", 2
    async def models(self): return [ModelInfo("one:1b"), ModelInfo("two:1b")]
    async def prepare(self, models): pass
    async def aclose(self): pass
    async def generate(self, request, on_text=None):
        await asyncio.sleep(0.01)
        right = (request.seed or 0) % 100 > 60 * request.arm.temperature
        code = "def double(x):\\n    return " + ("2 * x" if right else "x")
        return Generation("```python\\n" + code + "\\n```", Timings(0.1, eval=0.1), request.arm.model)

defaults.default_backend = lambda wanted: Backend()
sys.argv[0] = "banditgen"
main()
"""


@pytest.mark.slow
def test_a_killed_run_loses_nothing_and_keeps_its_budget(tmp_path: Path) -> None:
    path, output, url = tmp_path / "c.json", tmp_path / "out.toml", f"sqlite:///{tmp_path / 'h.db'}"
    tasks = tmp_path / "t.jsonl"
    lines = [{"name": f"t{n}", "prompt": f"Write double(x), number {n}.", "tests": "assert double(3) == 6"} for n in range(6)]
    tasks.write_text("".join(json.dumps(line) + "\n" for line in lines))
    command = [
        sys.executable, "-c", COMMAND, "evolve", "--tasks", str(tasks), "--generations", "3", "--population", "4", "--no-rewrite", "--json",
        "--budget", str(BUDGET), "--output", str(output), "--checkpoint", str(path), "--history", url, "--seed", "1",
    ]  # fmt: skip
    rng = np.random.default_rng(4)
    before: list[list[object]] = []
    for wanted in (8, 30, 60):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 120
        while len(outcomes(path)) < wanted and process.poll() is None and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(rng.uniform(0, 0.3))
        process.send_signal(signal.SIGKILL)
        process.wait()
        after = outcomes(path)
        assert len(after) >= wanted
        assert after[: len(before)] == before
        before = after
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    result, after = json.loads(done.stdout), outcomes(path)
    assert after[: len(before)] == before
    assert len(after) > len(before)
    assert result["model_seconds"] == pytest.approx(sum(row[3] for row in after))  # type: ignore[misc]
    assert result["model_seconds"] <= BUDGET
    assert result["generations"] == 3
    # a race may have ended just before the kill that the checkpoint does not know: the history knows at least as many
    assert History(url).count()["results"] >= len(after)


def outcomes(path: Path) -> list[list[object]]:
    kept = checkpoint.load(path)
    return [] if kept is None else list(kept[1]["outcomes"])
