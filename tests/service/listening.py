"""The application on a real socket, for browsers and command-line clients."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from typing import Any

import uvicorn

from banditgen import BanditGenerator
from banditgen.service.app import create_app


@contextlib.contextmanager
def listening(bandit: BanditGenerator, **options: Any) -> Iterator[str]:
    """The service's address, while it runs."""
    server = uvicorn.Server(uvicorn.Config(create_app(bandit, **options), port=0, log_config=None, timeout_graceful_shutdown=1))
    running = threading.Thread(target=server.run)
    running.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    running.join()
