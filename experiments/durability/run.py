"""`kill -9` at random moments of a racing process: which reported races does the history still have?

    python experiments/durability/run.py [--kills 100] [--seed 0]

Each process races fast arms without end and prints a race's id once it is reported. It is killed at a random moment
within a second of its first report. At the end the history is opened and every reported id is looked up, with its results.
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from banditgen.history.store import History

RACER = """
import sys
from banditgen import BanditGenerator, GeneratorConfig, Task

class Client:
    def generate(self, *, model, prompt, temperature, max_tokens):
        return "```python\\ndef double(x):\\n    return 2 * x\\n```"

arms = [GeneratorConfig(f"arm{i}", f"m{i}") for i in range(5)]
task = Task("Write double(x).", task_type="text", tests="assert double(2) == 4")
with BanditGenerator.open(arms=arms, backend=Client(), history=sys.argv[1]) as bandit:
    while True:
        print(bandit.run(task, k=3).id, flush=True)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'history.db'}"
        reported: list[str] = []
        for _ in range(options.kills):
            racer = subprocess.Popen([sys.executable, "-c", RACER, url], stdout=subprocess.PIPE, text=True)
            assert racer.stdout is not None
            reported.append(racer.stdout.readline().strip())
            time.sleep(rng.random())
            racer.send_signal(signal.SIGKILL)
            reported += [line for line in racer.stdout.read().split("\n")[:-1] if line]
            racer.wait()
        history = History(url)
        kept = {race.id: race for race in history.races(limit=10_000_000)}
        history.close()
    found = sum(race_id in kept and len(kept[race_id].results) == 3 for race_id in reported)
    print(f"kills {options.kills}  races reported {len(reported)}  found whole {found}  kept in all {len(kept)}")


if __name__ == "__main__":
    main()
