"""The Ollama backend against a local server that speaks its wire format: what is sent, and what is made of the answers."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar

import ollama
import pytest

from banditgen.arm import GeneratorConfig
from banditgen.errors import BackendError, NoBackendError
from banditgen.generators._ollama_wire import prompt_was_cut
from banditgen.generators.base import Deadlines, Generation, GenerationError, Generator, Request
from banditgen.generators.client import ClientGenerator
from banditgen.generators.default import resolve_backend
from banditgen.generators.embedded import EmbeddedGenerator
from banditgen.generators.ollama import OllamaGenerator
from banditgen.result import FailureKind
from banditgen.testing.generators import GeneratorContract
from banditgen.testing.ollama_server import Fault, HostModel, OllamaServer, answer_with
from tests.generators.running import generated, used
from tests.waiting import comes, until

T = TypeVar("T")
CODE = "def add(a, b):\n    return a + b\n"


class _OnServer(GeneratorContract):
    model = "tiny:latest"

    @pytest.fixture(autouse=True)
    def _server(self) -> Iterator[None]:
        with OllamaServer([HostModel("tiny", ["def add(a, b):\n"] + ["    a\n"] * 300, token_seconds=0.001)], slots=2) as server:
            self.url = server.url
            yield


class TestOllama(_OnServer):
    def make(self) -> Generator:
        return OllamaGenerator(self.url, parallel=2)


class TestOllamaClient(_OnServer):
    """A caller's `ollama.Client`: the host that it points to."""

    def make(self) -> Generator:
        return OllamaGenerator(client=ollama.Client(self.url), parallel=2)


def with_generator(server: OllamaServer, use: Callable[[OllamaGenerator], Awaitable[T]], **options: Any) -> T:
    return used(lambda: OllamaGenerator(server.url, **options), use)


def generate(server: OllamaServer, *, options: Any = None, **asked: Any) -> Generation | GenerationError:
    return generated(lambda: OllamaGenerator(server.url, **(options or {})), **asked)


def test_what_is_sent_is_what_ollamas_api_wants() -> None:
    """Sampling, seed and limit under `options`; system, think and keep_alive beside them; streamed; the full model name."""
    with OllamaServer([HostModel("tiny", capabilities=("completion", "thinking"))]) as server:
        done = generate(
            server,
            system_prompt="Be brief.",
            think=False,
            top_p=0.9,
            top_k=20,
            min_p=0.05,
            repeat_penalty=1.1,
            options={"runner_options": {"tiny": {"num_ctx": 8192}}, "keep_alive": "10m"},
        )
        assert isinstance(done, Generation)
        sampling = {"temperature": 0.3, "top_p": 0.9, "top_k": 20, "min_p": 0.05, "repeat_penalty": 1.1, "num_predict": 50, "seed": 7}
        assert server.generated() == [
            {
                "model": "tiny:latest",
                "prompt": "Write add(a, b).",
                "system": "Be brief.",
                "stream": True,
                "think": False,
                "options": sampling | {"num_ctx": 8192},
                "keep_alive": "10m",
            }
        ]


def test_runner_options_are_the_models_so_that_no_request_loads_it_again() -> None:
    """The preload and every generation carry the same ones."""
    with OllamaServer() as server:

        async def use(generator: OllamaGenerator) -> None:
            await generator.prepare(["tiny"])
            for temperature in (0.1, 0.9):
                await generator.generate(Request("Add.", GeneratorConfig("a", "tiny", temperature)))

        with_generator(server, use, runner_options={"tiny": {"num_ctx": 1024}})
        assert server.loads == ["tiny:latest"]


@pytest.mark.slow
def test_timings_keep_queue_load_prompt_and_eval_apart() -> None:
    """The load is what was waited for before the prompt was sent, and the parts make up the wall time."""
    with OllamaServer([HostModel("tiny", load_seconds=0.3, prompt_seconds=0.1, token_seconds=0.02)]) as server:
        done = generate(server)
        assert isinstance(done, Generation)
        timings = done.timings
        assert timings.load is not None
        assert timings.load >= 0.3
        assert timings.prompt_eval is not None
        assert timings.prompt_eval >= 0.1
        assert timings.eval is not None
        assert timings.eval >= 0.1
        assert timings.queue is not None
        assert timings.queue + timings.load + timings.prompt_eval + timings.eval == pytest.approx(timings.wall, rel=0.2)
        assert timings.prompt_tokens == 3
        assert timings.completion_tokens == 5
        assert timings.first_token is not None
        assert 0.4 <= timings.first_token <= timings.wall
        assert done.digest == server.models["tiny:latest"].digest
        assert done.text == CODE


