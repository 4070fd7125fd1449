"""bubblewrap around a worker, where only it may make namespaces: a program that the system's administrator has allowed to."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from banditgen.sandbox.inside import rootfs, tree

TMPFS_BYTES = 256 << 20  # of /tmp for all that a worker runs; a job's own limit is counted when it has ended
CODE_ROOT = "/banditgen"  # where the worker's own program is seen: not where candidates would look for the host's


def command(readable: Iterable[str], code_root: str) -> list[str] | None:
    """The words before a worker's command that put it into namespaces and a file tree of its own, as process 1.

    It must not die with the thread that starts it (`--die-with-parent`): the worker sees to its end itself.

    Args:
        readable: paths that candidates may read.
        code_root: the folder that has the package `banditgen`.

    Returns:
        None where there is no bubblewrap, and for root, who needs none and would be root outside.

    """
    program = shutil.which("bwrap", path="/usr/bin:/bin:/usr/local/bin")
    if program is None or os.geteuid() == 0:
        return None
    words = [program, "--unshare-all", "--as-pid-1", "--new-session", "--cap-drop", "ALL"]
    words += ["--size", str(TMPFS_BYTES), "--tmpfs", rootfs.SCRATCH, "--proc", "/proc"]
    for path in rootfs.outermost([*rootfs.SYSTEM, *readable]):
        words += ["--symlink", str(Path(path).readlink()), path] if Path(path).is_symlink() else ["--ro-bind", path, path]
    for path in rootfs.DEVICES:
        words += ["--dev-bind", path, path]
    package = str(Path(code_root, "banditgen"))
    shared_memory = "/dev/shm"  # noqa: S108  # the sandbox's own
    return [*words, "--ro-bind", package, f"{CODE_ROOT}/banditgen", "--symlink", rootfs.SCRATCH, shared_memory, "--remount-ro", "/", "--"]


def inside() -> dict[str, Any]:
    """What a worker's plan says there, beside what it says elsewhere."""
    return {"bubblewrap": True, "strangers": tree.threads_of(os.getuid()), "scratch": rootfs.SCRATCH}
