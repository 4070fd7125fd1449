"""Runs pytest on a file in each of the folders on standard input, in forks of a process that has it loaded, and prints the exit codes."""

from __future__ import annotations

import contextlib
import io
import os
import sys

import pytest

os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
with contextlib.redirect_stdout(io.StringIO()):
    pytest.main(["--version", "--version"])  # which loads its parts
for folder in sys.stdin.read().splitlines():
    child = os.fork()
    if not child:
        os.chdir(folder)
        sys.path[0] = folder
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(nowhere, stream)
        os._exit(pytest.main(["-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", ".", sys.argv[1]]))
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
