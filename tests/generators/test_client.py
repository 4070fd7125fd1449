"""A caller's own client as a backend."""

import asyncio
import dataclasses
import threading
from typing import Any

import pytest

from banditgen.arm import GeneratorConfig
from banditgen.errors import NoBackendError, UsageError
from banditgen.generators.base import Deadlines, Generation, GenerationError, Generator, Request
from banditgen.generators.client import ClientGenerator
from banditgen.generators.default import resolve_backend
from banditgen.generators.embedded import EmbeddedGenerator
from banditgen.result import FailureKind
from banditgen.testing.generators import GeneratorContract


class Client:
    """An Overseer's client: it answers, and notes how it was called."""

    def __init__(self, answer: Any = "def add(a, b):\n    return a + b") -> None:
        self.answer = answer
        self.calls: list[dict[str, Any]] = []
        self.at_once = self.most_at_once = 0
        self.gate = threading.Event()
        self.gate.set()
        self._lock = threading.Lock()

    def generate(self, **arguments: Any) -> Any:
        with self._lock:
            self.calls.append(arguments)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        self.gate.wait(10)
        with self._lock:
            self.at_once -= 1
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


class TestAnyClient(GeneratorContract):
    model = "any"
    lists_models = knows_models = bounds_tokens = takes_time = False

    def make(self) -> Generator:
        return ClientGenerator(Client())


def generate(client: Any, **arm: Any) -> Generation | GenerationError:
    async def run() -> Generation | GenerationError:
        try:
            return await ClientGenerator(client).generate(Request("Add.", GeneratorConfig("a", "codellama", 0.3, **arm)))
        except GenerationError as error:
            return error

    return asyncio.run(run())


def test_it_is_called_with_exactly_the_documented_arguments() -> None:
    client = Client()
    done = generate(client, max_tokens=50, system_prompt="Be brief.")
    assert isinstance(done, Generation)
    assert client.calls == [{"model": "codellama", "prompt": "Be brief.\n\nAdd.", "temperature": 0.3, "max_tokens": 50}]
    assert done.text == client.answer


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (RuntimeError("the host\n\x1b[31mis down " + "x" * 10_000), FailureKind.INFRASTRUCTURE),
        (SystemExit(3), FailureKind.INFRASTRUCTURE),
        (StopIteration(), FailureKind.INFRASTRUCTURE),
        (None, FailureKind.INFRASTRUCTURE),
        (b"bytes", FailureKind.INFRASTRUCTURE),
        ("", FailureKind.INFRASTRUCTURE),
        (" \n", FailureKind.INFRASTRUCTURE),
    ],
)
def test_what_a_client_does_wrong_is_one_failed_generation(answer: Any, kind: FailureKind) -> None:
    """Its message is one bounded line without control characters."""
    failed = generate(Client(answer))
    assert isinstance(failed, GenerationError)
    assert failed.kind is kind
    assert len(failed.message) <= 200
    assert failed.message.isprintable()


def test_no_more_than_concurrency_calls_run_at_once_and_that_many_do() -> None:
    client = Client()
    client.gate.clear()

    async def run() -> None:
        generator = ClientGenerator(client, concurrency=3)
        jobs = [asyncio.ensure_future(generator.generate(Request("Add.", GeneratorConfig("a", "m", 0.1)))) for _ in range(8)]
        while len(client.calls) < 3:  # noqa: ASYNC110  # the client's threads know no event loop
            await asyncio.sleep(0.001)
        client.gate.set()
        await asyncio.gather(*jobs)

    asyncio.run(run())
    assert client.most_at_once == 3
    assert len(client.calls) == 8


def test_a_call_that_hangs_ends_with_the_total_deadline_and_keeps_its_slot() -> None:
    """The next request waits for it: a client that can't be stopped is not called more often than agreed."""
    client = Client()
    client.gate.clear()

    async def run() -> GenerationError:
        generator = ClientGenerator(client, concurrency=1)
        request = Request("Add.", GeneratorConfig("a", "m", 0.1), deadlines=Deadlines(total=0.05))
        with pytest.raises(GenerationError) as caught:
            await generator.generate(request)
        second = asyncio.ensure_future(generator.generate(dataclasses.replace(request, deadlines=Deadlines())))
        await asyncio.sleep(0.05)
        assert len(client.calls) == 1
        client.gate.set()
        await second
        return caught.value

    assert asyncio.run(run()).kind is FailureKind.INFRASTRUCTURE
    assert len(client.calls) == 2


