"""The demo's races: a dozen small tasks, real models, and what was learned from them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import platformdirs

from banditgen.demo.catalogue import live_tasks
from banditgen.racing.decision import Race
from banditgen.racing.events import OnEvent
from banditgen.session import BanditGenerator
from banditgen.task import Task

K = 3


def demo_history() -> str:
    """The demo's own history, apart from the user's: it is kept, so that a second demo begins with what the first learned."""
    return f"sqlite:///{Path(platformdirs.user_data_dir('banditgen', appauthor=False)) / 'demo.db'}"


@dataclasses.dataclass
class Summary:
    """What a series of races came to. Times in seconds."""

    races: int = 0
    solved: int = 0
    candidates: int = 0
    passed: int = 0
    wall: float = 0.0
    one_by_one: float = 0.0

    def add(self, race: Race) -> None:
        """Count a race."""
        self.races += 1
        self.solved += race.best is not None
        self.candidates += len(race.results)
        self.passed += sum(result.test_passed for result in race.results)
        self.wall += race.wall_seconds
        self.one_by_one += sum(_alone(result) for result in race.results)


def race_all(bandit: BanditGenerator, listen: Callable[[Task], Any], tasks: tuple[Task, ...] | None = None) -> Iterator[Race]:
    """Race the demo's live tasks one after the other; `listen(task)` is a context manager that gives an event listener."""
    for task in tasks or live_tasks():
        with listen(task) as on_event:
            heard: OnEvent = on_event
            race = bandit.run(task, K, on_event=heard)
        yield race


def learned(bandit: BanditGenerator) -> list[tuple[str, str, float, float, float, float, float]]:
    """Rows of (task type, arm, passes, tries, expected reward, low, high), the best arm of each type first."""
    return [
        (task_type, r.name, r.passes, r.passes + r.fails, r.expected_reward, r.low, r.high)
        for task_type in bandit.generator_stats
        for r in bandit.recommend(task_type, top_k=len(bandit.arms))
    ]


def _alone(result: Any) -> float:
    """What this candidate's generation and trial took, whatever ran beside it."""
    wall = result.timings.wall if result.timings else 0.0
    return float(wall + result.test_time)
