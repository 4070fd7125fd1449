"""What the endpoint costs over the library: time to the first event, time to the answer, 200 callers at once, and what stays behind.

python -m experiments.serve.run [first | callers | soak]

The server is a process of its own; its models and the library's are the same simulated ones, without any HTTP of theirs.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import multiprocessing
import multiprocessing.connection
import os
import random
import resource
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from banditgen import BanditGenerator, GeneratorConfig, Task, Timings
from banditgen.generators.base import Generation, ModelInfo, OnText, Request
from banditgen.service.app import create_app
from banditgen.service.server import RaceServer, listening

CODE = "```python\ndef double(x):\n    return 2 * x\n```\n"
PROMPT, TESTS = "Write double(x).", "assert double(2) == 4"
TOKEN = "experiment"
PAIRS, CALLERS, SOAK = 60, 200, 4000


class Models:
    """Models that write the code in so many pieces, each after a pause."""

    name, concurrency = "simulated", 10_000

    def __init__(self, pieces: int = 1, pause: float = 0.0) -> None:
        self._pieces, self._pause = pieces, pause

    async def models(self) -> list[ModelInfo]:
        return [ModelInfo("m")]

    async def prepare(self, models: Sequence[str]) -> None:
        """Nothing to load."""

    async def generate(self, request: Request, on_text: OnText | None = None) -> Generation:
        started = time.perf_counter()
        for _ in range(self._pieces):
            await asyncio.sleep(self._pause)
            if on_text is not None:
                on_text("# piece\n")
        return Generation(
            CODE, Timings(wall=time.perf_counter() - started, prompt_tokens=9, completion_tokens=self._pieces), request.arm.model
        )

    async def aclose(self) -> None:
        """Nothing to release."""


def bandit(arms: int, models: Models) -> BanditGenerator:
    given = [GeneratorConfig(f"a{number}", "m", 0.1 + number / 10) for number in range(arms)]
    return BanditGenerator.open("balanced", backend=models, arms=given, history="sqlite://", seed=0)


def serve(arms: int, pieces: int, pause: float, talk: multiprocessing.connection.Connection) -> None:
    """The endpoint, until the parent says that it is done; tells what it holds whenever it is asked."""
    with bandit(arms, Models(pieces, pause)) as own:
        at = listening("127.0.0.1", 0)
        server = RaceServer(create_app(own, token=TOKEN), 0.0, lambda: talk.send(at.getsockname()[1]))
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[at])))
        thread.start()
        while talk.recv() == "held":
            talk.send(held() | {"history": own.history.count(), "running": len(server.desk.feed.under_way())})
        server.should_exit = True
        thread.join()


def held() -> dict[str, Any]:
    """What this process holds: sockets and files, threads, processes, temporary folders, memory in MB, processor seconds."""
    pid = os.getpid()
    children = [path for path in Path("/proc").glob("[0-9]*/stat") if _parent(path) == pid]
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "descriptors": len(list(Path("/proc/self/fd").iterdir())),
        "threads": threading.active_count(),
        "processes": len(children),
        "folders": len(list(Path(tempfile.gettempdir()).iterdir())),
        "MB": int(Path("/proc/self/statm").read_text().split()[1]) * 4 // 1024,
        "processor": used.ru_utime + used.ru_stime,
    }


def _parent(stat: Path) -> int:
    with contextlib.suppress(OSError):
        return int(stat.read_text().rpartition(")")[2].split()[1])
    return 0


@contextlib.contextmanager
def endpoint(arms: int, pieces: int = 1, pause: float = 0.0) -> Iterator[tuple[int, Callable[[], dict[str, Any]]]]:
    """The port of a server in a process of its own, with a temporary folder of its own, and what it holds."""
    ours, theirs = multiprocessing.Pipe()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TMPDIR"] = folder
        process = multiprocessing.get_context("spawn").Process(target=serve, args=(arms, pieces, pause, theirs))
        process.start()
        del os.environ["TMPDIR"]

        def asked() -> dict[str, Any]:
            ours.send("held")
            return dict(ours.recv())

        try:
            yield ours.recv(), asked
        finally:
            ours.send("done")
            process.join(30)


def body(**more: Any) -> bytes:
    return json.dumps(
        {"model": "banditgen", "messages": [{"role": "user", "content": PROMPT}], "banditgen": {"tests": TESTS}, **more}
    ).encode()


HEADERS = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}


def asked_over_http(connection: http.client.HTTPConnection, *, stream: bool) -> tuple[float, float]:
    """Seconds to the first event and to the end."""
    started = time.perf_counter()
    connection.close()  # a new connection for each: one that is kept may have been given up meanwhile
    connection.request("POST", "/v1/chat/completions", body(stream=stream), HEADERS)
    answer = connection.getresponse()
    first = answer.read1(1) if stream else b""
    at = time.perf_counter() - started
    rest = first + answer.read()
    assert b"2 * x" in rest, rest
    return at, time.perf_counter() - started


def asked_of_the_library(own: BanditGenerator, arms: int) -> tuple[float, float]:
    """Seconds to the first decision and to the end."""
    task, firsts, started = Task(PROMPT, tests=TESTS), list[float](), time.perf_counter()
    race = own.run(task, arms, on_decision=lambda _: firsts.append(time.perf_counter() - started))
    assert race.best is not None
    return firsts[0], time.perf_counter() - started


def first() -> None:
    """Pairs of races, by the library and over HTTP, one after another."""
    print(
        "| arms | what | library, ms | endpoint, ms | over the library, median (95 % of the bootstrap) |\n| --- | --- | --- | --- | --- |"
    )
    for arms in (1, 3, 5):
        with endpoint(arms) as (port, _), bandit(arms, Models()) as own:
            connection = http.client.HTTPConnection("127.0.0.1", port)
            for _ in range(10):
                asked_over_http(connection, stream=True)
                asked_of_the_library(own, arms)
            rows = []
            for _ in range(PAIRS):
                library = asked_of_the_library(own, arms)
                streamed = asked_over_http(connection, stream=True)
                whole = asked_over_http(connection, stream=False)
                rows.append((*library, *streamed, whole[1]))
            for what, ours, theirs in (("first event", 0, 2), ("streamed, to the end", 1, 3), ("at once", 1, 4)):
                over = [(row[theirs] - row[ours]) * 1000 for row in rows]
                figures = f"{median(rows, ours):.1f} | {median(rows, theirs):.1f} | {statistics.median(over):.1f} ({interval(over)})"
                print(f"| {arms} | {what} | {figures} |", flush=True)


def median(rows: Sequence[Sequence[float]], column: int) -> float:
    return statistics.median(row[column] for row in rows) * 1000


def interval(values: Sequence[float]) -> str:
    rng = random.Random(0)
    medians = sorted(statistics.median(rng.choices(values, k=len(values))) for _ in range(1000))
    return f"{medians[25]:.1f} to {medians[975]:.1f}"


def callers() -> None:
    """Callers at once, each with a race of five arms that write for four seconds, by the library and over HTTP."""
    pieces, pause, arms = 20, 0.2, 5
    with bandit(arms, Models(pieces, pause)) as own:
        before, times = held()["processor"], together(lambda: asked_of_the_library(own, arms)[1])
        print(summary("the library", times, held()["processor"] - before, arms))
    for stream in (False, True):
        with endpoint(arms, pieces, pause) as (port, what):
            asked_over_http(http.client.HTTPConnection("127.0.0.1", port), stream=False)

            def ask(port: int = port, stream: bool = stream) -> float:
                return asked_over_http(http.client.HTTPConnection("127.0.0.1", port, timeout=300), stream=stream)[1]

            before = what()["processor"]
            times = together(ask)
            print(summary("the endpoint" + (", streamed" if stream else ""), times, what()["processor"] - before, arms))


def together(ask: Callable[[], float]) -> list[float]:
    times: list[float] = []
    threads = [threading.Thread(target=lambda: times.append(ask())) for _ in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(times) == CALLERS
    return times


def summary(what: str, times: Sequence[float], processor: float, arms: int) -> str:
    ordered = sorted(times)
    return f"| {what} | {ordered[0]:.1f} | {statistics.median(times):.1f} | {ordered[-1]:.1f} | {1000 * processor / CALLERS / arms:.1f} |"


def soak() -> None:
    """Races over HTTP in every way, three of ten left by their callers; what the server holds in between."""
    rng = random.Random(0)
    print("| races | descriptors | threads | processes | folders | MB | still running |\n| --- | --- | --- | --- | --- | --- | --- |")
    with endpoint(3, 5, 0.01) as (port, what):
        for batch in range(9):
            if batch:
                threads = [threading.Thread(target=wander, args=(port, rng.randrange(1 << 30), SOAK // 8 // 20)) for _ in range(20)]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
            else:
                wander(port, 0, 20)
            time.sleep(3)
            now = what()
            print(
                f"| {now['history']['races']} | "
                + " | ".join(str(now[key]) for key in ("descriptors", "threads", "processes", "folders", "MB", "running"))
                + " |",
                flush=True,
            )


def wander(port: int, seed: int, races: int) -> None:
    """Races one after another; three of ten callers leave."""
    rng = random.Random(seed)
    for _ in range(races):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=rng.uniform(0.01, 0.1) if rng.random() < 0.3 else 60)
        with contextlib.suppress(TimeoutError), contextlib.closing(connection):
            asked_over_http(connection, stream=rng.random() < 0.5)


if __name__ == "__main__":
    for name in sys.argv[1:] or ["first", "callers", "soak"]:
        {"first": first, "callers": callers, "soak": soak}[name]()
