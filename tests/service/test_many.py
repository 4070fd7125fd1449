"""Many callers at once: each gets an answer of his own, none waits for ever, and nothing stays behind."""

from __future__ import annotations

import concurrent.futures
import os
import socket
import threading
import time
from pathlib import Path

import httpx
import pytest

from tests.service.asked import DOUBLE
from tests.service.served import Served, request, served
from tests.waiting import until

CALLERS = 100  # twice as many: `experiments/serve`


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def _call(service: Served, number: int) -> tuple[int, str, float]:
    """The status, the race's id and when the answer was there; the caller of every fourth leaves, with no answer."""
    body = {**DOUBLE, "messages": [{"role": "user", "content": f"Write double(x). {number}"}], "stream": False}
    if number % 4 == 3:
        with socket.create_connection(("127.0.0.1", service.port)) as connection:
            connection.sendall(request("/v1/chat/completions", body))
            time.sleep(0.05)
        return 0, "", time.monotonic()
    answer = httpx.post(f"{service.url}/v1/chat/completions", json=body, headers=service.headers, timeout=120)
    return answer.status_code, answer.json()["banditgen"]["race_id"], time.monotonic()


@pytest.mark.slow
def test_a_hundred_callers_at_once() -> None:
    with served(pieces=["no code"], slots=CALLERS) as service:
        _call(service, 0)
        before = _descriptors(), threading.active_count()
        with concurrent.futures.ThreadPoolExecutor(CALLERS) as threads:
            answers = list(threads.map(lambda number: _call(service, number), range(CALLERS)))
        assert {status for status, _, _ in answers} == {0, 200}
        ids = [race_id for _, race_id, _ in answers if race_id]
        assert len(set(ids)) == len(ids) == CALLERS * 3 // 4
        for race_id, number in zip(ids[:20], [number for number in range(CALLERS) if number % 4 != 3], strict=False):
            race = service.bandit.history.race(race_id)
            assert race is not None
            assert race.task["prompt"] == f"Write double(x). {number}"
        assert until(lambda: not service.desk.feed.under_way())
        assert until(lambda: "banditgen_races_running 0.0" in service.desk.metrics.text().decode())
        # idle connections to the host stay for its next request, which takes one up, and closes those that have waited too long
        assert until(lambda: _call(service, 0) and _descriptors() <= before[0] + 2, 30), (before, _descriptors())
        pools = 3 * min(32, (os.cpu_count() or 1) + 4)  # of the event loops in this process
        assert until(lambda: threading.active_count() <= before[1] + pools)
        assert until(lambda: service.bandit.history.pending("demo") == []), service.bandit.history.pending("demo")
