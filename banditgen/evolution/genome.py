"""The genome of an arm: what evolution may change about a generator, within bounds, in one canonical form."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from banditgen.arm import GeneratorConfig, plain_model
from banditgen.errors import ModelNotFoundError, UsageError
from banditgen.evolution.fragments import FRAGMENTS, NONE, SLOTS, assemble, dissect, fragment_name
from banditgen.generators.prompts import CHAT_INSTRUCTIONS

Number: TypeAlias = float | None
"""A sampling setting; None leaves it to the backend."""


@dataclasses.dataclass(frozen=True)
class Gene:
    """A number of the genome.

    Args:
        low, high: where evolution looks for it, both included.
        neutral: what a backend does where it is left unset; None for a number that is always set.
        digits: decimals that are kept, so that like genomes are equal; 0 makes it whole.
        log: whether it is varied by factors and not by steps.
    """

    low: float
    high: float
    neutral: float | None = None
    digits: int = 2
    log: bool = False

    def unit(self, value: Number) -> float:
        """The value's place in the bounds, 0 to 1; an unset one's is that of what the backend does then."""
        value = self.neutral if value is None else value
        assert value is not None
        if self.log:
            return math.log(max(value, 1e-9) / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def value(self, unit: float) -> float:
        """The value at a place in [0, 1]; places outside are taken to the nearest bound."""
        unit = min(1.0, max(0.0, unit))
        value = self.low * (self.high / self.low) ** unit if self.log else self.low + unit * (self.high - self.low)
        return min(self.high, max(self.low, rounded(value, self.digits)))


GENES: dict[str, Gene] = {
    "temperature": Gene(0.0, 1.5),
    "max_tokens": Gene(64, 4000, digits=0, log=True),
    "top_p": Gene(0.3, 1.0, neutral=0.95),
    "top_k": Gene(1, 100, neutral=40, digits=0, log=True),
    "min_p": Gene(0.0, 0.3, neutral=0.05),
    "repeat_penalty": Gene(0.9, 1.4, neutral=1.0),
}
"""Options that make a backend load its model anew (context size, threads) belong to the model and are no genes."""


@dataclasses.dataclass(frozen=True)
class Genome:
    """What shapes a generator's output. Two genomes are equal exactly if their arms have one `arm_id`.

    Numbers are rounded to their gene's digits. `role` to `example` are the texts of the system prompt's fragments, ""
    where one is left out. Those of the backend's own prompt are where each search starts; all left out is that prompt, too.

    Raises:
        UsageError: a value that no arm may have.
    """

    model: str
    temperature: float = 0.7
    max_tokens: int = 4000
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    repeat_penalty: float | None = None
    think: bool | None = None
    role: str = NONE
    method: str = NONE
    constraints: str = NONE
    output: str = NONE
    example: str = NONE

    def __post_init__(self) -> None:
        settings = {name: getattr(self, name) for name in (*GENES, "think")}
        GeneratorConfig("genome", self.model, **settings)
        object.__setattr__(self, "model", plain_model(self.model))
        for name, value in settings.items():
            if name in GENES and value is not None:
                object.__setattr__(self, name, rounded(value, GENES[name].digits))
        for slot in SLOTS:
            if not isinstance(getattr(self, slot), str):
                raise UsageError(f"genome: {slot} must be a string, not {getattr(self, slot)!r}")
        # one prompt, one genome: however its pieces were put into slots
        for slot, text in dissect(assemble(self.texts) or CHAT_INSTRUCTIONS).items():
            object.__setattr__(self, slot, text)

    @property
    def texts(self) -> dict[str, str]:
        """The prompt's fragments by slot."""
        return {slot: getattr(self, slot) for slot in SLOTS}

    @property
    def system_prompt(self) -> str | None:
        """The prompt that the fragments make; None where they make the backend's own."""
        made = assemble(self.texts)
        return None if made == CHAT_INSTRUCTIONS else made

    @functools.cached_property
    def arm_id(self) -> str:
        """The id of the arm that it makes."""
        return self.arm("genome").arm_id

    def arm(self, name: str | None = None) -> GeneratorConfig:
        """The arm, named after model, temperature and its id unless told otherwise."""
        settings = {gene: getattr(self, gene) for gene in GENES}
        made = GeneratorConfig(name or "genome", self.model, think=self.think, system_prompt=self.system_prompt, **settings)
        return made if name else dataclasses.replace(made, name=f"{self.model}_t{self.temperature:g}_{made.arm_id[:5]}")

    @classmethod
    def of(cls, arm: GeneratorConfig) -> Genome:
        """The genome of an arm (any object with its attributes); numbers are rounded, a free prompt becomes fragments.

        Raises:
            UsageError: a value that no arm may have.
        """
        settings: dict[str, Any] = {name: value for name in (*GENES, "think") if (value := getattr(arm, name, None)) is not None}
        settings |= dissect(arm.system_prompt)
        return cls(arm.model, **settings)

    def to_dict(self) -> dict[str, Any]:
        """The genome as JSON-ready data; `Genome(**data)` gives it back."""
        return {name: getattr(self, name) for name in FIELDS}

    def differences(self, other: Genome) -> list[str]:
        """What another genome has that this one has not, in words: "temperature 0.5 → 0.62", "method none → steps"."""
        words = []
        for field in dataclasses.fields(self):
            before, after = getattr(self, field.name), getattr(other, field.name)
            if before == after:
                continue
            if field.name in SLOTS:
                before, after = fragment_name(field.name, before), fragment_name(field.name, after)
            words.append(f"{field.name} {_word(before)} → {_word(after)}")
        return words


