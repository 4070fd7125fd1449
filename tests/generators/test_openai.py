"""The backend for servers of OpenAI's dialect: against a stand-in with faults, and against llama.cpp's own server."""

import asyncio
import gc
import logging
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import httpx
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from banditgen.arm import GeneratorConfig
from banditgen.errors import BackendError, BanditgenError, UsageError
from banditgen.generators import _streamed, models
from banditgen.generators._openai_job import reason
from banditgen.generators._openai_wire import refused_setting
from banditgen.generators._secrets import HIDDEN, Secrets
from banditgen.generators.base import Brief, Deadlines, Generation, GenerationError, Generator, Request
from banditgen.generators.default import resolve_backend
from banditgen.generators.openai import OpenAIGenerator
from banditgen.generators.prompts import VERSION
from banditgen.result import FailureKind
from banditgen.session import BanditGenerator
from banditgen.strategy import Strategy
from banditgen.task import Task
from banditgen.testing.generators import GeneratorContract
from banditgen.testing.openai_server import Fault, HostModel, OpenAIServer
from tests.generators.running import generated, used
from tests.waiting import comes, until

T = TypeVar("T")
CODE = "def add(a, b):\n    return a + b\n"
KEY = "sk-planted-0123456789"


class _OnServer(GeneratorContract):
    model = "tiny"
    clock: Any = None

    @pytest.fixture(autouse=True)
    def _server(self) -> Iterator[None]:
        pieces = ["def add(a, b):\n"] + ["    a\n"] * 300
        with OpenAIServer([HostModel("tiny", pieces, token_seconds=0.001)], slots=2, clock=self.clock) as server:
            self.url = server.url
            yield

    def make(self) -> Generator:
        return OpenAIGenerator(self.url, parallel=2)


class TestOpenAI(_OnServer):
    pass


class TestWithTheHostsClock(_OnServer):
    clock = "llama"


SMOL = "smollm2-135m-instruct"


@pytest.fixture(scope="module")
def llama_url() -> Iterator[str]:
    """llama.cpp's own server, with a key."""
    xllamacpp = pytest.importorskip("xllamacpp")
    params = xllamacpp.CommonParams()
    params.model.path = str(models.pull(SMOL))
    params.model_alias, params.api_keys = {SMOL}, [KEY]
    params.n_ctx, params.n_parallel, params.n_gpu_layers, params.cache_ram_mib = 2048, 2, 0, 0
    params.fit_params, params.verbosity, params.port = False, -1, 0
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    server = xllamacpp.Server(params)
    server.handle_completions({"prompt": "a", "max_tokens": 1})  # one dropped before its loop has begun to run hangs for ever
    yield server.listening_address
    del server
    gc.collect()


