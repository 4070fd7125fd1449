"""One host of a pool: what it has and holds in memory, what runs there, how fast it was, and its rests."""

from __future__ import annotations

import asyncio
import dataclasses
import random
from collections import Counter
from collections.abc import Iterable, Iterator

from banditgen._retry import pauses
from banditgen._text import one_line
from banditgen.arm import GeneratorConfig, model_key
from banditgen.errors import BackendError
from banditgen.generators.base import Deadlines, Generation, GenerationError, Generator, ModelInfo, Request

_FIRST_REST = 1.0
_LONGEST_REST = 300.0
_FORGET = 0.3  # weight of the newest generation in the means
_PROBE = Deadlines(connect=5.0, load=300.0, first_token=60.0, stall=10.0, total=300.0)


@dataclasses.dataclass(eq=False)
class PoolHost:
    """A host.

    Args:
        name: for people.
        generator: its backend.
        slots: requests per model that it runs side by side; None is what its backend says.
    """

    name: str
    generator: Generator
    slots: int | None = None
    models: dict[str, ModelInfo] = dataclasses.field(default_factory=dict)  # by model_key
    warm: set[str] = dataclasses.field(default_factory=set)
    room: int = 1  # models that it was seen to hold at once
    running: Counter[str] = dataclasses.field(default_factory=Counter)
    resting: bool = False
    why: str = ""  # it rests
    _rests: Iterator[float] | None = None  # pauses before it is tried again; None once it has generated
    _seconds: dict[str, float] = dataclasses.field(default_factory=dict)
    _loads: dict[str, float] = dataclasses.field(default_factory=dict)

    @property
    def width(self) -> int:
        """Requests that it can run side by side, of one model."""
        return self.slots or int(getattr(self.generator, "parallel", 0)) or self.generator.concurrency

    @property
    def busy(self) -> set[str]:
        """The models that are in use there."""
        return {model for model, count in self.running.items() if count}

    def free(self, model: str) -> bool:
        """Whether a request for the model would start at once, were it in memory."""
        return self.running[model] < self.width

    def seconds(self, model: str) -> float | None:
        """Mean seconds of a generation, newer ones weighing more; None where none was seen."""
        return self._seconds.get(model)

    def load_seconds(self, model: str) -> float | None:
        """Mean seconds of the model's load; None where none was seen."""
        return self._loads.get(model)

    def take(self, model: str) -> bool:
        """Count one more request for a model; whether the model has to be loaded for it, which may push out what does not fit beside it."""
        cold = model not in self.warm
        if cold and len(self.warm) >= self.room:
            self.warm = self.busy
        self.running[model] += 1
        self.warm.add(model)  # on its way there: others of the model may follow
        return cold

    async def look(self) -> None:
        """See what it has and holds; where it does not answer, keep what was known (BackendError)."""
        listed = await self.generator.models()
        self.models = {model_key(info.name): info for info in listed}
        await self.look_at_memory()

    async def look_at_memory(self) -> None:
        """See what it holds, where its backend can say; another is ready with all that it has."""
        warm = getattr(self.generator, "warm", None)
        held: Iterable[str] = await warm() if warm is not None else self.models
        self.warm = {model_key(name) for name in held}
        self.room = max(self.room, len(self.warm))
        self.warm |= self.busy

    def did(self, model: str, done: Generation, *, cold: bool) -> None:
        """A generation has ended there, for which the model was perhaps loaded."""
        self._rests = None
        _into(self._seconds, model, done.timings.model_seconds)
        if cold and done.timings.load is not None:
            _into(self._loads, model, done.timings.load)

    def rest(self, why: str) -> None:
        """Take it out of use."""
        self.resting, self.why = True, why
        self.warm = set()

    async def wake(self, model: str, jitter: random.Random) -> None:
        """Wait for longer each time, until it has written a real token: a host may list its models for hours and generate nothing."""
        while True:
            self._rests = self._rests or pauses(_FIRST_REST, _LONGEST_REST, jitter)
            await asyncio.sleep(next(self._rests))
            try:
                await self.look()
                tried = [self.models[key].name for key in (model, *self.models) if key in self.models]
                if not tried:
                    raise BackendError("it has no model")  # noqa: TRY301  # as one that its backend raises
                arm = GeneratorConfig("probe", tried[0], 0.0, max_tokens=1)
                await self.generator.generate(Request("Say yes.", arm, deadlines=_PROBE))
            except GenerationError as error:
                if error.timings is not None and error.timings.first_token is not None:
                    break  # it wrote something, if no answer
                self.why = error.message
            except Exception as error:  # noqa: BLE001  # whatever a backend raises: it rests on
                self.why = one_line(error) if isinstance(error, BackendError) else one_line(f"{type(error).__name__}: {error}")
            else:
                break
        self.resting = False


def _into(means: dict[str, float], model: str, value: float) -> None:
    means[model] = value if model not in means else (1 - _FORGET) * means[model] + _FORGET * value
