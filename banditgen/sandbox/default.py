"""The sandbox that is used where the user names none."""

from __future__ import annotations

import atexit
import os
import platform
import sys
import threading

from banditgen.errors import SandboxError, UsageError
from banditgen.sandbox.base import Sandbox
from banditgen.sandbox.inside.calls import ARCHITECTURES
from banditgen.task import Level

_shared: dict[tuple[int, Level | None, bool], Sandbox] = {}
_sharing = threading.Lock()


def shared_sandbox(require: Level | None = None, *, allow_unsafe: bool = False) -> Sandbox:
    """The one of `default_sandbox` for all that ask for the same in this process, closed at its end.

    Where one that was shared has been closed, it is another.

    Raises:
        SandboxError: the machine does not give the level that is required.
    """
    key = (os.getpid(), require, allow_unsafe)  # a forked child needs its own
    with _sharing:
        sandbox = _shared.get(key)
        if sandbox is None or getattr(sandbox, "closed", False):
            sandbox = _shared[key] = default_sandbox(require, allow_unsafe=allow_unsafe)
            atexit.register(sandbox.close)
    return sandbox


def default_sandbox(require: Level | None = None, *, allow_unsafe: bool = False) -> Sandbox:
    """The strongest sandbox that works here.

    Args:
        require: the least isolation: "isolated" (namespaces: files, network, processes, memory and disk held), or
            "confined" (no namespaces, but files, network, signals and system calls held), which is what None means.
        allow_unsafe: candidates may run with resource limits alone, where nothing better works: with the user's own
            files and network within their reach.

    Raises:
        SandboxError: no sandbox gives that here. On Linux that is found, and raised, when it is first used.
        UsageError: no such level.
    """
    if require not in (None, "limits", "confined", "isolated"):
        raise UsageError(f"there is no isolation level {require!r}: use 'confined' or 'isolated'")
    if require == "limits" and not allow_unsafe:
        raise SandboxError("resource limits alone are no isolation: say allow_unsafe=True if candidates may reach your files and network")
    if sys.platform == "linux" and platform.machine() in ARCHITECTURES and sys.maxsize > 1 << 32:
        from banditgen.sandbox.pool import ZygoteSandbox  # noqa: PLC0415  # it can't be imported elsewhere

        return ZygoteSandbox(require=require or ("limits" if allow_unsafe else "confined"))
    here = f"{platform.system()} on {platform.machine()}"
    if sys.platform == "win32":
        raise SandboxError(f"no sandbox works on {here}: use Linux, for instance in WSL")
    if not allow_unsafe or require in ("confined", "isolated"):
        raise SandboxError(
            f"no sandbox holds candidates on {here}: use Linux on x86-64 or arm64, or allow_unsafe=True for resource limits alone"
        )
    from banditgen.sandbox.unsafe import UnsafeSandbox  # noqa: PLC0415  # it can't be imported on Windows

    return UnsafeSandbox()