@pytest.mark.models
class TestLlamaServer(GeneratorContract):
    model = SMOL
    tokens = 8

    @pytest.fixture(autouse=True)
    def _server(self, llama_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.url = llama_url
        monkeypatch.setenv("LLAMA_KEY", KEY)

    def make(self) -> Generator:
        return OpenAIGenerator(self.url, api_key_env="LLAMA_KEY")


@pytest.mark.models
def test_llama_servers_own_seconds_slots_and_limits_are_seen(llama_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prompt and writing by its clock, tokens counted, as many requests as it has slots; a wrong key or a long prompt is nobody's fault."""
    monkeypatch.setenv("LLAMA_KEY", KEY)

    async def use(generator: OpenAIGenerator) -> tuple[Generation, GenerationError, int]:
        [listed] = await generator.models()
        done = await generator.generate(Request("Write add(a, b).", GeneratorConfig("a", SMOL, 0.1, max_tokens=9), seed=1))
        with pytest.raises(GenerationError) as failed:
            await generator.generate(Request("word " * 3000, GeneratorConfig("a", SMOL, 0.1, max_tokens=9)))
        assert listed.size_bytes
        return done, failed.value, generator.concurrency

    done, failed, concurrency = with_generator(llama_url, use, api_key_env="LLAMA_KEY")
    assert concurrency == 2
    timings = done.timings
    assert timings.source == "host"
    assert timings.prompt_eval
    assert timings.eval
    assert timings.prompt_eval + timings.eval < timings.wall
    assert timings.completion_tokens == 9
    assert timings.prompt_tokens is not None
    assert 10 < timings.prompt_tokens < 60
    assert failed.kind is FailureKind.INFRASTRUCTURE
    assert "exceeds the available context size" in failed.message
    monkeypatch.setenv("LLAMA_KEY", "wrong-key")
    with pytest.raises(BackendError, match=r"status 401.*Invalid API Key"):
        with_generator(llama_url, lambda generator: generator.models(), api_key_env="LLAMA_KEY")


def with_generator(url: str, use: Callable[[OpenAIGenerator], Awaitable[T]], **options: Any) -> T:
    return used(lambda: OpenAIGenerator(url, **options), use)


def generate(server: OpenAIServer, *, options: Any = None, **asked: Any) -> Generation | GenerationError:
    return generated(lambda: OpenAIGenerator(server.url, **(options or {})), **asked)


def test_what_is_sent_is_what_the_dialect_wants(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sampling beside the messages, under the names of those who know it; nothing of the package's own headers or the environment's."""
    monkeypatch.setenv("OPENAI_ORG_ID", "org-1")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Mine: 1")
    monkeypatch.setenv("GATEWAY", "secret of a gateway")
    headers = {"X-Title": "races", "X-Key": "$GATEWAY"}
    with OpenAIServer() as server:
        sampling: dict[str, Any] = {"top_p": 0.9, "top_k": 20, "min_p": 0.05, "repeat_penalty": 1.1}
        done = generate(server, system_prompt="Be brief.", think=False, options={"headers": headers}, **sampling)
        assert isinstance(done, Generation)
        assert server.generated() == [
            {
                "model": "tiny",
                "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Write add(a, b)."}],
                "temperature": 0.3,
                "max_tokens": 50,
                "seed": 7,
                "stream": True,
                "stream_options": {"include_usage": True},
                "chat_template_kwargs": {"enable_thinking": False},
                "repetition_penalty": 1.1,
                **sampling,
            }
        ]
        sent = dict(server.received[-1].headers)
        for name in ("host", "accept", "connection", "content-type", "content-length", "user-agent"):
            sent.pop(name)
        assert sent == {"x-title": "races", "x-key": "secret of a gateway"}
        assert (done.text, done.finish, done.digest, done.prompt_version) == (CODE, "stop", None, "plain")
        told = generate(server, brief=Brief(("add(a, b)",)))
        assert isinstance(told, Generation)
        assert (told.prompt_version, "It is called as `add(a, b)`" in str(server.generated()[-1])) == (VERSION, True)


@pytest.mark.slow
@pytest.mark.parametrize(("clock", "source"), [("llama", "host"), ("usage", "host"), (None, "stream")])
def test_times_are_the_hosts_where_it_tells_them_and_else_those_of_the_stream(clock: Any, source: str) -> None:
    """Which of the two is recorded; the wait for a slot of ours is queue in all cases."""
    with OpenAIServer([HostModel("tiny", ["x "] * 10, prompt_seconds=0.2, token_seconds=0.02)], clock=clock) as server:

        async def use(generator: OpenAIGenerator) -> Generation:
            request = Request("Add two numbers.", GeneratorConfig("a", "tiny", 0.1))
            return (await asyncio.gather(generator.generate(request), generator.generate(request)))[1]

        timings = with_generator(server.url, use, parallel=1).timings
    assert timings.source == source
    assert timings.queue is not None
    assert timings.prompt_eval is not None
    assert timings.eval is not None
    assert timings.queue >= 0.35
    assert timings.prompt_eval >= 0.2
    assert timings.eval >= 0.15
    parts = timings.queue + timings.prompt_eval + timings.eval
    assert parts == pytest.approx(timings.wall) if source == "host" else parts <= timings.wall  # the stream's end is nobody's
    assert (timings.prompt_tokens, timings.completion_tokens) == (3, 10)
    assert timings.cached_tokens == (None if clock != "llama" else timings.cached_tokens)


def test_a_server_that_does_not_stream_or_count_is_taken_as_it_is() -> None:
    """All of its time is the model's, but for the wait before it was asked."""
    with OpenAIServer([HostModel("tiny", token_seconds=0.05)], streams=False, counts=False) as server:
        done = generate(server)
        assert isinstance(done, Generation)
        assert (done.text, done.timings.source, done.timings.prompt_eval, done.timings.completion_tokens) == (CODE, "wall", None, None)
        assert done.timings.model_seconds >= 0.25


FAULTS = {
    Fault.ERROR_IN_STREAM: "CUDA error",
    Fault.ERROR_AT_ONCE: "CUDA error",
    Fault.ERROR_AS_JSON: "CUDA error",
    Fault.SERVER_ERROR: "status 500 (the engine died)",
    Fault.TOO_LONG: "exceeds the available context size",
    Fault.FAR_TOO_MANY: "status 429 (Rate limit reached)",
    Fault.QUOTA: "status 429 (You exceeded your current quota)",
    Fault.REDIRECT: "status 307",
    Fault.HALF_A_LINE: "broke off",
    Fault.CUT: "broke off",
    Fault.ABORTED: "ended the answer as 'abort'",
    Fault.GARBAGE: "broke off",
    Fault.NO_JSON: "cannot be read",
    Fault.NO_TEXT: "cannot be read",
    Fault.NOT_AN_OBJECT: "a list where an object belongs",
    Fault.NO_CHOICE: "its choices are no list",
    Fault.RESET_IN_STREAM: "connection",
    Fault.HANG_BEFORE_HEADERS: "no token within 0.3 s",
    Fault.HANG_AFTER_HEADERS: "no token within 0.3 s",
    Fault.HANG_AFTER_ROLE: "no token within 0.3 s",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_the_server_says_nothing_about_the_arm(fault: Fault) -> None:
    """It is one failed generation of kind infrastructure with a printable message, and it is not tried again."""
    with OpenAIServer() as server:
        server.fail_next(fault)
        failed = generate(server, deadlines=Deadlines(load=0.0, first_token=0.3) if "HANG" in fault.name else None)
        assert isinstance(failed, GenerationError)
        assert failed.kind is FailureKind.INFRASTRUCTURE
        assert FAULTS[fault] in failed.message
        assert failed.message.isprintable()
        assert failed.timings is not None
        assert len(server.generated()) == 1
        assert isinstance(generate(server), Generation)


@pytest.mark.slow
@pytest.mark.parametrize("fault", [Fault.BUSY, Fault.BAD_GATEWAY, Fault.RESET, Fault.TOO_MANY])
def test_a_busy_server_and_a_broken_connection_are_tried_again(fault: Fault) -> None:
    """Only these, and only so often, after the pause that is asked for; the waiting is queue, not speed."""
    with OpenAIServer() as server:
        server.fail_next(fault, fault)
        done = generate(server)
        assert isinstance(done, Generation)
        assert len(server.generated()) == 3
        asked = 0.8 if fault is Fault.TOO_MANY else 0.25
        assert done.timings.queue is not None
        assert done.timings.queue > asked
        assert done.timings.wall - done.timings.model_seconds > asked
        server.fail_next(fault, fault)
        failed = generate(server, options={"retries": 1})
        assert isinstance(failed, GenerationError)
        assert failed.kind is FailureKind.INFRASTRUCTURE


def test_who_is_told_to_wait_keeps_the_others_waiting() -> None:
    """A limit holds for all requests, so no other is sent into it."""
    with OpenAIServer() as server:

        async def use(generator: OpenAIGenerator) -> None:
            request = Request("Add.", GeneratorConfig("a", "tiny", 0.1))
            server.fail_next(Fault.TOO_MANY)
            first = asyncio.ensure_future(generator.generate(request))
            await comes(lambda: generator._resting_until)  # it was refused, and asked to wait for 0.4 s
            await asyncio.gather(first, generator.generate(request))

        with_generator(server.url, use)
        refused, *later = [request.at for request in server.received if request.path.endswith("completions")]
        assert len(later) == 2
        assert min(later) - refused >= 0.39


def test_an_answer_is_whole_with_its_reason_to_finish(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the server keeps the connection after that."""
    monkeypatch.setattr(_streamed, "_LAST_WORDS", 0.1)
    with OpenAIServer() as server:
        server.fail_next(Fault.HANG_AT_END)
        done = generate(server)
        assert isinstance(done, Generation)
        assert done.text == CODE


@pytest.mark.slow
def test_an_answer_that_hangs_in_the_middle_is_the_arms_only_when_its_total_time_is_over() -> None:
    """A server that stops in mid-answer is infrastructure; what had arrived is kept in both cases."""
    with OpenAIServer() as server:
        server.fail_next(Fault.HANG_IN_STREAM)
        failed = generate(server, deadlines=Deadlines(total=1.0))
        assert isinstance(failed, GenerationError)
        assert (failed.kind, failed.text) == (FailureKind.TIMEOUT, "def add(a, b):\n")
        server.fail_next(Fault.HANG_IN_STREAM)
        stalled = generate(server, deadlines=Deadlines(stall=0.3, total=30))
        assert isinstance(stalled, GenerationError)
        assert (stalled.kind, stalled.text) == (FailureKind.INFRASTRUCTURE, "def add(a, b):\n")


@pytest.mark.slow
def test_a_models_first_answer_may_take_its_load_to_begin() -> None:
    """The server may load it; later ones may not."""
    with OpenAIServer([HostModel("tiny", prompt_seconds=0.5)]) as server:

        async def use(generator: OpenAIGenerator) -> None:
            request = Request("Add.", GeneratorConfig("a", "tiny", 0.1), deadlines=Deadlines(load=2.0, first_token=0.2))
            await generator.generate(request)
            with pytest.raises(GenerationError, match=r"no token within 0.2 s"):
                await generator.generate(request)

        with_generator(server.url, use)


class _Refusing(OpenAIServer):
    """Answers with refusals."""

    async def _pieces(self, model: HostModel, request: Any) -> Any:
        yield "refusal", "I will not\n"
        yield "refusal", "write that."


@pytest.mark.parametrize(
    ("model", "arm", "kind", "message"),
    [
        (HostModel("tiny", []), {}, FailureKind.EMPTY, "no answer"),
        (HostModel("tiny", ["\n", " "]), {}, FailureKind.EMPTY, "no answer"),
        (HostModel("tiny", thinking=("hm ",) * 9), {"max_tokens": 5}, FailureKind.TRUNCATED, "only thought, and wrote no answer before"),
        (HostModel("tiny", [], thinking=("hm ",)), {}, FailureKind.EMPTY, "only thought"),
        (HostModel("other"), {}, FailureKind.INFRASTRUCTURE, "The model `tiny` does not exist."),
    ],
)
def test_empty_truncated_and_impossible_are_told_apart(model: HostModel, arm: dict[str, Any], kind: FailureKind, message: str) -> None:
    with OpenAIServer([model]) as server:
        failed = generate(server, **arm)
        assert isinstance(failed, GenerationError)
        assert failed.kind is kind
        assert message in failed.message


def test_thoughts_are_no_part_of_an_answer_and_refusals_and_filters_are_no_answer() -> None:
    with OpenAIServer([HostModel("tiny", thinking=("let me ", "see"))]) as server:
        done = generate(server)
        assert isinstance(done, Generation)
        assert done.text == CODE
        server.fail_next(Fault.FILTERED)
        filtered = generate(server)
        assert isinstance(filtered, GenerationError)
        assert (filtered.kind, filtered.message) == (FailureKind.EMPTY, "the server's content filter stopped the answer")
    with _Refusing() as server:
        refused = generate(server)
        assert isinstance(refused, GenerationError)
        assert (refused.kind, refused.message) == (FailureKind.EMPTY, "the model refused: I will not write that.")


@pytest.mark.slow
def test_what_a_server_refuses_of_a_request_is_left_out_or_renamed_from_then_on() -> None:
    with OpenAIServer(refuses=["max_tokens", "stream_options", "seed"]) as server:

        async def use(generator: OpenAIGenerator) -> None:
            for _ in range(2):
                done = await generator.generate(Request("Add.", GeneratorConfig("a", "tiny", 0.1, max_tokens=3), seed=1))
                assert done.finish == "length"

        with_generator(server.url, use)
        bodies = server.generated()
        assert len(bodies) == 5
        assert set(bodies[-1]) == {"model", "messages", "temperature", "stream", "max_completion_tokens"}
    with OpenAIServer(refuses=["temperature"]) as server:
        failed = generate(server)
        assert isinstance(failed, GenerationError)
        assert "'temperature' is not supported" in failed.message


def test_what_servers_made_with_fastapi_refuse_is_read_from_their_list() -> None:
    """Else a setting that such a server does not know would fail every request."""
    asked = httpx.Request("POST", "http://127.0.0.1/v1/chat/completions")
    faults = [{"loc": ["body", "stream_options"], "msg": "Extra inputs are not permitted", "type": "extra_forbidden"}]
    for body in ({"detail": faults}, {"detail": [*faults, 3]}):
        error = openai.APIStatusError("422", response=httpx.Response(422, request=asked), body=body)
        said = reason(error, Secrets(()))
        assert said == "status 422 (body.stream_options: Extra inputs are not permitted)"
        assert refused_setting(said, set()) == "stream_options"


def test_a_character_that_a_gateway_cuts_in_two_is_one_again() -> None:
    with OpenAIServer([HostModel("tiny", ["x = '\ud83d", "\ude00'\n", "y = '\ude00'"])]) as server:
        done = generate(server)
    assert isinstance(done, Generation)
    assert done.text == "x = '😀'\ny = '\ude00'"


def test_llama_servers_other_model_is_no_answer_of_the_one_asked_for() -> None:
    """It answers with what it has whatever name is asked for, which would be credited to another arm; its aliases are names."""
    with OpenAIServer(llama=True, slots=7) as server:

        async def use(generator: OpenAIGenerator) -> None:
            assert [model.name for model in await generator.models()] == ["tiny"]
            assert generator.concurrency == 7
            for name in ("tiny", "llama"):
                await generator.generate(Request("Add.", GeneratorConfig("a", name, 0.1)))
            with pytest.raises(GenerationError, match="the server has no model other: it has llama, tiny"):
                await generator.generate(Request("Add.", GeneratorConfig("a", "other", 0.1)))

        with_generator(server.url, use)
        assert len(server.generated()) == 2


def test_a_cancelled_generation_closes_its_connection_at_once() -> None:
    """Before its first token as well as in the stream."""
    with OpenAIServer([HostModel("tiny", ["x"] * 500, prompt_seconds=0.2, token_seconds=0.02)]) as server:

        async def use(generator: OpenAIGenerator) -> None:
            heard: list[str] = []
            for begun in (server.generated, lambda: any(heard)):
                running = asyncio.ensure_future(generator.generate(Request("Add.", GeneratorConfig("a", "tiny", 0.1)), heard.append))
                await comes(begun)
                assert len(heard) < 500
                running.cancel()
                await asyncio.wait([running])

        with_generator(server.url, use)
        assert until(lambda: server.left == ["/v1/chat/completions"] * 2)


def test_models_that_only_embed_are_not_listed_and_no_server_is_a_backend_error() -> None:
    with OpenAIServer([HostModel("chat"), HostModel("text-embedding-nomic-embed-text-v1.5")]) as server:
        assert [model.name for model in with_generator(server.url, lambda generator: generator.models())] == ["chat"]
    with pytest.raises(BackendError, match=r"the server at http://127.0.0.1:9/v1 does not answer: the connection to the server failed"):
        with_generator("127.0.0.1:9/v1", lambda generator: generator.models())


# which server and which key


def test_the_server_and_its_key_are_those_that_are_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An argument, a variable, a file; a key is sent only where its variable is named for that server."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("MY_KEY", "mine-0123456789")

    def authorization(server: OpenAIServer, *options: Any) -> str | None:
        asyncio.run(_models(*options))
        return server.received[-1].headers.get("authorization")

    async def _models(generator: OpenAIGenerator) -> None:
        await generator.models()
        await generator.aclose()

    with OpenAIServer() as server:
        assert authorization(server, OpenAIGenerator(server.url)) is None
        assert authorization(server, OpenAIGenerator(server.url, api_key_env="MY_KEY")) == "Bearer mine-0123456789"
        assert authorization(server, OpenAIGenerator(server.url.replace("://", "://me:pass%20word@"))) == "Basic bWU6cGFzcyB3b3Jk"
        monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
        assert authorization(server, resolve_backend("openai")) == f"Bearer {KEY}"
        Path("banditgen.toml").write_text(f'base_url = "{server.url}"\n[headers]\nX-Title = "t"\n')
        assert authorization(server, resolve_backend(None)) is None
        assert server.received[-1].headers["x-title"] == "t"
        monkeypatch.setenv("BANDITGEN_API_KEY_ENV", "MY_KEY")
        assert authorization(server, resolve_backend("openai")) == "Bearer mine-0123456789"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "needs a server: set BANDITGEN_BASE_URL"),
        ({"base_url": "ftp://me:planted@x"}, "is no address"),
        ({"base_url": "http://x", "api_key_env": "NOT_SET"}, "the environment variable that api_key_env names, NOT_SET, is not set"),
        (
            {"base_url": "http://x", "api_key_env": "sk-planted"},
            "api_key_env must name an environment variable; it is no place for the key",
        ),
        ({"base_url": "http://x", "api_key_env": "sk_planted_1"}, "the environment variable that api_key_env names is not set"),
        ({"base_url": "http://x", "headers": {"X-Key": "$sk_planted"}}, "the variable that the header X-Key names is not set"),
        ({"base_url": "http://x", "api_key_env": "BAD"}, "has characters that no key has"),
        ({"base_url": "http://x", "headers": {"X-Token": "planted"}}, "the header X-Token holds a key"),
    ],
)
def test_what_is_set_wrongly_is_one_line_without_any_key(options: dict[str, Any], said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BAD", "planted\nkey")
    with pytest.raises(BanditgenError) as caught:
        OpenAIGenerator(**options)
    assert said.replace("the variable", "the environment variable") in str(caught.value)
    assert str(caught.value).isprintable()
    assert "planted" not in str(caught.value)


def test_a_key_in_a_settings_file_is_refused_without_being_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    Path("banditgen.toml").write_text(f'base_url = "http://x"\napi_key = "{KEY}"\n')
    with pytest.raises(UsageError, match="api_key_env") as caught:
        resolve_backend("openai")
    assert KEY not in str(caught.value)


# keys


@pytest.mark.slow
@given(st.data())
def test_a_key_is_taken_out_of_a_text_however_it_is_cut(data: st.DataObject) -> None:
    """And nothing else is: what looks like its beginning is passed on as it was."""
    key = data.draw(st.text("ab", min_size=8, max_size=12))
    plain = data.draw(
        st.lists(st.one_of(st.text("abc", max_size=9), st.integers(1, len(key) - 1).map(lambda size: key[:size]), st.just(key)))
    )
    text = "".join(plain)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    hiding = Secrets([key]).filter()
    shown = "".join([*(hiding.feed(piece) for piece in pieces), hiding.end()])
    assert key not in shown
    assert shown == text.replace(key, HIDDEN)


@pytest.mark.slow
@pytest.mark.parametrize("fault", [None, Fault.ECHO, Fault.BUSY, Fault.RESET, Fault.REDIRECT])
def test_a_planted_key_is_sent_and_found_nowhere(
    fault: Fault | None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """Not in logs, in the history's file, in errors, in events or in candidates; the server sends it back, the candidate looks for it."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("PLANTED", KEY)
    monkeypatch.setenv("PLANTED_TOO", "header-9876543210")
    spy = ["```python\nimport os\ndef add(a, b):\n    print(dict(os.environ))\n    return a + b\n```"]
    heard: list[str] = []
    with OpenAIServer([HostModel("tiny", spy)], key=KEY, echo=fault is None) as server:
        backend = OpenAIGenerator(server.url, api_key_env="PLANTED", headers={"X-Key": "$PLANTED_TOO"}, retries=1)
        arms = [GeneratorConfig("a", "tiny", 0.1, max_tokens=4000)]
        with BanditGenerator.open(Strategy("s", tuple(arms)), backend=backend, history=f"sqlite:///{tmp_path / 'h.db'}") as bandit:
            server.fail_next(*([fault] * 2 if fault else []))
            race = bandit.run(Task("Write add(a, b).", tests="assert add(1, 2) == 3"), on_event=lambda event: heard.append(event.text))
        [result] = race.results
        assert server.received[-1].headers["authorization"] == f"Bearer {KEY}"
    assert (result.failure is None) == (fault is None)
    seen = [caplog.text, repr(race), repr(race.results), "".join(heard), repr(backend), repr(vars(backend)), str(result.to_dict())]
    seen += [path.read_bytes().decode("latin-1") for path in tmp_path.iterdir()]
    for key in (KEY, "header-9876543210"):
        assert not any(key in text for text in seen)
    if fault in (None, Fault.ECHO):
        assert HIDDEN in f"{result.text}{result.error}"
