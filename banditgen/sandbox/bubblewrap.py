"""bubblewrap around a worker, where only it may make namespaces: a program that the system's administrator has allowed to."""

from __future__ import annotations

import dataclasses
import os
import shutil
from pathlib import Path

from banditgen.sandbox import files
from banditgen.sandbox.inside import rootfs, tree
from banditgen.sandbox.inside.isolate import IsolationPlan

TMPFS_BYTES = 256 << 20  # of /tmp for all that a worker runs; a job's own limit is counted when it has ended


def command(plan: IsolationPlan, root: str) -> tuple[list[str], list[int]] | None:
    """The words before a worker's command that put it into namespaces and a file tree of its own, as process 1.

    It must not die with the thread that starts it (`--die-with-parent`): the worker sees to its end itself.

    Args:
        plan: the worker's.
        root: the folder that has the package `banditgen`.

    Returns:
        With the descriptors that they need; None where there is no bubblewrap, and for root, who needs none and would be root outside.

    """
    program = shutil.which("bwrap", path="/usr/bin:/bin:/usr/local/bin")
    if program is None or os.geteuid() == 0:
        return None
    words = [program, "--unshare-all", "--as-pid-1", "--new-session", "--cap-drop", "ALL"]
    words += ["--size", str(TMPFS_BYTES), "--tmpfs", rootfs.SCRATCH, "--proc", "/proc"]
    shown = rootfs.layout(plan.prefix, [*plan.readable, plan.interpreter], plan.packages)
    for source, target in [*shown, (str(Path(root, "banditgen")), rootfs.CODE + "/banditgen")]:
        link = Path(source).is_symlink()
        words += ["--symlink", str(Path(source).readlink()), target] if link else ["--ro-bind", source, target]
    for source, target in [*((path, path) for path in rootfs.DEVICES), rootfs.ZERO]:
        words += ["--dev-bind", source, target]
    for name, target in rootfs.LINKS.items():
        words += ["--symlink", target, name]
    given = []
    for name, text in rootfs.accounts(os.geteuid()).items():
        given.append(files.with_content(text.encode()))
        words += ["--ro-bind-data", str(given[-1]), name]
    return [*words, "--remount-ro", "/", "--"], given


def inside(plan: IsolationPlan) -> IsolationPlan:
    """The same worker's plan as it is there."""
    there = dataclasses.replace(plan, namespaces=True, bubblewrap=True, strangers=tree.threads_of(os.getuid()))
    there.hide()
    return there
