"""The sandbox that is used where the user names none."""

from __future__ import annotations

import atexit
import os
import platform
import sys
import threading

from banditgen._settings import setting
from banditgen.errors import SandboxError, UsageError
from banditgen.sandbox.base import Sandbox
from banditgen.sandbox.inside.calls import ARCHITECTURES
from banditgen.task import Level

NAMES = ("native", "container", "podman", "docker")
_shared: dict[tuple[int, Level | None, bool, str | None], Sandbox] = {}
_sharing = threading.Lock()


def shared_sandbox(require: Level | None = None, *, allow_unsafe: bool = False, name: str | None = None) -> Sandbox:
    """The one of `default_sandbox` for all that ask for the same in this process, closed at its end.

    Where one that was shared has been closed, it is another.

    Raises:
        SandboxError: the machine does not give the level that is required.
    """
    key = (os.getpid(), require, allow_unsafe, name)  # a forked child needs its own
    with _sharing:
        sandbox = _shared.get(key)
        if sandbox is None or getattr(sandbox, "closed", False):
            sandbox = _shared[key] = default_sandbox(require, allow_unsafe=allow_unsafe, name=name)
            atexit.register(sandbox.close)
    return sandbox


def default_sandbox(require: Level | None = None, *, allow_unsafe: bool = False, name: str | None = None) -> Sandbox:
    """The strongest sandbox that works here, or the one of a name.

    Args:
        require: the least isolation: "isolated" (namespaces: files, network, processes, memory and disk held), or
            "confined" (no namespaces, but files, network, signals and system calls held), which is what None means.
        allow_unsafe: candidates may run with resource limits alone, where nothing better works: with the user's own
            files and network within their reach.
        name: "native", what this system's kernel gives; "container", in podman or docker, or the one that is named. None is the one
            that is set (`BANDITGEN_SANDBOX`), else native on Linux, and a container elsewhere.

    Raises:
        SandboxError: no sandbox gives that here. On Linux that is found, and raised, when it is first used.
        UsageError: no such level, or no such sandbox.
    """
    if require not in (None, "limits", "confined", "isolated"):
        raise UsageError(f"there is no isolation level {require!r}: use 'confined' or 'isolated'")
    if require == "limits" and not allow_unsafe:
        raise SandboxError("resource limits alone are no isolation: say allow_unsafe=True if candidates may reach your files and network")
    name = checked_name(name)
    least: Level = require or ("limits" if allow_unsafe else "confined")
    if name not in (None, "native"):
        return _contained(name, least)
    if sys.platform == "linux" and platform.machine() in ARCHITECTURES and sys.maxsize > 1 << 32:
        from banditgen.sandbox.pool import ZygoteSandbox  # noqa: PLC0415  # it can't be imported elsewhere

        return ZygoteSandbox(require=least)
    here = f"{platform.system()} on {platform.machine()}"
    instead = "use Linux on x86-64 or arm64, for instance in WSL" if sys.platform == "win32" else "use Linux on x86-64 or arm64"
    if name is None:
        try:
            return _contained("container", least)
        except SandboxError as error:
            instead += f"; or a container: {error}"
    if sys.platform == "win32":
        raise SandboxError(f"no sandbox works on {here}: {instead}")
    if not allow_unsafe or require in ("confined", "isolated"):
        raise SandboxError(f"no sandbox holds candidates on {here}: {instead}; or allow_unsafe=True for resource limits alone")
    from banditgen.sandbox.unsafe import UnsafeSandbox  # noqa: PLC0415  # it can't be imported on Windows

    return UnsafeSandbox()


def checked_name(name: str | None) -> str | None:
    """The sandbox that is asked for, or that is set; None where neither is.

    Raises:
        UsageError: there is no such one.
    """
    found = None if name else setting("sandbox")
    chosen = found.value if found else name
    if chosen is not None and chosen not in NAMES:
        where = f"{found.source}: " if found else ""
        raise UsageError(f"{where}there is no sandbox {chosen!r}: use {', '.join(NAMES)}")
    return chosen


def _contained(name: str | None, least: Level) -> Sandbox:
    from banditgen.sandbox.container import ContainerSandbox  # noqa: PLC0415  # most need none

    image = setting("sandbox_image")
    return ContainerSandbox(None if name == "container" else name, image=image.value if image else None, require=least)
