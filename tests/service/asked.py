"""An application around a bandit with a fixed client, asked as its callers ask it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

from starlette.testclient import TestClient

from banditgen import BanditGenerator, GeneratorConfig
from banditgen.service.app import create_app
from tests.clients import BAD, GOOD, Client

TOKEN = "the-token"
ARMS = [GeneratorConfig("good", "good-model", 0.1), GeneratorConfig("bad", "bad-model", 0.5)]
TESTS = "assert double(2) == 4"
DOUBLE = {
    "model": "banditgen",
    "messages": [{"role": "user", "content": "Write double(x)."}],
    "banditgen": {"tests": TESTS, "type": "demo"},
}


@contextlib.contextmanager
def service(
    backend: Any = None, *, token: str | None = TOKEN, arms: Any = ARMS, history: Any = "sqlite://", **more: Any
) -> Iterator[TestClient]:
    """A client that brings the token."""
    backend = backend or Client({"good-model": GOOD, "bad-model": BAD})
    with BanditGenerator.open("balanced", backend=backend, arms=arms, history=history, seed=0) as bandit:
        app = create_app(bandit, token=token, **more)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        with TestClient(app, base_url="http://127.0.0.1:8077", headers=headers, raise_server_exceptions=False) as client:
            client.app_state = {"bandit": bandit}
            yield client


def events(text: str) -> list[tuple[str, Any]]:
    """Server-sent events as (kind, data); JSON is read, other data stays as it is."""
    found = []
    for block in text.split("\n\n"):
        fields = [line.partition(": ")[::2] for line in block.splitlines() if line and not line.startswith(":")]
        given = dict(fields)
        if given:
            data = given["data"]
            found.append((given.get("event", ""), json.loads(data) if data.startswith(("{", "[")) and data != "[DONE]" else data))
    return found
