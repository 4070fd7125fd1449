"""A generator that is made, used and closed within an event loop of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from banditgen.arm import GeneratorConfig
from banditgen.generators.base import Brief, Deadlines, Generation, GenerationError, Generator, Request

T = TypeVar("T")
Made = TypeVar("Made", bound=Generator)


def used(make: Callable[[], Made], use: Callable[[Made], Awaitable[T]]) -> T:
    """What `use` gives of a generator, which is then closed."""

    async def run() -> T:
        generator = make()
        try:
            return await use(generator)
        finally:
            await generator.aclose()

    return asyncio.run(run())


def generated(
    make: Callable[[], Generator],
    *,
    prompt: str = "Write add(a, b).",
    deadlines: Deadlines | None = None,
    brief: Brief | None = None,
    **arm: Any,
) -> Generation | GenerationError:
    """What an arm on the model "tiny" writes, or the error that it ends in."""

    async def use(generator: Generator) -> Generation | GenerationError:
        settings: dict[str, Any] = {"name": "arm", "model": "tiny", "temperature": 0.3, "max_tokens": 50}
        request = Request(prompt, GeneratorConfig(**settings | arm), seed=7, deadlines=deadlines or Deadlines(), brief=brief)
        try:
            return await generator.generate(request)
        except GenerationError as error:
            return error

    return used(make, use)
