"""From races that a caller tells and winners that people rate, through the public API, to what the command proposes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from banditgen import BanditGenerator, GeneratorConfig
from tests.clients import GOOD, Client

ARMS = [GeneratorConfig(f"a{i}", f"m{i}", 0.1) for i in range(4)]


def filled(path: Path, n: int, hidden: float, seed: int = 0) -> str:
    """n told races whose winners were rated by someone who gives quality that weight: of a new history, its URL.

    The bandit chooses the arms and the winners, under weights that move with every rating.
    """
    url, rng = f"sqlite:///{path}", np.random.default_rng(seed)
    with BanditGenerator.open(arms=ARMS, backend=Client({f"m{i}": GOOD for i in range(4)}), history=url, seed=seed) as bandit:
        for i in range(n):
            decision = bandit.ask("ab"[i % 2])
            quality, speed = np.clip(rng.normal(0.5, 0.2, (2, len(decision.arms))), 0.02, 1)
            seconds = 60 * (1 - speed)
            told: list[dict[str, Any]] = [
                {
                    "generator_name": arm.name,
                    "test_passed": True,
                    "quality_score": float(quality[j]),
                    "generation_time": float(seconds[j]),
                    "execution_time": float(10 * (1 - speed[j])),
                }
                for j, arm in enumerate(decision.arms)
            ]
            race = bandit.tell(decision.id, told)
            assert race.best is not None
            worth = hidden * race.best.quality_score + (1 - hidden) * race.best.speed_score
            bandit.feedback(race.id, float(np.clip(worth + rng.normal(0, 0.1), 0, 1)))
    return url


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from banditgen.cli import main; main()", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def tuned(url: str) -> dict[str, Any]:
    done = run("tune", "--history", url, "--json")
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.mark.slow
def test_hidden_weights_are_found_from_rated_winners_and_the_same_again_elsewhere(tmp_path: Path) -> None:
    """Against the strategy's own weights, wherever the online rule has taken those of the moment."""
    url = filled(tmp_path / "h.db", 200, 0.3)
    first, again = tuned(url), tuned(url)
    assert first == again
    assert (first["evidence"], first["proposed"], first["strategy"]) == (200, True, None)
    assert first["in_use"] == {"quality": 0.7, "speed": 0.3}
    assert abs(first["weights"]["quality"] - 0.3) < 0.1
    assert first["interval"][0] > 0
    # the same through a file of JSON lines
    lines, copy = tmp_path / "all.jsonl", f"sqlite:///{tmp_path / 'copy.db'}"
    lines.write_text(run("history", "export", "--history", url, "--format", "jsonl").stdout, encoding="utf-8")
    assert run("history", "import", str(lines), "--history", copy).returncode == 0
    assert tuned(copy)["weights"] == first["weights"]


@pytest.mark.slow
def test_weights_in_use_that_are_right_are_left_alone(tmp_path: Path) -> None:
    answer = tuned(filled(tmp_path / "h.db", 200, 0.7))
    assert (answer["evidence"], answer["proposed"]) == (200, False)
    assert "no change" in answer["why"]


@pytest.mark.slow
def test_a_dozen_ratings_are_not_enough(tmp_path: Path) -> None:
    answer = tuned(filled(tmp_path / "h.db", 12, 0.6))
    assert (answer["evidence"], answer["proposed"]) == (12, False)
    assert answer["why"].startswith("not enough evidence: 12 ratings, needs about ")
