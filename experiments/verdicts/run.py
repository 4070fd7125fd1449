"""Do our verdicts agree with plain Python's? Recorded tasks in every form, mutants, hard pairs and generated programs.

    [BANDITGEN_DATA=…] python -m experiments.verdicts.run [--tasks 60] [--generated 88] [--seed 0]
        [--groups pairs,generated,asserts,pytest,unittest,stdio]

Without the data folder, of recorded tasks and answers, the pairs and the generated programs alone.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import random
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from banditgen.errors import TaskError
from banditgen.sandbox.base import Sandbox
from banditgen.sandbox.channel import look_at
from banditgen.sandbox.default import default_sandbox
from banditgen.task import Task
from experiments.sandbox import recorded
from experiments.verdicts import forms, generate, plain

PAIRS = Path(__file__).with_name("pairs.toml")
STATE = ("mock", "seed", "warns", "Warns", "assertLogs", "caplog", "capsys", "monkeypatch", "tmp_path", "getcontext", "redirect_stdout",
         "os.environ", "open(", "solution.RATE =")  # fmt: skip  # what the tests that touch a process's state have in them
LIMITS = {"wall_seconds": 60.0}


class Case(NamedTuple):
    """A candidate and what it is tried with: tests, or for a program its input and what it should print."""

    group: str
    name: str
    code: str
    tests: str = ""
    stdin: str = ""
    stdout: str = ""

    def task(self, channel: Any = None) -> Task:
        """It as a task."""
        if self.tests:
            return Task(self.name, tests=self.tests, limits=LIMITS, channel=channel)
        return Task(self.name, examples=[(self.stdin, self.stdout)], limits=LIMITS)


def pairs() -> Iterator[Case]:
    """The hard pairs."""
    for name, pair in tomllib.loads(PAIRS.read_text(encoding="utf-8")).items():
        for which in ("one", "other"):
            yield Case("pairs", f"{name}, {which}", pair[which], pair["tests"])


def generated(count: int, seed: int) -> Iterator[Case]:
    """Generated programs."""
    for number, (name, code, tests) in enumerate(generate.programs(count, seed)):
        yield Case("generated", f"{name} {number}", code, tests)


def of_data(data: Path, count: int, seed: int, wanted: set[str]) -> Iterator[Case]:
    """Recorded tasks, each with its solution, two recorded answers and a mutant."""
    rng = random.Random(seed)
    rows = [row for row in recorded.tasks(data).values() if row.get("canonical_solution")]
    answers = collections.defaultdict(list)
    for answer in recorded.generations(data, 1 << 30, seed):
        if not answer["passed_rerun"]:
            answers[answer["task_id"]].append(answer["code"])
    for row in rng.sample(rows, min(count, len(rows))):
        right = recorded.canonical(row)
        codes = [right, generate.mutant(right, rng), *rng.sample(answers[row["task_id"]], min(2, len(answers[row["task_id"]])))]
        tests = forms.tests_of(row)
        stdin = forms.stdin_of(row)
        for number, code in enumerate(codes):
            for form in wanted & tests.keys():
                yield Case(form, f"{row['task_id']} {number}", code, tests[form])
        wanted_text = plain.prints(forms.program(right, row), stdin) if stdin and "stdio" in wanted else None
        if wanted_text is not None:
            yield from (
                Case("stdio", f"{row['task_id']} {number}", forms.program(code, row), "", stdin, wanted_text)
                for number, code in enumerate(codes)
            )


def of_plain(case: Case) -> bool:
    """Plain Python's verdict."""
    if case.tests:
        return plain.passes(case.code, case.tests)
    printed = plain.prints(case.code, case.stdin)
    return printed is not None and [line.rstrip() for line in printed.rstrip().split("\n")] == [
        line.rstrip() for line in case.stdout.rstrip().split("\n")
    ]


def compare(sandbox: Sandbox, cases: list[Case]) -> None:
    """Run all, and print how they agree."""

    def both(case: Case) -> tuple[bool, Any]:
        try:
            return of_plain(case), sandbox.run(case.code, case.task())
        except TaskError as error:
            return False, error

    with ThreadPoolExecutor(2) as threads:
        results = list(threads.map(both, cases))
    table: dict[tuple[str, str], collections.Counter[str]] = collections.defaultdict(collections.Counter)
    for case, (expected, run) in zip(cases, results, strict=True):
        channel = "refused" if isinstance(run, TaskError) else run.channel
        passed = not isinstance(run, TaskError) and run.passed
        table[case.group, channel]["agree" if passed == expected else "right called wrong" if expected else "wrong called right"] += 1
        if passed != expected:
            print(f"  {case.group} {case.name}: plain Python {expected}, here {passed} ({channel}): {getattr(run, 'error', run)}")
    for (group, channel), counts in sorted(table.items()):
        print(f"{group:10s} {channel:12s} {dict(counts)}")
    total = sum((counts for counts in table.values()), collections.Counter())
    print(f"all: {total['agree']} of {total.total()} agree ({total['agree'] / total.total():.2%})")


def share(cases: list[Case]) -> None:
    """Print how many of the test files that touch no state of a process the judged channel takes."""
    files = {case.tests for case in cases if case.tests and not any(word in case.tests for word in STATE)}
    taken = sum(look_at(tests, Task("t", tests=tests).entry_point).judged for tests in files)
    print(f"test files without process state: {taken} of {len(files)} judged ({taken / len(files):.1%})")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=60)
    parser.add_argument("--generated", type=int, default=88)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--groups", default="pairs,generated,asserts,pytest,unittest,stdio")
    arguments = parser.parse_args()
    groups = set(arguments.groups.split(","))
    found = [*(pairs() if "pairs" in groups else ()), *(generated(arguments.generated, arguments.seed) if "generated" in groups else ())]
    if folder := recorded.folder():
        found += of_data(folder, arguments.tasks, arguments.seed, groups)
    share(found)
    with contextlib.closing(default_sandbox()) as box:
        compare(box, found)
