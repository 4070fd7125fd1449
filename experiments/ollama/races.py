"""Whole races of five arms on two models, one Ollama host with one slot and room for one model: against five threads.

    python -m experiments.ollama.races [--load SECONDS] [--repeats N]

One after another (each race may begin with the model that the last one left in memory) and three at a time, through the pool, the
backend of one host, and five threads a race that each send one arm. The host is a process of its own; a prompt takes 0.2 s, a
candidate 20 tokens of 0.05 s. Our races run their candidates in the sandbox, too; the threads only collect text.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import multiprocessing.connection
import os
import random
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import ollama

from banditgen import BanditGenerator, GeneratorConfig, Task
from banditgen._loop import run_sync
from banditgen.generators.ollama import OllamaGenerator
from banditgen.generators.pool import PoolGenerator
from banditgen.testing.ollama_server import HostModel, OllamaServer

TOKENS, TOKEN_SECONDS, PROMPT_SECONDS = 20, 0.05, 0.2
CODE = ["def double(x):\n", "    return 2 * x\n", *["# x\n"] * (TOKENS - 2)]
ARMS = [GeneratorConfig(f"arm{number}", "mnmnm"[number], 0.1 + number / 10) for number in range(5)]
TASK = Task("Write double(x).", tests="assert double(2) == 4", entry_point="double")
Race = Callable[[], None]


def serve(load: float, talk: multiprocessing.connection.Connection) -> None:
    """The host, until it is asked for its loads, which are its last word."""
    models = [HostModel(name, CODE, token_seconds=TOKEN_SECONDS, prompt_seconds=PROMPT_SECONDS, load_seconds=load) for name in "mn"]
    with OllamaServer(models, slots=1, room=1) as server:
        talk.send(server.url)
        talk.recv()
        talk.send(len(server.loads))


@contextlib.contextmanager
def threads(url: str) -> Iterator[Race]:
    """Five threads, each with one arm; in which order the host hears of them is chance."""

    def one(arm: GeneratorConfig) -> None:
        time.sleep(random.random() * 0.01)
        for _ in ollama.Client(url).generate(model=arm.model, prompt=TASK.prompt, options={"temperature": arm.temperature}, stream=True):
            pass

    def race() -> None:
        with ThreadPoolExecutor(len(ARMS)) as five:
            list(five.map(one, ARMS))

    yield race


@contextlib.contextmanager
def raced(url: str, *, pool: bool) -> Iterator[Race]:
    host = OllamaGenerator(url, parallel=1, retries=0 if pool else 3)
    backend = PoolGenerator({"host": host}, seed=1) if pool else host
    with BanditGenerator.open(arms=ARMS, backend=backend, history="sqlite://", seed=1) as bandit:

        def race() -> None:
            bandit.run(TASK, k=5)

        yield race
    run_sync(backend.aclose())


WAYS: dict[str, Callable[[str], contextlib.AbstractContextManager[Race]]] = {
    "five threads": threads,
    "pool": lambda url: raced(url, pool=True),
    "one host": lambda url: raced(url, pool=False),
}


def measure(way: str, load: float, races: int, side_by_side: int) -> tuple[float, int]:
    """Seconds for so many races, and the loads that they took."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(load, theirs), daemon=True)
    process.start()
    with WAYS[way](ours.recv()) as race, ThreadPoolExecutor(side_by_side) as callers:
        started = time.perf_counter()
        for done in [callers.submit(race) for _ in range(races)]:
            done.result()
        took = time.perf_counter() - started
    ours.send("loads")
    loads = ours.recv()
    process.join()
    return took, loads


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--load", type=float, default=6.0)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    print(f"a load takes {options.load:g} s; the machine's load is {os.getloadavg()[0]:.0f} on {os.cpu_count()} cores\n")
    print("| races | by | loads (each run) | seconds, median (each run) | of the threads' (median) |\n| --- | --- | --- | --- | --- |")
    for races, side_by_side, words in ((1, 1, "one, nothing loaded"), (4, 1, "four in a row"), (3, 3, "three at once")):
        runs: dict[str, list[tuple[float, int]]] = {way: [] for way in WAYS}
        for _ in range(options.repeats):
            for way in WAYS:
                runs[way].append(measure(way, options.load, races, side_by_side))
        for way, found in runs.items():
            share = statistics.median(own / theirs for (own, _), (theirs, _) in zip(found, runs["five threads"], strict=True))
            each = ", ".join(f"{took:.1f}" for took, _ in found)
            loads = ", ".join(str(count) for _, count in found)
            print(f"| {words} | {way} | {loads} | {statistics.median(took for took, _ in found):.1f} ({each}) | {share:.2f} |", flush=True)


if __name__ == "__main__":
    main()
