"""Where the documentation's blocks run: a host with models, a history with races, and what an orchestrator has at hand."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, Self

import ollama

from banditgen import BanditGenerator, GeneratorConfig
from banditgen.demo.catalogue import catalogue
from banditgen.testing.ollama_server import HostModel, OllamaServer
from banditgen.testing.openai_server import OpenAIServer

SKILLS = {"qwen2.5-coder:14b": 0.9, "deepseek-coder:6.7b": 0.7, "codellama": 0.4}
PROGRAMS = {  # what the pages ask for, whichever arms race
    "word_lengths": "def word_lengths(words):\n    return [len(word) for word in words]\n",
    "two integers": "print(sum(map(int, input().split())))\n",
    "total(frame)": "def total(frame):\n    return frame['sales'].sum()\n",
    "title(": "def title(text):\n    return text.title()\n",
    "shout(text) that": "def shout(text):\n    return text.upper() + '!'\n",
    "shout(": "def shout(text):\n    return text.upper()\n",
    "clamp(": "def clamp(x, low, high):\n    return max(low, min(high, x))\n",
    "add(": "def add(a, b):\n    return a + b\n",
}
CATALOGUE = {entry.task.prompt: entry.solution for entry in catalogue()}
WRONG = "def wrong():\n    pass\n"


def _model(name: str, skill: float) -> HostModel:
    async def answer(body: Mapping[str, Any]) -> AsyncIterator[str]:
        prompt = str(body.get("prompt") or body["messages"][-1]["content"])
        temperature = (body.get("options") or body).get("temperature")
        luck = hashlib.sha256(f"{name} {prompt} {temperature}".encode()).digest()[0] / 256
        code = next((code for words, code in CATALOGUE.items() if words in prompt and luck < skill), WRONG)
        code = next((code for words, code in PROGRAMS.items() if words in prompt), code)
        yield f"```python\n{code}```\n"

    return HostModel(name, answer, token_seconds=0.001)


def _models() -> list[HostModel]:
    return [_model(name, skill) for name, skill in SKILLS.items()]


_PORTS = itertools.count(10_000 + os.getpid() % 1000 * 20)


def free_port() -> int:
    """A port that nobody listens on; below those that the kernel gives to connections, so that it is free when a command asks for it."""
    for port in _PORTS:
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            break
    return port


class Client:
    """What an orchestrator asks its models with."""

    def __init__(self, url: str) -> None:
        self._ollama = ollama.Client(host=url)

    def generate(self, *, model: str, prompt: str, temperature: float, max_tokens: int) -> str:
        options = {"temperature": temperature, "num_predict": max_tokens}
        return "".join(part.response or "" for part in self._ollama.generate(model=model, prompt=prompt, options=options, stream=True))


class Runner:
    """What an orchestrator runs a node with."""

    def save_code(self, node_id: str, code: str) -> None:
        (self._folder() / f"{node_id}.py").write_text(code)

    def run_node(self, node_id: str, payload: Mapping[str, Any]) -> tuple[str, str, dict[str, Any]]:
        done = subprocess.run([sys.executable, self._folder() / f"{node_id}.py"], capture_output=True, text=True, check=False, timeout=20)
        return done.stdout, done.stderr, {"exit_code": done.returncode, "latency_ms": 20}

    @staticmethod
    def _folder() -> Path:
        Path("nodes").mkdir(exist_ok=True)
        return Path("nodes")


class Evaluator:
    """And what it scores a run with."""

    def evaluate_full(self, stdout: str, stderr: str, metrics: Mapping[str, Any]) -> dict[str, float]:
        return {"final_score": 0.0 if stderr else 1.0}


class World:
    """What all pages share. Each page runs in a folder of its own, with a copy of the history."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server, self.other_server = OllamaServer(_models(), slots=4), OpenAIServer(_models())
        self.words: dict[str, str] = {}
        self.postgres = ""
        self._servers = contextlib.ExitStack()

    def __enter__(self) -> Self:
        self._servers.enter_context(self.server)
        self._servers.enter_context(self.other_server)
        self.fill()
        return self

    def __exit__(self, *error: object) -> None:
        self._servers.close()

    def fill(self) -> None:
        """Races of a first afternoon, some of them rated."""
        tasks = [entry.task for entry in catalogue()][::7]
        with BanditGenerator.open(backend=ollama.Client(host=self.server.url), history=self.folder / "first.db", seed=1) as bandit:
            for task in tasks:
                race = bandit.run(task)
                if race.best:
                    bandit.feedback(race.id, 0.8, who="ann")
                    self.words = {"RACE_ID": race.id, "RACE": race.id, "ID": race.id, "http://127.0.0.1:8080": self.other_server.url}
                    self.words |= {"RESULT": str(race.results[0].id), "OTHER": str(race.results[1].id)}

    def enter(self, page: Path, monkeypatch: Any) -> dict[str, Any]:
        """Go to a new folder of that page; the names that its Python blocks may use."""
        home = self.folder / f"{page.parent.name}-{page.stem}"
        home.mkdir()
        shutil.copy(self.folder / "first.db", home / "history.db")
        monkeypatch.chdir(home)
        monkeypatch.setenv("HOME", str(home))
        monkeypatch.setenv("BANDITGEN_HISTORY", f"sqlite:///{home / 'history.db'}")
        monkeypatch.setenv("OLLAMA_HOST", self.server.url)
        monkeypatch.setenv("MY_KEY", "secret")
        monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
        task = catalogue()[0].task
        return {
            "client": Client(self.server.url),
            "runner": Runner(),
            "evaluator": Evaluator(),
            "arms": [GeneratorConfig(name, name, 0.2) for name in SKILLS],
            "prompt": task.prompt,
            "tests": task.tests,
            "task_type": task.task_type,
            "node_id": "node",
            "description": "a node",
        }

    def shell(self, source: str) -> None:
        """Run commands as a reader would paste them: ids that they have to look up stand in capitals on the page.

        Raises:
            AssertionError: one of them failed; with what it printed.
        """
        for word, value in self.words.items():
            source = re.sub(rf"(?<![\w-]){word}(?![\w-])", value, source)
        source = re.sub(r"postgresql://[\w.:@-]+/\w+", self.postgres, source)
        done = subprocess.run(["bash", "-euc", source], capture_output=True, text=True, check=False, timeout=600)
        assert done.returncode == 0, f"{source}\n{done.stdout}\n{done.stderr}"
