"""The history as recordings: what was raced once is raced again without its models."""

from __future__ import annotations

from pathlib import Path

import pytest

from banditgen import GeneratorConfig, ParallelGenerator, Task
from banditgen.generators.replay import ReplayGenerator
from tests.cli.command import banditgen
from tests.clients import BAD, GOOD, Client

DOUBLE = Task("Write double(x).", task_type="text", tests="assert double(2) == 4")
ARMS = [GeneratorConfig("good", "good", 0.1), GeneratorConfig("bad", "bad", 0.1), GeneratorConfig("down", "down", 0.1)]


@pytest.mark.slow
@pytest.mark.parametrize(("options", "what"), [([], "candidates"), (["--format", "recordings"], "generations")])
def test_an_exported_history_races_again_with_the_same_verdicts(tmp_path: Path, options: list[str], what: str) -> None:
    url = f"sqlite:///{tmp_path / 'h.db'}"
    first = ParallelGenerator(Client({"good": GOOD, "bad": BAD, "down": RuntimeError("x")}), history=url)
    before = first.generate_parallel(DOUBLE.prompt, ARMS, "n", "d", task=DOUBLE)
    path = tmp_path / "out.jsonl.gz"
    done = banditgen("history", "export", str(path), *options, "--history", url)
    assert done.returncode == 0, done.stderr
    assert f"3 {what} written" in done.stderr
    again = ParallelGenerator(ReplayGenerator(path))
    after = again.generate_parallel(DOUBLE.prompt, ARMS, "n", "d", task=DOUBLE)
    assert [(r.generator_name, r.test_passed, r.failure, r.text) for r in before] == [
        (r.generator_name, r.test_passed, r.failure, r.text) for r in after
    ]
    assert [r.generation_time for r in after] == pytest.approx([r.generation_time for r in before], abs=1e-3)
