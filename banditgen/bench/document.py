"""A bench as JSON, for programs, for `banditgen report`, and to be compared with a later one."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from banditgen._text import counted
from banditgen.arm import arm_id
from banditgen.bench.plan import task_id
from banditgen.bench.run import Bench
from banditgen.errors import UsageError
from banditgen.offline.matrix.change import ArmChange, Compared
from banditgen.offline.matrix.findings import ArmRow
from banditgen.offline.matrix.outcomes import Matrix
from banditgen.offline.matrix.routing import Judged, Routing
from banditgen.offline.matrix.sentences import name, names, sentences

SCHEMA = 1
MOST = 1_000_000  # samples that a document is read for


def document(bench: Bench, changes: Compared | None = None) -> dict[str, Any]:
    """The bench as JSON-ready data; its keys are in docs/reference/bench.md."""
    routing = bench.findings.routing
    return {
        "table": [_row(bench, row) for row in bench.findings.rows],
        "recommended": _judged(routing.recommended if routing else None),
        "routing_pays": routing.pays if routing else None,
        "sentences": said(bench, changes),
        "bench": {
            "schema": SCHEMA,
            "id": bench.plan.id,
            "backend": bench.backend,
            "k": bench.findings.k,
            "samples": bench.plan.samples,
            "seed": bench.plan.seed,
            "tasks": _tasks(bench),
            "routing": _routing(routing),
            "by_type": {kind: _routing(own) for kind, own in bench.findings.by_type.items()},
            "left": bench.left,
            "spent": {"races": bench.budget.races, "generations": bench.budget.generations},
            "changes": None if changes is None else [_change(change) for change in changes.changes],
        },
    }


def said(bench: Bench, changes: Compared | None = None) -> list[str]:
    """Everything that is to be said of a bench in sentences, the answer first, then what changed."""
    lines = sentences(bench.findings)
    lines[1:1] = [] if changes is None else changes.sentences
    if bench.flaky:
        flaky = [f"{name(str(one.task.name))} (passed {one.passes}, failed {one.fails})" for one in bench.flaky]
        lines.append(f"{counted(len(flaky), 'task')} with flaky tests, the same code having both verdicts: {names(flaky)}")
    faults = {own: fault for cell in bench.cells for own, fault in cell.faults.items()}
    for arm in bench.plan.arms:
        if arm_id(arm) in faults:
            lines.append(f"{name(str(arm.name))} could not be raced everywhere: {name(faults[arm_id(arm)])}")
    if bench.left:
        lines.append(f"{counted(bench.left, 'generation')} of {_all(bench):,} are left: the same command goes on with them")
    return lines


def _all(bench: Bench) -> int:
    return len(bench.cells) * len(bench.plan.arms)


def _row(bench: Bench, row: ArmRow) -> dict[str, Any]:
    matrix = bench.findings.matrix
    at = matrix.arms.index(row.arm)
    arm = bench.plan.arms[at]
    outcomes = {
        task_id(task): [None if math.isnan(one) else int(one) for one in matrix.outcomes[at, i].tolist()]
        for i, task in enumerate(bench.plan.tasks)
        if task.context == row.task_type
    }
    known = {key: _number(value) if isinstance(value, float) else value for key, value in vars(row).items()}
    return known | {"arm_id": arm_id(arm), "model": arm.model, "temperature": arm.temperature, "outcomes": outcomes}


def _tasks(bench: Bench) -> list[dict[str, Any]]:
    matrix, passed = bench.findings.matrix, bench.findings.matrix.passed
    flaky = {id(one.task): {"passes": one.passes, "fails": one.fails} for one in bench.flaky}
    return [
        {
            "id": task_id(task),
            "name": label,
            "task_type": task.context,
            "solved_by": [arm for arm, count in zip(matrix.arms, passed[:, i], strict=True) if count],
            "flaky": flaky.get(id(task)),
        }
        for i, (task, label) in enumerate(zip(bench.plan.tasks, matrix.tasks, strict=True))
    ]


def _judged(judged: Judged | None) -> dict[str, Any]:
    if judged is None:
        return {"arms": [], "solved": None, "low": None, "high": None, "generations": None}
    solved, low, high = map(_number, judged.solved)
    return {"arms": list(judged.arms), "solved": solved, "low": low, "high": high, "generations": judged.generations}


def _routing(routing: Routing | None) -> dict[str, Any] | None:
    if routing is None:
        return None
    ways = {name: None if way is None else _judged(way) for name, way in _ways(routing).items()}
    types = routing.typed.by_type if routing.typed else {}
    gain = dict(zip(("value", "low", "high"), map(_number, routing.gain), strict=True))
    return {"pays": routing.pays, "by": routing.by, "gain": gain, "more_tasks": routing.more_tasks, **ways} | {
        "plan_of_type": {kind: list(arms) for kind, arms in types.items()}
    }


def _ways(routing: Routing) -> dict[str, Judged | None]:
    return {"single": routing.single, "set": routing.set, "typed": routing.typed}


def _change(change: ArmChange) -> dict[str, Any]:
    return dataclasses.asdict(change) | {"difference": dict(zip(("value", "low", "high"), change.difference, strict=True))}


def _number(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else value


def matrix_from(data: Any) -> Matrix:
    """The outcomes that a document holds; its tasks are called by their ids, so that two benches' are the same where all of it is.

    Raises:
        UsageError: it is no bench's document.
    """
    try:
        tasks = {str(task["id"]): str(task["task_type"]) for task in data["bench"]["tasks"]}
        rows = [(str(row["arm"]), {str(key): list(own) for key, own in row["outcomes"].items()}) for row in data["table"]]
        samples = max((len(own) for _, outcomes in rows for own in outcomes.values()), default=0)
        arms = list(dict.fromkeys(arm for arm, _ in rows))
        if not samples or len(arms) * len(tasks) * samples > MOST:
            raise ValueError  # noqa: TRY301 - one way to say so
        places, table = {task: i for i, task in enumerate(tasks)}, np.full((len(arms), len(tasks), samples), np.nan)
        for arm, outcomes in rows:
            for task, own in outcomes.items():
                table[arms.index(arm), places[task], : len(own)] = [np.nan if one is None else float(one) for one in own]
        return Matrix(tuple(arms), tuple(tasks), tuple(tasks.values()), table)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        raise UsageError("it is no bench: what `banditgen bench --json` prints") from None


def matrix_by_id(bench: Bench) -> Matrix:
    """The outcomes of a bench, its tasks called by their ids; see `matrix_from`."""
    return dataclasses.replace(bench.findings.matrix, tasks=tuple(map(task_id, bench.plan.tasks)))
