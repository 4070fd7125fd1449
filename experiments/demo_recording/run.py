"""Record the demo's full matrix: all six arms on all tasks, several samples each, from the real embedded models.

    python experiments/demo_recording/run.py RAW.jsonl [--samples 3] [--seed 0] [--model NAME]
    python experiments/demo_recording/run.py RAW.jsonl --pack banditgen/demo/recordings.jsonl.gz

The first form races the three temperatures of one model at a time, three generations batched, and appends a line per candidate;
stopped and called again it goes on. Two calls, one for each model, may write to one file at the same time, as the two models do in
a race. Run it on an otherwise idle machine: timings are recorded. The second form packs the
lines into what the package ships.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from banditgen import GeneratorConfig, ParallelGenerator, Strategy
from banditgen.cli.demo import MAX_TOKENS
from banditgen.demo.catalogue import DemoTask, catalogue
from banditgen.generators.embedded import EmbeddedGenerator
from banditgen.generators.models import REGISTRY
from banditgen.generators.recordings import Recording, write_recordings
from banditgen.history.fields import result_from_json
from banditgen.result import FailureKind
from banditgen.strategy import expand


def arms_by_model() -> dict[str, list[GeneratorConfig]]:
    plan = Strategy("demo", models="available", max_tokens=MAX_TOKENS)
    groups: dict[str, list[GeneratorConfig]] = {name: [] for name in REGISTRY}
    for arm in expand(plan, REGISTRY):
        groups[arm.model].append(arm)
    return groups


def missing(raw: Path, samples: int, only: str | None) -> Iterator[tuple[int, DemoTask, str, list[GeneratorConfig]]]:
    done = {(line["sample"], line["task"], line["model"]) for line in lines(raw)}
    for sample in range(samples):
        for model, arms in arms_by_model().items():
            for entry in catalogue() if only in (None, model) else ():
                if (sample, entry.task.name, model) not in done:
                    yield sample, entry, model, arms


def lines(raw: Path) -> list[dict[str, Any]]:
    if not raw.exists():
        return []
    with raw.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def record(raw: Path, samples: int, seed: int, only: str | None) -> None:
    backend = EmbeddedGenerator()
    for sample, entry, model, arms in missing(raw, samples, only):
        racer = ParallelGenerator(backend, seed=seed + sample)
        results = racer.generate_parallel(entry.task.prompt, arms, "demo", entry.task.name or "", task=entry.task)
        with raw.open("a", encoding="utf-8") as file:
            for result in results:
                row = result.to_dict() | {"task": entry.task.name, "task_type": entry.task.task_type, "sample": sample, "model": model}
                file.write(json.dumps(row) + "\n")
        print(sample, model, entry.task.name, [result.test_passed for result in results], flush=True)


def pack(raw: Path, target: Path) -> None:
    order = {entry.task.name: i for i, entry in enumerate(catalogue())}
    rows = sorted(lines(raw), key=lambda row: (order[row["task"]], row["model"], row["temperature"], row["sample"]))
    count = write_recordings(target, map(recording, rows))
    print(f"{count} candidates, {target.stat().st_size / 1e6:.2f} MB")


def recording(row: dict[str, Any]) -> Recording:
    result = result_from_json(row)
    assert result.timings is not None
    return Recording(
        prompt_id=row["task"],
        prompt=next(entry.task.prompt for entry in catalogue() if entry.task.name == row["task"]),
        model=row["model"],
        temperature=result.temperature,
        text=result.text,
        timings=result.timings,
        sample=row["sample"],
        finish="length" if result.failure is FailureKind.TRUNCATED else "stop",
        digest=result.digest,
        passed=result.test_passed,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("raw", type=Path)
    parser.add_argument("--samples", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model", choices=list(REGISTRY))
    parser.add_argument("--pack", type=Path)
    options = parser.parse_args()
    if options.pack:
        pack(options.raw, options.pack)
    else:
        record(options.raw, options.samples, options.seed, options.model)


if __name__ == "__main__":
    main()
