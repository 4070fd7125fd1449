"""Which sandbox a machine gets, and the clear word where it gets none."""

from __future__ import annotations

import platform
import sys
from types import SimpleNamespace

import pytest

from banditgen.cli import doctor
from banditgen.errors import SandboxError, UsageError
from banditgen.sandbox import default
from banditgen.sandbox.default import default_sandbox, shared_sandbox
from banditgen.task import Task


@pytest.mark.parametrize(("system", "machine"), [("darwin", "arm64"), ("linux", "riscv64"), ("freebsd14", "amd64")])
def test_elsewhere_it_refuses_unless_allowed_where_no_container_can_be_had(
    monkeypatch: pytest.MonkeyPatch, system: str, machine: str
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(default, "sys", SimpleNamespace(platform=system, maxsize=sys.maxsize))
    monkeypatch.setattr(platform, "machine", lambda: machine)
    with pytest.raises(
        SandboxError, match=r"use Linux on x86-64 or arm64; or a container: no container engine works here .*; or allow_unsafe=True"
    ):
        default_sandbox()
    with pytest.raises(SandboxError, match="no sandbox holds candidates"):
        default_sandbox("confined", allow_unsafe=True)
    sandbox = default_sandbox(allow_unsafe=True)
    assert (sandbox.name, sandbox.isolation()["filesystem"]) == ("unsafe", "none")


def test_on_windows_nothing_works_but_a_container(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(default, "sys", SimpleNamespace(platform="win32", maxsize=sys.maxsize))
    with pytest.raises(SandboxError, match="for instance in WSL"):
        default_sandbox(allow_unsafe=True)


def test_levels_are_checked() -> None:
    with pytest.raises(UsageError, match="no isolation level 'strong'"):
        default_sandbox("strong")  # type: ignore[arg-type]
    with pytest.raises(SandboxError, match="say allow_unsafe=True"):
        default_sandbox("limits")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the sandbox that is shared is Linux's")
def test_the_shared_one_can_be_closed_and_then_there_is_another() -> None:
    """Also by `doctor`, which looks at it, and leaves it to those who run candidates in it."""
    task = Task("f", tests="assert f(1) == 2")
    first = shared_sandbox()
    assert first.run("def f(n): return n + 1", task).passed
    assert doctor._sandbox()["name"] == first.name
    assert shared_sandbox() is first
    assert first.run("def f(n): return n + 1", task).passed
    first.close()
    assert shared_sandbox() is not first
    assert shared_sandbox().run("def f(n): return n + 1", task).passed
