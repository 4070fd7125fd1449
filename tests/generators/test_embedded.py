"""The embedded backend, with the real models."""

import asyncio
import shutil
import types
from pathlib import Path
from typing import Any

import pytest

from banditgen.arm import GeneratorConfig
from banditgen.errors import ModelNotFoundError
from banditgen.generators import embedded, models
from banditgen.generators.base import GenerationError, Generator, Request
from banditgen.generators.embedded import EmbeddedGenerator
from banditgen.result import FailureKind
from banditgen.testing.generators import GeneratorContract

SMOL = "smollm2-135m-instruct"
GEMMA = "gemma-3-270m"


@pytest.mark.models
class TestChatModel(GeneratorContract):
    model = SMOL
    tokens = 8

    def make(self) -> Generator:
        return EmbeddedGenerator()


@pytest.mark.models
class TestBaseModel(GeneratorContract):
    model = GEMMA
    tokens = 8

    def make(self) -> Generator:
        return EmbeddedGenerator([GEMMA], slots=2, context=1024)


def generate(generator: EmbeddedGenerator, *requests: Request) -> list[Any]:
    async def run() -> list[Any]:
        try:
            return await asyncio.gather(*(generator.generate(request) for request in requests), return_exceptions=True)
        finally:
            await generator.aclose()

    return asyncio.run(run())


@pytest.mark.models
def test_a_base_model_continues_the_function_asked_for() -> None:
    """The answer of a base model begins with the definition and ends before whatever follows the function."""
    arm = GeneratorConfig("base", GEMMA, 0.1, max_tokens=100)
    [done] = generate(EmbeddedGenerator(), Request("Write a function add(a, b) that returns the sum.", arm, seed=1, entry_point="add"))
    assert done.text.startswith("def add(")
    assert done.text.count("def ") == 1
    assert done.digest == f"sha256:{models.REGISTRY[GEMMA].sha256}"


@pytest.mark.models
def test_load_is_paid_once_and_the_parts_add_up_to_the_wall_time() -> None:
    """One request carries the load, the others that waited for it carry a queue; queue + load + prompt eval + eval is the wall time."""
    arm = GeneratorConfig("chat", SMOL, 0.5, max_tokens=12)
    done = generate(EmbeddedGenerator(), *(Request("Say hello.", arm, seed=number) for number in range(3)))
    assert sum(one.timings.load > 0 for one in done) == 1
    for one in done:
        parts = one.timings.queue + one.timings.load + one.timings.prompt_eval + one.timings.eval
        assert parts == pytest.approx(one.timings.wall, rel=0.05)
        assert 0 < one.timings.completion_tokens <= 12


@pytest.mark.models
def test_a_users_own_file_generates_by_its_path(tmp_path: Path) -> None:
    """Any GGUF file is a model by its path; one without a chat template is a base model."""
    path = tmp_path / "own.gguf"
    shutil.copy(models.pull(SMOL), path)
    arm = GeneratorConfig("own", str(path), 0.1, max_tokens=8)
    generator = EmbeddedGenerator([str(path)])
    [done] = generate(generator, Request("Say hello.", arm))
    assert done.text
    assert done.digest.startswith("sampled-sha256:")


@pytest.mark.models
def test_a_prompt_longer_than_the_context_is_a_clear_failure() -> None:
    """It names both sizes, and the backend goes on."""
    arm = GeneratorConfig("long", SMOL, 0.1, max_tokens=8)
    long, short = generate(EmbeddedGenerator(context=256), Request("word " * 1000, arm), Request("Say hello.", arm))
    assert isinstance(long, GenerationError)
    assert long.kind is FailureKind.INFRASTRUCTURE
    assert "256" in long.message
    assert short.text


@pytest.mark.models
def test_an_answer_that_fills_the_context_ends_as_length() -> None:
    """A max_tokens beyond the context is no error: the answer ends where the context does."""
    arm = GeneratorConfig("long", SMOL, 0.9, max_tokens=4000)
    [done] = generate(EmbeddedGenerator(context=256), Request("Count to ten thousand in words, without a stop.", arm, seed=3))
    assert done.finish in ("length", "stop")
    assert done.timings.prompt_tokens + done.timings.completion_tokens <= 256


def test_a_broken_file_is_a_clear_failure(tmp_path: Path) -> None:
    """A file that is no GGUF fails with its path, and loads nothing."""
    path = tmp_path / "broken.gguf"
    path.write_bytes(b"GGUF nonsense")
    pytest.importorskip("xllamacpp")
    [failed] = generate(EmbeddedGenerator(), Request("Say hello.", GeneratorConfig("broken", str(path), 0.1)))
    assert isinstance(failed, GenerationError)
    assert failed.kind is FailureKind.INFRASTRUCTURE
    assert "broken.gguf" in failed.message


@pytest.mark.parametrize("name", ["unknown", "missing.gguf", "folder/missing"])
def test_an_unknown_model_is_refused_when_the_backend_is_made(name: str) -> None:
    with pytest.raises(ModelNotFoundError, match="no embedded model"):
        EmbeddedGenerator([name])


def test_a_model_of_the_registry_ends_where_more_is_rambling() -> None:
    """An arm of 2,000 tokens would keep a race waiting for minutes; one that allows less gets less."""
    model = embedded._Model("smollm2-135m-instruct", 1)
    model.loaded = types.SimpleNamespace(header=types.SimpleNamespace(chats=True))  # type: ignore[assignment]
    for allowed, given in ((2000, 512), (100, 100)):
        body, _ = model.body(Request("Write f(x).", GeneratorConfig("a", model.name, 0.1, allowed)))
        assert body["max_tokens"] == given
