"""Several hosts as one backend: where requests go, what happens when a host fails, and what its models are called."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import pytest

from banditgen._loop import run_sync
from banditgen.arm import GeneratorConfig
from banditgen.errors import BackendError, StrategyError, UsageError
from banditgen.generators.base import Deadlines, Generation, GenerationError, Generator, Request
from banditgen.generators.default import resolve_backend
from banditgen.generators.ollama import OllamaGenerator
from banditgen.generators.pool import PoolGenerator
from banditgen.history.store import History
from banditgen.result import FailureKind
from banditgen.session import BanditGenerator
from banditgen.strategy import Strategy
from banditgen.strategy.hosts import Host, hosts_in
from banditgen.task import Task
from banditgen.testing.generators import GeneratorContract
from banditgen.testing.ollama_server import Fault, HostModel, OllamaServer
from banditgen.testing.openai_server import OpenAIServer
from tests.generators.running import used
from tests.waiting import comes

T = TypeVar("T")
TASK = Task("Write add(a, b).", tests="assert add(1, 2) == 3")


def model(name: str, *answer: str, **settings: Any) -> HostModel:
    own: dict[str, Any] = {"answer": list(answer)} if answer else {}
    return HostModel(name, **{"token_seconds": 0.01, **own, **settings})


@contextlib.contextmanager
def hosts(*models: Sequence[HostModel], **settings: Any) -> Iterator[list[OllamaServer]]:
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(OllamaServer(own, **settings)) for own in models]


def with_pool(servers: Sequence[OllamaServer], use: Callable[[PoolGenerator], Awaitable[T]], **settings: Any) -> T:
    def make() -> PoolGenerator:
        made: dict[str, Generator] = {f"h{number}": OllamaGenerator(server.url, retries=0) for number, server in enumerate(servers)}
        return PoolGenerator(made, seed=1, **settings)

    return used(make, use)


def asked(name: str = "m", *, race: str = "", **deadlines: Any) -> Request:
    return Request("Add.", GeneratorConfig("a", name, 0.1), deadlines=Deadlines(**deadlines), race=race)


def counts(servers: Sequence[OllamaServer]) -> list[int]:
    return [len(server.generated()) for server in servers]


class TestPool(GeneratorContract):
    model = "tiny:latest"

    @pytest.fixture(autouse=True)
    def _servers(self) -> Iterator[None]:
        pieces = ["def add(a, b):\n"] + ["    a\n"] * 300
        own = [HostModel("tiny", pieces, token_seconds=0.001)]
        with hosts(own, own, slots=1) as self.servers:
            yield

    def make(self) -> Generator:
        return PoolGenerator({server.url: OllamaGenerator(server.url, retries=0) for server in self.servers})


def test_requests_go_where_their_model_is_in_memory_and_free() -> None:
    """And the width of the pool is what its hosts have."""
    with hosts([model("m"), model("n")], [model("m"), model("n")]) as servers:

        async def use(pool: PoolGenerator) -> None:
            assert pool.concurrency == 2
            await pool.prepare(["m", "n"])
            assert [server.loads for server in servers] == [["m:latest"], ["n:latest"]]
            for _ in range(3):
                await asyncio.gather(pool.generate(asked("n")), pool.generate(asked("m")))

        with_pool(servers, use)
        assert [Counter(body["model"] for body in server.generated()) for server in servers] == [{"m:latest": 3}, {"n:latest": 3}]


@pytest.mark.slow
def test_temperatures_of_one_model_stay_together_where_loads_are_dear() -> None:
    """Five arms on two models in mixed order, on two hosts that hold one each, once loads were seen: every host loads once."""
    with hosts(*([model("m", load_seconds=2.0), model("n", load_seconds=2.0)] for _ in range(2)), room=1) as servers:

        async def use(pool: PoolGenerator) -> None:
            for names in (("m", "n"), ("m", "n", "m", "n", "m")):
                await asyncio.gather(*(pool.generate(asked(name)) for name in names))

        with_pool(servers, use)
        assert sorted(server.loads for server in servers) == [["m:latest"], ["n:latest"]]


@pytest.mark.slow
def test_a_model_that_many_wait_for_is_loaded_on_one_more_host() -> None:
    """Where that takes less time than waiting for a slot."""
    with hosts(*([model("m", *["x"] * 20, load_seconds=0.25, token_seconds=0.02)] for _ in range(2))) as servers:

        async def use(pool: PoolGenerator) -> None:
            await pool.generate(asked())
            await asyncio.gather(*(pool.generate(asked()) for _ in range(6)))

        with_pool(servers, use)
        assert [len(server.loads) for server in servers] == [1, 1]
        assert min(counts(servers)) >= 2


@pytest.mark.slow
@pytest.mark.parametrize("through", ["pool", "ollama"])
def test_whole_races_on_one_host_share_its_loads(through: str) -> None:
    """Two races of five arms at the same time load each of two models once, and a third begins with the one in memory."""
    arms = [GeneratorConfig(f"a{number}", "mnmnm"[number], 0.1 + number / 10) for number in range(5)]
    with hosts([model("m", load_seconds=0.2), model("n", load_seconds=0.2)], room=1) as [server]:
        host = OllamaGenerator(server.url, parallel=1)
        backend = host if through == "ollama" else PoolGenerator({"h": host})
        with BanditGenerator.open(arms=arms, backend=backend, history="sqlite://", seed=1) as bandit, ThreadPoolExecutor(2) as callers:
            list(callers.map(lambda _: bandit.run(TASK, k=5), range(2)))
            assert len(server.loads) == 2
            bandit.run(TASK, k=5)
            assert len(server.loads) == 3
        assert len(server.generated()) == 15
        run_sync(backend.aclose())


@pytest.mark.slow
def test_a_model_that_is_overtaken_gets_its_turn() -> None:
    """However many want the one in memory."""
    with hosts([model("m"), model("n")], room=1) as servers:

        async def use(pool: PoolGenerator) -> list[str]:
            ended: list[str] = []

            async def one(name: str) -> None:
                await pool.generate(asked(name))
                ended.append(name)

            await one("m")
            await asyncio.gather(*(one(name) for name in ["m", "n", *["m"] * 30]))
            return ended

        ended = with_pool(servers, use)
        assert ended.index("n") <= 12


def test_hosts_are_asked_for_the_requests_and_for_little_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes at once is served by one look, and what writes is known to be in memory."""
    monkeypatch.setattr("banditgen.generators.ollama._GOOD_FOR", 60.0)  # however slow the machine is
    with hosts([model("m")], slots=4) as servers:

        async def use(pool: PoolGenerator) -> None:
            for _ in range(3):
                await asyncio.gather(*(pool.generate(asked()) for _ in range(12)))

        with_pool(servers, use, slots={"h0": 4})
        paths = Counter(request.path for request in servers[0].received)
        assert paths["/api/generate"] == 1 + 36
        assert paths["/api/tags"] == paths["/api/show"] == 1
        assert paths["/api/ps"] <= 8


