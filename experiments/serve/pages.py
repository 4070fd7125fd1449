"""How long the live page's views take where the history is large.

    python -m experiments.serve.pages [--results 100000] [--arms 12]

From the repository's root. Over HTTP, from the second view on (the first reads what is known); the median and the longest of ten.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time

import httpx
import numpy as np

from banditgen import BanditGenerator
from tests.clients import Client
from tests.report.world import World, fill
from tests.service.listening import listening


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=int, default=100_000)
    parser.add_argument("--arms", type=int, default=12)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        world = World.of(options.arms, np.random.default_rng(0))
        store = fill(world, options.results // 3, path=f"sqlite:///{folder}/h.db")
        with (
            BanditGenerator.open("balanced", backend=Client({}), arms=world.arms, history=store) as bandit,
            listening(bandit, token=None) as url,
            httpx.Client(base_url=url, timeout=60) as client,
        ):
            race = store.races(1)[0].id
            for path in ("/", "/page/newest", f"/page/races/{race}", "/page/arms", "/page/arms?type=text", "/?type=text"):
                took = []
                for _ in range(11):
                    began = time.perf_counter()
                    client.get(path).raise_for_status()
                    took.append(1000 * (time.perf_counter() - began))
                shown = path.replace(race, "ID")
                print(f"| `{shown}` | {took[0]:.0f} | {statistics.median(took[1:]):.0f} | {max(took[1:]):.0f} |", flush=True)
        store.close()


if __name__ == "__main__":
    main()
