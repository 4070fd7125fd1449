"""What holds is tried, not assumed; below what is required nothing runs; packages and channels are what was asked for."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from banditgen.errors import SandboxError, TaskError
from banditgen.result import FailureKind
from banditgen.sandbox.base import Sandbox
from banditgen.sandbox.pool import ZygoteSandbox
from banditgen.sandbox.probe import NEEDED
from banditgen.sandbox.worker import Mechanisms
from banditgen.task import Task
from tests.sandbox.folders import open_to_others

NUMPY = "import numpy\ndef f(n): return int(numpy.arange(n + 1).sum()) + 1\n"


def test_everything_the_strongest_level_needs_was_seen_to_hold(sandbox: Sandbox) -> None:
    found = sandbox.isolation()
    assert found["level"] == "isolated"
    assert all(found[name].endswith("; seen to hold") for name in NEEDED["isolated"])


@pytest.mark.usefixtures("without_namespaces")
@pytest.mark.parametrize(
    ("mechanisms", "level", "open_"),
    [
        (Mechanisms(namespaces=False, bubblewrap=False), "confined", {"disk", "inodes"}),
        (Mechanisms(namespaces=False, bubblewrap=False, landlock=False), "limits", {"disk", "inodes", "filesystem"}),
        (Mechanisms(namespaces=False, bubblewrap=False, seccomp=False), "limits", {"disk", "inodes", "syscalls"}),
    ],
)
def test_what_is_missing_is_seen_and_said(mechanisms: Mechanisms, level: str, open_: set[str]) -> None:
    with contextlib.closing(ZygoteSandbox(1, require="limits", mechanisms=mechanisms)) as box:
        found = box.isolation()
        assert found["level"] == level
        assert open_ <= {name for name, text in found.items() if text.endswith("; seen open")}
        run = box.run("def f(n): return n + 1", Task("f", tests="assert f(1) == 2"))
        assert (run.passed, run.isolation) == (True, found)


@pytest.mark.usefixtures("without_namespaces")
def test_below_what_is_required_nothing_runs() -> None:
    """It fails closed, and says what is open."""
    task = Task("f", tests="assert f(1) == 2")
    with (
        contextlib.closing(ZygoteSandbox(1, require="isolated", mechanisms=Mechanisms(namespaces=False, bubblewrap=False))) as box,
        pytest.raises(SandboxError, match=r"only 'confined', and 'isolated' is required \(open: .*disk"),
    ):
        box.run("def f(n): return n + 1", task)
    with (
        contextlib.closing(ZygoteSandbox(1, mechanisms=Mechanisms(namespaces=False, bubblewrap=False, landlock=False))) as box,
        pytest.raises(SandboxError, match="only 'limits', and 'confined' is required"),
    ):
        box.run("def f(n): return n + 1", task)


@pytest.mark.usefixtures("bubblewrap")
def test_bubblewrap_stands_in_where_namespaces_cannot_be_had() -> None:
    with contextlib.closing(ZygoteSandbox(1, mechanisms=Mechanisms(namespaces=False))) as box:
        found = box.isolation()
        assert found["level"] == "isolated"
        assert "bubblewrap" in found["user"]
        assert box.run("def f(n): return n + 1", Task("f", tests="assert f(1) == 2")).passed
        small = {"disk_bytes": 1 << 20, "inodes": 20}
        many = "for n in range(9): open(str(n), 'wb').write(bytes(1 << 19))"
        assert box.run(many, Task("x", limits=small)).limit == "disk"
        assert box.run("for n in range(99): open(str(n), 'w')", Task("x", limits=small)).limit == "inodes"
        assert box.run("import os; print(os.listdir('.'))", Task("x", limits=small)).stdout == "[]\n"


NO_NAMESPACES = """
import json
from banditgen.sandbox.inside import filter, kernel
filter.FORBIDDEN, filter._local_stream = {"new namespaces": "unshare"}, lambda *kinds: filter.PASS  # sockets as they are
kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
kernel.install_filter(filter.sock_fprog(alone=True, local=True, landlock=0, asking=False))
from banditgen.sandbox.pool import ZygoteSandbox
from banditgen.errors import SandboxError
from banditgen.task import Task
box = ZygoteSandbox(1)
run = box.run("def f(n): return n + 1", Task("f", tests="assert f(1) == 2"))
print(json.dumps([run.passed, box.isolation()["level"]]))
box.close()
try:
    ZygoteSandbox(1, require="isolated").isolation()
except SandboxError as error:
    print(error)
"""


@pytest.mark.usefixtures("without_namespaces")
def test_where_the_kernel_refuses_namespaces_it_falls_back_and_says_so() -> None:
    """With a system call filter in the place of a host's policy."""
    run = subprocess.run([sys.executable, "-c", NO_NAMESPACES], capture_output=True, text=True, check=False)
    lines = run.stdout.splitlines()
    assert lines[:1] == ['[true, "confined"]'], run.stderr
    assert "(open: disk, inodes; no user namespaces: Operation not permitted" in lines[1]
    assert os.geteuid() == 0 or "; no bubblewrap: " in lines[1]


