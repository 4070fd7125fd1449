"""Who leaves cancels his race: models stop writing, what was cancelled is recorded as such, and nothing is learned from it."""

from __future__ import annotations

import socket
from collections.abc import Callable

import httpx
import pytest

from tests.service.asked import DOUBLE, TESTS
from tests.service.served import Served, request, served
from tests.waiting import until

REQUESTS = {
    "a chat completion": ("/v1/chat/completions", DOUBLE),
    "a streamed chat completion": ("/v1/chat/completions", {**DOUBLE, "stream": True}),
    "Ollama's generate": (
        "/api/generate",
        {"model": "banditgen", "prompt": "Write double(x).", "banditgen": {"tests": TESTS, "type": "demo"}},
    ),
    "a race": ("/banditgen/race", {"prompt": "Write double(x).", "tests": TESTS, "type": "demo"}),
    "a race's events": ("/banditgen/race", {"prompt": "Write double(x).", "tests": TESTS, "type": "demo", "stream": True}),
}


def leave(service: Served, path: str, body: object, when: Callable[[], object]) -> None:
    """Ask, and go when something has come to be."""
    with socket.create_connection(("127.0.0.1", service.port)) as connection:
        connection.sendall(request(path, body))
        assert until(when)


@pytest.mark.slow
def test_a_caller_who_leaves_cancels_the_race() -> None:
    with served(token_seconds=0.2, pieces=["#\n"] * 500) as service:
        for number, (name, (path, body)) in enumerate(REQUESTS.items(), start=1):
            before = len(service.host.generated())
            leave(service, path, body, lambda before=before: len(service.host.generated()) > before)  # type: ignore[misc]
            assert until(lambda: not service.desk.feed.under_way()), name
            assert until(lambda: service.host.left.count("/api/generate") == len(service.host.generated())), name
            race = service.bandit.history.races(1)[0]
            assert {result.failure for result in race.results} == {"cancelled"}, name
            assert service.bandit.history.count()["races"] == number, name
        assert all(row.passes == row.fails == row.soft == 0 for row in service.bandit.recommend("demo"))
        outcomes = service.desk.metrics.text().decode()
        assert 'banditgen_races_total{dialect="openai",outcome="cancelled"} 2.0' in outcomes
        assert "banditgen_races_running 0.0" in outcomes


def test_who_leaves_while_models_load_starts_no_race() -> None:
    with served() as service:
        for model in service.host.models.values():
            model.load_seconds = 20.0
        leave(service, "/v1/chat/completions", DOUBLE, lambda: "banditgen_races_running 1.0" in service.desk.metrics.text().decode())
        assert until(lambda: "banditgen_races_running 0.0" in service.desk.metrics.text().decode())
        assert service.bandit.history.count() == {"decisions": 0, "races": 0, "results": 0, "feedback": 0}
        assert service.host.generated() == []


@pytest.mark.slow
def test_a_race_that_is_listened_to_by_all_goes_on_when_they_leave() -> None:
    with served(token_seconds=0.05) as service:
        with httpx.Client(timeout=60) as client, client.stream("GET", service.url + "/banditgen/events", headers=service.headers) as heard:
            lines = heard.iter_lines()
            assert next(lines) == "event: now"
            answer = httpx.post(service.url + "/v1/chat/completions", json=DOUBLE, headers=service.headers, timeout=60)
            assert answer.json()["banditgen"]["passed"]
            seen = []
            for line in lines:
                seen += [line.removeprefix("event: ")] if line.startswith("event: ") else []
                if "done" in seen:
                    break
            assert seen[:2] == ["started", "wave"]
            assert seen.count("candidate") >= 8
        assert httpx.post(service.url + "/v1/chat/completions", json=DOUBLE, headers=service.headers, timeout=60).json()["banditgen"][
            "passed"
        ]
