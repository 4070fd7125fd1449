"""What plain Python says of a candidate and its tests: exit code 0 of an ordinary interpreter, with nothing of ours in it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

MODULES = ("solution", "candidate", "main")
IMPORTS = re.compile(rf"^\s*(from|import) ({'|'.join(MODULES)})\b", re.MULTILINE)
OF_PYTEST = re.compile(r"^(async )?def test|^class \w+\((unittest\.)?(IsolatedAsyncio)?TestCase\)|^class Test", re.MULTILINE)
SECONDS = 60.0


def passes(code: str, tests: str, seconds: float = SECONDS) -> bool:
    """Whether the tests pass: as one file with the candidate, or beside it where they import it.

    Args:
        code: the candidate.
        tests: a script or a file for pytest.
        seconds: after which they have failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        for name in MODULES:
            Path(folder, f"{name}.py").write_text(code, encoding="utf-8", errors="surrogatepass")
        whole = tests if IMPORTS.search(tests) else f"{code}\n\n{tests}"
        of_pytest = OF_PYTEST.search(tests) is not None
        file = Path(folder, "test_all.py" if of_pytest else "all_of_it.py")
        file.write_text(whole, encoding="utf-8", errors="surrogatepass")
        words = ["-m", "pytest", "-q", "-p", "no:cacheprovider"] if of_pytest else []
        return _succeeds([sys.executable, "-W", "ignore", *words, file.name], folder, "", seconds) is not None


def prints(code: str, stdin: str, seconds: float = SECONDS) -> str | None:
    """What a program prints; None where it fails."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "main.py").write_text(code, encoding="utf-8", errors="surrogatepass")
        return _succeeds([sys.executable, "-W", "ignore", "main.py"], folder, stdin, seconds)


def _succeeds(command: list[str], folder: str, stdin: str, seconds: float) -> str | None:
    environment = {"PATH": "/usr/bin:/bin", "HOME": folder, "PYTHONHASHSEED": "0", "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path.endswith("-packages"))
    try:
        done = subprocess.run(  # our own interpreter
            command,
            input=stdin,
            capture_output=True,
            text=True,
            cwd=folder,
            timeout=seconds,
            check=False,
            env=environment,
            errors="replace",
        )
    except subprocess.TimeoutExpired:
        return None
    return done.stdout if done.returncode == 0 else None
