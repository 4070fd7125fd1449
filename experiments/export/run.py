"""How fast and in how much memory a large history is exported, as JSON lines and as Parquet, and imported again.

    python experiments/export/run.py --results 1000000 --folder FOLDER

Builds FOLDER/history.db once (about 2 GB for a million results): races of three, each with a decision of the size that
`best_set` leaves, every candidate with a code and a text of its own, a selection per race, a rating per hundred races.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from banditgen.arm import GeneratorConfig, arm_id
from banditgen.history import schema as t
from banditgen.history.base import DecisionRecord, RaceRecord
from banditgen.history.ids import new_id
from banditgen.history.rows import code_rows, result_row
from banditgen.history.store import History
from banditgen.racing.record import describe_arm
from banditgen.result import Feedback, GenerationResult, Timings
from banditgen.selection import rate

ARMS = [GeneratorConfig(f"arm-{i}", f"model-{i % 4}", 0.1 * (i % 8)) for i in range(12)]
TYPES = ("text", "data_processing", "api_integration", "simple_function")
CODE = """def solve_{n}(values):
    total = 0
    for value in values:
        if value % {m} == 0:
            total += value
    return total
"""
RACES_AT_ONCE = 2000


def race(rng: np.random.Generator, number: int) -> tuple[DecisionRecord, RaceRecord]:
    chosen = [ARMS[i] for i in rng.choice(len(ARMS), 3, replace=False)]
    task_type, race_id = TYPES[number % len(TYPES)], new_id()
    results = []
    for arm in chosen:
        passed, seconds = bool(rng.random() < 0.6), float(rng.gamma(3, 2))
        code = CODE.format(n=int(rng.integers(1 << 40)), m=int(rng.integers(2, 99)))
        results.append(
            GenerationResult(
                arm.name, code, seconds, arm.model, arm.temperature, passed, 0.05, 0.5 + 0.4 * float(rng.random()) if passed else 0.3, 0.02,
                id=new_id(), arm_id=arm_id(arm), verified=True, speed_score=0.9 if passed else 0.0, measures={"quality": 0.8},
                timings=Timings(seconds + 0.1, 0.0, 0.0, 0.1, seconds, 0.2, 120, 0, 80), text=f"Here it is:\n```python\n{code}```\n",
                stdout="ok\n", channel="judged", isolation={"network": "namespace", "files": "landlock", "memory": "rlimit"},
            )
        )  # fmt: skip
    detail = {"k": 3, "exploration": 0.05, "weights": {"quality": 0.7, "speed": 0.3}, "eligible": {a.name: arm_id(a) for a in ARMS}}
    detail |= {"start_weights": {"quality": 0.7, "speed": 0.3}, "explanation": {a.name: [0.6123, 0.51, 0.72, 0.11] for a in ARMS}}
    propensities = {arm.name: 0.25 for arm in ARMS}
    decision = DecisionRecord(
        race_id, task_type, [describe_arm(a) for a in chosen], "best_set", propensities, "balanced", int(rng.integers(2**31)), detail
    )
    task = {"prompt": f"Write solve_{number}(values): the sum of the values that a number divides.", "name": None, "kind": "pytest"}
    best = next((r for r in results if r.test_passed), None)
    return decision, RaceRecord(race_id, task_type, task, results, best.id if best else None, "the best combined score", 9.0)


def build(path: Path, count: int) -> None:
    """Rows as the store writes them, but many races to a transaction; the sums are rebuilt at the end."""
    rng, store, rated = np.random.default_rng(0), History(path), []
    database = store.database
    for start in range(0, count // 3, RACES_AT_ONCE):
        now = 1.6e9 + start
        races = [race(rng, start + i) for i in range(min(RACES_AT_ONCE, count // 3 - start))]
        results = [result_row(r, one.id, one.task_type, now, i) for _, one in races for i, r in enumerate(one.results)]
        rated += [one.id for _, one in races if one.best_id][::100]
        with database.transaction(write=True) as connection:
            connection.execute(t.decisions.insert(), [{**vars(d), "created_at": now, "answered": True} for d, _ in races])
            rows = [{key: value for key, value in vars(one).items() if key != "results"} | {"created_at": now} for _, one in races]
            connection.execute(t.races.insert(), rows)
            connection.execute(t.results.insert(), results)
            connection.execute(t.codes.insert(), [row for _, one in races for row in code_rows(one.results)])
            selections = [
                {"id": new_id(), "created_at": now, "scope": "balanced:0.7/0.3", "task_type": one.task_type, "arm_name": "arm-1"}
                | {"result_id": one.best_id, "combined_score": 0.8}
                for _, one in races
            ]
            connection.execute(t.selections.insert(), selections)
    store.rebuild_statistics()
    for race_id in rated[:-200]:
        winner = store.race(race_id)
        assert winner is not None
        store.add_feedback(Feedback(race_id, winner.best_id, float(rng.random())))
    for race_id in rated[-200:]:
        rate(store, race_id, float(rng.random()))
    store.close()


def measured(what: str, arguments: list[str], count: int, output: Path | None = None) -> dict[str, object]:
    """Run the command as a process of its own; its wall time, rows a second and peak memory."""
    code = "from banditgen.cli import main\nimport atexit, resource, sys\n"
    code += "atexit.register(lambda: print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr))\nmain()"
    started = time.perf_counter()
    with (output or Path(os.devnull)).open("wb") as sink:
        done = subprocess.run([sys.executable, "-c", code, *arguments], stdout=sink, stderr=subprocess.PIPE, text=True, check=False)
    seconds = time.perf_counter() - started
    *words, peak = done.stderr.strip().splitlines()
    if done.returncode:
        raise SystemExit(f"{what}: {words}")
    return {"what": what, "seconds": round(seconds, 1), "rows_per_second": round(count / seconds), "peak_mb": int(peak) // 1024}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--import", dest="back", action="store_true", help="import what was exported, too")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    source = options.folder / "history.db"
    if not source.exists():
        build(source, options.results)
    store = History(source)
    count = store.count()["results"]
    store.close()
    print(f"{count} results, {source.stat().st_size / 1e6:.0f} MB")
    out = options.folder / "export.jsonl"
    export = ["history", "export", "--history", str(source)]
    rows = [measured("export --format jsonl to stdout", [*export, "--format", "jsonl"], count, out)]
    with out.open("rb") as file:
        assert sum(1 for _ in file) == count
    rows.append(measured("export to Parquet", [*export, str(options.folder / "export.parquet")], count))
    if options.back:
        for name in ("export.jsonl", "export.parquet"):
            target = options.folder / f"from-{name}.db"
            target.unlink(missing_ok=True)
            rows.append(measured(f"import {name}", ["history", "import", str(options.folder / name), "--history", str(target)], count))
            rows.append(measured("check", ["history", "check", "--history", str(target)], count))
    for row in rows:
        print(json.dumps(row))


if __name__ == "__main__":
    main()
