"""The seccomp filter: which system calls a candidate may not make, as a BPF program for x86-64.

The forbidden numbers are searched as a binary tree, since the kernel tries a new filter on every call number when it
is installed, and does so once per job.
"""

from __future__ import annotations

import ctypes
import struct

ALLOW, KILL, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
EPERM, ENOSYS = 1, 38
ARCH_X86_64, X32_BIT = 0xC000003E, 0x40000000
LOAD, JUMP_EQ, JUMP_GE, JUMP_SET, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
OFFSET_NUMBER, OFFSET_ARCH, OFFSET_ARGS = 0, 4, 16
NEW_NAMESPACES = 0x7E020000
AF_UNIX = 1
TIOCSTI, TIOCLINUX = 0x5412, 0x541C
CLONE, CLONE3, SOCKETPAIR, IOCTL, KILL_CALL, TGKILL, PRLIMIT = 56, 435, 53, 16, 62, 234, 302

FORBIDDEN = {
    "network": (41,),  # socket
    "shared memory and queues that outlive a job": (29, 30, 31, 64, 65, 66, 68, 69, 70, 71, 220, 240, 241, 242, 243, 244, 245),
    "other processes' memory and descriptors": (101, 310, 311, 312, 438, 440),  # ptrace, process_vm_*, kcmp, pidfd_getfd, process_madvise
    "namespaces and mounts": (155, 161, 165, 166, 272, 308, 428, 429, 430, 431, 432, 433, 442),
    "kernel interfaces": (298, 321, 323, 425, 426, 427),  # perf_event_open, bpf, userfaultfd, io_uring_*
    "keys": (248, 249, 250),
    "files by handle": (303, 304),
    "modules, power and swap": (134, 163, 167, 168, 169, 174, 175, 176, 177, 178, 179, 180, 246, 313, 320),
    "clocks, names, ports and consoles": (103, 153, 159, 164, 170, 171, 172, 173, 227, 305),
    "personality, accounting, watching the host": (135, 212, 300, 301),
}
SIGNALS = (129, 200, 297, 424)  # rt_sigqueueinfo, tkill, rt_tgsigqueueinfo, pidfd_send_signal

Instruction = tuple[int, int, int, int]


def sock_fprog(*, signals_only_to: int | None = None) -> ctypes.Array[ctypes.c_char]:
    """The filter as a `struct sock_fprog`, ready for `seccomp(2)`.

    Args:
        signals_only_to: where no pid namespace shields other processes, the one process that may be signalled.

    """
    rules = _rules(signals_only_to)
    program: list[Instruction] = [
        (LOAD, 0, 0, OFFSET_ARCH),
        (JUMP_EQ, 1, 0, ARCH_X86_64),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, OFFSET_NUMBER),
        (JUMP_GE, 0, 1, X32_BIT),
        (RETURN, 0, 0, ERRNO | EPERM),
        *_tree(sorted(rules.items())),
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *instruction) for instruction in program))
    result = ctypes.create_string_buffer(struct.pack("<HxxxxxxQ", len(program), ctypes.addressof(code)))
    result.code = code  # type: ignore[attr-defined]  # keeps what the pointer points to alive
    return result


def _rules(signals_only_to: int | None) -> dict[int, list[Instruction]]:
    refuse: list[Instruction] = [(RETURN, 0, 0, ERRNO | EPERM)]
    rules = {number: refuse for numbers in FORBIDDEN.values() for number in numbers}
    rules[CLONE3] = [(RETURN, 0, 0, ERRNO | ENOSYS)]  # its flags lie in memory a filter can't read; libc falls back to clone
    rules[CLONE] = [(LOAD, 0, 0, OFFSET_ARGS), (JUMP_SET, 0, 1, NEW_NAMESPACES), *refuse, (RETURN, 0, 0, ALLOW)]
    rules[SOCKETPAIR] = [(LOAD, 0, 0, OFFSET_ARGS), (JUMP_EQ, 1, 0, AF_UNIX), *refuse, (RETURN, 0, 0, ALLOW)]
    rules[IOCTL] = _only(OFFSET_ARGS + 8, (TIOCSTI, TIOCLINUX), found=ERRNO | EPERM, other=ALLOW)
    rules[PRLIMIT] = _only(OFFSET_ARGS, (0,), found=ALLOW, other=ERRNO | EPERM)  # one's own limits alone
    if signals_only_to is not None:
        rules.update(dict.fromkeys(SIGNALS, refuse))
        own = (0, signals_only_to, (-signals_only_to) & 0xFFFFFFFF)
        rules[KILL_CALL] = _only(OFFSET_ARGS, own, found=ALLOW, other=ERRNO | EPERM)
        rules[TGKILL] = _only(OFFSET_ARGS, own[1:2], found=ALLOW, other=ERRNO | EPERM)
    return rules


def _only(offset: int, values: tuple[int, ...], *, found: int, other: int) -> list[Instruction]:
    """Answer `found` where the argument at `offset` is one of `values`, else `other`."""
    block: list[Instruction] = [(LOAD, 0, 0, offset)]
    for value in values:
        block += [(JUMP_EQ, 0, 1, value), (RETURN, 0, 0, found)]
    return [*block, (RETURN, 0, 0, other)]


def _tree(rules: list[tuple[int, list[Instruction]]]) -> list[Instruction]:
    if len(rules) <= 3:
        block: list[Instruction] = []
        for number, body in rules:
            block += [(JUMP_EQ, 0, len(body), number), *body]
        return [*block, (RETURN, 0, 0, ALLOW)]
    middle = len(rules) // 2
    left = _tree(rules[:middle])
    return [(JUMP_GE, len(left), 0, rules[middle][0]), *left, *_tree(rules[middle:])]
