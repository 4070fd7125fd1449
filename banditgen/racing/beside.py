"""What a caller hands in beside a race's task and arms."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from banditgen._checks import check_text
from banditgen.arm import GeneratorConfig
from banditgen.errors import UsageError

INCUMBENT = "incumbent"  # the name that it races under


@dataclasses.dataclass(frozen=True)
class Beside:
    """What a caller hands in beside a race's task and arms.

    Args:
        payload: what the node runner runs candidates on, `run_node(node_id, payload)`; None is {}.
        incumbent: code that is in use already; None is none. It is tried and ranked like a candidate, under the name "incumbent", with
            the speed of what needs no generating, and teaches nothing of any arm.
        node_id: what the candidates' node ids begin with; None is the decision's id.

    Raises:
        UsageError: a value that cannot be.
    """

    payload: Mapping[str, Any] | None = None
    incumbent: str | None = None
    node_id: str | None = None

    def __post_init__(self) -> None:
        if self.payload is not None and not isinstance(self.payload, Mapping):
            raise UsageError(f"payload must be a mapping, not {self.payload!r}")
        if self.incumbent is not None:
            check_text("incumbent", self.incumbent)
        if self.node_id is not None:
            check_text("node_id", self.node_id)

    def check_names(self, arms: Sequence[GeneratorConfig]) -> None:
        """Refuse an arm of the incumbent's name (UsageError)."""
        if self.incumbent is not None and any(arm.name == INCUMBENT for arm in arms):
            raise UsageError(f"an arm cannot be named {INCUMBENT!r} where an incumbent races")


NOTHING = Beside()
