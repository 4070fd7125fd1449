"""What a request asks for, in whichever dialect: checked here, and made a `RaceOrder`. No field is a path, none is ignored."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from banditgen.strategy.spending import Unit
from banditgen.task import Task

Dialect = Literal["openai", "ollama", "native"]
Prompt = Annotated[str, StringConstraints(pattern=r"\S")]
Name = Annotated[str, StringConstraints(pattern=r"\S", max_length=200)]
Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=200)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]
Amount = Annotated[float, Field(gt=0, le=1e12)]


class Strict(BaseModel):
    """A body that says nothing which is not known, and no number that is none."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


def unless_empty(said: str) -> AfterValidator:
    """Takes what clients send along without meaning anything by it, such as an empty list, and refuses all else in these words."""

    def check(value: Any) -> Any:
        if value:
            raise PydanticCustomError("refused", said)
        return value

    return AfterValidator(check)


class ExamplePair(Strict):
    """What a program reads, and what it has to print."""

    stdin: str
    stdout: str = ""


class AskedLimits(Strict):
    """What a candidate may use while it is tested; see `Limits`."""

    wall_seconds: Annotated[float, Field(gt=0, le=600)] | None = None
    cpu_seconds: Annotated[float, Field(gt=0, le=6000)] | None = None
    memory_bytes: Annotated[int, Field(gt=0, le=1 << 40)] | None = None
    processes: Annotated[int, Field(gt=0, le=4096)] | None = None
    output_bytes: Annotated[int, Field(gt=0, le=1 << 26)] | None = None
    disk_bytes: Annotated[int, Field(gt=0, le=1 << 36)] | None = None
    inodes: Annotated[int, Field(gt=0, le=1 << 20)] | None = None


class Asked(Strict):
    """How candidates are judged, who races, and what that may cost: the field `banditgen` of a request in another dialect."""

    type: Name | None = Field(default=None, description="The kind of task the bandit learns under.")
    tests: str | None = Field(default=None, description="Python source: asserts, or a pytest or unittest file.")
    examples: list[ExamplePair | Annotated[list[str], Field(min_length=2, max_length=2)]] | None = Field(
        default=None, description="A program's stdin and stdout, as pairs or objects; in place of tests."
    )
    entry_point: Identifier | None = Field(default=None, description="The function that the tests call; inferred where left out.")
    module: Name | None = Field(default=None, description="What the tests call the module under test, beside `solution`.")
    packages: list[Identifier] | None = Field(default=None, description="Third-party packages that the code may import.")
    limits: AskedLimits | None = None
    tolerance: Annotated[float, Field(ge=0)] | None = Field(default=None, description="By how much a program's numbers may differ.")
    checker: str | None = Field(default=None, description="Python source that judges a program's output: it defines `check`.")
    k: Annotated[int, Field(ge=1, le=100)] | None = Field(
        default=None, description="How many arms race; the strategy's number where left out."
    )
    budget: Amount | None = Field(default=None, description="Race in waves that spend so much a task in the mean, in `budget_unit`.")
    budget_unit: Unit = "generations"
    timeout: Seconds | None = Field(default=None, description="The race is over after so many seconds.")
    strategy: Name | None = Field(default=None, description="The name of a strategy; the server's where left out.")
    exploit: bool = Field(default=False, description="Only the arm that is best so far; no exploration.")
    first_pass: bool = Field(default=False, description="The race is over when a candidate has passed.")

    def order(self, prompt: str, dialect: Dialect) -> RaceOrder:
        """The order.

        Raises:
            TaskError: a task that cannot be raced.
        """
        pairs = [(pair.stdin, pair.stdout) if isinstance(pair, ExamplePair) else (pair[0], pair[1]) for pair in self.examples or ()]
        given: dict[str, Any] = {"tests": self.tests, "entry_point": self.entry_point, "module": self.module, "checker": self.checker}
        given |= {"task_type": self.type, "tolerance": self.tolerance, "packages": self.packages or (), "examples": pairs or None}
        given["limits"] = self.limits.model_dump(exclude_none=True) if self.limits else None
        plain = {name: getattr(self, name) for name in ("k", "budget", "budget_unit", "timeout", "strategy", "exploit", "first_pass")}
        return RaceOrder(Task(prompt, **given), dialect, **plain)


@dataclasses.dataclass(frozen=True)
class RaceOrder:
    """A race to run. `strategy` is a name, never a path; `timeout` in seconds; None is the strategy's or none."""

    task: Task
    dialect: Dialect
    k: int | None = None
    budget: float | None = None
    budget_unit: Unit = "generations"
    timeout: float | None = None
    strategy: str | None = None
    exploit: bool = False
    first_pass: bool = False
