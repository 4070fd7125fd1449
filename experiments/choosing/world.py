"""Recorded candidates with the calls and asserts that a model wrote for their tasks, and a sandbox that remembers what it has run."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import hashlib
import pickle
import threading
from pathlib import Path

import numpy as np

from banditgen.ensemble.behaviour import Observer, Outcome
from banditgen.ensemble.inputs import Said, collected
from banditgen.sandbox.base import Execution, Sandbox
from banditgen.task import Task
from experiments.recordings.convert import lines
from experiments.regret.matrices import OLLAMA

SAMPLES = 8  # of each arm and task that are used
DOMINANT = "qwen"  # in the name of the model whose three arms are far ahead of the others


@dataclasses.dataclass(frozen=True)
class Candidate:
    arm: str
    model: str
    code: str
    passed: bool


@dataclasses.dataclass
class Problem:
    """A task with candidates by arm; `tests` are (call, expected, votes)."""

    id: str
    entry_point: str
    prompt: str
    calls: list[str]
    tests: list[tuple[str, str, int]]
    arms: dict[str, list[Candidate]]


@dataclasses.dataclass
class Observed:
    """A task with what its candidates do: `outcomes` by code, one for each of `calls`, those of the prompt's examples included."""

    problem: Problem
    calls: list[str]
    outcomes: dict[str, tuple[Outcome, ...]]
    written: Said
    shown: Said


@dataclasses.dataclass(frozen=True)
class Draw:
    """Candidates of different arms, one each, while there are as many; `reliabilities` are their arms' pass rates on the other tasks."""

    of: Observed
    candidates: list[Candidate]
    reliabilities: np.ndarray[tuple[int], np.dtype[np.float64]]

    @property
    def right(self) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return np.array([float(candidate.passed) for candidate in self.candidates])


def observed(problem: Problem, sandbox: Sandbox) -> Observed:
    observer, codes = Observer(sandbox, Task(problem.prompt)), list(dict.fromkeys(one.code for arm in problem.arms.values() for one in arm))
    found = collected(codes, problem.entry_point, problem.calls, problem.tests, observer)
    calls = [*found.asked, *found.guesses]
    does = observer.calls(codes, calls)
    kept = [c for c, call in enumerate(calls) if call in found.asked or any(each[c][0] == "=" for each in does)]
    outcomes = {code: tuple(each[c] for c in kept) for code, each in zip(codes, does, strict=True)}
    return Observed(problem, [calls[c] for c in kept], outcomes, found.written, found.shown)


class World:
    """Problems from which candidates are drawn."""

    def __init__(
        self,
        data: Path,
        sandbox: Sandbox,
        source: str = OLLAMA,
        samples: int = SAMPLES,
        dataset: str = "HumanEval",
    ) -> None:
        self.tasks = [observed(problem, sandbox) for problem in problems(data, source, samples, dataset)]
        self.arms = sorted({arm for task in self.tasks for arm in task.problem.arms})
        self._own = {
            arm: [np.mean([one.passed for one in task.problem.arms.get(arm, [])] or [False]) for task in self.tasks] for arm in self.arms
        }
        self._rates = {arm: float(np.sum(each)) for arm, each in self._own.items()}

    def draw(self, position: int, k: int, rng: np.random.Generator, *, dominant: bool) -> Draw:
        task = self.tasks[position]
        arms = [arm for arm in self.arms if task.problem.arms.get(arm) and (dominant or DOMINANT not in arm)]
        picked = [arms[i] for i in rng.choice(len(arms), k, replace=k > len(arms))]
        others = [(self._rates[arm] - float(self._own[arm][position])) / (len(self.tasks) - 1) for arm in picked]
        drawn = [task.problem.arms[arm][rng.integers(len(task.problem.arms[arm]))] for arm in picked]
        return Draw(task, drawn, np.array(others))


def problems(data: Path, source: str = OLLAMA, samples: int = SAMPLES, dataset: str = "HumanEval") -> list[Problem]:
    """The tasks of a data set with the first samples of each of a source's arms, in the order of the file."""
    written = {line["task_id"]: line for line in lines(data / "generated_tests.jsonl.gz")}
    found = {}
    for line in lines(data / "tasks.jsonl.gz"):
        if line["dataset"] == dataset:
            given = written.get(line["task_id"], {})
            tests = [(test["call"], test["expected"], test["votes"]) for test in given.get("tests", [])]
            arms: dict[str, list[Candidate]] = collections.defaultdict(list)
            found[line["task_id"]] = Problem(line["task_id"], line["entry_point"], line["prompt"], given.get("calls", []), tests, arms)
    for line in lines(data / "generations.jsonl.gz"):
        if line["source"] == source and line["task_id"] in found and line.get("passed_rerun") is not None:
            arm = found[line["task_id"]].arms[line["arm"]]
            if len(arm) < samples:
                arm.append(Candidate(line["arm"], line["model"], line["code"], bool(line["passed_rerun"])))
    return [problem for problem in found.values() if problem.arms]


class Remembering:
    """A sandbox that runs each program once, also over several runs of an experiment."""

    name = "remembering"

    def __init__(self, sandbox: Sandbox, path: Path) -> None:
        self._sandbox, self._path, self._lock = sandbox, path, threading.Lock()
        self._known: dict[bytes, tuple[str, str | None, str | None, int | None]] = {}
        with contextlib.suppress(FileNotFoundError):
            self._known = pickle.loads(path.read_bytes())
        self.new = 0

    def run(self, code: str, task: Task) -> Execution:
        key = hashlib.sha256(f"{code}\0{task.examples}".encode("utf-8", "surrogatepass")).digest()[:12]
        if key not in self._known:
            done = self._sandbox.run(code, task)
            with self._lock:
                self._known[key] = (done.stdout, done.limit, done.error, done.exit_code)
                self.new += 1
        stdout, limit, error, status = self._known[key]
        return Execution(passed=status == 0, verified=False, stdout=stdout, limit=limit, error=error, exit_code=status)

    def isolation(self) -> dict[str, str]:
        return self._sandbox.isolation()

    def save(self) -> None:
        with self._lock:
            self._path.write_bytes(pickle.dumps(self._known))

    def close(self) -> None:
        if self.new:
            self.save()
        self._sandbox.close()
