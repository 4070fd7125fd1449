"""Genomes, their fragments, and the operators on them."""

import dataclasses
import math
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from banditgen.arm import GeneratorConfig
from banditgen.errors import ModelNotFoundError, UsageError
from banditgen.evolution.fragments import FRAGMENTS, SEPARATOR, SLOTS, assemble, dissect
from banditgen.evolution.genome import GENES, Gene, Genome, Space
from banditgen.evolution.operators import Child, breed, crossover, mutable, mutate, random_genome

SPACE = Space(("small", "big:7b"), think=True)


def seeded(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_an_arm_becomes_a_genome_and_the_same_arm_again() -> None:
    arm = GeneratorConfig("a", "m:latest", 0.25, 300, "You do it.", top_p=0.9, top_k=5, min_p=0.1, repeat_penalty=1.1, think=False)
    genome = Genome.of(arm)
    assert genome.arm("a").arm_id == arm.arm_id == genome.arm_id
    assert Genome.of(genome.arm()) == genome
    assert Genome.of(GeneratorConfig("plain", "m")).system_prompt is None


@pytest.mark.parametrize(
    "prompt",
    [
        "Something of one's own.",
        "two\n\nparagraphs",
        "\n\nodd",
        "a\n\n\nb",
        SEPARATOR.join("abcdefgh"),
        FRAGMENTS["output"]["block"] + SEPARATOR + FRAGMENTS["role"]["expert"],
        FRAGMENTS["role"]["expert"] + SEPARATOR + "An own method.\nOver two lines." + SEPARATOR + FRAGMENTS["output"]["plain"],
    ],
)
def test_every_free_prompt_is_kept_to_the_letter(prompt: str) -> None:
    assert assemble(dissect(prompt)) == prompt
    assert Genome.of(GeneratorConfig("a", "m", system_prompt=prompt)).system_prompt == prompt


def test_known_fragments_are_found_in_their_slots() -> None:
    prompt = SEPARATOR.join([FRAGMENTS["role"]["expert"], "Mine.", FRAGMENTS["output"]["plain"]])
    texts = dissect(prompt)
    assert texts["role"] == FRAGMENTS["role"]["expert"]
    assert texts["output"] == FRAGMENTS["output"]["plain"]
    assert texts["method"] == "Mine."


def test_fragments_are_bounded_distinct_and_survive_the_separator() -> None:
    texts = [text for slot in SLOTS for text in FRAGMENTS[slot].values() if text]
    assert len(set(texts)) == len(texts)
    assert all(len(text) <= 1000 and SEPARATOR not in text for text in texts)


def test_one_form_for_what_is_one_generator() -> None:
    assert Genome("m:latest", 0.301) == Genome("m", 0.3)
    assert Genome("m", 1) == Genome("m", 1.0)
    assert str(Genome("m", -0.0).temperature) == "0.0"
    assert Genome("m", method=FRAGMENTS["role"]["expert"]) == Genome("m", role=FRAGMENTS["role"]["expert"])
    assert Genome.of(GeneratorConfig("a", "m", top_k=40)).arm_id == Genome("m", top_k=40).arm_id


@pytest.mark.parametrize(
    "wrong",
    [{"temperature": -0.1}, {"temperature": math.nan}, {"max_tokens": 0}, {"top_p": 1.5}, {"min_p": -0.1}, {"think": 1}, {"role": None}],
)
def test_a_genome_that_no_arm_could_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=next(iter(wrong))):
        Genome("m", **wrong)


def test_a_space_says_what_is_wrong() -> None:
    with pytest.raises(UsageError, match="at least one model"):
        Space(())
    with pytest.raises(UsageError, match=r"temperature.*lower first"):
        Space(("m",), {"temperature": Gene(1.0, 0.5)})
    with pytest.raises(UsageError, match="temperature"):
        Space(("m",), {"temperature": Gene(-1.0, 1.0)})
    with pytest.raises(UsageError, match="unknown gene"):
        Space(("m",), {"context": Gene(1, 2)})
    with pytest.raises(UsageError, match="fragments"):
        Space(("m",), fragments={"mood": ("x",)})
    with pytest.raises(ModelNotFoundError, match=r"'gone'.*small"):
        SPACE.check(Genome("gone"))
    with pytest.raises(UsageError, match=r"top_p must lie between 0.3 and 1"):
        SPACE.check(Genome("small", top_p=0.1))


