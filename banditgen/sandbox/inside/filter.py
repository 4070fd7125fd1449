"""The seccomp filter: which system calls a candidate may not make, as a BPF program for x86-64.

The numbers with rules are searched as a binary tree, since the kernel tries a new filter on every call number when it
is installed, and without namespaces does so once per job.
"""

from __future__ import annotations

import ctypes
import struct

ALLOW, KILL, ERRNO, ASK = 0x7FFF0000, 0x80000000, 0x00050000, 0x7FC00000
EPERM, ENOTTY, ENOSYS, ENOTSUP = 1, 25, 38, 95
ARCH_X86_64, X32_BIT = 0xC000003E, 0x40000000
LOAD, JUMP, JUMP_EQ, JUMP_GE, JUMP_SET, MASK, RETURN = 0x20, 0x05, 0x15, 0x35, 0x45, 0x54, 0x06
LONGEST_JUMP = 255
OFFSET_NUMBER, OFFSET_ARCH, OFFSET_ARGS = 0, 4, 16
NEW_NAMESPACES = 0x7E020000
AF_UNIX, SOCKET_TYPE, SOCK_STREAM, SOCK_SEQPACKET = 1, 0xF, 1, 5
MAP_SHARED, MAP_ANONYMOUS = 0x01, 0x20
O_ACCMODE, O_TRUNC, O_RDONLY, O_NEITHER = 0x3, 0x200, 0, 3
BUFFER_OPTIONS = (7, 8, 32, 33)  # SO_SNDBUF, SO_RCVBUF and their forced forms: kernel memory that nobody counts
PR_SCHED_CORE = 62
# F_SETOWN, F_SETSIG, F_SETOWN_EX, F_SETLEASE, F_NOTIFY, F_SETPIPE_SZ: signals to others, others made to wait, kernel memory
FCNTL_COMMANDS = (8, 10, 15, 1024, 1026, 1031)
# what a supervisor in the same worker needs: SECCOMP_IOCTL_NOTIF_RECV and _SEND
SUPERVISE = (0xC0502100, 0xC0182101)
# TCGETS, TIOCGPGRP, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX, TCGETS2, FS_IOC_GETFLAGS, FICLONE, FICLONERANGE
IOCTLS = (0x5401, 0x540F, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451, 0x802C542A, 0x80086601, 0x40049409, 0x4020940D, *SUPERVISE)
SIGACTION, SIGCHLD = 13, 17
SOCKET = 41
OPEN, MMAP, IOCTL, SOCKETPAIR, SETSOCKOPT, CLONE, FCNTL, PRCTL, OPENAT, CLONE3, OPENAT2 = 2, 9, 16, 53, 54, 56, 72, 157, 257, 435, 437
TRUNCATE, KILL_CALL, TKILL, TGKILL, SETPRIORITY, IOPRIO_SET, PRLIMIT, MOVE_PAGES = 76, 62, 200, 234, 141, 251, 302, 279
PRIO_PROCESS, PRIO_USER, IOPRIO_PROCESS, IOPRIO_USER = 0, 2, 1, 3

FORBIDDEN = {
    "network": (41, 42, 49, 50),  # socket, connect, bind, listen; in namespaces see NAMESPACED
    "shared memory and queues that outlive a job": (29, 30, 31, 64, 65, 66, 68, 69, 70, 71, 220, 240, 241, 242, 243, 244, 245),
    "files in memory, which nobody counts": (319, 447),  # memfd_create, memfd_secret
    "other processes' memory and descriptors": (101, 256, 310, 311, 312, 438, 440, 448),  # ptrace, migrate_pages, process_vm_*, kcmp, …
    "namespaces and mounts": (155, 161, 165, 166, 272, 308, 428, 429, 430, 431, 432, 433, 442, 457, 458, 467),
    "kernel interfaces": (206, 298, 321, 323, 425, 426, 427),  # io_setup, perf_event_open, bpf, userfaultfd, io_uring_*
    "keys": (248, 249, 250),
    "files by handle": (303, 304),
    "modules, power and swap": (134, 163, 167, 168, 169, 174, 175, 176, 177, 178, 179, 180, 246, 313, 320, 443),
    "clocks, names, ports and consoles": (103, 153, 159, 164, 170, 171, 172, 173, 227, 305),
    "personality, accounting, watching the host": (135, 212, 253, 294, 300, 301),  # inotify, too: the user has few of them
}
NAMESPACED = (42, 49, 50)  # what UNIX sockets need, which reach no further than the file tree there; `multiprocessing` uses them
METADATA = (90, 91, 268, 452, 92, 93, 94, 260, 132, 235, 261, 280)  # chmod, chown and utime in all forms
ATTRIBUTES = (188, 189, 190, 197, 198, 199, 463, 466, 469)  # of files, extended and other: set and remove
SCHEDULING = (142, 144, 203, 314, MOVE_PAGES)  # whose first argument is a process
SIGNALS = (129, 297, 424)  # rt_sigqueueinfo, rt_tgsigqueueinfo, pidfd_send_signal
LANDLOCK_TRUNCATES, LANDLOCK_SIGNALS = 3, 6  # the versions from which it holds these

Instruction = tuple[int, int, int, int]
Block = list[Instruction]


