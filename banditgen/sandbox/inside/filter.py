"""The seccomp filter: which system calls a candidate may not make, as a BPF program.

The numbers with rules are searched as a binary tree, since the kernel tries a new filter on every call number when it
is installed, and without namespaces does so once per job.
"""

from __future__ import annotations

import ctypes
import os
import struct

from banditgen.sandbox.inside.calls import ARCHITECTURES, numbers

ALLOW, KILL, ERRNO, ASK = 0x7FFF0000, 0x80000000, 0x00050000, 0x7FC00000
EPERM, ENOTTY, ENOSYS, ENOTSUP = 1, 25, 38, 95
X32_BIT = 0x40000000  # calls of x86-64 in another form; elsewhere such numbers name none
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
SIGCHLD = 17
PRIO_PROCESS, PRIO_USER, IOPRIO_PROCESS, IOPRIO_USER = 0, 2, 1, 3

FORBIDDEN = {
    "network": "socket connect bind listen",  # but see SOCKETS
    "shared memory and queues that outlive a job": (
        "shmget shmat shmctl semget semop semctl semtimedop msgget msgsnd msgrcv msgctl "
        "mq_open mq_unlink mq_timedsend mq_timedreceive mq_notify mq_getsetattr"
    ),
    "files in memory, which nobody counts": "memfd_create memfd_secret",
    "other processes' memory and descriptors": (
        "ptrace migrate_pages process_vm_readv process_vm_writev kcmp pidfd_getfd process_madvise process_mrelease"
    ),
    "namespaces and mounts": (
        "pivot_root chroot mount umount2 unshare setns open_tree move_mount fsopen fsconfig fsmount fspick mount_setattr "
        "statmount listmount open_tree_attr"
    ),
    "kernel interfaces": "io_setup perf_event_open bpf userfaultfd io_uring_setup io_uring_enter io_uring_register",
    "keys": "add_key request_key keyctl",
    "files by handle": "name_to_handle_at open_by_handle_at",
    "modules, power and swap": (
        "uselib acct swapon swapoff reboot create_module init_module delete_module get_kernel_syms query_module quotactl nfsservctl "
        "kexec_load finit_module kexec_file_load quotactl_fd"
    ),
    "clocks, names, ports and consoles": (
        "syslog vhangup adjtimex settimeofday sethostname setdomainname iopl ioperm clock_settime clock_adjtime"
    ),
    # inotify, too: the user has few of them
    "personality, accounting, watching the host": "personality lookup_dcookie inotify_init inotify_init1 fanotify_init fanotify_mark",
}
SOCKETS = "connect bind listen"  # what UNIX sockets need, which reach no further than the file tree there; `multiprocessing` uses them
METADATA = "chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat utime utimes futimesat utimensat"
ATTRIBUTES = "setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr setxattrat removexattrat file_setattr"
SCHEDULING = "sched_setparam sched_setscheduler sched_setaffinity sched_setattr move_pages"  # whose first argument is a process
SIGNALS = "rt_sigqueueinfo rt_tgsigqueueinfo pidfd_send_signal"
LANDLOCK_TRUNCATES, LANDLOCK_SIGNALS = 3, 6  # the versions from which it holds these

Instruction = tuple[int, int, int, int]
Block = list[Instruction]


def sock_fprog(*, alone: bool, local: bool, landlock: int, asking: bool) -> ctypes.Array[ctypes.c_char]:
    """The filter as a `struct sock_fprog`, ready for `seccomp(2)`.

    Args:
        alone: whether namespaces keep the user's files and processes out of reach; else the filter has to.
        local: whether UNIX sockets reach no further than a file tree of the worker's own.
        landlock: the version of Landlock's rules that hold beside it; 0 is none.
        asking: whether a supervisor answers for calls on which only it can decide; else they are refused.

    """
    instructions = program(alone=alone, local=local, landlock=landlock, asking=asking, machine=os.uname().machine)
    code = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *instruction) for instruction in instructions))
    result = ctypes.create_string_buffer(struct.pack("<HxxxxxxQ", len(instructions), ctypes.addressof(code)))
    result.code = code  # type: ignore[attr-defined]  # keeps what the pointer points to alive
    return result


