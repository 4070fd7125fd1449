"""Whether containers can be run here, and an image with a Python in it that comes from no network."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from banditgen.errors import SandboxError
from banditgen.sandbox.container import ContainerSandbox
from banditgen.sandbox.container_engine import USER, Engine

ENGINE = os.environ.get("BANDITGEN_TEST_ENGINE")  # "docker" tests that where podman is, too
IMAGE = "localhost/banditgen-test-python:1"
LEFT_OUT = ("site-packages", "test", "idlelib", "ensurepip", "turtledemo", "tkinter", "lib2to3", "__pycache__")
LOADS = "import bz2, ctypes, decimal, hashlib, json, lzma, sqlite3, ssl, unittest, uuid, zlib, _posixsubprocess, pyexpat"


def started_or_skipped(**options: object) -> ContainerSandbox:
    """A container sandbox that has run something; else the test is skipped, with the engine's own word why."""
    try:
        box = ContainerSandbox(ENGINE, require="isolated", **options)  # type: ignore[arg-type]
        box.isolation()
    except SandboxError as error:
        if "is required" in str(error):
            raise  # it runs, and does not hold: that is no reason to skip
        pytest.skip(f"no container starts here: {error}")
    return box


def make_image(engine: Engine) -> None:
    """Import an image with this interpreter, its library, a package, and what they load."""
    libraries = Path(os.path.realpath(os.__file__)).parent
    maps = f"{LOADS}\nprint(open('/proc/self/maps').read())"
    mapped = subprocess.run([sys.executable, "-I", "-c", maps], capture_output=True, text=True, check=True).stdout
    shared = {line.split(maxsplit=5)[-1] for line in mapped.splitlines() if ".so" in line}
    program = os.path.realpath(sys._base_executable)  # type: ignore[attr-defined]
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:

        def keep(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
            return None if entry.name.rpartition("/")[2] in LEFT_OUT or "/config-" in entry.name else entry

        archive.add(program, "usr/local/bin/python3")
        archive.add(libraries, f"usr/local/lib/{libraries.name}", filter=keep)
        for path in map(Path, shared):
            if libraries not in path.parents:  # under all names that it is loaded by
                for link in path.parent.glob(path.name.partition(".so")[0] + ".so*"):
                    archive.add(link.resolve(), str(link).lstrip("/"))
        for loader in ("/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"):
            if Path(loader).exists():
                archive.add(os.path.realpath(loader), loader.lstrip("/"))
        texts = {
            f"usr/local/lib/{libraries.name}/site-packages/kept.py": "VALUE = 41\n",
            f"usr/local/lib/{libraries.name}/dist-packages/kept.py": "VALUE = 41\n",  # where Debian's interpreter looks
            "etc/passwd": f"root:x:0:0::/:/bin/sh\nnobody:x:{USER}:{USER}::/tmp:/bin/sh\n",
        }
        for name, text in texts.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    made = engine.ask("import", "--change", "ENV PATH=/usr/local/bin", "-", IMAGE, data=buffer.getvalue())
    assert made.returncode == 0, made.stderr
