"""Turn a folder of public recorded generations into banditgen's recordings (docs/reference/recordings.md).

The folder, named by --data or BANDITGEN_DATA, has `tasks.jsonl.gz` and `generations.jsonl.gz`. Verdicts are not copied:
replay the file in a race, and the code runs again.

    python experiments/recordings/convert.py --data FOLDER --out mvce.jsonl.gz --source HyunjoonCho/mvce
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from banditgen.generators.recordings import Recording, write_recordings
from banditgen.result import Timings

OLLAMA_DEFAULT_TEMPERATURE = 0.8  # where the source sent no options


def lines(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


def timings(line: dict[str, Any]) -> Timings:
    """What was recorded; the wait behind other requests is what the named parts leave of the whole."""
    load, prompt, written = (line.get(name) for name in ("load_seconds", "prefill_seconds", "decode_seconds"))
    known = sum(part or 0.0 for part in (load, prompt, written))
    wall = line.get("gen_seconds", known)
    return Timings(
        wall=max(wall, known),
        queue=max(0.0, wall - known) if written is not None else None,
        load=load,
        prompt_eval=prompt,
        eval=written,
        prompt_tokens=line.get("prompt_tokens"),
        completion_tokens=line.get("completion_tokens"),
    )


def convert(folder: Path, source: str | None) -> Iterator[Recording]:
    """One recording per generation whose task is known; a prompt style is part of the model's name."""
    prompts = {task["task_id"]: task["prompt"] for task in lines(folder / "tasks.jsonl.gz")}
    samples: Counter[tuple[str, str, float]] = Counter()
    for line in lines(folder / "generations.jsonl.gz"):
        if line["task_id"] not in prompts or (source is not None and line["source"] != source):
            continue
        style = line.get("prompt_style")
        model = f"{line['model']} {style}" if style else line["model"]
        temperature = float(line.get("temperature", OLLAMA_DEFAULT_TEMPERATURE))
        key = (line["task_id"], model, temperature)
        samples[key] += 1
        yield Recording(
            prompt_id=line["task_id"],
            prompt=prompts[line["task_id"]],
            model=model,
            temperature=temperature,
            text=line["code"],
            timings=timings(line),
            sample=samples[key] - 1,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("BANDITGEN_DATA"), help="the folder (default: BANDITGEN_DATA)")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--source", help="only this source's generations")
    options = parser.parse_args()
    if options.data is None:
        parser.error("name the folder with --data or BANDITGEN_DATA")
    count = write_recordings(options.out, convert(Path(options.data), options.source))
    print(f"{count} recordings in {options.out} ({options.out.stat().st_size / 1e6:.1f} MB)", file=sys.stderr)


if __name__ == "__main__":
    main()
