"""The numbers of Linux's system calls that a filter names or we make ourselves, on the processors that the sandbox knows."""

from __future__ import annotations

ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""The kernel's names of processors, each with what a filter sees of it (`AUDIT_ARCH_…` of linux/audit.h)."""

# name, x86_64, aarch64; "-" is a call of old that the generic table, which aarch64 has, left out
_TABLE = """
socket 41 198; connect 42 203; bind 49 200; listen 50 201; shmget 29 194; shmat 30 196; shmctl 31 195; semget 64 190
semop 65 193; semctl 66 191; msgget 68 186; msgsnd 69 189; msgrcv 70 188; msgctl 71 187; semtimedop 220 192; mq_open 240 180
mq_unlink 241 181; mq_timedsend 242 182; mq_timedreceive 243 183; mq_notify 244 184; mq_getsetattr 245 185
memfd_create 319 279; memfd_secret 447 447; ptrace 101 117; migrate_pages 256 238; process_vm_readv 310 270
process_vm_writev 311 271; kcmp 312 272; pidfd_getfd 438 438; process_madvise 440 440; process_mrelease 448 448
pivot_root 155 41; chroot 161 51; mount 165 40; umount2 166 39; unshare 272 97; setns 308 268; open_tree 428 428
move_mount 429 429; fsopen 430 430; fsconfig 431 431; fsmount 432 432; fspick 433 433; mount_setattr 442 442; statmount 457 457
listmount 458 458; open_tree_attr 467 467; io_setup 206 0; perf_event_open 298 241; bpf 321 280; userfaultfd 323 282
io_uring_setup 425 425; io_uring_enter 426 426; io_uring_register 427 427; add_key 248 217; request_key 249 218; keyctl 250 219
name_to_handle_at 303 264; open_by_handle_at 304 265; uselib 134 -; acct 163 89; swapon 167 224; swapoff 168 225
reboot 169 142; create_module 174 -; init_module 175 105; delete_module 176 106; get_kernel_syms 177 -; query_module 178 -
quotactl 179 60; nfsservctl 180 42; kexec_load 246 104; finit_module 313 273; kexec_file_load 320 294; quotactl_fd 443 443
syslog 103 116; vhangup 153 58; adjtimex 159 171; settimeofday 164 170; sethostname 170 161; setdomainname 171 162; iopl 172 -
ioperm 173 -; clock_settime 227 112; clock_adjtime 305 266; personality 135 92; lookup_dcookie 212 18; inotify_init 253 -
inotify_init1 294 26; fanotify_init 300 262; fanotify_mark 301 263; chmod 90 -; fchmod 91 52; fchmodat 268 53
fchmodat2 452 452; chown 92 -; fchown 93 55; lchown 94 -; fchownat 260 54; utime 132 -; utimes 235 -; futimesat 261 -
utimensat 280 88; setxattr 188 5; lsetxattr 189 6; fsetxattr 190 7; removexattr 197 14; lremovexattr 198 15
fremovexattr 199 16; setxattrat 463 463; removexattrat 466 466; file_setattr 469 469; sched_setparam 142 118
sched_setscheduler 144 119; sched_setaffinity 203 122; sched_setattr 314 274; move_pages 279 239; rt_sigqueueinfo 129 138
rt_tgsigqueueinfo 297 240; pidfd_send_signal 424 424; rt_sigaction 13 134; open 2 -; mmap 9 222; ioctl 16 29; socketpair 53 199
setsockopt 54 208; clone 56 220; fcntl 72 25; prctl 157 167; openat 257 56; clone3 435 435; openat2 437 437; truncate 76 45
kill 62 129; tkill 200 130; tgkill 234 131; setpriority 141 140; ioprio_set 251 30; ioprio_get 252 31; prlimit64 302 261
dup3 292 24; capset 126 91; seccomp 317 277; landlock_create_ruleset 444 444; landlock_add_rule 445 445
landlock_restrict_self 446 446; pidfd_open 434 434
"""


def numbers(machine: str) -> dict[str, int]:
    """Name to number.

    Args:
        machine: one of `ARCHITECTURES`.

    Raises:
        ValueError: a processor that is none of them.

    """
    place = list(ARCHITECTURES).index(machine)
    rows = [row.split() for row in _TABLE.replace(";", "\n").splitlines() if row.strip()]
    return {name: int(columns[place]) for name, *columns in rows if columns[place] != "-"}
