"""Backends by name: ours, and those that packages register; a broken one is one line, and in nobody's way."""

from __future__ import annotations

import importlib.metadata
import json
import sys
import tomllib
from pathlib import Path

import pytest

from banditgen.errors import BanditgenError, NoBackendError, UsageError
from banditgen.generators.backends import GROUP, OURS, backend_names, make_backend
from banditgen.generators.default import resolve_backend
from banditgen.generators.embedded import EmbeddedGenerator
from tests.cli.command import banditgen
from tests.installed import leave_package

_MODULE = """
from banditgen.generators.client import ClientGenerator
class Own(ClientGenerator):
    def __init__(self, answer="x = 1"):
        self.answer = answer
        super().__init__(self, models=["m"])
        self.name = "own"
    def generate(self, request=None, on_text=None, **asked):
        return self.answer if asked else super().generate(request, on_text)
class Half:
    name = "half"
def explodes():
    raise RuntimeError("no\\n\\x1b[31mlicence")
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of packages, as pip would leave them: two good ones, some broken, one name twice."""
    (tmp_path / "own_backend.py").write_text(_MODULE)
    (tmp_path / "broken_at_import.py").write_text("import a_module_that_nobody_has\n")
    (tmp_path / "exits_at_import.py").write_text("raise SystemExit(3)\n")
    packages = {
        "own": {"own": "own_backend:Own", "ollama": "own_backend:Own"},
        "broken": {"broken": "broken_at_import:Own", "exits": "exits_at_import:Own", "gone": "own_backend:Gone"},
        "bad": {"half": "own_backend:Half", "explodes": "own_backend:explodes", "twice": "own_backend:Own"},
        "again": {"twice": "own_backend:Own"},
    }
    for name, entries in packages.items():
        leave_package(tmp_path, name, "1.0", GROUP, entries)
    monkeypatch.syspath_prepend(str(tmp_path))
    for module in ("own_backend", "broken_at_import", "exits_at_import"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    return tmp_path


def test_ours_stand_in_the_projects_entry_points_and_work_without_them() -> None:
    """A checkout that was installed before one of them was there knows it, too."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    assert project["project"]["entry-points"][GROUP] == OURS
    for name, value in OURS.items():
        assert callable(importlib.metadata.EntryPoint(name, value, GROUP).load())
    assert backend_names()[: len(OURS)] == list(OURS)
    assert isinstance(make_backend("embedded"), EmbeddedGenerator)


def test_a_packages_backend_is_found_by_its_name_and_made_with_what_is_said(install: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where it is set; names of ours stay ours."""
    assert backend_names() == [*OURS, "broken", "exits", "explodes", "gone", "half", "own", "twice"]
    assert resolve_backend("own").name == "own"
    assert vars(make_backend("own", answer="y = 2"))["answer"] == "y = 2"
    monkeypatch.setenv("BANDITGEN_BACKEND", "own")
    assert resolve_backend().name == "own"
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")
    with pytest.raises(NoBackendError, match="no Ollama answers"):
        resolve_backend("ollama")


@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [
        ("broken", NoBackendError, "the backend 'broken' of the package broken cannot be used .*a_module_that_nobody_has"),
        ("exits", NoBackendError, "of the package broken cannot be used .SystemExit: 3"),
        ("gone", NoBackendError, "of the package broken cannot be used .AttributeError"),
        ("half", NoBackendError, "makes a Half, which lacks concurrency, models, prepare, generate, aclose of a Generator"),
        ("explodes", NoBackendError, "of the package bad cannot be used .RuntimeError: no .31mlicence"),
        ("twice", NoBackendError, "several packages register a backend 'twice' .again, bad.: uninstall all but one"),
        ("nobodys", UsageError, "no backend is named 'nobodys': use one of 'ollama', 'embedded', 'openai', 'broken'"),
    ],
)
def test_a_broken_one_is_one_line_with_its_packages_name(install: Path, name: str, kind: type[BanditgenError], said: str) -> None:
    with pytest.raises(kind, match=said) as caught:
        resolve_backend(name)
    assert str(caught.value).isprintable()


@pytest.mark.slow
def test_the_command_takes_a_packages_backend_and_shows_broken_ones(install: Path) -> None:
    """It loads none for its help, and one that is broken is in nobody's way."""
    ran = banditgen("run", "Set x.", "--backend", "own", "--json")
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["backend"] == "own"
    refused = banditgen("run", "Set x.", "--backend", "broken")
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert "the backend 'broken' of the package broken cannot be used" in refused.stderr
    assert banditgen("run", "Set x.", "--backend", "nobodys").returncode == 2
    seen = json.loads(banditgen("doctor", "--json").stdout)
    assert seen["own"] == {"models": "m"}
    assert "cannot be used" in seen["broken"]["error"]
