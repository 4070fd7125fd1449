"""Every block of code in the documentation does what it says: shell and Python are run, TOML and JSON are read by what reads them."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
import tomllib
import unittest
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from sybil import Document, Example, Region, Sybil
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser, SkipParser

from banditgen._settings import HEADERS, KEYS
from banditgen.strategy import Strategy
from tests.docs.test_docs import PAGES, ROOT
from tests.docs.world import World, free_port

LANGUAGES = {"python", "sh", "toml", "json", "text", "{toctree}", "{eval-rst}"}
PORT = "8077"  # of `banditgen serve`, where the pages have it
GROUPS = {"banditgen.generators", "banditgen.measures", "banditgen.policies"}
RUN = [page for page in PAGES if re.search(r"^```(python|sh|toml|json)$", page.read_text(), re.MULTILINE)]


def _shell(example: Example) -> None:
    example.namespace["__world__"].shell(example.parsed)


def _toml(example: Example) -> None:
    table = tomllib.loads(example.parsed)
    if "project" in table:
        assert set(table["project"]["entry-points"]) <= GROUPS
    elif example.namespace["__page__"] == "settings":
        assert set(table) <= {*KEYS, HEADERS}
    else:
        arms = "" if {"arms", "models"} & table.keys() else 'models = "available"\n'
        Strategy.loads(arms + example.parsed, name="page")


def _json(example: Example) -> None:
    for line in [example.parsed] if example.parsed.lstrip().startswith("{\n") else example.parsed.splitlines():
        json.loads(line)


PARSERS: list[Callable[[Document], Iterable[Region]]] = [
    SkipParser(),
    PythonCodeBlockParser(),
    CodeBlockParser("sh", _shell),
    CodeBlockParser("toml", _toml),
    CodeBlockParser("json", _json),
]


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(tmp_path_factory.mktemp("docs")) as world:
        yield world


@pytest.mark.slow
@pytest.mark.timeout(1200)  # a page has up to thirty commands, each with an interpreter of its own
@pytest.mark.parametrize("page", RUN, ids=lambda page: str(page.relative_to(ROOT)))
def test_blocks_run(page: Path, world: World, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    if "postgresql://" in page.read_text():
        world.postgres = request.getfixturevalue("postgres_url")
    names = world.enter(page, monkeypatch)
    here = Path(page.name)  # a copy, in which the port is one that is free
    here.write_text(page.read_text().replace(PORT, str(free_port())))
    document = Sybil(PARSERS).parse(here)
    document.namespace |= names | {"__world__": world, "__page__": page.stem}
    for example in document:
        with contextlib.suppress(unittest.SkipTest):
            example.evaluate()


@pytest.mark.slow
def test_the_pages_are_built_without_warnings(tmp_path: Path) -> None:
    """As `make docs` does."""
    where = ["-d", str(tmp_path / "trees"), "-c", str(ROOT / "docs"), str(ROOT), str(tmp_path / "pages")]
    build = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", *where]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "BanditGenerator" in (tmp_path / "pages/docs/reference/api-session.html").read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_blocks_say_their_language(page: Path) -> None:
    fences = re.findall(r"^```(.*)$", page.read_text(), re.MULTILINE)
    assert [name for name in fences[::2] if name not in LANGUAGES] == []
    assert set(fences[1::2]) <= {""}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_is_left_out_says_why(page: Path) -> None:
    for skip in re.findall(r"<!--+ *skip:(.*?)-->", page.read_text()):
        assert '"' in skip, skip
