"""The numbers of system calls are those of the kernel's own headers; what the filter makes of them does, call by call, what it says."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import pytest

from banditgen.sandbox.inside import filter as syscall_filter
from banditgen.sandbox.inside.calls import ARCHITECTURES, numbers

HEADERS = {  # linux-libc-dev's: x86-64's own table, and the generic one, which is aarch64's
    "x86_64": [*Path("/usr/include").glob("x86_64-linux-gnu/asm/unistd_64.h"), *Path("/usr/include").glob("asm/unistd_64.h")],
    "aarch64": list(Path("/usr/include").glob("asm-generic/unistd.h")),
}
AUDIT = Path("/usr/include/linux/audit.h")
SAME_SINCE = 424  # from here on all processors have the same numbers
ALLOW, REFUSED = syscall_filter.ALLOW, syscall_filter.ERRNO | syscall_filter.EPERM


def header(machine: str) -> dict[str, int]:
    if not HEADERS[machine]:
        pytest.skip(f"no kernel headers with the numbers of {machine} here (Debian's linux-libc-dev has them)")
    found = re.findall(r"^#define __NR(?:3264)?_(\w+)\s+(\d+)\s*$", HEADERS[machine][0].read_text(), re.MULTILINE)
    return {name: int(number) for name, number in found}


@pytest.mark.parametrize("machine", ARCHITECTURES)
def test_numbers_are_the_kernels(machine: str) -> None:
    """What headers of this age don't know yet has one number everywhere; what a table leaves out, the header leaves out."""
    there, ours = header(machine), numbers(machine)
    newest = max(there.values())
    assert {name: number for name, number in ours.items() if number <= newest} == {name: there[name] for name in ours if name in there}
    newer = {name for name, number in ours.items() if number > newest}
    assert all(numbers(other)[name] == ours[name] >= SAME_SINCE for other in ARCHITECTURES for name in newer)
    assert not (set().union(*map(numbers, ARCHITECTURES)) - ours.keys()) & there.keys()
    assert len(set(ours.values())) == len(ours)


def test_processors_are_the_kernels() -> None:
    if not AUDIT.is_file():
        pytest.skip("no kernel headers here (Debian's linux-libc-dev has them)")
    elf = {"x86_64": ("X86_64", 62), "aarch64": ("AARCH64", 183)}
    for machine, seen in ARCHITECTURES.items():
        name, number = elf[machine]
        assert re.search(rf"#define AUDIT_ARCH_{name}\s+\(EM_{name}\|__AUDIT_ARCH_64BIT\|__AUDIT_ARCH_LE\)", AUDIT.read_text())
        assert seen == number | 0x80000000 | 0x40000000


def answer(program: list[tuple[int, int, int, int]], architecture: int, number: int, *arguments: int) -> int:
    """What the kernel would do with a call, by the rules of its BPF machine."""
    data = struct.pack("<IIQ6Q", number, architecture, 0, *arguments, *[0] * (6 - len(arguments)))
    place = accumulator = 0
    while True:
        code, then, other, k = program[place]
        place += 1
        match code:
            case 0x20:  # LOAD
                accumulator = struct.unpack_from("<I", data, k)[0]
            case 0x54:  # MASK
                accumulator &= k
            case 0x05:  # JUMP
                place += k
            case 0x06:  # RETURN
                return k
            case _:
                holds = {0x15: accumulator == k, 0x35: accumulator >= k, 0x45: bool(accumulator & k)}[code]
                place += then if holds else other


@pytest.mark.parametrize("machine", ARCHITECTURES)
@pytest.mark.parametrize(
    ("alone", "local", "landlock", "asking"),
    [(True, True, 6, True), (False, True, 6, True), (False, False, 6, True), (False, False, 1, True), (False, False, 0, False)],
)
def test_a_filter_answers_each_call_as_it_should(machine: str, *, alone: bool, local: bool, landlock: int, asking: bool) -> None:
    program = syscall_filter.program(alone=alone, local=local, landlock=landlock, asking=asking, machine=machine)
    names, architecture = {number: name for name, number in numbers(machine).items()}, ARCHITECTURES[machine]
    answers = {name: answer(program, architecture, number) for number, name in names.items()}
    forbidden = set(" ".join(syscall_filter.FORBIDDEN.values()).split()) & answers.keys()
    assert forbidden >= {"socket", "mount", "unshare", "ptrace", "bpf", "io_uring_setup", "keyctl"}
    if local:
        forbidden -= set(syscall_filter.SOCKETS.split())
    assert {answers[name] for name in forbidden} == {REFUSED}
    ask = syscall_filter.ASK if asking else REFUSED
    assert answers["fchmodat"] == (ALLOW if alone else ask)
    assert answers["kill"] == (ask if not alone and landlock < syscall_filter.LANDLOCK_SIGNALS else ALLOW)
    calls = numbers(machine)

    def of(name: str, *arguments: int) -> int:
        return answer(program, architecture, calls[name], *arguments)

    assert of("clone", 17) == ALLOW  # SIGCHLD: a fork
    assert of("clone", 0x10000000 | 17) == REFUSED  # a new user namespace
    assert of("clone3") == syscall_filter.ERRNO | syscall_filter.ENOSYS
    assert of("prlimit64", 0) == ALLOW
    assert of("prlimit64", 1) == ask
    assert of("socketpair", 1, 1) == ALLOW
    assert of("socket", 2, 1) == REFUSED  # AF_INET
    assert of("mmap", 0, 4096, 3, 0x22) == ALLOW  # private, without a file
    assert of("mmap", 0, 4096, 3, 0x21) == ask  # shared, without a file
    assert of("openat", 0, 0, 0x200) == (REFUSED if not alone and landlock < syscall_filter.LANDLOCK_TRUNCATES else ALLOW)
    unnamed = [number for number in range(480) if number not in names]
    assert {answer(program, architecture, number) for number in unnamed} == {ALLOW}
    others = [other for other in (*ARCHITECTURES.values(), 0x40000003, 0x40000028) if other != architecture]  # 32-bit x86, ARM
    assert {answer(program, other, number) for other in others for number in names} == {syscall_filter.KILL}
