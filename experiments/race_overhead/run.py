"""How much longer a race takes than its slowest generator: five arms of fixed latency, candidates tried in our sandbox.

    python experiments/race_overhead/run.py [--races 10] [--seconds 2.0]

Prints, per race, wall time over the slowest arm's latency; the sandbox is started before the first race is timed.
"""

from __future__ import annotations

import argparse
import statistics
import time

from banditgen import GeneratorConfig, ParallelGenerator, Task
from banditgen.race import ParallelGenerator as Racer

CODE = "```python\ndef double(x):\n    return 2 * x\n```"


class Sleeper:
    """A client whose answers take as long as the model's name says, in seconds."""

    def generate(self, *, model: str, prompt: str, temperature: float, max_tokens: int) -> str:  # noqa: ARG002 - a client's signature
        time.sleep(float(model))
        return CODE


def race(racer: Racer, seconds: float, task: Task) -> float:
    slowest = f"{seconds:.3f}"
    arms = [GeneratorConfig(f"arm{i}", f"{seconds * (5 - i) / 5:.3f}") for i in range(5)]
    started = time.perf_counter()
    racer.generate_parallel("p", arms, "n", "d", max_workers=5, task=task)
    return (time.perf_counter() - started) / float(slowest)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--races", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=2.0)
    options = parser.parse_args()
    task = Task("Write double(x).", task_type="text", tests="assert double(2) == 4")
    racer = ParallelGenerator(Sleeper())
    race(racer, 0.1, task)
    ratios = [race(racer, options.seconds, task) for _ in range(options.races)]
    print(f"wall / slowest of five arms ({options.seconds:g} s), {options.races} races:")
    print(f"min {min(ratios):.4f}  median {statistics.median(ratios):.4f}  max {max(ratios):.4f}")


if __name__ == "__main__":
    main()
