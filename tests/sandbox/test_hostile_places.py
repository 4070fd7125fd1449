"""Places: what runs the tests imports and executes nothing from where a candidate can write; paths say nothing of the host."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from banditgen.result import FailureKind
from banditgen.sandbox import worker
from banditgen.sandbox.base import Sandbox
from banditgen.sandbox.pool import ZygoteSandbox
from banditgen.sandbox.worker import Mechanisms, interpreter_prefix
from banditgen.task import Task
from tests.sandbox.folders import open_to_others

AMPLE = {"inodes": 60_000, "disk_bytes": 512 << 20, "wall_seconds": 60.0}
# code that shows itself wherever it is run, and then passes every test that it can
EVIL = """
import os, sys
os.write(2, b"RAN " + __name__.encode() + b"\\n")
class Module: pass
class ExitCode: INTERRUPTED = 2
def main(arguments, plugins):
    plugins[0]._passed = 99
    return 0
for watcher in [getattr(m, "Watcher", None) for m in list(sys.modules.values())]:
    if isinstance(watcher, type):
        watcher.verdict = lambda self, *, expected: {"outcome": "passed"}
"""
# a candidate that puts it under every name that can be imported or collected, in every folder that it may write to
HOSTILE = """
import os, sys
INI = "[pytest]\\npython_files = *.py\\naddopts = -p evil --doctest-modules\\n[tool:pytest]\\naddopts = -p evil"
ASIDE = {"a.pth": "import sys; exec(" + repr(EVIL) + ")", "pytest.ini": INI, "tox.ini": INI, "setup.cfg": INI, ".coveragerc": INI}
ASIDE["pyproject.toml"] = "[tool.pytest.ini_options]\\npython_files = ['*.py']"
ASIDE.update(dict.fromkeys(("__init__.py", "__main__.py", "conftest.py", "setup.py"), EVIL))
def write(path, text):
    try:
        with open(path, "w") as file: file.write(text)
    except OSError: pass
def fill(folder):
    for name, text in ASIDE.items(): write(os.path.join(folder, name), text)
    for name in NAMES:
        write(os.path.join(folder, name + ".py"), EVIL)
        try: os.makedirs(os.path.join(folder, name), exist_ok=True)
        except OSError: continue
        write(os.path.join(folder, name, "__init__.py"), EVIL)
roots = {os.getcwd(), "/tmp", os.environ["HOME"], "/dev/shm"}
for place in [*sys.path, *FOLDERS]:  # where the host has its packages, and where the sandbox shows them
    for root in ("", "/tmp", os.getcwd()):
        made = root + place
        try:
            os.makedirs(made, exist_ok=True)
            roots.add(made)
        except OSError: pass
for start in ["tmp", *"bin dev etc home lib lib64 mnt opt packages proc python root run srv sys usr var banditgen".split(), *FOLDERS]:
    for top, folders, _ in os.walk("/" + start.lstrip("/")):
        folders[:] = [name for name in folders if not os.path.islink(os.path.join(top, name)) and top.count("/") < 6]
        if os.access(top, os.W_OK): roots.add(top)
for root in sorted(roots): fill(root)
def f(n): return 0
"""
WANTED = ("_pytest", "pytest", "pluggy", "iniconfig", "packaging", "pygments", "exceptiongroup", "tomli")
NAMES = sorted({*sys.stdlib_module_names, *WANTED, "evil", "banditgen", "solution", "candidate", "test_f", "test_candidate"})
FORMS = {  # with modules that a worker has not loaded before
    "asserts": "import cmath, uuid, zoneinfo\nassert f(1) == 2",
    "check": "import cmath, uuid, zoneinfo\ndef check(candidate):\n    assert candidate(1) == 2",
    "pytest": "import uuid, pytest\nfrom solution import f\n@pytest.mark.parametrize('n', [1])\ndef test_f(n):\n    assert f(n) == n + 1",
    "unittest": (
        "import unittest\nfrom solution import f\nclass TestF(unittest.TestCase):\n    def test_f(self):\n        self.assertEqual(f(1), 2)"
    ),
}


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Packages of which some lie below the host's /tmp, as those of a checkout there do."""
    folder = tmp_path_factory.mktemp("checkout")
    open_to_others(folder)
    packages = Path(pytest.__file__).parents[1]
    for name in WANTED[:6]:
        if (packages / name).is_dir():
            shutil.copytree(packages / name, folder / name)
    shutil.copy(packages / "py.py", folder)
    for path in packages.glob("*.dist-info"):
        if path.name.partition("-")[0] in ("pytest", "pluggy"):
            shutil.copytree(path, folder / path.name)
    return [str(folder)]


