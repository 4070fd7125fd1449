"""The contract that every backend keeps, as a test class to subclass; run by pytest over all of ours and over yours."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any, ClassVar, TypeVar

from banditgen.arm import GeneratorConfig
from banditgen.generators.base import Deadlines, Generation, GenerationError, Generator, ModelInfo, Request
from banditgen.result import FailureKind

T = TypeVar("T")


class GeneratorContract:
    """Subclass it, say how a backend is made, and pytest runs the contract.

    Attributes:
        model: a model that the backend generates with; its answer to `prompt` has more than two pieces.
        prompt: what is asked.
        tokens: how many tokens an answer may have where the test does not say otherwise.
        lists_models: whether `models()` can know what there is.
        knows_models: whether an unknown model is an error (a caller's client may take any name).
        bounds_tokens: whether `max_tokens` bounds what is written.
        takes_time: whether a generation takes long enough for a deadline of a millisecond to pass.
    """

    model: ClassVar[str]
    prompt: ClassVar[str] = "Write a function add(a, b) that returns the sum of a and b."
    tokens: ClassVar[int] = 24
    lists_models: ClassVar[bool] = True
    knows_models: ClassVar[bool] = True
    bounds_tokens: ClassVar[bool] = True
    takes_time: ClassVar[bool] = True

    def make(self) -> Generator:
        """A new backend; called inside a running event loop."""
        raise NotImplementedError

    def test_it_is_a_generator(self) -> None:
        """It has the port's attributes and methods, a name, and room for at least one request."""

        async def check(generator: Generator) -> None:
            assert isinstance(generator, Generator)
            assert generator.name
            assert generator.concurrency >= 1

        self._run(check)

    def test_models_are_listed_with_their_names(self) -> None:
        """`models` answers `ModelInfo`s, the tested one among them where the backend can know."""

        async def check(generator: Generator) -> None:
            listed = await generator.models()
            assert all(isinstance(model, ModelInfo) and model.name for model in listed)
            if self.lists_models:
                assert self.model in [model.name for model in listed]

        self._run(check)

    def test_a_generation_has_text_and_timings(self) -> None:
        """Text, the model's name, and timings that are not negative and do not add up to more than the wall time."""

        async def check(generator: Generator) -> None:
            done = await generator.generate(self._request())
            assert isinstance(done, Generation)
            assert done.text.strip()
            assert done.finish in ("stop", "length")
            parts = [done.timings.queue, done.timings.load, done.timings.prompt_eval, done.timings.eval]
            assert all(part is None or part >= 0 for part in parts)
            assert sum(part or 0.0 for part in parts) <= done.timings.wall * 1.05 + 0.05
            assert done.timings.in_flight == 1

        self._run(check)

    def test_pieces_arrive_on_the_loops_thread_and_make_up_the_text(self) -> None:
        """`on_text` gets every piece once, in order, on the event loop's thread."""

        async def check(generator: Generator) -> None:
            pieces: list[str] = []
            threads: set[int] = set()

            def on_text(piece: str) -> None:
                pieces.append(piece)
                threads.add(threading.get_ident())

            done = await generator.generate(self._request(), on_text)
            assert "".join(pieces) == done.text
            assert threads == {threading.get_ident()}

        self._run(check)

    def test_max_tokens_ends_an_answer_as_length(self) -> None:
        """An answer that runs into `max_tokens` says so."""
        if not self.bounds_tokens:
            return

        async def check(generator: Generator) -> None:
            done = await generator.generate(self._request(max_tokens=2))
            assert done.finish == "length"

        self._run(check)

    def test_an_unknown_model_is_one_failed_generation(self) -> None:
        """A model that is not there raises `GenerationError` of kind infrastructure, in one line."""
        if not self.knows_models:
            return

        async def check(generator: Generator) -> None:
            error = await _failure(generator.generate(self._request(model="no-such-model")))
            assert error.kind is FailureKind.INFRASTRUCTURE
            assert "no-such-model" in error.message
            assert "\n" not in error.message

        self._run(check)

    def test_preparing_never_raises(self) -> None:
        """`prepare` is best effort, also for a model that is not there."""

        async def check(generator: Generator) -> None:
            await generator.prepare([self.model, "no-such-model"])

        self._run(check)

    def test_a_cancelled_generation_frees_its_slot(self) -> None:
        """As many cancelled generations as there are slots leave the backend able to generate."""

        async def check(generator: Generator) -> None:
            for _ in range(generator.concurrency + 1):
                await _cancel_after_first_piece(generator, self._request(max_tokens=200))
            assert (await generator.generate(self._request())).text

        self._run(check)

    def test_more_requests_than_slots_all_finish(self) -> None:
        """Requests beyond the backend's concurrency wait, and each says how many ran when it started, itself included."""

        async def check(generator: Generator) -> None:
            count = generator.concurrency + 2
            done = await asyncio.gather(*(generator.generate(self._request(seed=number)) for number in range(count)))
            assert {one.timings.in_flight for one in done} <= set(range(1, generator.concurrency + 1))

        self._run(check)

    def test_the_total_deadline_is_a_timeout_of_the_arm(self) -> None:
        """A generation that is not finished in time raises `GenerationError` of kind timeout."""
        if not self.takes_time:
            return

        async def check(generator: Generator) -> None:
            await generator.prepare([self.model])
            error = await _failure(generator.generate(self._request(max_tokens=200, deadlines=Deadlines(total=0.001))))
            assert error.kind is FailureKind.TIMEOUT

        self._run(check)

    def test_an_arm_may_be_any_object(self) -> None:
        """An arm is read by its attributes, whatever its class."""

        async def check(generator: Generator) -> None:
            arm = SimpleNamespace(name="own", model=self.model, temperature=0.1, max_tokens=self.tokens)
            assert (await generator.generate(Request(self.prompt, arm))).text

        self._run(check)

    def test_closing_twice_is_closing_once(self) -> None:
        """A second `aclose` does nothing."""

        async def check(generator: Generator) -> None:
            await generator.aclose()

        self._run(check)

    def _request(self, *, model: str | None = None, max_tokens: int = 24, seed: int = 1, deadlines: Deadlines | None = None) -> Request:
        arm = GeneratorConfig("contract", model or self.model, 0.1, max_tokens=max_tokens or self.tokens)
        return Request(self.prompt, arm, seed=seed, entry_point="add", deadlines=deadlines or Deadlines())

    def _run(self, check: Callable[[Generator], Awaitable[None]]) -> None:
        async def whole() -> None:
            generator = self.make()
            try:
                await check(generator)
            finally:
                await generator.aclose()

        asyncio.run(whole())


async def _cancel_after_first_piece(generator: Generator, request: Request) -> None:
    begun = asyncio.Event()
    task = asyncio.ensure_future(generator.generate(request, lambda _: begun.set()))
    waiting = asyncio.ensure_future(begun.wait())
    await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
    for one in (task, waiting):
        one.cancel()
    await asyncio.gather(task, waiting, return_exceptions=True)


async def _failure(generation: Awaitable[Any]) -> GenerationError:
    try:
        await generation
    except GenerationError as error:
        return error
    raise AssertionError("the generation should have failed")
