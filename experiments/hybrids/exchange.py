"""Do failing candidates pass with a function of another failing one in place of their own? On recorded answers to HumanEval.

    python experiments/hybrids/exchange.py --data FOLDER [--pairs 60] [--seed 0]

Of each task with at least ten distinct failing answers of several functions, pairs of such answers by different arms are drawn. Each
answer of a pair gets each function that both define, the other's in place of its own, and is tried on the task's tests; a task without such
answers has nothing to exchange. Beside it stands how often an answer of any arm passes, which is what another sample brings.
"""

from __future__ import annotations

import argparse
import ast
import collections
import contextlib
import gzip
import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from banditgen import Task
from banditgen.sandbox.default import default_sandbox

FEWEST = 10


def lines(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


def functions(code: str) -> dict[str, ast.FunctionDef]:
    try:
        with warnings.catch_warnings(action="ignore"):
            body = ast.parse(code).body
    except (SyntaxError, ValueError, RecursionError):
        return {}
    return {one.name: one for one in body if isinstance(one, ast.FunctionDef)}


def exchanged(code: str, other: str) -> list[str]:
    """The first, with each function that both define, and write differently, taken from the other."""
    theirs = functions(other)
    found = []
    for name, own in functions(code).items():
        if name in theirs and ast.dump(theirs[name]) != ast.dump(own):
            tree = ast.parse(code)
            tree.body = [theirs[name] if isinstance(one, ast.FunctionDef) and one.name == name else one for one in tree.body]
            found.append(ast.unparse(tree))
    return list(dict.fromkeys(found))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--pairs", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    tasks = {row["task_id"]: row for row in lines(given.data / "tasks.jsonl.gz") if row["dataset"] == "HumanEval"}
    failing: dict[str, dict[str, str]] = collections.defaultdict(dict)  # by task and code its arm
    passed: dict[str, list[bool]] = collections.defaultdict(list)
    answers: dict[str, set[str]] = collections.defaultdict(set)
    for row in lines(given.data / "generations.jsonl.gz"):
        if row["task_id"] in tasks and row.get("passed_rerun") is not None:
            passed[row["task_id"]].append(bool(row["passed_rerun"]))
            answers[row["task_id"]].add(row["code"])
            if not row["passed_rerun"] and len(functions(row["code"])) > 1:
                failing[row["task_id"]].setdefault(row["code"], row["arm"])
    eligible = {name: own for name, own in failing.items() if len(own) >= FEWEST}
    several = sum(len(own) for own in failing.values())
    print(f"{sum(map(len, answers.values())):,} distinct answers, {several:,} of them fail and have several functions, ", end="")
    print(f"in {len(failing)} of {len(answers)} tasks; {len(eligible)} tasks have {FEWEST} of these\n")
    print("| task | pairs | with something to exchange | with a hybrid that passes | an answer passes |")
    print("| --- | ---: | ---: | ---: | ---: |")
    rng, table = np.random.default_rng(given.seed), []
    with contextlib.closing(default_sandbox()) as sandbox:
        for name, own in eligible.items():
            task = Task(
                tasks[name]["prompt"], tests=f"{tasks[name]['test']}\n\n{tasks[name]['test_call']}", entry_point=tasks[name]["entry_point"]
            )
            codes, pairs = list(own), list[tuple[str, str]]()
            for _ in range(20 * given.pairs):
                first, second = (codes[i] for i in rng.choice(len(codes), 2, replace=False))
                if len(pairs) < given.pairs and own[first] != own[second]:
                    pairs.append((first, second))
            hybrids = [exchanged(*pair) + exchanged(*pair[::-1]) for pair in pairs]
            saved = [any(sandbox.run(code, task).passed for code in each) for each in hybrids]
            table.append((len(pairs), sum(map(bool, hybrids)), sum(saved), float(np.mean(passed[name]))))
            print("| {} | {} | {} | {} | {:.3f} |".format(name, *table[-1]), flush=True)
    counts = np.array(table)
    saved_of_all = counts[:, 2].sum() / counts[:, 0].sum()
    print(f"\nOf all pairs {saved_of_all:.1%} have a hybrid that passes; an answer passes in {counts[:, 3].mean():.1%}.")


if __name__ == "__main__":
    main()
