"""Which arms passed, failed or were cut off together: a race's outcomes as one text, the same in whatever order they came."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from banditgen.history.base import Pattern
from banditgen.result import FailureKind

PASSED, FAILED, CUT_OFF = "passed", "failed", "cut off"
_WORDS = "\x1f"  # the unit separator: in no digest that anyone writes


def outcome(row: Mapping[str, Any]) -> str | None:
    """What a row of the results table shows of its arm; None where it shows nothing, as if the arm had not run."""
    if row["informative"]:
        return PASSED if row["passed"] else FAILED
    return CUT_OFF if row["failure"] == FailureKind.CANCELLED else None


def variant(digest: str | None, prompt_version: str | None) -> str:
    """What evidence is counted under: the model's digest or "", and behind it the version of the words around the prompt, if any."""
    return f"{digest or ''}{_WORDS}{prompt_version}" if prompt_version else digest or ""


def parted(counted: str) -> tuple[str, str]:
    """The digest and the version of a `variant`, "" for what is not known."""
    digest, _, prompt_version = counted.partition(_WORDS)
    return digest, prompt_version


def variant_column(columns: Any) -> sa.ColumnElement[str]:
    """`variant` in SQL, of a table's columns."""
    words = sa.func.coalesce(columns.prompt_version, "")
    return sa.func.coalesce(columns.digest, "").concat(sa.case((words == "", ""), else_=sa.literal(_WORDS).concat(words)))


def pattern_of(rows: Iterable[Mapping[str, Any]]) -> str:
    """The pattern of a race's rows as JSON: [arm id, variant, outcome] of each that shows something, sorted."""
    shown = [(row["arm_id"], variant(row["digest"], row["prompt_version"]), said) for row in rows if (said := outcome(row)) is not None]
    return json.dumps(sorted(shown))


def pattern_hash(pattern: str) -> str:
    """SHA-256 of a pattern, hexadecimal."""
    return hashlib.sha256(pattern.encode()).hexdigest()


def read_pattern(pattern: str) -> Pattern:
    """What `pattern_of` wrote."""
    return tuple((arm, digest, said) for arm, digest, said in json.loads(pattern))
