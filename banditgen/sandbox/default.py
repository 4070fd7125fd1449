"""The sandbox that is used where the user names none."""

from __future__ import annotations

from banditgen.sandbox.base import Sandbox
from banditgen.sandbox.pool import ZygoteSandbox


def default_sandbox() -> Sandbox:
    """The strongest sandbox that works here.

    Raises:
        SandboxError: none does.

    """
    return ZygoteSandbox()
