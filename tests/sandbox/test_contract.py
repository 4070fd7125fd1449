"""The sandboxes' contract, held over ours: with everything the kernel has, and with what is left without namespaces."""

from __future__ import annotations

import pytest

from banditgen.sandbox.base import Sandbox
from banditgen.sandbox.pool import ZygoteSandbox
from banditgen.sandbox.worker import Mechanisms
from banditgen.testing.sandbox import SandboxContract


class TestZygote(SandboxContract):
    def make(self) -> Sandbox:
        return ZygoteSandbox(workers=2, require="isolated")


@pytest.mark.usefixtures("without_namespaces")
class TestWithoutNamespaces(SandboxContract):
    holds_disk = False

    def make(self) -> Sandbox:
        return ZygoteSandbox(workers=2, require="confined", mechanisms=Mechanisms(namespaces=False))


@pytest.mark.usefixtures("without_namespaces")
class TestLimitsAlone(SandboxContract):
    holds_disk = False
    hides_host = False

    def make(self) -> Sandbox:
        return ZygoteSandbox(workers=2, require="limits", mechanisms=Mechanisms(namespaces=False, seccomp=False, landlock=False))
