"""As root the suite runs as root; this runs a part of it once more as an ordinary user, where that user can read an interpreter."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

ORDINARY = 54321
# verdicts, values and forms are the same for all: candidates are an ordinary user's in any case
DEPENDS = ["contract", "confined", "default", "hostile*", "levels", "pool", "processes", "program"]


def as_ordinary(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, user=ORDINARY, group=ORDINARY, extra_groups=[], capture_output=True, text=True, check=False, **options)


def readable_interpreter() -> str | None:
    """An interpreter of this version that an ordinary user can run."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for path in (str(Path(sys.executable).resolve()), f"/usr/bin/{name}", f"/usr/local/bin/{name}"):
        with contextlib.suppress(PermissionError, FileNotFoundError):
            if as_ordinary([path, "-c", ""], cwd="/").returncode == 0:
                return path
    return None


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="the whole suite runs as an ordinary user already")
@pytest.mark.parametrize(
    ("chosen", "more"), [(DEPENDS, {}), (["hostile*"], {"BANDITGEN_TEST_BUBBLEWRAP": "1"})], ids=["namespaces", "bubblewrap"]
)
def test_the_suite_holds_for_an_ordinary_user(chosen: list[str], more: dict[str, str]) -> None:
    """What depends on who it is; and the hostile part once more where bubblewrap holds the candidates."""
    interpreter = readable_interpreter()
    if interpreter is None:
        pytest.skip("no interpreter of this version that an ordinary user can run")
    folder = Path(__file__).parent
    checkout = str(folder.parents[1])
    if as_ordinary([interpreter, "-c", f"open({str(folder / 'conftest.py')!r})"], cwd="/").returncode:
        pytest.skip("the checkout lies in a folder that an ordinary user cannot read")
    with tempfile.TemporaryDirectory() as home:
        os.chown(home, ORDINARY, ORDINARY)
        environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": home,
            "TMPDIR": home,
            "PYTHONDONTWRITEBYTECODE": "1",
            **more,
            "PYTHONPATH": os.pathsep.join([checkout, *(path for path in sys.path if path.endswith("site-packages"))]),
        }
        files = [str(path) for name in chosen for path in sorted(folder.glob(f"test_{name}.py"))]
        command = [interpreter, "-m", "pytest", *files, "-q", "-p", "no:cacheprovider"]
        run = as_ordinary(command, env=environment, cwd=checkout)
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-2000:]
    assert " passed" in run.stdout