def test_requests_that_are_cancelled_at_any_moment_leave_no_place_taken() -> None:
    """Before they wait, while they wait, in the moment in which they are placed, and while they generate."""
    with hosts([model("m"), model("n")], [model("m")]) as servers:

        async def use(pool: PoolGenerator) -> None:
            await pool.generate(asked())
            rng = random.Random(3)
            for _ in range(12):
                tasks = [asyncio.ensure_future(pool.generate(asked(rng.choice("mn"), race=str(number % 3)))) for number in range(8)]
                for task in tasks:
                    for _ in range(rng.randrange(8)):
                        await asyncio.sleep(0)
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                assert not pool._placing.waiting
                assert not any(host.busy for host in pool._hosts)
            assert not pool._placing._queues
            assert not pool._placing._running
            await asyncio.gather(*(pool.generate(asked(name)) for name in "mnm"))

        with_pool(servers, use)


@pytest.mark.slow
def test_races_take_turns() -> None:
    """One that asks for little does not wait until another, which has asked for much, is done."""
    with hosts([model("m")]) as servers:

        async def use(pool: PoolGenerator) -> list[str]:
            ended: list[str] = []

            async def one(race: str) -> None:
                await pool.generate(asked(race=race))
                ended.append(race)

            many = [asyncio.ensure_future(one("many")) for _ in range(20)]
            await comes(lambda: ended)
            await asyncio.gather(*(one("few") for _ in range(3)), *many)
            return ended

        ended = with_pool(servers, use)
        last = max(place for place, race in enumerate(ended) if race == "few")
        assert last < 12


BEFORE_A_TOKEN = [Fault.RESET, Fault.SERVER_ERROR, Fault.BUSY, Fault.TOO_MANY, Fault.GARBAGE, Fault.HANG_AFTER_HEADERS, Fault.LOAD_ABORTED]


