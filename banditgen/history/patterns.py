"""Which arms passed, failed or were cut off together: a race's outcomes as one text, the same in whatever order they came."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from banditgen.history.base import Pattern
from banditgen.result import FailureKind

PASSED, FAILED, CUT_OFF = "passed", "failed", "cut off"


def outcome(row: Mapping[str, Any]) -> str | None:
    """What a row of the results table shows of its arm; None where it shows nothing, as if the arm had not run."""
    if row["informative"]:
        return PASSED if row["passed"] else FAILED
    return CUT_OFF if row["failure"] == FailureKind.CANCELLED else None


def pattern_of(rows: Iterable[Mapping[str, Any]]) -> str:
    """The pattern of a race's rows as JSON: [arm id, digest or "", outcome] of each that shows something, sorted."""
    shown = [(row["arm_id"], row["digest"] or "", said) for row in rows if (said := outcome(row)) is not None]
    return json.dumps(sorted(shown))


def pattern_hash(pattern: str) -> str:
    """SHA-256 of a pattern, hexadecimal."""
    return hashlib.sha256(pattern.encode()).hexdigest()


def read_pattern(pattern: str) -> Pattern:
    """What `pattern_of` wrote."""
    return tuple((arm, digest, said) for arm, digest, said in json.loads(pattern))
