"""The minimum is true: at every level that holds files and processes the user's stay as they are, and a job's own remain its own."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from banditgen.sandbox.acts import BEFORE
from banditgen.sandbox.base import Sandbox
from banditgen.sandbox.canaries import Canaries
from banditgen.sandbox.pool import ZygoteSandbox
from banditgen.sandbox.worker import UNPRIVILEGED, Mechanisms
from banditgen.task import Task
from banditgen.testing.attacks import HARMS, TESTS
from tests.sandbox.folders import open_to_others

LEVELS = {
    "namespaces": Mechanisms(),
    "bubblewrap": Mechanisms(namespaces=False),
    "confined": Mechanisms(namespaces=False, bubblewrap=False),
    "first Landlock": Mechanisms(namespaces=False, bubblewrap=False, landlock=1),
    "Landlock that truncates": Mechanisms(namespaces=False, bubblewrap=False, landlock=3),
}


@pytest.fixture(scope="module", params=LEVELS)
def held(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    if request.param == "bubblewrap" and os.geteuid() == 0:
        pytest.skip("bubblewrap is for ordinary users: see test_as_ordinary_user.py")
    if request.param not in ("namespaces", "bubblewrap"):
        request.getfixturevalue("readable_to_all")
    with contextlib.closing(ZygoteSandbox(1, mechanisms=LEVELS[request.param])) as box:
        yield box


def _in_a_call(act: str) -> str:
    body = "".join(f"    {line}\n" for line in act.splitlines())
    return f"def f(n):\n{body}    print('reached', bool(reached))\n    return n + 1\n"


@pytest.mark.slow
@pytest.mark.parametrize("channel", ["judged", "cooperative"])
def test_nothing_of_the_users_is_harmed(held: Sandbox, channel: str) -> None:
    tests = TESTS if channel == "judged" else "import sys\n" + TESTS
    with Canaries(UNPRIVILEGED) as canaries:
        facts = "".join(f"{name} = {value!r}\n" for name, value in canaries.facts.items())
        for name, act in HARMS.items():
            run = held.run(facts + _in_a_call(act), Task("f", tests=tests))
            assert "reached True" not in run.stdout, name
            assert not canaries.harmed(), name
        assert run.channel == channel


def test_nor_all_that_is_the_users_at_once(held: Sandbox) -> None:
    """A call that would reach all processes of the user is refused, or sees none but the job's."""
    code = (
        BEFORE + "for act in (lambda: os.setpriority(os.PRIO_USER, os.getuid(), 7), lambda: libc.syscall(251, 3, os.getuid(), 3 << 13), "
        "lambda: os.kill(-1, 0), lambda: os.killpg(PARENT, 0)):\n    try: act()\n    except OSError: pass"
    )
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    with Canaries(UNPRIVILEGED) as canaries:
        held.run(f"PARENT = {os.getpid()}\n" + code, Task("reach"))
        assert not canaries.harmed()
    assert os.getpriority(os.PRIO_PROCESS, 0) == nice


BY_DESCRIPTOR = """
import fcntl, glob, os
fd = os.open(PATH, os.O_RDONLY)
held = os.open(PATH, os.O_PATH)
for act in (
    lambda: os.fchmod(fd, 0o600), lambda: os.fchown(fd, os.getuid(), os.getgid()), lambda: os.utime(fd, (1, 1)), lambda: os.chmod(PATH, 0),
    lambda: os.setxattr(fd, "user.evil", b"1"), lambda: os.chmod(f"/proc/self/fd/{held}", 0), lambda: os.utime(PATH, (1, 1)),
    lambda: fcntl.fcntl(fd, 1024, 0), lambda: fcntl.ioctl(fd, 0x40086602, (0x80).to_bytes(8, "little")), lambda: os.truncate(PATH, 0),
    lambda: os.open(PATH, os.O_RDONLY | os.O_TRUNC), lambda: os.open(PATH, 3 | os.O_TRUNC), lambda: os.open(PATH, os.O_RDWR),
    lambda: os.link(PATH, "mine"), lambda: os.rename(PATH, "mine"), lambda: os.chmod("mine", 0),
):
    try: act()
    except OSError as error: print(error.errno)
    else: print("done")
"""


