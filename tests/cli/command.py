"""The command as a user calls it, in the test's own process or as one of its own."""

from __future__ import annotations

import gc
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from banditgen.cli import main

COMMAND = [sys.executable, "-c", "from banditgen.cli import main; main()"]
Done = subprocess.CompletedProcess[str]


def banditgen(*arguments: str, stdin: str = "", **environment: str) -> Done:
    """What the command prints, where, and how it exits, without the seconds that an interpreter needs to start.

    Its log goes to stderr, as it does in a process; what it leaves open and any exception but its exit fail the test.
    """
    level, threshold = logging.root.level, gc.get_threshold()
    with pytest.MonkeyPatch.context() as patch, CliRunner().isolation(stdin, environment) as (stdout, stderr, _):
        patch.setattr(sys, "argv", ["banditgen", *arguments])
        patch.setattr(logging.root, "handlers", [])
        try:
            with pytest.raises(SystemExit) as exited:
                main()
        finally:
            logging.root.setLevel(level)
            gc.set_threshold(*threshold)
        sys.stdout.flush()
        sys.stderr.flush()
        return Done(list(arguments), int(exited.value.code or 0), stdout.getvalue().decode(), stderr.getvalue().decode())


def process(*arguments: str, stdin: str | None = None, cwd: Path | None = None, **environment: str) -> Done:
    """The same by a process, where that is what is tested."""
    given = {"input": stdin, "env": {**os.environ, **environment}, "cwd": cwd, "timeout": 250}
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, check=False, **given)  # type: ignore[call-overload,no-any-return]
