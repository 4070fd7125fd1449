"""Tasks solved with and without the words that a backend puts around a prompt.

The demo's tasks, with their prompts as they are and with the name of the function left out of them, each asked with and without
words the same seed in both: the difference is paired by task. Intervals are bootstrapped over tasks (95 %).

    python experiments/prompts/measure.py --model smollm2-135m-instruct --tasks 40 --out results.json
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import re
from pathlib import Path

import numpy as np

from banditgen.arm import GeneratorConfig
from banditgen.demo.catalogue import catalogue
from banditgen.generators.base import Brief, GenerationError, Request
from banditgen.generators.embedded import EmbeddedGenerator
from banditgen.generators.extract import extract
from banditgen.sandbox.default import default_sandbox
from banditgen.task import Task

SEEDS = 10_000


def nameless(prompt: str) -> str:
    """The prompt without the name and the parameters of the function."""
    return re.sub(r"\bfunction \w+\([^)]*\)", "function", prompt)


async def outcomes(tasks: list[Task], model: str, temperature: float, seeds: list[int]) -> np.ndarray:
    """(T, 2): the share of seeds at which each task is solved without and with words."""
    backend = EmbeddedGenerator([model], threads=1)
    sandbox = default_sandbox()
    arm = GeneratorConfig("measured", model, temperature, 160)

    async def passed(task: Task, seed: int, *, words: bool) -> bool:
        brief = Brief(task.signatures, task.kind == "stdio") if words else None
        try:
            generation = await backend.generate(Request(task.prompt, arm, seed, task.entry_point, brief=brief))
        except GenerationError:
            return False
        code = extract(generation.text, task)
        return bool(code) and (await asyncio.to_thread(sandbox.run, code, task)).passed

    cells = list(itertools.product(range(len(tasks)), (0, 1), range(len(seeds))))
    try:
        found = await asyncio.gather(*[passed(tasks[row], seeds[place], words=bool(column)) for row, column, place in cells])
    finally:
        await backend.aclose()
    table: np.ndarray = np.array(found, float).reshape(len(tasks), 2, len(seeds))
    return np.asarray(table.mean(axis=2))


def interval(values: np.ndarray) -> list[float]:
    """Mean and 95 % bootstrap interval over tasks, in percent."""
    rng = np.random.default_rng(0)
    means = values[rng.integers(len(values), size=(SEEDS, len(values)))].mean(axis=1)
    return [round(100 * float(number), 1) for number in (values.mean(), *np.quantile(means, (0.025, 0.975)))]


def main() -> None:
    """Measure, print, and keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="smollm2-135m-instruct")
    parser.add_argument("--temperature", type=float, default=0.1)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--tasks", type=int, default=1000, help="every n-th of the demo's tasks, so that there are about this many")
    parser.add_argument("--prompts", choices=["named", "nameless"], default="nameless")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    every = [entry.task for entry in catalogue()]
    chosen = every[:: max(1, len(every) // options.tasks)]
    if options.prompts == "nameless":
        chosen = [Task(nameless(task.prompt), tests=task.tests, entry_point=task.entry_point, name=task.name) for task in chosen]
    table = asyncio.run(outcomes(chosen, options.model, options.temperature, list(range(options.seeds))))
    result = {
        "model": options.model,
        "temperature": options.temperature,
        "prompts": options.prompts,
        "tasks": len(chosen),
        "seeds": options.seeds,
        "without": interval(table[:, 0]),
        "with": interval(table[:, 1]),
        "gain": interval(table[:, 1] - table[:, 0]),
    }
    print(json.dumps(result))
    if options.out:
        with options.out.open("a", encoding="utf-8") as file:
            file.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