@pytest.mark.slow
def test_files_that_may_be_read_may_be_read_and_no_more(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """The user's own packages are open to candidates; neither by name nor by a descriptor may they be changed in any way."""
    open_to_others(tmp_path)
    kept = tmp_path / "kept_by_user.py"
    kept.write_text("VALUE = 1\n")
    if os.geteuid() == 0:
        for path in (tmp_path, kept):
            os.chown(path, UNPRIVILEGED, UNPRIVILEGED)
    before = kept.stat()
    for name, mechanisms in LEVELS.items():
        if os.geteuid() == 0 and name != "namespaces":
            if name == "bubblewrap":
                continue
            request.getfixturevalue("readable_to_all")
        with contextlib.closing(ZygoteSandbox(1, environment=[str(tmp_path)], mechanisms=mechanisms)) as box:
            run = box.run("import kept_by_user\nPATH = kept_by_user.__file__\n" + BY_DESCRIPTOR, Task("x", packages=["kept_by_user"]))
            assert run.passed, run.error
            assert "done" not in run.stdout, (name, run.stdout)
            after = kept.stat()
            state = ("st_mode", "st_uid", "st_size", "st_mtime_ns", "st_ctime_ns", "st_nlink")
            assert [getattr(after, key) for key in state] == [getattr(before, key) for key in state], name


OWN = """
import os, resource, shutil, signal, subprocess, sys, tarfile, tempfile, time, zipfile
from pathlib import Path
def f(n):
    Path("a").write_text("x")
    os.chmod("a", 0o640)
    assert os.stat("a").st_mode & 0o777 == 0o640
    os.chmod(os.path.abspath("a"), 0o600)
    os.utime("a", (1, 2))
    assert os.stat("a").st_mtime == 2
    os.utime(os.path.abspath("a"), ns=(5, 7))
    assert os.stat("a").st_mtime_ns == 7
    Path("a").touch()
    assert time.time() - os.stat("a").st_mtime < 60
    for copy in (shutil.copy, shutil.copy2, shutil.copyfile):
        copy("a", "b")
    shutil.copystat("a", "b")
    os.mkdir("folder")
    shutil.move("b", "folder")
    shutil.copytree("folder", "tree")
    os.chmod("tree", 0o700)
    os.chmod("b", 0o644, dir_fd=os.open("tree", os.O_RDONLY))
    with tarfile.open("t.tar", "w") as archive: archive.add("tree")
    shutil.rmtree("tree")
    with tarfile.open("t.tar") as archive: archive.extractall("out", **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    with zipfile.ZipFile("z.zip", "w") as archive: archive.write("a")
    with zipfile.ZipFile("z.zip") as archive: archive.extractall("unpacked")
    os.symlink("a", "link")
    os.chmod("link", 0o600)
    os.utime("link", (3, 3), follow_symlinks=False)
    with open("a", "r+") as file:
        os.fchmod(file.fileno(), 0o600)
        os.utime(file.fileno(), (4, 4))
        os.truncate(file.fileno(), 0)
        os.fchown(file.fileno(), -1, os.getgid())
    os.truncate("a", 3)
    assert os.stat("a").st_size == 3 and os.stat("a").st_mtime > 4
    os.chown("a", os.getuid(), -1)
    with open("a", "w") as file: file.write("emptied and written")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "x").touch(0o600)
    with tempfile.TemporaryFile() as file: file.write(b"x")
    if sys.version_info >= (3, 14): Path("a").copy("c", preserve_metadata=True)
    subprocess.run("touch x; chmod 600 x; cp -p x y; touch -d 2001-01-01 y; mv y z; rm x z", shell=True, check=True)
    got = []
    signal.signal(signal.SIGUSR1, lambda *_: got.append(1))
    os.kill(os.getpid(), signal.SIGUSR1)
    signal.raise_signal(signal.SIGUSR1)
    assert got == [1, 1]
    child = subprocess.Popen(["sleep", "60"])
    child.terminate()
    assert child.wait() == -signal.SIGTERM
    child = subprocess.Popen(["sleep", "60"], start_new_session=True)
    os.killpg(child.pid, signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    pid = os.fork()
    if pid == 0: time.sleep(60)
    os.kill(pid, 0)
    os.kill(pid, signal.SIGTERM)
    os.waitpid(pid, 0)
    try: os.kill(pid, 0)
    except ProcessLookupError: pass
    os.nice(1)
    os.sched_setaffinity(0, os.sched_getaffinity(0))
    os.sched_setaffinity(os.getpid(), os.sched_getaffinity(os.getpid()))
    os.setpriority(os.PRIO_PROCESS, os.getpid(), 19)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    resource.prlimit(os.getpid(), resource.RLIMIT_NOFILE)
    import mmap
    with mmap.mmap(-1, 1 << 20) as shared:
        if os.fork() == 0:
            shared[:2] = b"hi"
            os._exit(0)
        os.wait()
        assert shared[:2] == b"hi"
    return n + 1
"""


@pytest.mark.parametrize("tests", [TESTS.splitlines()[0], "import sys\n" + TESTS.splitlines()[0]])
def test_what_is_the_jobs_own_it_may_do_as_it_likes(held: Sandbox, tests: str) -> None:
    """Files below its folder, its own processes: what is right must not be called wrong for a wall that it never touches."""
    run = held.run(OWN, Task("f", tests=tests))
    assert run.passed, (run.error, run.stderr)


def test_special_modes_and_endless_files_are_refused(held: Sandbox) -> None:
    run = held.run("import os\nopen('a', 'w').close()\nos.truncate('a', 1 << 50)", Task("x"))
    assert not run.passed
    if held.isolation()["level"] == "confined":
        run = held.run("import os\nopen('a', 'w').close()\nos.chmod('a', 0o4755)", Task("x"))
        assert str(run.error).startswith("PermissionError")


WITHOUT_A_SUPERVISOR = """
import json
from banditgen.sandbox.inside import filter, kernel
kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
filter.FORBIDDEN, filter.SIGCHLD, filter._local_stream = {}, 64, lambda *kinds: filter.PASS  # a supervisor that nobody needs to ask
listener = kernel.install_filter(filter.sock_fprog(alone=True, local=True, landlock=0, asking=True), kernel.SECCOMP_NEW_LISTENER)
from banditgen.sandbox.pool import ZygoteSandbox
from banditgen.sandbox.worker import Mechanisms
from banditgen.task import Task
box = ZygoteSandbox(1, mechanisms=Mechanisms(namespaces=False, bubblewrap=False))
found = box.isolation()
own = box.run("import os\\nopen('a', 'w').close()\\nos.chmod('a', 0o600)", Task("x"))
print(json.dumps([found["level"], found["filesystem"], found["signals"], found["syscalls"], own.passed]))
box.close()
"""


@pytest.mark.usefixtures("without_namespaces")
def test_where_no_supervisor_can_be_had_the_wall_stands_and_it_is_said() -> None:
    """A process can have but one above it; here another has it already. Then own files may not be changed in these ways either."""
    run = subprocess.run([sys.executable, "-c", WITHOUT_A_SUPERVISOR], capture_output=True, text=True, check=False)
    assert run.stdout, run.stderr
    assert '"confined", "landlock + seccomp; seen to hold"' in run.stdout
    assert "without a supervisor" in run.stdout
    assert run.stdout.rstrip().endswith("false]")
