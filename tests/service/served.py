"""The application on a real socket, on a thread of this process; and requests of raw bytes."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Iterator

from banditgen import BanditGenerator, GeneratorConfig, OllamaGenerator
from banditgen._loop import run_sync
from banditgen.service.app import create_app
from banditgen.service.desk import Desk
from banditgen.testing.ollama_server import HostModel, OllamaServer
from tests.service.asked import TOKEN
from tests.service.listening import running

DOUBLE_PIECES = ["```python\n", "def double(x):\n", "    return 2 * x\n", "```"]


class Served:
    """Where it listens, and what is behind it."""

    def __init__(self, port: int, bandit: BanditGenerator, desk: Desk, host: OllamaServer) -> None:
        self.port, self.bandit, self.desk, self.host = port, bandit, desk, host
        self.url = f"http://127.0.0.1:{port}"
        self.headers = {"Authorization": f"Bearer {TOKEN}"}

    def raw(self, data: bytes, seconds: float = 60.0, then: bytes = b"", after: float = 0.0) -> bytes:
        """What comes back for these bytes, and more bytes later, until the server closes or is silent."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as connection, contextlib.suppress(OSError):
            connection.sendall(data)
            if then:
                time.sleep(after)
                connection.sendall(then)
            back = b""
            while piece := connection.recv(65536):
                back += piece
                if b"\r\n\r\n" in back and b"connection: close" not in back.lower():
                    break
            return back
        return b""


@contextlib.contextmanager
def served(
    *, token_seconds: float = 0.0, pieces: list[str] = DOUBLE_PIECES, slots: int = 64, models: int = 2, **more: object
) -> Iterator[Served]:
    """A server that races two arms on a stand-in host, whose models write a piece in so many seconds."""
    hosted = [HostModel(f"m{number}", pieces, token_seconds=token_seconds) for number in range(models)]
    arms = [GeneratorConfig(f"arm{number}", f"m{number}:latest", 0.1, max_tokens=400) for number in range(models)]
    with contextlib.ExitStack() as stack:
        host = stack.enter_context(OllamaServer(hosted, slots=slots))
        backend = OllamaGenerator(host.url, parallel=slots)
        stack.callback(lambda: run_sync(backend.aclose()))
        bandit = stack.enter_context(BanditGenerator.open("balanced", backend=backend, arms=arms, history="sqlite://", seed=0))
        app = create_app(bandit, token=TOKEN, **more)  # type: ignore[arg-type]
        port = stack.enter_context(running(app))
        yield Served(port, bandit, app.state.desk, host)


def request(path: str, body: object, *more: str) -> bytes:
    """A request as it goes over the wire, with the token."""
    data = json.dumps(body).encode()
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {TOKEN}", f"Content-Length: {len(data)}", *more, "", ""]
    return "\r\n".join(lines).encode() + data
