"""What several hosts do on bad days: a host that is killed, a storm of refusals, a slow drip; and what the bandit learns from that."""

from __future__ import annotations

import asyncio
import multiprocessing
import multiprocessing.connection
import signal
from pathlib import Path

import pytest

from banditgen.arm import GeneratorConfig
from banditgen.errors import BackendError
from banditgen.generators.base import Deadlines, Generation, GenerationError, Request
from banditgen.generators.ollama import OllamaGenerator
from banditgen.generators.pool import PoolGenerator
from banditgen.history.store import History
from banditgen.result import FailureKind
from banditgen.session import BanditGenerator
from banditgen.task import Task
from banditgen.testing.ollama_server import Fault, HostModel, OllamaServer
from tests.generators.running import used
from tests.generators.test_pool import asked, counts, hosts, model, with_pool


def serve(talk: multiprocessing.connection.Connection) -> None:
    """A host in a process of its own, which may be killed."""
    with OllamaServer([HostModel("m", ["x "] * 40, token_seconds=0.02)], slots=4) as server:
        talk.send(server.url)
        talk.recv()


@pytest.mark.slow
def test_a_host_killed_in_mid_stream_loses_what_it_was_writing_and_nothing_else() -> None:
    """What had begun there fails once, as the host's fault, with its text; all else is written whole by the other one."""
    talk, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    doomed = talk.recv()
    with hosts([model("m", *["x "] * 40, token_seconds=0.02)], slots=4) as [other]:

        async def use(pool: PoolGenerator) -> list[Generation | BaseException]:
            writing, enough = [], asyncio.Event()

            def hear(text: str) -> None:
                writing.append(text)
                if len(writing) == 60:
                    enough.set()

            work = [asyncio.ensure_future(pool.generate(asked(race=str(number % 3)), hear)) for number in range(24)]
            await enough.wait()
            process.kill()
            done = await asyncio.gather(*work, return_exceptions=True)
            assert pool.concurrency == 4
            return done

        def make() -> PoolGenerator:
            return PoolGenerator({url: OllamaGenerator(url, parallel=4, retries=0) for url in (doomed, other.url)}, seed=1)

        done = used(make, use)
        process.join(60)
        assert process.exitcode == -signal.SIGKILL
        failed = [one for one in done if isinstance(one, BaseException)]
        assert 1 <= len(failed) <= 4
        for one in failed:
            assert isinstance(one, GenerationError)
            assert (one.kind, one.elsewhere) == (FailureKind.INFRASTRUCTURE, False)
            assert one.text.startswith("x ")
            assert one.message.startswith(doomed)
        whole = [one for one in done if isinstance(one, Generation)]
        assert all(one.text == "x " * 40 for one in whole)
        assert len(whole) == 24 - len(failed)


@pytest.mark.slow
@pytest.mark.parametrize("fault", [Fault.BUSY, Fault.TOO_MANY])
def test_a_storm_of_refusals_ends_and_all_that_waited_is_written(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what both hosts had refused fails; the hosts' rests let the storm pass without one request for each that waits."""
    monkeypatch.setattr("banditgen.generators._pool_host._FIRST_REST", 0.05)
    with hosts([model("m")], [model("m")], slots=2) as servers:

        async def use(pool: PoolGenerator) -> list[Generation | BaseException]:
            await pool.generate(asked())
            for server in servers:
                server.fail_next(*[fault] * 4)
            return await asyncio.gather(*(pool.generate(asked(race=str(n % 5))) for n in range(30)), return_exceptions=True)

        done = with_pool(servers, use)
        failed = [one for one in done if isinstance(one, BaseException)]
        assert all(isinstance(one, GenerationError) and one.kind is FailureKind.INFRASTRUCTURE for one in failed)
        assert len(failed) <= 4
        assert not any(server._faults for server in servers)
        assert sum(counts(servers)) <= 1 + 30 + 8 + 4  # each of the eight refusals is a request or a probe, and two probes go through


@pytest.mark.slow
def test_a_slow_drip_is_cut_off_at_its_deadline_and_is_no_reason_to_rest() -> None:
    """The arm asked for more than fits into the time; the next one has the host's slot at once."""
    with hosts([model("m", *["x "] * 1000, token_seconds=0.02)]) as servers:

        async def use(pool: PoolGenerator) -> None:
            with pytest.raises(GenerationError, match="not finished within") as caught:
                await pool.generate(asked(total=0.5))
            assert caught.value.kind is FailureKind.TIMEOUT
            assert pool.concurrency == 1
            short = Request("Add.", GeneratorConfig("a", "m", 0.1, max_tokens=2), deadlines=Deadlines(total=5))
            assert (await pool.generate(short)).finish == "length"

        with_pool(servers, use)


@pytest.mark.slow
def test_hosts_that_refuse_everything_teach_the_bandit_nothing(tmp_path: Path) -> None:
    """However often: each candidate is kept as the host's fault, no posterior moves, and the first host that is well again is raced on."""
    arms = [GeneratorConfig(f"arm{number}", "m", 0.1 * number) for number in range(4)]
    task = Task("Write add(a, b).", task_type="text", tests="assert add(1, 2) == 3")
    history = History(tmp_path / "h.db")
    with hosts([model("m")]) as [server]:
        backend = OllamaGenerator(server.url, retries=0)
        with BanditGenerator.open(arms=arms, backend=backend, history=history, seed=1) as bandit:
            for _ in range(12):
                server.fail_next(*[Fault.BUSY] * 4)
                race = bandit.run(task, k=4)
                assert [result.failure for result in race.results] == [FailureKind.INFRASTRUCTURE] * 4
            assert all(r.passes == r.fails == 0 for r in bandit.recommend("text", top_k=4))
            assert bandit.run(task, k=4).best is not None
            assert sum(r.passes + r.fails for r in bandit.recommend("text", top_k=4)) == 4
    assert history.check_statistics() == []
    history.close()


def test_a_host_that_is_nowhere_is_said_at_once() -> None:
    """Not waited for: nothing was ever known to be there."""

    async def use(pool: PoolGenerator) -> None:
        with pytest.raises(BackendError, match="does not answer"):
            await pool.models()

    used(lambda: PoolGenerator({"nowhere": OllamaGenerator("http://127.0.0.1:9", retries=0)}), use)
