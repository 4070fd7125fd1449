"""Arms: their ids, and what is refused."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from banditgen import GeneratorConfig, Strategy
from banditgen.arm import arm_id, check_arms, create_default_generators, model_key
from banditgen.errors import UsageError
from banditgen.evolution.tools import arm_from_tool, make_tool
from banditgen.generators._ollama_wire import sampling_options
from banditgen.history.base import DecisionRecord
from banditgen.history.store import History
from banditgen.racing.record import describe_arm


def test_the_id_is_over_what_shapes_the_output() -> None:
    """A renamed or re-weighted arm keeps its evidence; another temperature or prompt is another arm."""
    arm = GeneratorConfig("a", "m", 0.5)
    assert GeneratorConfig("b", "m", 0.5, weight=2.0).arm_id == arm.arm_id
    assert GeneratorConfig("a", "m", 0.6).arm_id != arm.arm_id
    assert GeneratorConfig("a", "m", 0.5, system_prompt="Be brief.").arm_id != arm.arm_id
    assert arm.arm_id == "d908d0bfcacc"


def test_a_callers_own_class_is_an_arm() -> None:
    class Own:
        name, model, temperature, max_tokens, system_prompt, weight = "a", "m", 0.5, 4000, None, 1.0

    assert arm_id(Own()) == GeneratorConfig("x", "m", 0.5).arm_id
    assert len(check_arms([Own()])) == 1


def test_what_callers_bring_becomes_ours_where_it_enters() -> None:
    """With every setting that shapes the output, checked as ours are; what is ours already stays the very object."""

    class Own:
        name, model, temperature, top_k, think, weight, colour = "a", "m", 0.5, 7, None, 2.0, "red"

    own: Any = Own()
    ours = GeneratorConfig("b", "m")
    assert check_arms([own, ours]) == [GeneratorConfig("a", "m", 0.5, top_k=7, weight=2.0), ours]
    assert check_arms([own, ours])[1] is ours
    own.top_k = -1
    with pytest.raises(UsageError, match="arm 'a': top_k must be a number of at least 0, not -1"):
        check_arms([own])


def test_create_default_generators_are_the_documents_five() -> None:
    assert [(arm.name, arm.model, arm.temperature) for arm in create_default_generators()] == [
        ("codellama_conservative", "codellama", 0.1),
        ("qwen_balanced", "qwen2.5-coder:14b", 0.5),
        ("qwen_creative", "qwen2.5-coder:14b", 0.9),
        ("deepseek_conservative", "deepseek-coder:6.7b", 0.1),
        ("deepseek_balanced", "deepseek-coder:6.7b", 0.5),
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": ""}, "name"),
        ({"model": " "}, "model"),
        ({"temperature": float("nan")}, "temperature"),
        ({"temperature": -0.5}, "temperature"),
        ({"temperature": "hot"}, "temperature"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"weight": -1.0}, "weight"),
        ({"weight": float("inf")}, "weight"),
        ({"top_p": 1.5}, "top_p"),
    ],
)
def test_wrong_arms_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        GeneratorConfig(**{"name": "a", "model": "m", **arguments})


def test_what_is_for_the_backend_to_judge_is_left_to_it() -> None:
    """A temperature above 2, and no bound of tokens: an arm of its own, also among a caller's objects and in a strategy's file."""
    arm = GeneratorConfig("a", "m", 2.5, None)
    assert arm.arm_id != GeneratorConfig("a", "m", 2.5).arm_id
    assert check_arms([SimpleNamespace(name="a", model="m", temperature=2.5, max_tokens=None)]) == [arm]
    assert check_arms([SimpleNamespace(name="a", model="m", temperature=2.5)])[0].max_tokens == 4000
    assert Strategy.loads(Strategy("s", (arm,)).to_toml(), name="s").arms == (arm,)
    assert arm_from_tool(make_tool(arm, "t")) == arm
    assert "num_predict" not in sampling_options(arm, None)
    history = History("sqlite://")
    history.add_decision(DecisionRecord("d", "t", [describe_arm(arm)], "given"))
    assert [record.arm for record in history.arms()] == [arm]


def test_no_arms_and_two_of_one_name_are_refused() -> None:
    with pytest.raises(UsageError, match="no arms"):
        check_arms([])
    with pytest.raises(UsageError, match="two arms are named 'a'"):
        check_arms([GeneratorConfig("a", "m"), GeneratorConfig("a", "n")])
    with pytest.raises(UsageError, match="no model"):
        check_arms([type("Arm", (), {"name": "a", "temperature": 0.1})()])


def test_all_spellings_of_a_model_have_one_key() -> None:
    """Case, Ollama's registry and the default tag are no part of a name; another registry, user or tag is, and a path stays as it is."""
    for name in ("tiny", "Tiny:latest", "library/tiny", "registry.ollama.ai/library/TINY:latest"):
        assert model_key(name) == "tiny"
    assert model_key("hf.co/Me/X-GGUF:Q4_K_M") == model_key("hf.co/me/x-gguf:q4_k_m") != model_key("hf.co/me/x-gguf")
    assert model_key("me/tiny") != model_key("tiny")
    assert model_key("/models/A.gguf") != model_key("/models/a.gguf")
