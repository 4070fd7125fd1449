"""Writes the history that is kept per schema version: `python -m tests.history.schemas.make` beside this file.

What goes in goes through the public API alone, so that the same script can write the next version's. Beside the dump
(vN.sql) stands what that version read from it (vN.json): later versions must read the same.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import sqlite3
import tempfile
from pathlib import Path
from typing import Any

from banditgen.arm import GeneratorConfig, named_arm_id
from banditgen.history import schema
from banditgen.history.store import History
from banditgen.result import GenerationResult
from banditgen.session import BanditGenerator

HERE = Path(__file__).parent
HOSTILE = "print('\udcff\x00é𝄞</script>\u202e')\r\n\x1b[31m"
ARMS = [GeneratorConfig(f"arm{i}", f"model{i // 2}:latest", 0.1 + 0.4 * (i % 2)) for i in range(4)]


class Client:
    """A backend that is never asked to generate."""

    def generate(self, *, model: str, prompt: str, temperature: float, max_tokens: int) -> str:
        raise AssertionError((model, prompt, temperature, max_tokens))


def fill(url: str) -> None:
    """Four rounds over two task types, a changed digest, failures of every kind, hostile text, ratings, outcomes by hand."""
    with BanditGenerator.open(arms=ARMS, backend=Client(), history=url, seed=3) as bandit:
        kinds = ["wrong", "error", "timeout", "truncated", "empty", "refused", "cancelled", "infrastructure"]
        winners = []
        for turn in range(8):
            decision = bandit.ask("text" if turn % 3 else "numeric", k=3)
            told: list[dict[str, Any]] = []
            for place, arm in enumerate(decision.arms):
                passed = (turn + place) % 2 == 0
                told.append(
                    {
                        "generator_name": arm.name,
                        "code": HOSTILE if place == 0 else f"x = {turn % 2}\n",
                        "text": f"Here:\n```python\n{HOSTILE}```",
                        "generation_time": 0.5 + turn / 4,
                        "test_passed": passed,
                        "failure": None if passed else kinds[(turn * 3 + place) % len(kinds)],
                        "error": None if passed else HOSTILE,
                        "quality_score": 0.6 + 0.04 * place if passed else 0.3,
                        "execution_time": 0.25 * place,
                        "digest": f"sha256:{'old' if turn < 5 else 'new'}-{arm.model}" if turn else None,
                        "stdout": HOSTILE,
                    }
                )
            race = bandit.tell(decision.id, told)
            if race.best is not None:
                winners.append(race.id)
        bandit.feedback(winners[0], 0.4, who="ann", why="too slow 🐢")
        bandit.feedback(winners[1], 1.0)
        bandit.ask("text", k=2)  # stays pending
        by_hand = GenerationResult("arm1", "x", 1.0, "model0", 0.5, test_passed=True, quality_score=0.7, speed_score=0.5, verified=True)
        by_hand = dataclasses.replace(by_hand, id="by-hand", arm_id=named_arm_id("arm1"))
        bandit.history.add_outcome(by_hand, "text")


def read(store: History) -> dict[str, Any]:
    """Everything that the methods of schema version 1 say, in JSON."""
    races = sorted((dataclasses.asdict(race) for race in store.races(1000)), key=lambda race: str(race["id"]))
    return {
        "races": races,
        "decisions": [dataclasses.asdict(decision) for race in races if (decision := store.decision(race["id"])) is not None],
        "pending": [dataclasses.asdict(decision) for decision in store.pending("text")],
        "feedback": [dataclasses.asdict(feedback) for feedback in store.feedback()],
        "by_hand": dataclasses.asdict(result) if (result := store.result("by-hand")) is not None else None,
        "tallies": sorted(dataclasses.astuple(tally) for tally in store.tallies()),
        "weights": store.weights("balanced:0.7/0.3"),
        "selections": dataclasses.asdict(store.selection_stats("balanced:0.7/0.3")),
        "arm_ids": {arm.name: last[1].arm_id for arm in ARMS if (last := store.last_named(arm.name)) is not None},
        "count": store.count(),
    }


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "h.db"
        fill(f"sqlite:///{path}")
        store = History(path)
        said = read(store)
        store.close()
        with contextlib.closing(sqlite3.connect(path)) as connection:
            dump = "\n".join(connection.iterdump())
    version = schema.SCHEMA_VERSION
    (HERE / f"v{version}.sql").write_text(dump + "\n", encoding="utf-8")
    (HERE / f"v{version}.json").write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
