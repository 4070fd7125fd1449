"""The sandboxes' contract, held over ours: with everything the kernel has, and with what is left without."""

from __future__ import annotations

import pytest

from banditgen.sandbox.base import Sandbox
from banditgen.sandbox.pool import ZygoteSandbox
from banditgen.sandbox.unsafe import UnsafeSandbox
from banditgen.sandbox.worker import Mechanisms
from banditgen.testing.sandbox import LIMITS_OF_A_TREE, SandboxContract


class TestZygote(SandboxContract):
    def make(self) -> Sandbox:
        return ZygoteSandbox(workers=2, require="isolated")


@pytest.mark.usefixtures("bubblewrap")
class TestBubblewrap(SandboxContract):
    def make(self) -> Sandbox:
        return ZygoteSandbox(workers=2, require="isolated", mechanisms=Mechanisms(namespaces=False))


@pytest.mark.usefixtures("without_namespaces")
class TestWithoutNamespaces(SandboxContract):
    exhaustions = LIMITS_OF_A_TREE

    def make(self) -> Sandbox:
        return ZygoteSandbox(workers=2, require="confined", mechanisms=Mechanisms(namespaces=False, bubblewrap=False))


@pytest.mark.usefixtures("without_namespaces")
class TestLimitsAlone(SandboxContract):
    exhaustions = LIMITS_OF_A_TREE
    hides_host = False
    holds_signals = False

    def make(self) -> Sandbox:
        return ZygoteSandbox(
            workers=2, require="limits", mechanisms=Mechanisms(namespaces=False, seccomp=False, landlock=False, bubblewrap=False)
        )


@pytest.mark.slow
class TestUnsafe(SandboxContract):
    judges = False
    hides_host = False
    holds_signals = False
    exhaustions = ("a loop that catches everything", "4 GiB in pieces", "output flood")

    def make(self) -> Sandbox:
        return UnsafeSandbox()
