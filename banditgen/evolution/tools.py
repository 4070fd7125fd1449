"""Tool definitions as the design document writes them: an arm that is the expert for one type of task, as JSON or YAML."""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import yaml

from banditgen._checks import check_text
from banditgen._text import one_line, shown
from banditgen.arm import SAMPLING_FIELDS, GeneratorConfig, arm_settings
from banditgen.errors import UsageError

logger = logging.getLogger("banditgen.tools")

Tool = dict[str, Any]
Format = Literal["json", "yaml"]
FORMATS: tuple[Format, ...] = ("json", "yaml")
MAX_FILE_BYTES = 1 << 18
ACRONYMS = frozenset({"api", "cli", "css", "csv", "html", "http", "io", "json", "llm", "sql", "ui", "url", "xml", "yaml"})
MAX_SLUG = 60


class _Dumper(yaml.SafeDumper):
    """Writes everything out: our loader takes no aliases."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's signature
        return True


class _Loader(yaml.SafeLoader):
    """Refuses aliases: a few of them inside each other are a gigabyte once printed."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases (*name) are not allowed in tools")
        return super().compose_node(parent, index)


def make_tool(arm: GeneratorConfig, task_type: str, **metadata: Any) -> Tool:
    """The definition of an arm as the expert for a task type; `metadata` is kept beside what the arm itself says."""
    words = [word for word in re.split(r"[\W_]+", task_type) if word] or ["general"]
    settings = arm_settings(arm)
    llm = {"model": settings.pop("model"), **settings}
    weight = float(arm.weight)
    written_by = f"{llm['model']} at temperature {llm['temperature']:g}"
    return {
        "name": " ".join(word.upper() if word.lower() in ACRONYMS else word.capitalize() for word in (*words, "expert")),
        "type": "llm",
        "description": f"Writes code for tasks of the type {task_type}: {written_by}, the best of the arms that were raced on them.",
        "llm": llm,
        "tags": list(dict.fromkeys([*(word.lower() for word in words), "expert"])),
        "metadata": {"evolved_from": arm.name, "specialized_for": task_type, **metadata} | ({"weight": weight} if weight != 1 else {}),
    }


def arm_from_tool(tool: Any) -> GeneratorConfig:
    """The arm that a tool definition describes, under the name of the arm that it was made from, else under the tool's own.

    Raises:
        UsageError: not a tool definition of a language model; says what is wrong.
    """
    if not isinstance(tool, Mapping):
        raise UsageError(f"a tool must be a mapping with name, type and llm, not {shown(tool)}")
    for key in ("name", "type", "llm"):
        if key not in tool:
            raise UsageError(f"a tool needs name, type and llm: {key} is missing")
    if tool["type"] != "llm":
        raise UsageError(f'a tool that is an arm has type "llm", not {shown(tool["type"])}')
    llm, metadata = tool["llm"], tool.get("metadata", {})
    for key, value in (("llm", llm), ("metadata", metadata)):
        if not isinstance(value, Mapping):
            raise UsageError(f"a tool's {key} must be a mapping, not {shown(value)}")
    unknown = [key for key in llm if key != "model" and key not in SAMPLING_FIELDS]
    if unknown or "model" not in llm:
        what = f"unknown key {shown(unknown[0])}" if unknown else "model is missing"
        raise UsageError(f"a tool's llm: {what}; it has model and may have {', '.join(SAMPLING_FIELDS)}")
    name = metadata.get("evolved_from", tool["name"])
    settings: dict[str, Any] = {**llm, "weight": metadata.get("weight", 1.0)}
    try:
        return GeneratorConfig(check_text("a tool's name", name), **settings)
    except OverflowError:
        raise UsageError("a tool's llm: a number is too large") from None


def dumps(tools: Tool | Sequence[Tool], form: Format) -> str:
    """One definition or a list of them as text; `loads` gives the same back, whatever their strings hold."""
    if form == "json":
        return json.dumps(tools, indent=2, ensure_ascii=True) + "\n"
    return str(yaml.dump(tools, Dumper=_Dumper, sort_keys=False, allow_unicode=False, width=120))


def loads(text: str, source: str) -> list[Tool]:
    """The definitions in a JSON or YAML text, each checked to be an arm's.

    Those that name a tier or role and no model are an orchestrator's own: they are left out, which is logged.

    Raises:
        UsageError: names `source` and what is wrong.
    """
    try:
        # JSON first: YAML would take most of it, but not its escaped surrogates
        data = json.loads(text) if text.lstrip().startswith(("{", "[")) else yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        raise UsageError(f"{source}: neither JSON nor YAML: {one_line(error)}") from None
    found = data if isinstance(data, list) else [data]
    tools = [tool for tool in found if not _names_no_model(tool)]
    for tool in found:
        if _names_no_model(tool):
            logger.warning("%s: tool %s is left out: it names a tier or role, and no model", source, shown(tool.get("name")))
    if not found:
        raise UsageError(f"{source}: there is no tool in it")
    for index, tool in enumerate(tools):
        try:
            arm_from_tool(tool)
        except UsageError as error:
            where = f"tool {index + 1}: " if len(tools) > 1 else ""
            raise UsageError(f"{source}: {where}{error}") from None
    return tools


def _names_no_model(tool: Any) -> bool:
    llm = tool.get("llm") if isinstance(tool, Mapping) else None
    return isinstance(llm, Mapping) and "model" not in llm and ("tier" in llm or "role" in llm)


def read_tools(path: str | Path) -> list[Tool]:
    """The definitions in a file, or in all .json, .yaml and .yml files of a folder, by file name.

    A file of a folder that cannot be read, or holds no tool, is left out, which is logged.

    Raises:
        UsageError: no such file, one that holds no tool, or a folder without any.
    """
    path = Path(path)
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix in (".json", ".yaml", ".yml"))
        if not files:
            raise UsageError(f"{path}: no .json, .yaml or .yml file in this folder")
        tools, wrong = [], []
        for each in files:
            try:
                tools += read_tools(each)
            except UsageError as error:
                wrong.append(str(error))
                logger.warning("left out: %s", error)
        if not tools:
            raise UsageError(wrong[0] if wrong else f"{path}: none of its files names a model")
        return tools
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
        if len(content) > MAX_FILE_BYTES:
            raise UsageError(f"{path}: larger than {MAX_FILE_BYTES >> 10} kB: not a tool")
        return loads(content.decode("utf-8-sig"), str(path))
    except UnicodeDecodeError:
        raise UsageError(f"{path}: not UTF-8 text") from None
    except (OSError, ValueError) as error:
        if isinstance(error, UsageError):
            raise
        raise UsageError(f"{path}: can't be read: {getattr(error, 'strerror', None) or error}") from None


def file_name(task_type: str, form: Format) -> str:
    """A file name for the tool of a task type: safe in any folder, and another one for every other task type."""
    slug = re.sub(r"[^a-z0-9]+", "_", task_type.lower()).strip("_")[:MAX_SLUG]
    if slug != task_type:
        slug = f"{slug or 'task'}_{hashlib.sha256(task_type.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
    return f"{slug}_expert.{form}"
