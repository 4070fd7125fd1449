"""How often the README's first use gives code: its task, raced by the small models with a fresh history each time.

python experiments/first_use/run.py [--runs 20]
"""

from __future__ import annotations

import argparse
import ast
import json
import re
from pathlib import Path

from banditgen import BanditGenerator, Task
from banditgen.generators.embedded import EmbeddedGenerator

README = Path(__file__).parents[2] / "README.md"


def first_task() -> Task:
    """The task in the README's first block of Python."""
    block = re.search(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    if block is None:
        raise SystemExit("the README has no Python")
    calls = [node for node in ast.walk(ast.parse(block[1])) if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Task"]
    return Task(*map(ast.literal_eval, calls[0].args), **{word.arg or "": ast.literal_eval(word.value) for word in calls[0].keywords})


def main() -> None:
    """Race, and print a line for each race and one for all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    options = parser.parse_args()
    task, backend, passed = first_task(), EmbeddedGenerator(), 0
    for seed in range(options.runs):
        with BanditGenerator.open(backend=backend, history="sqlite://", seed=seed) as bandit:
            race = bandit.run(task, k=3)
        passed += race.best is not None
        verdicts = {result.generator_name: "passed" if result.test_passed else str(result.failure) for result in race.results}
        print(json.dumps({"seed": seed, "passed": race.best is not None, "seconds": round(race.wall_seconds, 1), **verdicts}), flush=True)
    print(json.dumps({"runs": options.runs, "passed": passed}))


if __name__ == "__main__":
    main()
