"""What a strategy learns from beside verdicts: the table [learning] of its file."""

from __future__ import annotations

import dataclasses
from typing import Literal

from banditgen.errors import UsageError

WITHOUT_TESTS = ("soft", "off")


@dataclasses.dataclass(frozen=True)
class Learning:
    """How a strategy learns.

    Args:
        without_tests: "soft" lets what races without tests show count as soft evidence (`banditgen.bandit.soft`), "off" for nothing.

    Raises:
        UsageError: a value that cannot be.
    """

    without_tests: Literal["soft", "off"] = "soft"

    def __post_init__(self) -> None:
        if self.without_tests not in WITHOUT_TESTS:
            raise UsageError(f"without_tests must be {' or '.join(WITHOUT_TESTS)}, not {self.without_tests!r}")