def test_a_space_widens_to_its_founders() -> None:
    founder = Genome("small", 2.0, 8000, top_p=0.1, role="Mine.")
    space = SPACE.around([founder])
    assert space.check(founder) == founder
    assert "Mine." in space.fragments["role"]
    assert space.genes["temperature"].high == 2.0


@given(st.sampled_from(sorted(GENES)), st.floats(0, 1))
def test_units_and_values_belong_together(name: str, unit: float) -> None:
    gene = GENES[name]
    value = gene.value(unit)
    assert gene.low <= value <= gene.high
    assert gene.value(gene.unit(value)) == value


@pytest.mark.slow
@given(st.integers(0, 10_000))
def test_operators_stay_within_the_space(seed: int) -> None:
    rng = seeded(seed)
    parents = [random_genome(SPACE, rng) for _ in range(3)]
    for _ in range(20):
        child = breed(parents, SPACE, rng)
        SPACE.check(child.genome)
        assert math.isclose(sum(child.shares), 1.0)
        assert len(child.parents) == len(child.shares)
        assert Genome(**child.genome.to_dict()) == child.genome
        parents = [*parents[1:], child.genome]


def test_the_seed_decides_and_the_global_generator_is_left_alone() -> None:
    random.seed(5)
    before = random.getstate()
    one, two = random_genome(SPACE, seeded(1)), random_genome(SPACE, seeded(2))
    children = [breed([one, two], SPACE, seeded(3)) for _ in range(2)]
    assert children[0] == children[1]
    assert random.getstate() == before


def test_crossover_mixes_and_says_how_much_of_each() -> None:
    one = Genome("small", 0.2, 100, role=FRAGMENTS["role"]["expert"])
    two = Genome("big:7b", 0.8, 1000, output=FRAGMENTS["output"]["plain"])
    children = [crossover(one, two, SPACE, seeded(seed)) for seed in range(300)]
    assert {child.genome.model for child in children} == {"small", "big:7b"}
    heats = [child.genome.temperature for child in children]
    assert 0.0 <= min(heats) < 0.2
    assert 0.8 < max(heats) <= 0.98
    assert abs(np.mean([child.shares[0] for child in children]) - 0.5) < 0.05
    near = max(children, key=lambda child: child.shares[0])
    assert len(one.differences(near.genome)) < len(two.differences(near.genome))


def test_mutation_changes_something_and_reaches_everything() -> None:
    genome = Genome("small", 0.5, 200)
    mutants = [mutate(genome, SPACE, seeded(seed)) for seed in range(600)]
    changed = {difference.split()[0] for mutant in mutants for difference in genome.differences(mutant)}
    assert changed == set(mutable(SPACE))
    assert sum(mutant == genome for mutant in mutants) < 60


def test_what_a_space_leaves_out_stays_as_it_was() -> None:
    space = Space(("small",), {"temperature": GENES["temperature"]}, fragments={})
    genome = Genome("small", 0.5, 200, top_p=0.9, role="Mine.")
    for seed in range(50):
        mutant = mutate(genome, space, seeded(seed))
        assert Genome(**{**mutant.to_dict(), "temperature": 0.5}) == genome


def test_a_child_says_in_words_what_is_new() -> None:
    parent = Genome("small", 0.5)
    child = Child(dataclasses.replace(parent, temperature=0.62, method=FRAGMENTS["method"]["steps"]), (parent,), (1.0,), "mutation")
    assert child.change == "mutation: temperature 0.5 → 0.62, method none → steps"
    assert Child(parent).change == "drawn at random"


def test_nobody_to_breed_from_is_an_error() -> None:
    with pytest.raises(UsageError, match="population is empty"):
        breed([], SPACE, seeded())
