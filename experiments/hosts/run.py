"""What several hosts bring, and what placing requests costs: simulated hosts in a process of their own, real HTTP.

python -m experiments.hosts.run

"""

from __future__ import annotations

import asyncio
import multiprocessing
import multiprocessing.connection
import os
import resource
import statistics
import time
from collections.abc import Awaitable, Callable

import httpx

from banditgen.arm import GeneratorConfig
from banditgen.generators.base import Request
from banditgen.generators.ollama import OllamaGenerator
from banditgen.generators.pool import PoolGenerator
from banditgen.testing.ollama_server import HostModel, OllamaServer

TOKENS, TOKEN_SECONDS, PROMPT_SECONDS = 10, 0.05, 0.1
REPEATS = 3


def serve(count: int, slots: int, urls: multiprocessing.connection.Connection) -> None:
    """Hosts with one model each, until the parent says that it is done."""
    models = [
        [HostModel("m", ["x "] * TOKENS, token_seconds=TOKEN_SECONDS, prompt_seconds=PROMPT_SECONDS, load_seconds=1.0)]
        for _ in range(count)
    ]
    servers = [OllamaServer(own, slots=slots).__enter__() for own in models]
    urls.send([server.url for server in servers])
    urls.recv()


def on_hosts(count: int, slots: int, work: Callable[[list[str]], Awaitable[float]]) -> float:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(count, slots, theirs), daemon=True)
    process.start()
    try:
        return asyncio.run(work(ours.recv()))  # type: ignore[arg-type]
    finally:
        ours.send("done")
        process.join(10)


def prompt(number: int) -> str:
    return f"Write function {number}."  # each its own: a prompt that was read before costs a host nothing


async def pooled(urls: list[str], slots: int, callers: int, each: int) -> float:
    """Seconds that these callers need, with as many generations each at once, when every host has its model in memory."""
    pool = PoolGenerator({url: OllamaGenerator(url, parallel=slots, retries=0) for url in urls})

    async def one(number: int, race: int) -> None:
        await pool.generate(Request(prompt(number), GeneratorConfig("a", "m", 0.1), race=str(race)))

    await asyncio.gather(*(one(-number, 0) for number in range(len(urls) * slots)))
    started = time.perf_counter()
    await asyncio.gather(*(one(caller * each + number, caller) for caller in range(callers) for number in range(each)))
    took = time.perf_counter() - started
    await pool.aclose()
    return took


async def bare(urls: list[str], slots: int, callers: int, each: int) -> float:
    """The same with an HTTP client alone, which knows that all hosts are alike: whichever has a free slot is next."""
    free: asyncio.Queue[str] = asyncio.Queue()
    for _ in range(slots):
        for url in urls:
            free.put_nowait(url)
    async with httpx.AsyncClient(timeout=None, limits=httpx.Limits(max_connections=None)) as client:

        async def one(number: int) -> None:
            url = await free.get()
            body = {"model": "m", "prompt": prompt(number), "stream": True}
            async with client.stream("POST", f"{url}/api/generate", json=body) as response:
                async for _ in response.aiter_lines():
                    pass
            free.put_nowait(url)

        await asyncio.gather(*(one(-number) for number in range(len(urls) * slots)))
        started = time.perf_counter()
        await asyncio.gather(*(one(number) for number in range(callers * each)))
        return time.perf_counter() - started


def main() -> None:
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    for hosts in (1, 4):
        took = [on_hosts(hosts, 1, lambda urls: pooled(urls, 1, 10, 4)) for _ in range(REPEATS)]
        print(f"{hosts} hosts of one slot, 40 generations: {statistics.median(took):.2f} s of {[round(one, 2) for one in took]}")
    ways = {"bare client": bare, "pool": pooled}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    busy: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(REPEATS):
        for name, way in ways.items():  # in turns, so that what else the machine does meets both alike
            before = resource.getrusage(resource.RUSAGE_SELF)
            seconds[name].append(on_hosts(4, 8, lambda urls, way=way: way(urls, 8, 200, 5)))  # type: ignore[misc]
            after = resource.getrusage(resource.RUSAGE_SELF)
            busy[name].append((after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / 1032 * 1e3)
    for name, took in seconds.items():
        print(
            f"{name}, 200 callers × 5 on 4 hosts of 8 slots: {statistics.median(took):.2f} s of {[round(one, 2) for one in took]}, "
            f"{statistics.median(busy[name]):.2f} processor ms a generation"
        )
    shares = [theirs / ours for theirs, ours in zip(seconds["bare client"], seconds["pool"], strict=True)]
    print(f"the pool's throughput by the bare client's: {statistics.median(shares):.3f} of {[round(one, 3) for one in shares]}")


if __name__ == "__main__":
    main()
