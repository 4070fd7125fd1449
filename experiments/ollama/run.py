"""Five arms of two models on one Ollama host with room for one and one slot: the pool, the backend of one host, five threads.

The host is the stand-in server of `banditgen.testing`; its models are the embedded ones, answering with their own tokens,
and loading them takes what it really takes: each load reads the model's file into llama.cpp anew.

    python experiments/ollama/run.py [--repeats N] [--tokens N] [--simulated LOAD_SECONDS]

With `--simulated` nothing is computed: a load takes so long, a prompt 0.2 s and a token 0.05 s, whatever else the machine does.

Wall time of the whole race and loads per race go to stdout as a table; RESULTS.md was written from it.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import ollama

from banditgen.arm import GeneratorConfig
from banditgen.generators.base import Generator, Request
from banditgen.generators.embedded import EmbeddedGenerator
from banditgen.generators.ollama import OllamaGenerator
from banditgen.generators.pool import PoolGenerator
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
    """All arms asked for at once; the backend groups them."""
    return await _at_once(OllamaGenerator(url, parallel=1), tokens)


async def pooled(url: str, tokens: int) -> float:
    """The same through the pool that a strategy with `[[hosts]]` makes, of this one host."""
    return await _at_once(PoolGenerator({url: OllamaGenerator(url, parallel=1, retries=0)}, seed=1), tokens)


async def _at_once(generator: Generator, tokens: int) -> float:
    started = time.perf_counter()
    await asyncio.gather(*(generator.generate(request(arm, tokens, number)) for number, arm in enumerate(by_model())))
    taken = time.perf_counter() - started
    await generator.aclose()
    return taken


async def threads(url: str, tokens: int) -> float:
    """Five threads, each with one arm as they come; the host's queue is left to sort them out."""
    client = ollama.Client(url)
    started = time.perf_counter()

    def one(arm: GeneratorConfig, seed: int) -> None:
        options: dict[str, Any] = {"temperature": arm.temperature, "num_predict": tokens, "seed": seed}
        for _ in client.generate(model=arm.model, prompt=PROMPT, options=options, stream=True):
            pass

    with ThreadPoolExecutor(len(ARMS)) as five:
        await asyncio.gather(*(asyncio.get_running_loop().run_in_executor(five, one, arm, number) for number, arm in enumerate(ARMS)))
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
    parser.add_argument("--simulated", type=float, metavar="LOAD_SECONDS", help="simulate models that take so long to load")
    options = parser.parse_args()
    loads = {model: options.simulated or asyncio.run(seconds_to_load(model)) for model in MODELS}
    for model, seconds in loads.items():
        print(f"load of {model}: {seconds:.2f} s")
    races: dict[str, Race] = {"pool": pooled, "one host": grouped, "five threads": threads}
    walls: dict[str, list[float]] = {name: [] for name in races}
    counts: dict[str, list[int]] = {name: [] for name in races}
    pace: dict[str, Any] = {"prompt_seconds": 0.2, "token_seconds": 0.05} if options.simulated else {}
    warm = EmbeddedGenerator(MODELS)
    if not options.simulated:
        asyncio.run(warm.prepare(MODELS))
    for _ in range(options.repeats):
        for name, race in races.items():
            answers = {model: ["x "] * options.tokens if options.simulated else answer_with(warm, model) for model in MODELS}
            models = [HostModel(model, answers[model], load_seconds=loads[model], **pace) for model in MODELS]
            with OllamaServer(models, slots=1, room=1) as server:
                walls[name].append(asyncio.run(race(server.url, options.tokens)))
                counts[name].append(len(server.loads))
    print("\n| order | loads per race | wall time, s (median of all; each) | of five threads' |\n| --- | --- | --- | --- |")
    for name in races:
        each = ", ".join(f"{wall:.1f}" for wall in walls[name])
        share = statistics.median(own / theirs for own, theirs in zip(walls[name], walls["five threads"], strict=True))
        print(f"| {name} | {statistics.mean(counts[name]):.1f} | {statistics.median(walls[name]):.1f} ({each}) | {share:.2f} |")


if __name__ == "__main__":
    main()
