"""`banditgen serve` as a process: what it prints, who talks to it, and how signals end it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest

from banditgen.history.store import History
from banditgen.testing.ollama_server import HostModel, OllamaServer
from tests.cli.command import COMMAND, banditgen, process
from tests.service.served import DOUBLE_PIECES
from tests.waiting import until

SECRET = "a-prompt-that-nobody-may-log"
TESTS = "assert double(2) == 4"


class Process:
    """The running command."""

    def __init__(self, folder: Path, host: str, *arguments: str, **environment: str) -> None:
        self.folder, self.history = folder, folder / "served.db"
        known = {**os.environ, "OLLAMA_HOST": host, "TMPDIR": str(folder), **environment}
        command = [*COMMAND, "-v", "serve", "--port", "0", "--history", str(self.history), *arguments]
        with (folder / "out").open("w") as out, (folder / "err").open("w") as err:
            self.running = subprocess.Popen(command, stdout=out, stderr=err, env=known, cwd=folder)
        assert until(lambda: "http://" in self.out or self.running.poll() is not None)
        lines = self.out.splitlines()
        assert lines, self.err
        self.url = lines[0].split(": ")[1].removesuffix("/v1")
        said = next((line for line in lines if line.startswith("token: ")), "")
        self.token = said.removeprefix("token: ") or environment.get("BANDITGEN_TOKEN", "")
        self.headers = {"Authorization": f"Bearer {self.token}"}

    @property
    def out(self) -> str:
        return (self.folder / "out").read_text()

    @property
    def err(self) -> str:
        return (self.folder / "err").read_text()

    def begin(self, host: OllamaServer) -> subprocess.Popen[bytes]:
        """A race that a caller waits for, once a model writes."""
        before = len(host.generated())
        body = {"prompt": f"Write double(x). {SECRET}", "tests": TESTS, "type": "demo"}
        asked = [
            "curl",
            "-sS",
            "-m",
            "60",
            f"{self.url}/banditgen/race",
            "-H",
            f"Authorization: Bearer {self.token}",
            "-d",
            json.dumps(body),
        ]
        caller = subprocess.Popen(asked, stdout=subprocess.PIPE)
        assert until(lambda: len(host.generated()) > before)
        return caller


@contextlib.contextmanager
def serving(
    folder: Path, *arguments: str, pieces: list[str] = DOUBLE_PIECES, token_seconds: float = 0.0, **environment: str
) -> Iterator[tuple[Process, OllamaServer]]:
    with OllamaServer([HostModel("m", pieces, token_seconds=token_seconds)], slots=4) as host:
        started = Process(folder, host.url, *arguments, **environment)
        try:
            yield started, host
        finally:
            started.running.kill()
            started.running.wait(60)


def children(pid: int) -> list[int]:
    """A process's descendants."""
    found = [int(child) for thread in Path(f"/proc/{pid}/task").iterdir() for child in (thread / "children").read_text().split()]
    return found + [grandchild for child in found for grandchild in children(child)]


