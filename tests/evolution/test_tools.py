"""Tool definitions: the design document's example, exact round trips of hostile text, safe file names, clear errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banditgen.arm import GeneratorConfig
from banditgen.errors import UsageError
from banditgen.evolution.tools import FORMATS, Format, arm_from_tool, dumps, file_name, loads, make_tool, read_tools

EXAMPLE = {
    "name": "API Integration Expert",
    "type": "llm",
    "llm": {
        "model": "deepseek-coder:6.7b",
        "temperature": 0.3,
        "system_prompt": "You are an expert at creating robust API integrations...",
    },
    "tags": ["api", "integration", "expert"],
    "metadata": {"evolved_from": "deepseek_balanced", "specialized_for": "api_integration", "success_rate": 0.94},
}
"""As the design document has it, under "Tool Mutation"."""
ARM = GeneratorConfig("deepseek_balanced", "deepseek-coder:6.7b", 0.3, system_prompt=EXAMPLE["llm"]["system_prompt"])  # type: ignore[index]


def test_a_tool_is_the_documents_example() -> None:
    tool = make_tool(ARM, "api_integration", success_rate=0.94)
    assert tool["llm"].pop("max_tokens") == 4000
    assert "api_integration" in tool.pop("description")
    assert tool == EXAMPLE


def test_the_documents_example_is_an_arm() -> None:
    assert arm_from_tool(EXAMPLE) == ARM


def test_one_bad_file_refuses_no_folder_and_tiers_are_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Each with a word; a folder without any tool of a model is refused, and so is a bad file by itself."""
    tier, role = {"name": "Fast Writer", "llm": {"tier": "coding.tier_1"}}, {"name": "Judge", "llm": {"role": "judge"}}
    (tmp_path / "a.yaml").write_text(dumps([make_tool(ARM, "api"), tier, role], "yaml"))
    (tmp_path / "b.yaml").write_text("name: [")
    (tmp_path / "c.json").write_text(dumps(tier, "json"))
    assert [arm_from_tool(tool) for tool in read_tools(tmp_path)] == [ARM]
    assert caplog.text.count("names a tier or role, and no model") == 3
    assert "b.yaml: neither JSON nor YAML" in caplog.text
    with pytest.raises(UsageError, match="neither JSON nor YAML"):
        read_tools(tmp_path / "b.yaml")
    (tmp_path / "a.yaml").unlink()
    with pytest.raises(UsageError):
        read_tools(tmp_path)


ARMS = st.builds(
    GeneratorConfig,
    name=st.text(min_size=1).filter(str.strip),
    model=st.text(min_size=1).filter(str.strip),
    temperature=st.floats(0, 2),
    max_tokens=st.integers(1, 10**9),
    system_prompt=st.none() | st.text(st.characters(exclude_categories=())),
    weight=st.floats(0, 1e300),
    top_p=st.none() | st.floats(0, 1),
    top_k=st.none() | st.integers(0, 1000),
    think=st.none() | st.booleans(),
)


@pytest.mark.slow
@given(arm=ARMS, task_type=st.text(min_size=1), form=st.sampled_from(FORMATS))
def test_every_arm_comes_back_equal(arm: GeneratorConfig, task_type: str, form: Format) -> None:
    """Whatever names, prompts and task types hold: quotes, control characters, YAML's own words, halves of surrogate pairs."""
    tool = make_tool(arm, task_type, success_rate=0.5, interval=[0.1, 0.9])
    text = dumps([tool, tool], form)
    assert text.isascii()
    assert loads(text, "t") == [tool, tool]
    assert arm_from_tool(tool) == arm
    assert arm_from_tool(tool).arm_id == arm.arm_id


@given(task_types=st.lists(st.text(min_size=1), unique=True, min_size=2, max_size=5), form=st.sampled_from(FORMATS))
def test_file_names_are_safe_and_differ(task_types: list[str], form: Format) -> None:
    names = [file_name(task_type, form) for task_type in task_types]
    assert len(set(names)) == len(names)
    for name in names:
        assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789_.")
        assert not name.startswith(".")
        assert len(name) < 100


@pytest.mark.parametrize("task_type", ["../x", "/etc/passwd", "a\0b", "x" * 10_000, ".", "con", "\ud800", "API", "é"])
def test_hostile_task_types_stay_in_the_folder(tmp_path: Path, task_type: str) -> None:
    path = tmp_path / file_name(task_type, "json")
    path.write_text(dumps(make_tool(ARM, task_type), "json"))
    assert path.resolve().parent == tmp_path.resolve()
    assert read_tools(tmp_path)[0]["metadata"]["specialized_for"] == task_type


def broken(**changes: Any) -> dict[str, Any]:
    return {**EXAMPLE, **changes}


@pytest.mark.parametrize(
    ("tool", "message"),
    [
        ("text", "must be a mapping"),
        ({"name": "x", "type": "llm"}, "llm is missing"),
        (broken(type="function"), 'has type "llm"'),
        (broken(llm=["m"]), "llm must be a mapping"),
        (broken(llm={"temperature": 0.1}), "model is missing"),
        (broken(llm={"model": "m", "temperatur": 0.1}), "unknown key 'temperatur'"),
        (broken(llm={"model": "m", "temperature": "hot"}), "temperature must be a number"),
        (broken(llm={"model": "m", "temperature": float("nan")}), "temperature must be a number"),
        (broken(llm={"model": "m", "max_tokens": 10**400, "temperature": 10**400}), "temperature|too large"),
        (broken(llm={"model": ""}), "model"),
        (broken(metadata=7), "metadata must be a mapping"),
        (broken(metadata={"evolved_from": 7}), "name must be a non-empty string"),
        (broken(metadata={"weight": -1}), "weight"),
    ],
)
def test_what_is_no_tool_is_refused(tool: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        arm_from_tool(tool)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must be a mapping"),
        ("[]", "no tool in it"),
        ("{", "neither JSON nor YAML"),
        ("name: [", "neither JSON nor YAML"),
        ("a: &a [x]\nb: *a\n", "aliases"),
        ("!!python/object/apply:os.system ['true']", "neither JSON nor YAML"),
        ("[" * 100_000, "neither JSON nor YAML"),
        ("- " * 20_000, "neither JSON nor YAML"),
        ("name: x\ntype: llm\nllm: {model: 2024-01-01}\n", "model"),
        ('[{"name": "x"}, 3]', "tool 1"),
    ],
)
def test_malformed_files_say_what_is_wrong(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(text)
    with pytest.raises(UsageError, match=message) as caught:
        read_tools(path)
    assert "t.yaml" in str(caught.value)
    assert len(str(caught.value)) < 1000


def test_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        read_tools(tmp_path / "nowhere.json")
    with pytest.raises(UsageError, match=r"no \.json"):
        read_tools(tmp_path)
    (tmp_path / "latin.json").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="not UTF-8"):
        read_tools(tmp_path)
    (tmp_path / "latin.json").write_bytes(b" " * (1 << 19))
    with pytest.raises(UsageError, match="larger than"):
        read_tools(tmp_path / "latin.json")
