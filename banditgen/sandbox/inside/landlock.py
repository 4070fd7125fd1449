"""Landlock: which files a process and its descendants may touch, as far as the running kernel knows the rules."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable

from banditgen.sandbox.inside.kernel import Step, call, step

VERSION_FLAG = 1
NEWEST = 6  # the rules of later versions are not used
RULE_PATH_BENEATH = 1
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
WRITES = WRITE_FILE | 0x1FF0  # remove and make of every kind of file
REFER, TRUNCATE = 1 << 13, 1 << 14
READS = EXECUTE | READ_FILE | READ_DIR
FILE_ONLY = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE
SCOPE_ABSTRACT_UNIX, SCOPE_SIGNAL = 1, 2


def version() -> int:
    """The Landlock interface version of this kernel; 0 where there is none."""
    try:
        return call("landlock_create_ruleset", None, 0, VERSION_FLAG)
    except OSError:
        return 0


def ruleset(readable: Iterable[str], writable: Iterable[str], newest: int = NEWEST) -> int:
    """Build a ruleset: read and execute below `readable`, everything below `writable`, nothing elsewhere.

    Args:
        readable: paths that may be read.
        writable: paths where everything may be done.
        newest: the newest version of the interface to use.

    Returns:
        Its descriptor; `restrict` puts a process under it.

    """
    abi = min(version(), newest)
    writes = WRITES | (REFER if abi >= 2 else 0) | (TRUNCATE if abi >= 3 else 0)
    handled = READS | writes
    scopes = SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL if abi >= 6 else 0
    network = 3 if abi >= 4 else 0  # bind and connect of TCP
    attributes = struct.pack("<QQQ", handled, network, scopes)[: 24 if abi >= 6 else 16 if abi >= 4 else 8]
    result = call("landlock_create_ruleset", attributes, len(attributes), 0)
    for paths, access in ((readable, READS), (writable, handled)):
        for path in paths:
            _add(result, path, access)
    return result


def _add(ruleset_fd: int, path: str, access: int) -> None:
    try:
        target = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # a path that is not there needs no rule
    try:
        if not os.path.isdir(path):
            access &= FILE_ONLY
        call("landlock_add_rule", ruleset_fd, RULE_PATH_BENEATH, struct.pack("<Qi", access, target), 0)
    finally:
        os.close(target)


def restrict_step(ruleset_fd: int) -> Step:
    """Put this process under the ruleset, for good; needs no_new_privs."""
    return step("landlock_restrict_self", ruleset_fd, 0)
