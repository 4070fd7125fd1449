"""The application on a real socket, on a thread of this process, for browsers and command-line clients."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

from banditgen import BanditGenerator
from banditgen.service import server as serving
from banditgen.service.app import create_app


@contextlib.contextmanager
def running(app: FastAPI) -> Iterator[int]:
    """The port on which it listens, while it does."""
    at, ready = serving.listening("127.0.0.1", 0), threading.Event()
    server = serving.RaceServer(app, 0.0, ready.set)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[at])), daemon=True)
    thread.start()
    assert ready.wait(60)
    try:
        yield at.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(60)
        assert not thread.is_alive()


@contextlib.contextmanager
def listening(bandit: BanditGenerator, **options: Any) -> Iterator[str]:
    """The service's address, while it runs."""
    with running(create_app(bandit, **options)) as port:
        yield f"http://127.0.0.1:{port}"