@pytest.mark.slow
@pytest.mark.parametrize("fault", BEFORE_A_TOKEN)
def test_another_host_takes_over_what_had_no_token_yet(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was tried in vain is queue, not speed; the host that failed rests."""
    monkeypatch.setattr("banditgen.generators._pool_host._FIRST_REST", 600.0)
    patience = 1.0 if fault is Fault.HANG_AFTER_HEADERS else 60.0
    with hosts([model("m")], [model("m")]) as servers:

        async def use(pool: PoolGenerator) -> Generation:
            servers[0].fail_next(fault)  # where the first request goes, nothing being known yet
            done = await pool.generate(asked(first_token=patience))
            assert not servers[0]._faults
            assert pool.concurrency == 1
            return done

        done = with_pool(servers, use)
        assert done.text.startswith("def add")
        assert done.timings.queue is not None
        assert fault is not Fault.HANG_AFTER_HEADERS or done.timings.queue >= patience
        assert done.timings.wall >= done.timings.queue + done.timings.model_seconds - 0.05


@pytest.mark.parametrize("fault", [Fault.RESET_IN_STREAM, Fault.ERROR_IN_STREAM, Fault.CUT, Fault.HANG_IN_STREAM])
def test_what_was_begun_is_never_repeated(fault: Fault) -> None:
    """It failed, and says on which host."""
    with hosts([model("m")], [model("m")]) as servers:

        async def use(pool: PoolGenerator) -> GenerationError:
            for server in servers:
                server.fail_next(fault)
            with pytest.raises(GenerationError, match=r"^h[01]: ") as caught:
                await pool.generate(asked(stall=0.3))
            return caught.value

        failed = with_pool(servers, use)
        assert (failed.kind, sum(counts(servers))) == (FailureKind.INFRASTRUCTURE, 1)
        assert failed.text.startswith("def add")


@pytest.mark.slow
def test_a_host_rests_for_longer_each_time_and_is_tried_with_a_real_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that lists its models and generates nothing stays out of use; a generation of one token brings it back."""
    monkeypatch.setattr("banditgen.generators._pool_host._FIRST_REST", 0.2)
    with hosts([model("m")], [model("m")]) as servers:

        async def use(pool: PoolGenerator) -> None:
            for server in servers:
                server.fail_next(*[Fault.SERVER_ERROR] * 3)
            started = time.perf_counter()
            with pytest.raises(GenerationError, match="terminated"):
                await pool.generate(asked())
            with pytest.raises(BackendError, match="terminated"):
                await pool.models()
            done = await pool.generate(asked())
            assert time.perf_counter() - started > 0.4
            assert done.text.startswith("def add")

        with_pool(servers, use)
        probes = [[body["options"]["num_predict"] for body in server.generated()] for server in servers]
        assert max(probes, key=len)[:4] == [4000, 1, 1, 1]  # the other one may still have been at its second


@pytest.mark.slow
def test_hosts_that_do_not_come_back_are_waited_for_as_long_as_for_a_connection() -> None:
    with hosts([model("m")]) as servers:

        async def use(pool: PoolGenerator) -> None:
            servers[0].fail_next(*[Fault.RESET] * 99)
            with pytest.raises(GenerationError, match="h0: the connection"):
                await pool.generate(asked())
            started = time.perf_counter()
            with pytest.raises(GenerationError, match=r"no host answers .h0: "):
                await pool.generate(asked(connect=0.6))
            assert time.perf_counter() - started < 9  # where nothing is said, it is 10 s

        with_pool(servers, use)


def test_what_a_request_itself_is_wrong_in_puts_no_host_to_rest() -> None:
    with hosts([model("m")], [model("m", capabilities=("completion", "thinking"))]) as servers:

        async def use(pool: PoolGenerator) -> None:
            await pool.generate(asked())
            thinking = Request("Add.", GeneratorConfig("a", "m", 0.1, think=True))
            with contextlib.suppress(GenerationError):
                await pool.generate(thinking)
            with pytest.raises(GenerationError, match="no host has the model other"):
                await pool.generate(asked("other"))
            assert pool.concurrency == 2

        with_pool(servers, use)


def test_a_model_of_another_digest_is_another_model() -> None:
    """The name means what most hosts have; the other one is asked for, and learned of, by its host's name."""
    with hosts([model("m", digest="new")], [model("m", digest="old")], [model("m", digest="old")]) as servers:

        async def use(pool: PoolGenerator) -> None:
            assert [(info.name, info.digest) for info in await pool.models()] == [("m:latest@h0", "new"), ("m:latest", "old")]
            done = await asyncio.gather(*(pool.generate(asked()) for _ in range(6)))
            assert {one.digest for one in done} == {"old"}
            own = await pool.generate(asked("m:latest@h0"))
            assert (own.model, own.digest) == ("m:latest@h0", "new")

        with_pool(servers, use)
        assert counts(servers)[0] == 1


@pytest.mark.slow
def test_hosts_of_several_kinds_race_as_one(tmp_path: Path) -> None:
    """From a strategy's file: Ollama and a server of OpenAI's dialect share a model, and no candidate is lost when one of them dies."""
    with hosts([model("m")]) as [one], OpenAIServer([model("m")], slots=2) as two:
        path = tmp_path / "two.toml"
        path.write_text(
            f'[[hosts]]\nurl = "{one.url}"\nname = "one"\n[[hosts]]\nbackend = "openai"\nurl = "{two.url}"\nslots = 2\n'
            '[[arms]]\nname = "a"\nmodel = "m"\ntemperature = 0.1\n[[arms]]\nname = "b"\nmodel = "m"\ntemperature = 0.9\n'
        )
        plan = Strategy.load(path)
        assert Strategy.loads(plan.to_toml(), name="two") == plan
        assert plan.hash == Strategy("two", plan.arms).hash
        with BanditGenerator.open(plan, history=f"sqlite:///{tmp_path / 'h.db'}", seed=1) as bandit:
            assert (bandit.backend.name, bandit.backend.concurrency) == ("hosts", 3)
            assert [result.test_passed for result in bandit.run(TASK).results] == [True, True]
            one.fail_next(*[Fault.RESET] * 99)
            assert [result.test_passed for _ in range(3) for result in bandit.run(TASK).results] == [True] * 6
        with contextlib.closing(History(f"sqlite:///{tmp_path / 'h.db'}")) as history:
            assert history.count()["results"] == 8


def test_hosts_are_named_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with hosts([model("m")]) as [one], OpenAIServer([model("n")]) as two:
        monkeypatch.setenv("BANDITGEN_HOSTS", f"{one.url}, openai+{two.url}")
        pool = resolve_backend()

        async def use() -> list[str]:
            try:
                return [info.name for info in await pool.models()]
            finally:
                await pool.aclose()

        assert sorted(asyncio.run(use())) == ["m:latest", "n"]
    assert hosts_in("gpu1:11434,openai+http://u:pw@gpu2/v1") == (Host("gpu1:11434"), Host("http://u:pw@gpu2/v1", "openai"))
    assert [host.called for host in hosts_in("gpu1:11434,openai+http://u:pw@gpu2/v1")] == ["gpu1:11434", "gpu2"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[hosts]]\nslots = 0\nurl = 'a'\n", "line 1: hosts: slots must be a whole number"),
        ("[[hosts]]\nurll = 'a'\n", "line 2: hosts.urll: unknown key; did you mean url"),
        ("[[hosts]]\nbackend = 'openai'\n", "a host of the backend openai needs its url"),
        ("[[hosts]]\nurl = 'a'\n[[hosts]]\nurl = 'a'\n", "two hosts are called 'a'"),
        ("hosts = ['a']\n", "must be tables"),
        ("[[hosts]]\nurl = 'http://me:planted@a'\n", "a user or a password, which has no place in a strategy"),
        (
            "[[hosts]]\nurl = 'a'\nheaders = {X-API-Key = 'planted'}\n",
            "the header X-API-Key holds a key: put that",
        ),
    ],
)
def test_what_is_wrong_in_a_file_is_named(text: str, said: str) -> None:
    with pytest.raises(StrategyError, match=said) as caught:
        Strategy.loads(f"{text}[[arms]]\nname = 'a'\nmodel = 'm'\n", name="p")
    assert "planted" not in str(caught.value)
    with pytest.raises(UsageError, match="at least one"):
        hosts_in(" , ")


@pytest.mark.slow
def test_four_hosts_do_nearly_four_times_as_much_as_one() -> None:
    """All of them write nearly all of the time, by their own clocks; 3.6 on a machine with nothing else to do, 3 where one is left out."""
    with hosts(*([model("m", *["x"] * 20, token_seconds=0.02)] for _ in range(4))) as servers:

        async def use(pool: PoolGenerator) -> float:
            await asyncio.gather(*(pool.generate(asked()) for _ in range(4)))
            started = time.perf_counter()
            done = await asyncio.gather(*(pool.generate(asked()) for _ in range(40)))
            return sum(one.timings.model_seconds for one in done) / (time.perf_counter() - started)

        assert with_pool(servers, use) > 3.1
        assert min(counts(servers)) >= 8
