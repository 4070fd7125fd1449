"""The generator port: a prompt and an arm go in; text and timings come out, token by token if wanted."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Literal, Protocol, runtime_checkable

from banditgen.arm import Arm
from banditgen.result import FailureKind, Timings

OnText = Callable[[str], None]


@dataclasses.dataclass(frozen=True)
class Deadlines:
    """How long each step of one generation may take, in seconds; None is without a limit."""

    connect: float | None = 10.0
    load: float | None = 300.0
    first_token: float | None = 120.0
    stall: float | None = 60.0  # between two pieces of text: a host that hangs in mid-answer says nothing about the arm
    total: float | None = 600.0


@dataclasses.dataclass(frozen=True)
class Brief:
    """What is known of a task beside its prompt, for a backend to tell the model in its own words.

    Args:
        signatures: the functions and classes that the tests call, as `name(parameters)`.
        program: whether the code is run as a program that reads standard input and prints.
    """

    signatures: tuple[str, ...] = ()
    program: bool = False


@dataclasses.dataclass(frozen=True)
class Request:
    """One generation to do. `arm` is a `GeneratorConfig` or any object with its attributes (read them with getattr)."""

    prompt: str
    arm: Arm
    seed: int | None = None
    entry_point: str | None = None  # a base model's completion-style prompt wants to know it
    deadlines: Deadlines = Deadlines()
    brief: Brief | None = None  # None: the backend adds no words of its own
    race: str = ""  # whose it is: races of one process take turns where they share hosts


@dataclasses.dataclass(frozen=True)
class Generation:
    """What a model wrote, whole. `finish` is "stop", or "length" where it ran into max_tokens."""

    text: str
    timings: Timings
    model: str
    finish: Literal["stop", "length"] = "stop"
    digest: str | None = None
    prompt_version: str | None = None  # of the words that the backend put around the prompt; None where it puts none


class GenerationError(Exception):
    """One generation failed; the race turns it into one failed result.

    Args:
        kind: `TIMEOUT` is a deadline of the arm's own making (total); `INFRASTRUCTURE` everything that says nothing
            about the arm (host, network, load, unknown model); `EMPTY`, `TRUNCATED` as they say.
        message: one line, hostile text from a server shortened and without control characters.
        text: what had arrived until then.
        elsewhere: whether another host may do better: this one failed before it had begun to answer.
    """

    def __init__(self, kind: FailureKind, message: str, *, text: str = "", timings: Timings | None = None, elsewhere: bool = False) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.text = text
        self.timings = timings
        self.elsewhere = elsewhere


@dataclasses.dataclass(frozen=True)
class ModelInfo:
    """A model that a backend can generate with."""

    name: str
    digest: str | None = None
    size_bytes: int | None = None
    note: str = ""


@runtime_checkable
class Generator(Protocol):
    """A backend that generates text. One object serves many requests at once, all on one event loop.

    `generate` must stop the model's work and release its slot when its task is cancelled, and must raise
    `GenerationError` (never another exception) when a generation fails.
    """

    name: str

    @property
    def concurrency(self) -> int:
        """How many requests it works on at once. What is asked beyond that waits with it, which knows best whose turn it is."""
        ...

    async def models(self) -> list[ModelInfo]:
        """The models it can generate with now. Raises BackendError when the backend does not answer."""
        ...

    async def prepare(self, models: Sequence[str]) -> None:
        """Make these models ready where the backend can, so that loading is no part of a race; best effort.

        Raises BackendError when it is certain that none of them can generate, so that no race is run for nothing.
        """
        ...

    async def generate(self, request: Request, on_text: OnText | None = None) -> Generation:
        """Generate; `on_text` is called on the event loop's thread: with "" as soon as the model works on it, and with each piece.

        What is cancelled before the first of these calls is taken to have cost the model nothing.
        """
        ...

    async def aclose(self) -> None:
        """Release connections, models and memory; a second call does nothing."""
        ...