def test_a_package_is_there_when_the_task_names_it(sandbox: Sandbox) -> None:
    tests = "assert f(1) == 2"
    assert sandbox.run(NUMPY, Task("f", tests=tests, packages=["numpy"])).passed
    without = sandbox.run(NUMPY, Task("f", tests=tests))
    assert without.error == "ModuleNotFoundError: No module named 'numpy'"
    with pytest.raises(SandboxError, match="'nowhere', which is not in"):
        sandbox.run(NUMPY, Task("f", tests=tests, packages=["nowhere"]))


def test_numbers_of_a_package_keep_their_types(sandbox: Sandbox) -> None:
    code = "import numpy\ndef f(n): return (numpy.int64(3), numpy.float32(0.5), numpy.bool_(True), numpy.float64(2))"
    tests = (
        "a, b, c, d = f(1)\nassert (a, b, c, d) == (3, 0.5, True, 2)\nassert c is not True and not isinstance(a, int)\n"
        "assert isinstance(d, float) and type(d) is not float"
    )
    assert sandbox.run(code, Task("f", tests=tests, packages=["numpy"])).passed


@pytest.mark.slow
def test_packages_below_the_hosts_tmp_are_there_too(tmp_path: Path) -> None:
    """The sandbox has a /tmp of its own; an environment that lies in the host's is shown elsewhere, and read-only."""
    open_to_others(tmp_path)
    (tmp_path / "kept_in_tmp.py").write_text("VALUE = 41\n")
    sandbox = ZygoteSandbox(workers=1, environment=[str(tmp_path)])
    try:
        run = sandbox.run(
            "import kept_in_tmp\ndef f(): return kept_in_tmp.VALUE + 1", Task("f", tests="assert f() == 42", packages=["kept_in_tmp"])
        )
        assert run.passed, run.error
        code = "import kept_in_tmp\nopen(kept_in_tmp.__file__, 'w')"
        assert "Errno" in str(sandbox.run(code, Task("f", packages=["kept_in_tmp"])).error)
    finally:
        sandbox.close()


def test_packages_are_read_only(sandbox: Sandbox) -> None:
    code = "import numpy, os\nopen(os.path.dirname(numpy.__file__) + '/x', 'w')"
    run = sandbox.run(code, Task("f", packages=["numpy"]))
    assert not run.passed
    assert "Errno" in str(run.error)


def test_a_demanded_judge_is_given_or_refused(sandbox: Sandbox) -> None:
    judged = sandbox.run("def f(n): return n + 1", Task("f", tests="assert f(1) == 2", channel="judged"))
    assert (judged.passed, judged.channel) == (True, "judged")
    with pytest.raises(SandboxError, match=r"demands the judged channel, which its tests don't fit: they import os"):
        sandbox.run("", Task("f", tests="import os\nassert f() == os.sep", channel="judged"))
    equal = "class A:\n    def __init__(self, n): self.n = n\n    def __eq__(self, other): return self.n == other\nf = A"
    refused = sandbox.run(equal, Task("f", tests="assert f(1) == 1", channel="judged"))
    assert (refused.passed, refused.channel, refused.failure) == (False, "judged", FailureKind.REFUSED)
    run = sandbox.run(equal, Task("f", tests="assert f(1) == 1"))
    assert (run.passed, run.channel) == (True, "cooperative")
    run = sandbox.run(equal, Task("f", tests="assert f(1) == 2"))
    assert (run.passed, run.channel) == (False, "cooperative")
    handing_over = "class Two: n = 2\nassert f(Two()) == 2"
    with pytest.raises(SandboxError, match="hand the candidate a Two"):
        sandbox.run("def f(x): return x.n", Task("f", tests=handing_over, channel="judged"))
    handed_over = sandbox.run("def f(x): return x.n", Task("f", tests=handing_over))
    assert (handed_over.passed, handed_over.channel) == (True, "cooperative")
    assert sandbox.run("def f(n): return n", Task("f", tests="assert f(1) == 1", channel="cooperative")).channel == "cooperative"
    with pytest.raises(TaskError, match="channel must be"):
        Task("f", channel="both")  # type: ignore[arg-type]


UNREADABLE = "import os\nos.makedirs('a/b/c')\nfor name in ('a/b/c', 'a/b', 'a'): os.chmod(name, 0)\nos.symlink('/', 'out')"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mechanisms", "fixture"),
    [
        (Mechanisms(), None),
        (Mechanisms(namespaces=False), "bubblewrap"),
        (Mechanisms(namespaces=False, bubblewrap=False), "without_namespaces"),
    ],
)
def test_folders_that_may_not_be_read_are_left_neither(mechanisms: Mechanisms, fixture: str | None, request: pytest.FixtureRequest) -> None:
    if fixture:
        request.getfixturevalue(fixture)
    with contextlib.closing(ZygoteSandbox(1, mechanisms=mechanisms)) as box:
        for _ in range(2):
            assert box.run(UNREADABLE, Task("leave")).passed
            assert box.run("import os\nprint(os.listdir('.'))", Task("look")).stdout == "[]\n"
