"""Five arms of two models on one Ollama host that holds one model and has one slot: grouped by model, or as they come.

The host is the stand-in server of `banditgen.testing`; its models are the embedded ones, answering with their own tokens,
and loading them takes what it really takes: each load reads the model's file into llama.cpp anew.

    python experiments/ollama/run.py [--repeats N] [--tokens N]

Wall time of the whole race and loads per race go to stdout as a table; RESULTS.md was written from it.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections.abc import Callable, Coroutine
from typing import Any

import ollama

from banditgen.arm import GeneratorConfig
from banditgen.generators.base import Request
from banditgen.generators.embedded import EmbeddedGenerator
from banditgen.generators.ollama import OllamaGenerator
from banditgen.testing.ollama_server import HostModel, OllamaServer, answer_with

MODELS = ("smollm2-135m-instruct", "gemma-3-270m")
PROMPT = "Write a function is_prime(n) that returns True if n is a prime number."
ARMS = [
    GeneratorConfig("smollm2_conservative", MODELS[0], 0.1),
    GeneratorConfig("gemma_conservative", MODELS[1], 0.1),
    GeneratorConfig("smollm2_balanced", MODELS[0], 0.5),
    GeneratorConfig("gemma_balanced", MODELS[1], 0.5),
    GeneratorConfig("smollm2_creative", MODELS[0], 0.9),
]
Race = Callable[[str, int], Coroutine[Any, Any, float]]


async def seconds_to_load(model: str) -> float:
    """How long this machine takes to load a model that is on disk."""
    generator = EmbeddedGenerator([model])
    started = time.perf_counter()
    await generator.prepare([model])
    taken = time.perf_counter() - started
    await generator.aclose()
    return taken


async def grouped(url: str, tokens: int) -> float:
    """All arms asked for at once, in the same mixed order; the backend groups them."""
    generator = OllamaGenerator(url, parallel=1)
    started = time.perf_counter()
    await asyncio.gather(*(generator.generate(request(arm, tokens, number)) for number, arm in enumerate(by_model())))
    taken = time.perf_counter() - started
    await generator.aclose()
    return taken


async def naive(url: str, tokens: int) -> float:
    """All arms sent at once as they come, the host's queue left to sort them out."""
    client = ollama.AsyncClient(url)
    started = time.perf_counter()

    async def one(arm: GeneratorConfig, seed: int) -> None:
        options: dict[str, Any] = {"temperature": arm.temperature, "num_predict": tokens, "seed": seed}
        async for _ in await client.generate(model=arm.model, prompt=PROMPT, options=options, stream=True):
            pass

    await asyncio.gather(*(one(arm, number) for number, arm in enumerate(ARMS)))
    return time.perf_counter() - started


def by_model() -> list[GeneratorConfig]:
    """The order in which a race starts its arms: those of one model together."""
    return sorted(ARMS, key=lambda arm: MODELS.index(arm.model))


def request(arm: GeneratorConfig, tokens: int, seed: int) -> Request:
    return Request(PROMPT, GeneratorConfig(arm.name, arm.model, arm.temperature, max_tokens=tokens), seed=seed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--tokens", type=int, default=64)
    options = parser.parse_args()
    loads = {model: asyncio.run(seconds_to_load(model)) for model in MODELS}
    for model, seconds in loads.items():
        print(f"load of {model}: {seconds:.2f} s")
    races: dict[str, Race] = {"grouped": grouped, "naive": naive}
    walls: dict[str, list[float]] = {name: [] for name in races}
    counts: dict[str, list[int]] = {name: [] for name in races}
    warm = EmbeddedGenerator(MODELS)
    asyncio.run(warm.prepare(MODELS))
    for _ in range(options.repeats):
        for name, race in races.items():
            models = [HostModel(model, answer_with(warm, model), load_seconds=loads[model]) for model in MODELS]
            with OllamaServer(models, slots=1, room=1) as server:
                walls[name].append(asyncio.run(race(server.url, options.tokens)))
                counts[name].append(len(server.loads))
    print("\n| order | loads per race | wall time, s (median of all; each) |\n| --- | --- | --- |")
    for name in races:
        each = ", ".join(f"{wall:.1f}" for wall in walls[name])
        print(f"| {name} | {statistics.mean(counts[name]):.1f} | {statistics.median(walls[name]):.1f} ({each}) |")


if __name__ == "__main__":
    main()