FIELDS = tuple(field.name for field in dataclasses.fields(Genome))


@dataclasses.dataclass(frozen=True)
class Space:
    """Where evolution looks.

    Args:
        models: names of models that the backend has, at least one.
        genes: the bounds of each number; those left out stay as the parents have them.
        fragments: texts to choose from, by slot; slots left out stay as the parents have them.
        think: whether thinking may be switched on and off; False leaves it as the parents have it.

    Raises:
        UsageError: no models, or bounds that are none.
    """

    models: tuple[str, ...]
    genes: Mapping[str, Gene] = dataclasses.field(default_factory=lambda: GENES)
    fragments: Mapping[str, tuple[str, ...]] = dataclasses.field(
        default_factory=lambda: {slot: tuple(FRAGMENTS[slot].values()) for slot in SLOTS}
    )
    think: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "models", tuple(dict.fromkeys(plain_model(model) for model in self.models)))
        if not self.models:
            raise UsageError("evolution needs at least one model: the backend has none")
        for name, gene in self.genes.items():
            if name not in GENES:
                raise UsageError(f"unknown gene {name!r}: use one of {', '.join(GENES)}")
            if not -math.inf < gene.low < gene.high < math.inf or (gene.log and gene.low <= 0):
                raise UsageError(f"gene {name}: bounds must be two finite numbers, the lower first, not {gene.low!r} and {gene.high!r}")
            for bound in (gene.low, gene.high):
                setting: dict[str, Any] = {name: bound if gene.digits else int(bound)}
                GeneratorConfig("bounds", "model", **setting)
        for slot, texts in self.fragments.items():
            if slot not in SLOTS or not texts:
                raise UsageError(f"fragments of {slot!r}: use texts for one of {', '.join(SLOTS)}")

    def around(self, founders: Iterable[Genome]) -> Space:
        """The same space, its bounds moved out to where the founders are, its fragments with theirs."""
        founders = list(founders)
        genes, fragments = dict(self.genes), dict(self.fragments)
        for name, gene in genes.items():
            values = [value for genome in founders if (value := getattr(genome, name)) is not None]
            if gene.log:
                values = [value for value in values if value > 0]
            genes[name] = dataclasses.replace(gene, low=min([gene.low, *values]), high=max([gene.high, *values]))
        for slot, texts in fragments.items():
            fragments[slot] = tuple(dict.fromkeys([*texts, *(getattr(genome, slot) for genome in founders)]))
        return dataclasses.replace(self, genes=genes, fragments=fragments)

    def check(self, genome: Genome) -> Genome:
        """The genome, refused where it lies outside.

        Raises:
            ModelNotFoundError: its model is gone.
            UsageError: a number outside its bounds; names it.
        """
        if genome.model not in self.models:
            raise ModelNotFoundError(f"the model {genome.model!r} is not there (any more): the backend has {', '.join(self.models)}")
        for name, gene in self.genes.items():
            value = getattr(genome, name)
            if value is not None and not gene.low <= value <= gene.high:
                raise UsageError(f"{name} must lie between {gene.low:g} and {gene.high:g} to evolve, not {value!r}")
        return genome


def rounded(value: float, digits: int) -> float:
    """A number as genomes keep it: an int where there are no digits."""
    return round(float(value), digits) + 0.0 if digits else round(float(value))  # + 0.0 makes -0.0 the zero that it is


def _word(value: Any) -> str:
    return "unset" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