def sock_fprog(*, alone: bool, landlock: int, asking: bool) -> ctypes.Array[ctypes.c_char]:
    """The filter as a `struct sock_fprog`, ready for `seccomp(2)`.

    Args:
        alone: whether namespaces keep the user's files and processes out of reach; else the filter has to.
        landlock: the version of Landlock's rules that hold beside it; 0 is none.
        asking: whether a supervisor answers for calls on which only it can decide; else they are refused.

    """
    rules = _everywhere(_returning(ASK if asking else ERRNO | EPERM))
    if asking:
        rules[SIGACTION] = _one_of(0, (SIGCHLD,), [*_is_null(1, len(PASS)), *PASS, *_returning(ASK)], PASS)
    if alone:
        rules |= {**dict.fromkeys(NAMESPACED, PASS), SOCKET: _local_stream(SOCK_STREAM)}
    else:
        rules |= _beside_others(_returning(ASK if asking else ERRNO | EPERM), landlock)
    program: Block = [
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


def _everywhere(ask: Block) -> dict[int, Block]:
    rules = {number: REFUSE for numbers in FORBIDDEN.values() for number in numbers}
    rules[CLONE3] = _returning(ERRNO | ENOSYS)  # its flags lie in memory a filter can't read; libc falls back to clone
    rules[CLONE] = [_load(0), (JUMP_SET, 0, 1, NEW_NAMESPACES), *REFUSE, *PASS]
    rules[SOCKETPAIR] = _local_stream(SOCK_STREAM, SOCK_SEQPACKET)
    rules[IOCTL] = _one_of(1, IOCTLS, PASS, _returning(ERRNO | ENOTTY))
    rules[FCNTL] = _one_of(1, FCNTL_COMMANDS, REFUSE, PASS)
    rules[SETSOCKOPT] = _one_of(2, BUFFER_OPTIONS, REFUSE, PASS)
    rules[PRCTL] = _one_of(0, (PR_SCHED_CORE,), REFUSE, PASS)
    rules[PRLIMIT] = _one_of(0, (0,), PASS, ask)
    # shared memory without a file can be held without being in any process's count
    rules[MMAP] = [_load(3), (JUMP_SET, 1, 0, MAP_ANONYMOUS), *PASS, (JUMP_SET, 0, 1, MAP_SHARED), *ask, *PASS]
    return rules


def _beside_others(ask: Block, landlock: int) -> dict[int, Block]:
    """What namespaces would see to: that calls reach the job's own files and processes alone."""
    rules = dict.fromkeys(METADATA, ask)
    rules |= dict.fromkeys(ATTRIBUTES, _returning(ERRNO | ENOTSUP))
    rules |= dict.fromkeys(SCHEDULING, _one_of(0, (0,), PASS, ask))
    for number, process, user in ((SETPRIORITY, PRIO_PROCESS, PRIO_USER), (IOPRIO_SET, IOPRIO_PROCESS, IOPRIO_USER)):
        rules[number] = [
            *(_load(0), (JUMP_EQ, 0, 1, user), *REFUSE),
            *(_load(1), (JUMP_EQ, 0, 1, 0), *PASS),
            *_one_of(0, (process,), ask, REFUSE),
        ]
    if landlock < LANDLOCK_SIGNALS:
        rules |= dict.fromkeys(SIGNALS, REFUSE)
        rules |= dict.fromkeys((KILL_CALL, TKILL, TGKILL), ask)
    if landlock < LANDLOCK_TRUNCATES:
        rules[TRUNCATE] = ask
        rules[OPENAT2] = _returning(ERRNO | ENOSYS)  # its flags lie in memory
        for number, flags in ((OPEN, 1), (OPENAT, 2)):  # opened to be read, or for neither, and yet emptied
            rules[number] = [_load(flags), (JUMP_SET, 1, 0, O_TRUNC), *PASS, (MASK, 0, 0, O_ACCMODE)]
            rules[number] += [(JUMP_EQ, 1, 0, O_RDONLY), (JUMP_EQ, 0, 1, O_NEITHER), *REFUSE, *PASS]
    return rules


def _local_stream(*kinds: int) -> Block:
    """UNIX sockets of these types alone; no datagrams, since such a socket could still send to any address."""
    block = [_load(0), (JUMP_EQ, 1, 0, AF_UNIX), *REFUSE, _load(1), (MASK, 0, 0, SOCKET_TYPE)]
    for kind in kinds:
        block += [(JUMP_EQ, 0, len(PASS), kind), *PASS]
    return [*block, *REFUSE]


def _returning(action: int) -> Block:
    return [(RETURN, 0, 0, action)]


REFUSE, PASS = _returning(ERRNO | EPERM), _returning(ALLOW)


def _load(argument: int) -> Instruction:
    """The lower half of an argument, which is all that the kernel looks at of an int."""
    return (LOAD, 0, 0, OFFSET_ARGS + 8 * argument)


def _is_null(argument: int, then: int) -> Block:
    """Go on where a pointer is null, else jump over `then` instructions."""
    upper = OFFSET_ARGS + 8 * argument + 4
    return [_load(argument), (JUMP_EQ, 0, 2 + then, 0), (LOAD, 0, 0, upper), (JUMP_EQ, 0, then, 0)]


def _one_of(argument: int, values: tuple[int, ...], found: Block, other: Block) -> Block:
    """Do `found` where the argument is one of `values`, else `other`."""
    block = [_load(argument)]
    for value in values:
        block += [(JUMP_EQ, 0, len(found), value), *found]
    return [*block, *other]


def _tree(rules: list[tuple[int, Block]]) -> Block:
    if len(rules) <= 3:
        block: Block = []
        for number, body in rules:
            block += [(JUMP_EQ, 0, len(body), number), *body]
        return [*block, *PASS]
    middle = len(rules) // 2
    left = _tree(rules[:middle])
    if len(left) > LONGEST_JUMP:
        return [(JUMP_GE, 0, 1, rules[middle][0]), (JUMP, 0, 0, len(left)), *left, *_tree(rules[middle:])]
    return [(JUMP_GE, len(left), 0, rules[middle][0]), *left, *_tree(rules[middle:])]