def test_backends_are_resolved_from_what_is_handed_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Generator stays itself, a client is adapted, a name is looked up; anything else is refused in one line."""
    own = ClientGenerator(Client())
    assert resolve_backend(own) is own
    assert isinstance(resolve_backend(Client()), ClientGenerator)
    with pytest.raises(UsageError, match="no backend is named 'olama'"):
        resolve_backend("olama")
    with pytest.raises(UsageError, match="cannot be a backend"):
        resolve_backend(object())
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")
    with pytest.raises(NoBackendError, match="ollama serve"):
        resolve_backend("ollama")


def test_without_a_host_the_embedded_models_generate_and_without_these_nothing_does(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")
    caplog.set_level("INFO", "banditgen.generators")
    monkeypatch.setattr("banditgen.generators.embedded.is_installed", lambda: True)
    assert isinstance(resolve_backend(), EmbeddedGenerator)
    assert "embedded" in caplog.text
    monkeypatch.setattr("banditgen.generators.embedded.is_installed", lambda: False)
    with pytest.raises(NoBackendError, match="start Ollama and pull a model, or `pip install"):
        resolve_backend()
    with pytest.raises(NoBackendError, match="xllamacpp"):
        resolve_backend("embedded")


class AsyncClient:
    """A client whose `generate` is a coroutine; it may block the loop that it runs on, until it is let go."""

    def __init__(self, seconds: float = 0.0, *, blocking: bool = False) -> None:
        self.seconds, self.blocking = seconds, blocking
        self.loops: set[asyncio.AbstractEventLoop] = set()
        self.cancelled, self.go, self.ended = threading.Event(), threading.Event(), threading.Event()

    async def generate(self, model: str, prompt: str, temperature: float, max_tokens: int) -> str:
        self.loops.add(asyncio.get_running_loop())
        try:
            if self.blocking:
                self.go.wait(self.seconds)
                self.ended.set()
            await asyncio.sleep(0 if self.blocking else self.seconds)
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        return f"# {model} {prompt} {temperature:g} {max_tokens}"


def test_a_coroutine_is_awaited_always_on_the_same_loop() -> None:
    """So that a session the client keeps open stays usable; whatever it is wrapped in."""
    client = AsyncClient()

    class Wrapped:
        def generate(self, **arguments: Any) -> Any:
            return client.generate(**arguments)

    async def run() -> list[Generation]:
        generator = ClientGenerator(Wrapped())
        request = Request("Add.", GeneratorConfig("a", "m", 0.5, max_tokens=9))
        done = [await generator.generate(request), *await asyncio.gather(*(generator.generate(request) for _ in range(4)))]
        await generator.aclose()
        return done

    assert {done.text for done in asyncio.run(run())} == {"# m Add. 0.5 9"}
    assert len(client.loops) == 1


def test_a_coroutine_that_hangs_is_cancelled_and_one_that_blocks_its_loop_holds_up_no_other() -> None:
    async def fails(client: AsyncClient) -> GenerationError:
        generator = ClientGenerator(client)
        request = Request("Add.", GeneratorConfig("a", "m", 0.5), deadlines=Deadlines(total=0.1))
        with pytest.raises(GenerationError, match="not finished within") as caught:
            await generator.generate(request)
        await generator.aclose()
        return caught.value

    async def run() -> None:
        hanging, blocking = AsyncClient(60), AsyncClient(60, blocking=True)
        assert (await fails(hanging)).kind is FailureKind.INFRASTRUCTURE
        assert hanging.cancelled.wait(60)
        await fails(blocking)
        assert not blocking.ended.is_set()
        blocking.go.set()

    asyncio.run(run())