def program(*, alone: bool, local: bool, landlock: int, asking: bool, machine: str) -> Block:
    """The instructions of a filter; see `sock_fprog`. `machine` is one of `calls.ARCHITECTURES`."""
    rules = _everywhere(_returning(ASK if asking else ERRNO | EPERM))
    if asking:
        rules["rt_sigaction"] = _one_of(0, (SIGCHLD,), [*_is_null(1, len(PASS)), *PASS, *_returning(ASK)], PASS)
    if local:
        rules |= {**_each(SOCKETS, PASS), "socket": _local_stream(SOCK_STREAM)}
    if not alone:
        rules |= _beside_others(_returning(ASK if asking else ERRNO | EPERM), landlock)
    calls = numbers(machine)
    return [
        (LOAD, 0, 0, OFFSET_ARCH),
        (JUMP_EQ, 1, 0, ARCHITECTURES[machine]),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, OFFSET_NUMBER),
        (JUMP_GE, 0, 1, X32_BIT),
        (RETURN, 0, 0, ERRNO | EPERM),
        *_tree(sorted((calls[name], rule) for name, rule in rules.items() if name in calls)),
    ]


def _everywhere(ask: Block) -> dict[str, Block]:
    rules = _each(" ".join(FORBIDDEN.values()), REFUSE)
    rules["clone3"] = _returning(ERRNO | ENOSYS)  # its flags lie in memory a filter can't read; libc falls back to clone
    rules["clone"] = [_load(0), (JUMP_SET, 0, 1, NEW_NAMESPACES), *REFUSE, *PASS]
    rules["socketpair"] = _local_stream(SOCK_STREAM, SOCK_SEQPACKET)
    rules["ioctl"] = _one_of(1, IOCTLS, PASS, _returning(ERRNO | ENOTTY))
    rules["fcntl"] = _one_of(1, FCNTL_COMMANDS, REFUSE, PASS)
    rules["setsockopt"] = _one_of(2, BUFFER_OPTIONS, REFUSE, PASS)
    rules["prctl"] = _one_of(0, (PR_SCHED_CORE,), REFUSE, PASS)
    rules["prlimit64"] = _one_of(0, (0,), PASS, ask)
    # shared memory without a file can be held without being in any process's count
    rules["mmap"] = [_load(3), (JUMP_SET, 1, 0, MAP_ANONYMOUS), *PASS, (JUMP_SET, 0, 1, MAP_SHARED), *ask, *PASS]
    return rules


def _beside_others(ask: Block, landlock: int) -> dict[str, Block]:
    """What namespaces would see to: that calls reach the job's own files and processes alone."""
    rules = _each(METADATA, ask)
    rules |= _each(ATTRIBUTES, _returning(ERRNO | ENOTSUP))
    rules |= _each(SCHEDULING, _one_of(0, (0,), PASS, ask))
    for name, process, user in (("setpriority", PRIO_PROCESS, PRIO_USER), ("ioprio_set", IOPRIO_PROCESS, IOPRIO_USER)):
        rules[name] = [
            *(_load(0), (JUMP_EQ, 0, 1, user), *REFUSE),
            *(_load(1), (JUMP_EQ, 0, 1, 0), *PASS),
            *_one_of(0, (process,), ask, REFUSE),
        ]
    if landlock < LANDLOCK_SIGNALS:
        rules |= _each(SIGNALS, REFUSE)
        rules |= _each("kill tkill tgkill", ask)
    if landlock < LANDLOCK_TRUNCATES:
        rules["truncate"] = ask
        rules["openat2"] = _returning(ERRNO | ENOSYS)  # its flags lie in memory
        for name, flags in (("open", 1), ("openat", 2)):  # opened to be read, or for neither, and yet emptied
            rules[name] = [_load(flags), (JUMP_SET, 1, 0, O_TRUNC), *PASS, (MASK, 0, 0, O_ACCMODE)]
            rules[name] += [(JUMP_EQ, 1, 0, O_RDONLY), (JUMP_EQ, 0, 1, O_NEITHER), *REFUSE, *PASS]
    return rules


def _each(names: str, rule: Block) -> dict[str, Block]:
    return dict.fromkeys(names.split(), rule)


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
