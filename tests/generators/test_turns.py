"""Requests of one model go together; another model's load never pushes it out meanwhile."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banditgen.generators._turns import ModelTurns
from tests.examples import examples


@pytest.mark.slow
@given(
    jobs=st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3), st.booleans()), max_size=12),
    parallel=st.integers(1, 3),
    resident=st.sets(st.sampled_from("abc")),
)
@examples(150)
def test_only_resident_models_share_the_host_and_everybody_gets_a_turn(
    jobs: list[tuple[str, int, bool]], parallel: int, resident: set[str]
) -> None:
    """For any order of arrival, of lengths and of cancellations: bounds hold, and nothing is left behind."""

    async def run() -> None:
        turns = ModelTurns(parallel)
        await turns.know_resident(resident)
        running: list[str] = []
        done = 0

        async def one(model: str, length: int) -> None:
            nonlocal done
            async with turns.turn(model) as count:
                assert all(model in resident or other in resident for other in running if other != model)
                assert running.count(model) < parallel
                running.append(model)
                assert count == len(running)
                for _ in range(length):
                    await asyncio.sleep(0)
                running.remove(model)
                done += 1

        tasks = []
        for model, length, cancelled in jobs:
            task = asyncio.ensure_future(one(model, length))
            await asyncio.sleep(0)
            if cancelled and model not in running:
                task.cancel()
            tasks.append(task)
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        async with turns.turn("z") as count:
            assert count == 1

    asyncio.run(asyncio.wait_for(run(), 10))


def order_of(models: str, resident: set[str], parallel: int = 2) -> str:
    """The order in which requests made at the same time run."""

    async def run() -> list[str]:
        turns = ModelTurns(parallel)
        await turns.know_resident(resident)
        order: list[str] = []

        async def one(model: str) -> None:
            async with turns.turn(model):
                order.append(model)
                await asyncio.sleep(0.001)

        await asyncio.gather(*map(one, models))
        return order

    return "".join(asyncio.run(run()))


def test_a_mixed_order_is_grouped_by_model() -> None:
    """In the order in which the models were first asked for."""
    assert order_of("abbaab", set()) == "aaabbb"


def test_a_resident_model_goes_first() -> None:
    """What would push it out waits, although it was asked for earlier."""
    assert order_of("abba", {"b"}, parallel=1) == "bbaa"


def test_nobody_waits_for_ever() -> None:
    """A long run of requests for the resident model lets another in after a while."""
    order = order_of("a" + "b" * 40, {"b"}, parallel=1)
    assert 1 <= order.index("a") <= 20
