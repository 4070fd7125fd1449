"""Clients with fixed answers, as a caller would bring them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

GOOD = "```python\ndef double(x):\n    return 2 * x\n```"
BAD = "```python\ndef double(x):\n    return x\n```"


class Client:
    """A caller's client: answers by model name; an exception in the place of a text is raised.

    An answer takes so many seconds, or what `hold`, called with the model's name, takes.
    """

    def __init__(self, answers: Mapping[str, str | Exception], seconds: float = 0.0, hold: Callable[[str], object] | None = None) -> None:
        self.answers = answers
        self.hold = hold or (lambda _: time.sleep(seconds))
        self.calls: list[dict[str, Any]] = []
        self.at_once = 0
        self.most_at_once = 0
        self._lock = threading.Lock()

    def generate(self, *, model: str, prompt: str, temperature: float, max_tokens: int) -> str:
        with self._lock:
            self.calls.append({"model": model, "prompt": prompt, "temperature": temperature, "max_tokens": max_tokens})
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            self.hold(model)
            answer = self.answers[model]
            if isinstance(answer, Exception):
                raise answer
            return answer
        finally:
            with self._lock:
                self.at_once -= 1
