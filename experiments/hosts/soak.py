"""Does anything leak? 50,000 generations on four simulated hosts, with faults and cancelled callers; 10,000 refusals; 200 races.

    python -m experiments.hosts.soak [--generations 50000] [--refusals 10000] [--races 200]

The hosts live in a process of their own. Of every thousand generations 20 callers leave (at any moment), and 10 requests
meet a fault: 503, a reset before or in mid-stream, garbage, half a line. Printed every tenth of the way and at the end: resident memory
(MiB), open files and sockets, threads, child processes, and what is left in the temporary folder.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import logging
import multiprocessing
import multiprocessing.connection
import random
import tempfile
import time
from collections import Counter
from pathlib import Path

from banditgen._loop import run_sync
from banditgen.arm import GeneratorConfig
from banditgen.generators.base import GenerationError, Request
from banditgen.generators.ollama import OllamaGenerator
from banditgen.generators.pool import PoolGenerator
from banditgen.sandbox.default import default_sandbox
from banditgen.session import BanditGenerator
from banditgen.task import Task
from banditgen.testing.ollama_server import Fault, HostModel, OllamaServer

HOSTS, SLOTS, CALLERS = 4, 8, 64
CODE = ["def double(x):\n", "    return 2 * x\n"]
FAULTS = (Fault.BUSY, Fault.RESET, Fault.RESET_IN_STREAM, Fault.GARBAGE, Fault.HALF_A_LINE)


def serve(talk: multiprocessing.connection.Connection) -> None:
    """Hosts with two models each; a number asks for so many faults, anything else for the end."""
    rng = random.Random(0)
    servers = [
        OllamaServer([HostModel("m", CODE, token_seconds=0.002), HostModel("n", CODE)], slots=SLOTS).__enter__() for _ in range(HOSTS)
    ]
    talk.send([server.url for server in servers])
    while isinstance(asked := talk.recv(), int):
        for _ in range(asked):
            rng.choice(servers).fail_next(rng.choice(FAULTS))
        for server in servers:
            server.received.clear()
            server.left.clear()


def look(label: str) -> None:
    gc.collect()
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    memory = int(status["VmRSS"].split()[0]) / 1024
    files = [str(link.readlink()) for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    sockets = sum(name.startswith("socket:") for name in files)
    children = sum(len(task.read_text().split()) for task in Path("/proc/self/task").glob("*/children"))
    left = len(list(Path(tempfile.gettempdir()).iterdir()))
    print(f"| {label} | {memory:.1f} | {len(files)} | {sockets} | {status['Threads'].strip()} | {children} | {left} |", flush=True)


async def generate(urls: list[str], talk: multiprocessing.connection.Connection, count: int) -> None:
    rng, ended, next_one = random.Random(1), Counter[str](), iter(range(count))
    pool = PoolGenerator({url: OllamaGenerator(url, parallel=SLOTS, retries=1) for url in urls}, seed=1)
    started = time.perf_counter()

    async def caller(name: int) -> None:
        for number in next_one:
            if number and number % (count // 10) == 0:
                look(f"{number:,} generations, {time.perf_counter() - started:.0f} s")
            if number % 1000 == 0:
                talk.send(10)
            arm = GeneratorConfig("a", rng.choice("mmmmmmmmmn"), 0.1)
            work = asyncio.ensure_future(pool.generate(Request(f"Double, {number}.", arm, race=str(name))))
            if rng.random() < 0.02:
                await asyncio.sleep(rng.random() * 0.01)
                work.cancel()
            try:
                await work
                ended["whole"] += 1
            except GenerationError as error:
                ended[str(error.kind)] += 1
            except asyncio.CancelledError:
                ended["cancelled"] += 1

    await asyncio.gather(*(caller(name) for name in range(CALLERS)))
    await pool.aclose()
    print(f"\n{dict(ended)} in {time.perf_counter() - started:.0f} s\n", flush=True)


async def be_refused(count: int) -> None:
    """Ask a host that is not there, and one whose every answer is no."""
    said = Counter[str]()
    with OllamaServer([HostModel("other")]) as no:
        for url in ("http://127.0.0.1:9", no.url):
            host = OllamaGenerator(url, retries=0)
            for number in range(count // 2):
                try:
                    await host.generate(Request("Double.", GeneratorConfig("a", "m", 0.1)))
                except GenerationError as error:
                    said[f"{error.kind}: {error.message[:40]}"] += 1
                if number % (count // 4) == count // 4 - 1:
                    no.received.clear()
                    look(f"refused {sum(said.values()):,} times")
            await host.aclose()
    print(f"\n{dict(said)}\n", flush=True)


def race(urls: list[str], talk: multiprocessing.connection.Connection, count: int) -> None:
    """Races one after another, of which each fifth meets a fault, and each tenth is over after a tenth of a second."""
    arms = [GeneratorConfig(f"arm{number}", "mn"[number % 2], 0.1 * number) for number in range(5)]
    task = Task("Write double(x).", task_type="text", tests="assert double(2) == 4", entry_point="double")
    with tempfile.TemporaryDirectory() as folder:
        backend = PoolGenerator({url: OllamaGenerator(url, parallel=SLOTS) for url in urls})
        with contextlib.closing(default_sandbox()) as sandbox:
            with BanditGenerator.open(arms=arms, backend=backend, history=f"sqlite:///{folder}/h.db", sandbox=sandbox, seed=1) as bandit:
                for number in range(count):
                    if number % 5 == 0:
                        talk.send(1)
                    bandit.run(task, k=5, deadline=0.1 if number % 10 == 9 else None)
                    if number % (count // 5) == count // 5 - 1:
                        look(f"{number + 1} races of 5 arms")
            run_sync(backend.aclose())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--generations", type=int, default=50_000)
    parser.add_argument("--refusals", type=int, default=10_000)
    parser.add_argument("--races", type=int, default=200)
    options = parser.parse_args()
    logging.getLogger("banditgen").setLevel(logging.ERROR)  # hosts that rest say so
    with tempfile.TemporaryDirectory(prefix="soak") as own:
        tempfile.tempdir = own  # what is left here is ours
        talk, theirs = multiprocessing.Pipe()
        process = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,), daemon=True)
        process.start()
        urls = talk.recv()
        print("| when | MiB | files | sockets | threads | children | temporary files |\n| --- | --- | --- | --- | --- | --- | --- |")
        look("start")
        asyncio.run(generate(urls, talk, options.generations))
        look("the pool is closed")
        asyncio.run(be_refused(options.refusals))
        race(urls, talk, options.races)
        look("all of the races' is closed")
        talk.send("done")
        process.join(20)
        look("end, hosts gone")


if __name__ == "__main__":
    main()
