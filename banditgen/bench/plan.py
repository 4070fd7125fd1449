"""What a bench consists of, and under which ids the history keeps it: the same bench finds what it has done already."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import uuid
from collections.abc import Collection, Mapping, Sequence

from banditgen._checks import check_whole
from banditgen.arm import GeneratorConfig, arm_id, model_key
from banditgen.errors import TaskError, UsageError
from banditgen.task import Task

_IDS = uuid.UUID("c1b7a0a4-3c1e-5d52-8a55-7a3f0f7f5e21")  # makes equal benches' races equal
PREFIX = "bench-"  # of a bench's id
SAMPLES = 3


@dataclasses.dataclass(frozen=True)
class BenchPlan:
    """A bench: which arms on which tasks, how many samples of each.

    Args:
        tasks: each with tests, and with a name; two of a type may not share theirs.
        arms: all different.
        samples: of each arm on each task, at least 1.
        seed: of the sampling; another seed is another bench.
        digests: by model, what runs under its name: when a model changes, so does the bench.

    Raises:
        TaskError: no task, one without tests or name, or two of one name.
        UsageError: no arm, or samples below 1.
    """

    tasks: Sequence[Task]
    arms: Sequence[GeneratorConfig]
    samples: int = SAMPLES
    seed: int = 0
    digests: Mapping[str, Collection[str]] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        check_whole("samples", self.samples)
        if not self.tasks:
            raise TaskError("a bench needs tasks, and there are none")
        if not self.arms:
            raise UsageError("a bench needs arms, and there are none")
        seen: set[tuple[str, str]] = set()
        for task in self.tasks:
            if task.name is None:
                raise TaskError("a bench needs a name for each task")
            if task.kind == "none":
                raise TaskError(f"task {task.name!r} has no tests: a bench needs to know which candidates pass")
            if (task.context, task.name) in seen:
                raise TaskError(f"two tasks of the type {task.context!r} are named {task.name!r}")
            seen.add((task.context, task.name))

    @property
    def labels(self) -> list[str]:
        """What each task is called: its name, with its type before it where another type has one of that name."""
        names = [str(task.name) for task in self.tasks]
        return [f"{task.context}/{name}" if names.count(name) > 1 else name for task, name in zip(self.tasks, names, strict=True)]

    @property
    def key(self) -> str:
        """Of what the outcomes of a task depend on beside the task: arms, what runs under their models' names, the seed."""
        running = sorted({model_key(arm.model): sorted(self.digests.get(model_key(arm.model), ())) for arm in self.arms}.items())
        return _hash([sorted(arm_id(arm) for arm in self.arms), running, self.seed])

    @property
    def id(self) -> str:
        """The bench's; the same with more samples."""
        return PREFIX + _hash([self.key, sorted(map(task_id, self.tasks))])

    def cells(self) -> list[tuple[Task, int]]:
        """Every task and sample, in the order in which they are raced: all tasks once, then again; types take turns."""
        by_type: dict[str, list[Task]] = {}
        # by a hash, so that what a budget leaves out is no end of a file
        for task in sorted(self.tasks, key=lambda task: _hash([self.seed, task_id(task)])):
            by_type.setdefault(task.context, []).append(task)
        places = [(i / len(own), task) for own in by_type.values() for i, task in enumerate(own)]
        order = [task for _, task in sorted(places, key=lambda place: place[0])]
        return [(task, sample) for sample in range(self.samples) for task in order]


def task_id(task: Task) -> str:
    """Of everything that a task says: 12 hexadecimal digits."""
    return _hash(dataclasses.asdict(task))


def race_id(key: str, task: str, sample: int, attempt: int) -> str:
    """Of the race that takes a sample of every arm on a task; attempts after the first race what it left without a verdict.

    `key` is `BenchPlan.key`, `task` a `task_id`; samples and attempts count from 0.
    """
    return str(uuid.uuid5(_IDS, f"{key}/{task}/{sample}/{attempt}"))


def _hash(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:12]