FAULTS = {
    Fault.ERROR_IN_STREAM: "CUDA error",
    Fault.SERVER_ERROR: "terminated",
    Fault.HALF_A_LINE: "cannot be read",
    Fault.CUT: "broke off",
    Fault.GARBAGE: "cannot be read",
    Fault.NOT_AN_OBJECT: "cannot be read",
    Fault.RESET_IN_STREAM: "connection",
    Fault.ONLY_LOADED: "to load the model",
    Fault.UNLOADED: "to unload the model",
    Fault.HANG_BEFORE_HEADERS: "no token within 0.3 s",
    Fault.HANG_AFTER_HEADERS: "no token within 0.3 s",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_the_host_says_nothing_about_the_arm(fault: Fault) -> None:
    """It is one failed generation of kind infrastructure with a printable message, and it is not tried again."""
    with OllamaServer() as server:
        server.fail_next(fault)
        failed = generate(server, deadlines=Deadlines(first_token=0.3) if "HANG" in fault.name else None)
        assert isinstance(failed, GenerationError)
        assert failed.kind is FailureKind.INFRASTRUCTURE
        assert FAULTS[fault] in failed.message
        assert failed.message.isprintable()
        assert failed.timings is not None
        assert len(server.generated()) == 1
        assert isinstance(generate(server), Generation)


@pytest.mark.slow
@pytest.mark.parametrize("fault", [Fault.BUSY, Fault.RESET, Fault.TOO_MANY])
def test_a_busy_host_and_a_broken_connection_are_tried_again(fault: Fault) -> None:
    """Only these, and only so often; the waiting is queue, not speed."""
    with OllamaServer() as server:
        server.fail_next(fault, fault)
        done = generate(server)
        assert isinstance(done, Generation)
        assert len(server.generated()) == 3
        assert done.timings.queue is not None
        assert done.timings.queue > (0.8 if fault is Fault.TOO_MANY else 0.25)
        server.fail_next(fault, fault)
        failed = generate(server, options={"retries": 1})
        assert isinstance(failed, GenerationError)
        assert failed.kind is FailureKind.INFRASTRUCTURE


@pytest.mark.slow
def test_an_answer_that_hangs_in_the_middle_is_the_arms_only_when_its_total_time_is_over() -> None:
    """A host that stops in mid-answer is infrastructure; what had arrived is kept in both cases."""
    with OllamaServer() as server:
        server.fail_next(Fault.HANG_IN_STREAM)
        failed = generate(server, deadlines=Deadlines(total=1.0))
        assert isinstance(failed, GenerationError)
        assert failed.kind is FailureKind.TIMEOUT
        assert failed.text == "def add(a, b):\n"
        server.fail_next(Fault.HANG_IN_STREAM)
        stalled = generate(server, deadlines=Deadlines(stall=0.3, total=30))
        assert isinstance(stalled, GenerationError)
        assert stalled.kind is FailureKind.INFRASTRUCTURE


@pytest.mark.slow
def test_a_slow_drip_ends_with_the_total_deadline() -> None:
    """Records that keep coming don't put it off."""
    with OllamaServer([HostModel("tiny", ["x "] * 1000, token_seconds=0.02)]) as server:
        failed = generate(server, max_tokens=1000, deadlines=Deadlines(total=0.6))
        assert isinstance(failed, GenerationError)
        assert failed.kind is FailureKind.TIMEOUT


@pytest.mark.slow
def test_a_load_has_a_deadline_of_its_own() -> None:
    """It does not count as waiting for the first token."""
    with OllamaServer([HostModel("tiny", load_seconds=1.5)]) as server:
        assert isinstance(generate(server, deadlines=Deadlines(first_token=1.4, total=1.4)), Generation)
    with OllamaServer([HostModel("tiny", load_seconds=30)]) as server:
        failed = generate(server, deadlines=Deadlines(load=0.2))
        assert isinstance(failed, GenerationError)
        assert failed.kind is FailureKind.INFRASTRUCTURE
        assert "not loaded within" in failed.message


def test_a_load_that_the_host_aborts_is_a_failure_of_the_host() -> None:
    """No prompt is sent after it; the next request loads the model."""
    with OllamaServer() as server:
        server.fail_next(Fault.LOAD_ABORTED)
        failed = generate(server)
        assert isinstance(failed, GenerationError)
        assert failed.kind is FailureKind.INFRASTRUCTURE
        assert "failed to load" in failed.message
        assert server.generated() == []
        assert isinstance(generate(server), Generation)


@pytest.mark.parametrize(
    ("model", "arm", "kind", "message"),
    [
        (HostModel("tiny", []), {}, FailureKind.EMPTY, "no answer"),
        (HostModel("tiny", ["\n", " "]), {}, FailureKind.EMPTY, "no answer"),
        (
            HostModel("tiny", ["x"], capabilities=("completion", "thinking"), thinking=("hm ",) * 9),
            {"max_tokens": 5, "think": True},
            FailureKind.TRUNCATED,
            "only thought, and wrote no answer before max_tokens",
        ),
        (HostModel("tiny", [], capabilities=("completion", "thinking"), thinking=("hm ",)), {}, FailureKind.EMPTY, "only thought"),
        (HostModel("tiny"), {"think": True}, FailureKind.INFRASTRUCTURE, "does not support thinking"),
        (HostModel("tiny", capabilities=("embedding",)), {}, FailureKind.INFRASTRUCTURE, "does not support generate"),
        (HostModel("other"), {}, FailureKind.INFRASTRUCTURE, "model 'tiny:latest' not found"),
    ],
)
def test_empty_truncated_and_impossible_are_told_apart(model: HostModel, arm: dict[str, Any], kind: FailureKind, message: str) -> None:
    with OllamaServer([model]) as server:
        failed = generate(server, **arm)
        assert isinstance(failed, GenerationError)
        assert failed.kind is kind
        assert message in failed.message


def test_arms_of_one_model_are_grouped_where_only_one_model_fits() -> None:
    """Five arms asked for in mixed order load each model once, the one that is in memory already not at all."""
    models = [HostModel("one", load_seconds=0.1, token_seconds=0.01), HostModel("two", load_seconds=0.1, token_seconds=0.01)]
    with OllamaServer(models, room=1) as server:

        async def use(generator: OllamaGenerator) -> None:
            arms = [GeneratorConfig(f"arm{number}", model, 0.1) for number, model in enumerate(["one", "two", "one", "two", "one"])]
            await generator.prepare(["two", "one"])
            await asyncio.gather(*(generator.generate(Request("Add.", arm)) for arm in arms))

        with_generator(server, use)
        assert server.loads == ["two:latest", "one:latest"]


def test_models_that_are_resident_generate_side_by_side() -> None:
    """Grouping costs nothing on a host that holds both."""
    models = [HostModel("one", token_seconds=0.02), HostModel("two", token_seconds=0.02)]
    with OllamaServer(models, room=2) as server:

        async def use(generator: OllamaGenerator) -> list[Generation]:
            for model in ("one", "two"):
                await generator.generate(Request("Warm up.", GeneratorConfig(model, model, 0.1)))
            return await asyncio.gather(*(generator.generate(Request("Add.", GeneratorConfig(m, m, 0.1))) for m in ("one", "two")))

        assert sorted(done.timings.in_flight for done in with_generator(server, use)) == [1, 2]


def test_a_loser_is_cancelled_only_after_its_first_token() -> None:
    """Cancelled while its model loads, it lets the load finish, and sends no prompt; in the stream, it closes the connection at once."""
    with OllamaServer([HostModel("tiny", ["x"] * 5000, load_seconds=0.5, token_seconds=0.02)]) as server:

        async def use(generator: OllamaGenerator) -> None:
            request = Request("Add.", GeneratorConfig("a", "tiny", 0.1))
            loading = asyncio.ensure_future(generator.generate(request))
            await comes(lambda: any(asked.path == "/api/generate" for asked in server.received))
            loading.cancel()
            await asyncio.wait([loading])
            begun = asyncio.Event()
            streaming = asyncio.ensure_future(generator.generate(request, lambda text: begun.set() if text else None))
            await begun.wait()
            streaming.cancel()
            await asyncio.wait([streaming])

        with_generator(server, use)
        assert server.loads == ["tiny:latest"]
        assert len(server.generated()) == 1
        assert until(lambda: server.left == ["/api/generate"])  # the server's thread notices a closed connection in its own time


def test_models_that_only_embed_are_not_listed() -> None:
    with OllamaServer([HostModel("chat"), HostModel("embed", capabilities=("embedding",))]) as server:
        listed = with_generator(server, lambda generator: generator.models())
        assert [(model.name, model.digest) for model in listed] == [("chat:latest", server.models["chat:latest"].digest)]


def test_a_host_that_is_not_there_is_a_backend_error_and_a_failed_generation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")

    async def run() -> None:
        generator = OllamaGenerator(retries=0)
        with pytest.raises(BackendError, match="does not answer"):
            await generator.models()
        with pytest.raises(GenerationError, match="connection") as caught:
            await generator.generate(Request("Add.", GeneratorConfig("a", "tiny", 0.1)))
        assert caught.value.kind is FailureKind.INFRASTRUCTURE
        await generator.aclose()

    asyncio.run(run())


@pytest.mark.parametrize("kind", [ollama.Client, ollama.AsyncClient])
def test_a_client_of_the_ollama_package_is_the_host_it_points_to(kind: Any) -> None:
    """With its headers, and all that the backend does: digest, server's timings, tries again; a closed one still points there."""
    with OllamaServer() as server:
        client = kind(server.url, headers={"Authorization": "Bearer key"})
        backend = resolve_backend(client)
        assert isinstance(backend, OllamaGenerator)

        async def use() -> Generation:
            server.fail_next(Fault.BUSY)
            done = await backend.generate(Request("Add.", GeneratorConfig("a", "tiny", 0.1)))
            await backend.aclose()
            return done

        done = asyncio.run(use())
        assert (done.text, done.digest) == (CODE, server.models["tiny:latest"].digest)
        assert done.timings.eval is not None
        assert len(server.generated()) == 2
        assert {request.headers["authorization"] for request in server.received} == {"Bearer key"}


def test_the_ollama_module_is_its_own_default_client_and_a_mock_of_a_client_is_a_callers() -> None:
    import unittest.mock

    assert isinstance(resolve_backend(ollama), OllamaGenerator)
    assert isinstance(resolve_backend(unittest.mock.create_autospec(ollama.Client, instance=True)), ClientGenerator)


ODD = {"capabilities": ["completion"], "remote_model": "big", "details": {"family": ""}}  # a cloud model: no model_info
OLD = {"details": {"family": "llama"}, "template": ""}


def test_a_model_that_cannot_be_shown_is_left_out_and_hides_no_other(caplog: pytest.LogCaptureFixture) -> None:
    """Neither do answers without model_info, nor old servers' without capabilities, whose embedding models are known by other signs."""
    models = [
        HostModel("broken", shown=500),
        HostModel("gone", shown=404),
        HostModel("big:cloud", shown=ODD),
        HostModel("old", shown=OLD),
        HostModel("nomic", shown={"details": {"family": "nomic-bert"}}),
        HostModel("qwen3-embedding:0.6b", shown={"details": {"family": "qwen3"}}),
        HostModel("pooled", shown=OLD | {"model_info": {"gemma3.pooling_type": 1}}),
        HostModel("embedded-c-coder", shown=OLD),
    ]
    with OllamaServer(models) as server:
        listed = with_generator(server, lambda generator: generator.models())
    assert [model.name for model in listed] == ["big:cloud", "old:latest", "embedded-c-coder:latest"]
    assert "cannot show broken:latest, which is left out: unexpected EOF" in caplog.text


@pytest.mark.parametrize("first", [HostModel("one", shown=500), HostModel("one", show_seconds=99), HostModel("one", shown=[])])  # type: ignore[arg-type]
def test_a_host_is_found_whatever_its_first_model_does(first: HostModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """And without waiting for it."""
    with OllamaServer([first, HostModel("two")]) as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        started = time.perf_counter()
        assert isinstance(resolve_backend("ollama"), OllamaGenerator)
        assert time.perf_counter() - started < 50


def test_a_host_all_of_whose_models_are_broken_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with OllamaServer([HostModel("one", shown=500)]) as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        with pytest.raises(NoBackendError, match=r"no model that generates; one:latest cannot be shown \(unexpected EOF\)"):
            resolve_backend("ollama")


@pytest.mark.parametrize("name", ["tiny", "Tiny:LATEST", "library/tiny", "registry.ollama.ai/library/tiny:latest"])
def test_all_spellings_of_a_name_are_one_model(name: str) -> None:
    """It is loaded once, its runner's options and its digest are found, and requests for it run in one group."""
    with OllamaServer() as server:

        async def use(generator: OllamaGenerator) -> Generation:
            await generator.generate(Request("Add.", GeneratorConfig("a", "tiny", 0.1)))
            return await generator.generate(Request("Add.", GeneratorConfig("b", name, 0.2)))

        done = with_generator(server, use, runner_options={"TINY": {"num_ctx": 64}})
        assert done.digest == server.models["tiny:latest"].digest
        assert server.loads == ["tiny:latest"]
        assert [request["options"]["num_ctx"] for request in server.generated()] == [64, 64]


def test_a_prompt_that_the_host_cuts_is_not_the_arms() -> None:
    """Also where it was read before, of which the host says nothing; an answer that fills the context is the model's own length."""
    with OllamaServer([HostModel("tiny", ["x "] * 100, context=64)]) as server:

        async def use(generator: OllamaGenerator) -> None:
            long, short = "word " * 100, "word " * 40
            for prompt in (long, long, short, long):
                request = Request(prompt, GeneratorConfig("a", "tiny", 0.1))
                if prompt is short:
                    assert (await generator.generate(request)).finish == "length"
                else:
                    with pytest.raises(
                        GenerationError, match=r"the prompt was cut to the host's context of 64 tokens \(num_ctx\)"
                    ) as caught:
                        await generator.generate(request)
                    assert caught.value.kind is FailureKind.INFRASTRUCTURE

        with_generator(server, use)


@pytest.mark.parametrize(
    ("read", "context", "characters", "cut"),
    [
        (4096, 4096, 20_000, True),
        (4095, 4096, 20_000, True),
        (4000, 4096, 16_000, False),
        (2048, 4096, 100_000, True),
        (2048, 4096, 8_000, False),
        (300, 4096, 100_000, False),
        (2048, None, 9_000, True),
        (2048, None, 5_000, False),
        (2049, None, 9_000, False),
        (None, 4096, 100_000, None),
        ("4096", 4096, 100_000, None),
    ],
)
def test_a_cut_prompt_is_known_by_how_much_was_read_of_it(read: Any, context: int | None, characters: int, cut: bool | None) -> None:
    assert prompt_was_cut({"prompt_eval_count": read}, context, "x" * characters) is cut


@pytest.mark.models
def test_the_stand_in_answers_with_a_real_models_tokens() -> None:
    """The same text as the model itself gives for the same seed at temperature 0."""
    smol = "smollm2-135m-instruct"
    embedded = EmbeddedGenerator([smol], slots=1)
    arm = GeneratorConfig("arm", smol, 0.0, max_tokens=10)

    async def use(generator: Generator) -> Generation:
        return await generator.generate(Request("Say hello.", arm, seed=1))

    with OllamaServer([HostModel(smol, answer_with(embedded, smol))]) as server:
        served = with_generator(server, use)
    direct = asyncio.run(use(embedded))
    asyncio.run(embedded.aclose())
    assert served.text == direct.text
    assert served.timings.eval is not None


@pytest.mark.slow
def test_requests_that_are_cancelled_at_any_moment_hold_no_connection() -> None:
    """httpcore keeps one for ever whose answer is being closed when its reader is cancelled; after a hundred of them it would hang."""

    async def ask(url: str) -> list[Any]:
        generator, rng = OllamaGenerator(url, parallel=50), random.Random(0)
        try:
            for _ in range(6):
                asking = [asyncio.ensure_future(generator._api.ps() if number % 2 else generator.models()) for number in range(50)]
                await asyncio.sleep(rng.uniform(0.0, 0.03))
                for task in asking:
                    task.cancel()
                    await asyncio.sleep(rng.choice((0.0, 0.0005)))
                await asyncio.wait(asking)
            held: list[Any] = generator._api._client._transport._pool._requests  # type: ignore[attr-defined]
            await comes(lambda: not held)  # those that were being closed are gone in a moment, or never
            assert len(await generator.models()) == 1
            return list(held)
        finally:
            await generator.aclose()

    with OllamaServer([HostModel("tiny")], slots=50) as server:
        assert asyncio.run(ask(server.url)) == []