@pytest.fixture(params=["namespaces", "bubblewrap", "without"])
def place(request: pytest.FixtureRequest, environment: list[str]) -> Iterator[Sandbox]:
    if request.param != "namespaces":
        request.getfixturevalue("bubblewrap" if request.param == "bubblewrap" else "without_namespaces")
    mechanisms = Mechanisms(namespaces=request.param == "namespaces", bubblewrap=request.param == "bubblewrap")
    with contextlib.closing(ZygoteSandbox(1, environment=environment, mechanisms=mechanisms)) as box:
        yield box


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
def test_the_judge_runs_nothing_from_where_a_candidate_can_write(place: Sandbox, environment: list[str], form: str) -> None:
    code = f"NAMES = {NAMES!r}\nFOLDERS = {environment!r}\nEVIL = {EVIL!r}\n" + HOSTILE
    run = place.run(code, Task("f", tests=FORMS[form], entry_point="f", limits=AMPLE, channel="judged"))
    assert (run.failure, run.channel) == (FailureKind.WRONG, "judged"), run.error
    assert "RAN" not in run.stderr + run.stdout, run.stderr[:500]
    assert place.run("def f(n): return n + 1", Task("f", tests=FORMS[form], entry_point="f", channel="judged")).passed


@pytest.mark.slow
def test_packages_below_the_hosts_tmp_cannot_be_shadowed(place: Sandbox, environment: list[str]) -> None:
    """A folder that the candidate makes at the host's path of the packages is another one."""
    fake = f"import os, sys\nos.makedirs({environment[0]!r}, exist_ok=True)\nopen({environment[0]!r} + '/pytest.py', 'w').write({EVIL!r})\n"
    fake = f"try:\n    {fake.replace(chr(10), chr(10) + '    ').rstrip()}\nexcept OSError: pass\ndef f(n): return 0"
    for tests in (FORMS["pytest"], "import sys\n" + FORMS["pytest"]):
        run = place.run(fake, Task("f", tests=tests))
        assert not run.passed
        assert "RAN" not in run.stderr


LOOK = """
import gc, json, os, sys, sysconfig, traceback, types
frames, frame = [], sys._getframe()
while frame:
    frames.append((frame.f_code.co_filename, {k: v for k, v in frame.f_locals.items() if type(v) in (str, int, list)}))
    frame = frame.f_back
seen = {
    "paths": [sys.prefix, sys.base_prefix, sys.exec_prefix, sys.executable, sys._base_executable, *sys.path, *sys.argv, *sys.orig_argv],
    "files": [getattr(m, "__file__", None) for m in list(sys.modules.values())],
    "code": [o.__code__.co_filename for o in gc.get_objects() if isinstance(o, types.FunctionType)],
    "environment": dict(os.environ),
    "frames": frames,
    "folder": os.getcwd(),
    "objects": [o for o in gc.get_objects() if isinstance(o, dict | list) and "control" in o],
    "schemes": sysconfig.get_paths(),
}
text = repr(seen)
print([word for word in map(bytes.fromhex, HOST) if word.decode() in text])  # in another form than this code itself has it
"""


@pytest.mark.slow
def test_no_path_and_no_process_of_the_host_shows_in_a_tree_of_our_own(place: Sandbox, environment: list[str]) -> None:
    """Where there is one: argv, environment, frames, modules, compiled code. `docs/explanation/sandbox.md` says what else still shows."""
    if place.isolation()["level"] != "isolated":
        pytest.skip("without a file tree of its own the host's paths are the paths")
    words = [environment[0], interpreter_prefix(), str(Path(__file__).parents[2]), f"{Path.home()}/", f"{os.getpid()},", "banditgen-"]
    words = [word for word in words if word not in ("", "/")]
    code = f"HOST = {[word.encode().hex() for word in words]!r}\n" + LOOK
    assert place.run(code, Task("look", packages=["pytest"])).stdout == "[]\n"
    run = place.run(code + "def f(n): return n", Task("f", tests="import sys\nassert f(1) == 1"))
    assert (run.passed, run.stdout) == (True, "[]\n")


@pytest.mark.slow
def test_an_interpreter_that_only_runs_where_it_is_runs_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """With its library seen at another path it does not start; then it is seen at its own."""
    prefix = interpreter_prefix()
    if not prefix:
        pytest.skip("the system's interpreter is at its own path in any case")
    monkeypatch.setattr(worker, "interpreter_prefix", lambda: f"{prefix}/lib")
    with contextlib.closing(ZygoteSandbox(1)) as box:
        assert box.run("import sys; print(sys.prefix)", Task("look")).stdout.strip() == prefix
