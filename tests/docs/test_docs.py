"""What the documentation says is what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from banditgen.cli import cli
from banditgen.strategy import POLICIES

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def helps(command: click.Command, name: str) -> dict[str, str]:
    """Each command's help text by the words that call it."""
    context = click.Context(command, info_name=name, terminal_width=100, max_content_width=100, help_option_names=["-h", "--help"])
    pages = {name: command.get_help(context).rstrip()}
    if isinstance(command, click.Group):
        for verb in command.list_commands(context):
            child = command.get_command(context, verb)
            assert child is not None
            pages |= helps(child, f"{name} {verb}")
    return pages


def page() -> str:
    blocks = (f"## `{name}`\n\n```text\n{text}\n```\n" for name, text in helps(cli, "banditgen").items())
    head = (
        "# The command\n\nExit 0: fine, a candidate passed. 1: none did. 2: wrong use, or a part that does not work, one line on stderr.\n"
    )
    head += "Data is on stdout, progress and logs on stderr.\n\n"
    head += 'Completion of verbs and options: put `eval "$(_BANDITGEN_COMPLETE=bash_source banditgen)"` into `~/.bashrc`\n'
    head += "(`zsh_source` into `~/.zshrc`, `fish_source` into fish's completions).\n\n"
    return head + "\n".join(blocks)


def test_the_commands_page_is_the_commands_help() -> None:
    """Write it anew with `python -m tests.docs.test_docs` after a change of the command."""
    assert (ROOT / "docs/reference/cli.md").read_text() == page()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text()):
        if "://" not in target:
            assert (path.parent / target).exists(), target


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_python_in_the_docs_compiles(path: Path) -> None:
    for block in re.findall(r"^```python\n(.*?)^```", path.read_text(), re.DOTALL | re.MULTILINE):
        if not block.startswith((" ", "\t")):
            compile(block, str(path), "exec")


def test_the_policies_that_are_named_for_strategies_are_those_that_a_strategy_may_name() -> None:
    line = re.search(r"^Policies: (.*), and those", (ROOT / "docs/reference/strategies.md").read_text(), re.MULTILINE)
    assert line is not None
    assert set(re.findall(r"`(\w+)`", line[1])) == set(POLICIES)


HOUSE = (ROOT / "docs/explanation/architecture.md").read_text()
PACKAGE = ROOT / "banditgen"


def test_every_file_that_the_architecture_names_is_there() -> None:
    for name in re.findall(r"`([\w/]+(?:\.py|/))`", HOUSE):
        inner = [PACKAGE / name, *(folder / name for folder in PACKAGE.iterdir() if folder.is_dir())]
        assert any(path.exists() for path in (ROOT / name, *inner)), name


def test_every_room_stands_in_the_architecture() -> None:
    rooms = {f"`{path.name}/`" for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    rooms |= {f"`{path.name}`" for path in PACKAGE.glob("*.py") if path.name != "__init__.py"}
    assert sorted(room for room in rooms if room not in HOUSE) == []


def test_the_ten_answers_name_what_is_in_the_files_that_they_name() -> None:
    """Each name in a row is defined in, or a field of, one of the row's files."""
    rows = [row.split("|")[1:-1] for row in HOUSE.partition("| to change |")[2].partition("## ")[0].splitlines()[2:] if row.startswith("|")]
    assert len(rows) == 10
    for _, first, then in rows:
        names = re.findall(r"`(\w+)`", first + then)
        texts = [(PACKAGE / name).read_text() for name in re.findall(r"`([\w/]+\.py)`", first + then)]
        assert texts
        for name in names:
            assert any(re.search(rf"\b{name}\b", text) for text in texts), name


if __name__ == "__main__":
    (ROOT / "docs/reference/cli.md").write_text(page())
