"""Tests that give the same code now one verdict, now another."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from banditgen.bench.stored import Cell
from banditgen.race import ParallelGenerator
from banditgen.result import FailureKind
from banditgen.task import Task

CODES = 2  # of a task that passed, and as many that failed, are tried again
QUICK_TO_FAIL = (FailureKind.WRONG, FailureKind.ERROR)  # a deadline that passes again tells little and takes long


@dataclasses.dataclass(frozen=True)
class Flaky:
    """A task whose tests are: how often one code of it passed and failed."""

    task: Task
    code: str
    passes: int
    fails: int


def find_flaky(cells: Iterable[Cell], racer: ParallelGenerator, reruns: int) -> list[Flaky]:
    """The tasks of which some code has both verdicts, by its samples or when it is tried again so many times; each once."""
    verdicts: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    tasks: dict[str, Task] = {}
    again: dict[str, dict[bool, dict[str, None]]] = defaultdict(lambda: {True: {}, False: {}})
    for cell in cells:
        own = f"{cell.task.context}\0{cell.task.name}"
        tasks[own] = cell.task
        for result in cell.results.values():
            if result.code and not result.pruned:
                verdicts[own][result.code].append(result.test_passed)
                if result.test_passed or result.failure in QUICK_TO_FAIL:
                    again[own][result.test_passed][result.code] = None
    jobs = [(own, code) for own, kinds in again.items() for codes in kinds.values() for code in list(codes)[:CODES]] * reruns
    if jobs:
        sandbox = racer.sandbox
        with ThreadPoolExecutor(2) as pool:
            for (own, code), ran in zip(jobs, pool.map(lambda job: sandbox.run(job[1], tasks[job[0]]), jobs), strict=True):
                if ran.passed or ran.failure in QUICK_TO_FAIL:
                    verdicts[own][code].append(ran.passed)
    found = []
    for own, codes in verdicts.items():
        both = [(code, seen) for code, seen in codes.items() if len(set(seen)) > 1]
        if both:
            code, seen = max(both, key=lambda one: len(one[1]))
            found.append(Flaky(tasks[own], code, sum(seen), len(seen) - sum(seen)))
    return found