@pytest.mark.slow
def test_openais_client_and_curl_talk_to_it_and_a_signal_ends_it(tmp_path: Path) -> None:
    """A first signal lets the race end; everything is recorded, nothing secret is logged, and nothing stays."""
    with serving(tmp_path, token_seconds=0.02) as (served, host):
        assert served.out.splitlines()[0].startswith("balanced races on ollama: http://127.0.0.1:")
        asked = {"type": "demo", "tests": TESTS, "k": 2}
        with openai.OpenAI(base_url=f"{served.url}/v1", api_key=served.token, max_retries=0) as client:
            assert "banditgen" in [model.id for model in client.models.list()]
            messages = [{"role": "user", "content": f"Write double(x). {SECRET}"}]
            answer = client.chat.completions.create(model="banditgen", messages=messages, extra_body={"banditgen": asked})
            assert answer.choices[0].message.content == "def double(x):\n    return 2 * x\n"
            assert answer.banditgen["race_id"]
            assert answer.usage.completion_tokens == 8  # of both arms
            told = {"stream": True, "stream_options": {"include_usage": True}, "extra_body": {"banditgen": asked}}
            chunks = list(client.chat.completions.create(model="banditgen/demo", messages=messages, **told))
            assert chunks[0].choices[0].delta.role == "assistant"
            assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == answer.choices[0].message.content
            assert chunks[-1].usage.completion_tokens >= 8
            for error, model, key in ((openai.NotFoundError, "gpt-4", served.token), (openai.AuthenticationError, "banditgen", "no")):
                with pytest.raises(error):
                    client.with_options(api_key=key).chat.completions.create(model=model, messages=messages)
            with pytest.raises(openai.BadRequestError, match="unknown field"):
                client.chat.completions.create(model="banditgen", messages=messages, extra_body={"banditgen": {"path": "x"}})
        raced = History(served.history)
        assert raced.count()["races"] == 2
        below = children(served.running.pid)
        assert below  # the sandbox's
        with contextlib.closing(raced):
            caller = served.begin(host)
            served.running.send_signal(signal.SIGTERM)
            assert json.loads(caller.communicate(timeout=60)[0])["best"]["test_passed"]
            assert served.running.wait(60) == 0
            assert raced.count()["races"] == 3
        assert until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in below))
        assert sorted(path.name for path in tmp_path.iterdir() if not path.name.startswith("served.db")) == ["err", "out"]
        for secret in (SECRET, served.token, "return 2 * x"):
            assert secret not in served.err
        assert served.out.count(served.token) == 2  # by itself, and in the address of the page
        assert "Traceback" not in served.err


@pytest.mark.slow
def test_what_runs_longer_than_the_grace_is_cancelled_and_recorded_and_a_second_signal_ends_all_at_once(tmp_path: Path) -> None:
    long = {"pieces": ["#\n"] * 1000, "token_seconds": 0.1}
    for number, (grace, signals) in enumerate({"0.5": [signal.SIGTERM], "60": [signal.SIGINT, signal.SIGINT]}.items()):
        folder = tmp_path / str(number)
        folder.mkdir()
        with serving(folder, "--grace", grace, BANDITGEN_TOKEN="given", **long) as (served, host):  # type: ignore[arg-type]
            assert "given" not in served.out
            caller, below = served.begin(host), children(served.running.pid)
            started = time.monotonic()
            served.running.send_signal(signals[0])
            for again in signals[1:]:
                time.sleep(0.3)
                assert served.running.poll() is None
                served.running.send_signal(again)
            assert served.running.wait(60) == (0 if len(signals) == 1 else 130)
            assert time.monotonic() - started < 30  # the models would write for 100 s, and the longer grace is 60
            answer = caller.communicate(timeout=60)[0]
            assert not answer or "ending" in json.loads(answer)["error"]
            assert until(lambda below=below: not any(Path(f"/proc/{pid}").exists() for pid in below))  # type: ignore[misc]
            assert until(lambda: "/api/generate" in host.left)
        with contextlib.closing(History(served.history)) as raced:
            race = raced.races(1)[0]
            assert {result.failure for result in race.results} == {"cancelled"}
            assert raced.pending("demo") == []


@pytest.mark.slow
def test_what_cannot_be_served_is_refused_in_a_line() -> None:
    for arguments, said in {
        ("--host", "0.0.0.0", "--no-token"): "--no-token is for loopback alone",
        ("--host", "no.such.host.invalid"): "cannot listen on no.such.host.invalid",
        ("--port", "99999"): "99999",
        ("--strategy", "nobody"): "nobody",
    }.items():
        done = banditgen("serve", *arguments)
        assert done.returncode == 2
        assert said in done.stderr.splitlines()[-1]
    assert "BANDITGEN_TOKEN must be" in banditgen("serve", BANDITGEN_TOKEN="two words").stderr
    done = process("serve", "--help")
    assert "Bearer TOKEN" in done.stdout
