"""Ruff over one untrusted source text: findings as (rule, message), bounded in time and size, nothing executed."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import subprocess
import threading
from collections.abc import Sequence

import ruff  # type: ignore[import-untyped] # a binary with a finder around it

TIMEOUT_SECONDS = 5.0
MAX_OUTPUT_BYTES = 256 * 1024
"""Ruff can write 700 times its input; what lies beyond about 500 findings changes no score."""

RULES = (
    *("F", "E9", "PLE"),  # will not work: undefined names, wrong formats
    "B",  # likely bugs: mutable defaults, loop variables in closures
    *("S102", "S110", "S113", "S301", "S307", "S501", "S506", "S602", "S605", "S608"),  # dangerous calls
    *("E7", "C4", "N8", "PLW", "SIM", "UP"),  # idiom and naming
    "C90",  # complexity
)
IGNORED = ("PLW1510", "SIM105", "SIM108")  # matters of taste: check=, contextlib.suppress, conditional expressions
TARGET = "py311"


class LintError(Exception):
    """Ruff did not run, or not as expected; says nothing about the code."""


class UnlintableError(LintError):
    """Ruff ran out of time on this code, or died of it."""


def lint(code: str, rules: Sequence[str] = RULES) -> list[tuple[str, str]]:
    """What ruff finds in `code`, by rules or their prefixes: its rule ("F821") and message, in source order, cut after
    `MAX_OUTPUT_BYTES`.

    `noqa` comments are not honoured, and neither is any configuration file: a candidate can't excuse itself.

    Raises:
        LintError: ruff failed; an `UnlintableError` where that is the code's doing.
    """
    try:
        lines = _run(code.encode("utf-8", "replace"), tuple(rules)).splitlines(keepends=True)
        found = [json.loads(line) for line in lines if line.endswith(b"\n")]  # a cut last line is no finding
        return [(str(finding["code"]), str(finding["message"])) for finding in found]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LintError(f"ruff failed: {error or type(error).__name__}") from error


@functools.cache
def _command(rules: tuple[str, ...]) -> tuple[str, ...]:
    return (
        *(ruff.find_ruff_bin(), "check", "--isolated", "--no-cache", "--ignore-noqa", "--exit-zero", "--quiet"),
        *("--output-format=json-lines", "--target-version", TARGET, "--stdin-filename", "candidate.py"),
        *("--select", ",".join(rules), "--ignore", ",".join(IGNORED)),
        *("--config", "lint.mccabe.max-complexity=0"),  # report every function: the message has its complexity
        "-",
    )


def _run(source: bytes, rules: tuple[str, ...]) -> bytes:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RUFF_")}
    environment["RAYON_NUM_THREADS"] = "1"  # one small file: a thread pool only costs
    with subprocess.Popen(  # noqa: S603 - the command is ours; the candidate is only its stdin
        _command(rules), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        timer = threading.Timer(TIMEOUT_SECONDS, process.kill)
        timer.start()
        try:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(source)
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
            output = process.stdout.read(MAX_OUTPUT_BYTES)
            cut = len(output) == MAX_OUTPUT_BYTES
            if cut:
                process.kill()
            status = process.wait()
            if status < 0 and not cut:
                raise UnlintableError(f"ruff was stopped by signal {-status}, after {TIMEOUT_SECONDS:g} s at the latest")
            if status > 0:
                raise LintError(f"ruff ended with exit code {status}")
            return output
        finally:
            timer.cancel()
            process.kill()
