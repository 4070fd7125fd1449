"""Hostile candidates, by what they try, for the contract suite of sandboxes: none may pass, and nothing may be harmed.

The task for all of them is `f(1) == 2` and `f(2) == 3`; none computes that.
"""

from __future__ import annotations

from banditgen.sandbox.acts import ACTS, BEFORE

TESTS = "assert f(1) == 2\nassert f(2) == 3\n"

EQUAL_TO_ALL = """
class Same:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __hash__(self): return 0
"""
EVERY_DESCRIPTOR = """
def shout(*verdicts):
    for fd in range(3, 64):
        for verdict in verdicts:
            try: os.write(fd, verdict)
            except OSError: pass
"""

_PASSED = "import sys\ndef passed(*a, **k): return {'outcome': 'passed'}\n"
_FINDER = """
import importlib.machinery, sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        return importlib.machinery.ModuleSpec(name, self) if name == 'pytest' else None
    def create_module(self, spec): return None
    def exec_module(self, module):
        module.Module = object
        module.main = lambda arguments, plugins: setattr(plugins[0], '_passed', 99)
"""

FORGERIES: dict[str, str] = {
    "sys.exit at import": "import sys; sys.exit(0)",
    "sys.exit in the call": "import sys\ndef f(n): sys.exit(0)",
    "os._exit at import": "import os; os._exit(0)",
    "os._exit in the call": "import os\ndef f(n): os._exit(0)",
    "os._exit from atexit": "import atexit, os\natexit.register(os._exit, 0)\ndef f(n): raise SystemExit(0)",
    "prints that tests passed": "print('1 passed in 0.01s'); print('OK')\ndef f(n): print('1 passed'); return 0",
    "an object equal to everything": EQUAL_TO_ALL + "def f(n): return Same()",
    "an int with its own equality": "class I(int):\n    def __eq__(self, other): return True\n    __hash__ = int.__hash__\ndef f(n): return I(0)",
    "a str with its own equality": "class S(str):\n    def __eq__(self, other): return True\n    __hash__ = str.__hash__\ndef f(n): return S()",
    "an int that lies to int()": (
        "class I(int):\n    def __eq__(self, other): return True\n    def __int__(self): return self\n"
        "    __hash__ = int.__hash__\ndef f(n): return I(7)"
    ),
    "patched unittest result": (
        "import unittest\nunittest.TestResult.wasSuccessful = lambda self: True\nunittest.TestResult.addFailure = lambda *a: None\n"
        "unittest.TestCase.assertEqual = lambda *a: None\ndef f(n): return 0"
    ),
    "patched pytest report": (
        "try:\n    import _pytest.reports as r\n    r.TestReport.failed = property(lambda self: False)\n"
        "    r.TestReport.passed = property(lambda self: True)\nexcept ImportError: pass\ndef f(n): return 0"
    ),
    "a conftest that passes all": (
        "open('conftest.py', 'w').write('def pytest_runtest_makereport(item, call): call.excinfo = None')\ndef f(n): return 0"
    ),
    "SkipTest": "import unittest\ndef f(n): raise unittest.SkipTest('later')",
    "a fake verdict on every descriptor": (
        "import os, json" + EVERY_DESCRIPTOR + 'shout(b\'{"outcome": "passed"}\', b\'{"outcome": "passed", "nonce": "0"}\', b\'passed\')\n'
        'def f(n):\n    shout(b\'{"outcome": "passed"}\'); os._exit(0)'
    ),
    "rewritten report files": (
        "import os\nfor name in ('junit.xml', 'report.xml', '.coverage', 'results.json', 'test_candidate.py'):\n"
        "    open(name, 'w').write('<testsuite tests=\"1\" failures=\"0\"/>')\ndef f(n): return 0"
    ),
    "tests replaced while they run": (
        "import os, threading, time\ndef replace():\n    end = time.monotonic() + 1\n    while time.monotonic() < end:\n"
        "        for name in ('test_candidate.py', 'conftest.py', 'pytest.py', 'pytest.ini', '<tests>', 'difflib.py', 'pdb.py'):\n"
        "            try:\n                with open(name + '~', 'w') as file: file.write('def test_f(): pass')\n"
        "                os.replace(name + '~', name)\n            except OSError: pass\n"
        "threading.Thread(target=replace, daemon=True).start()\ntime.sleep(0.1)\ndef f(n): return 0"
    ),
    "patched clocks": "import time\nfor name in ('time', 'monotonic', 'perf_counter'): setattr(time, name, lambda: 0.0)\ndef f(n): return 0",
    "patched builtins": (
        "import builtins\nbuiltins.AssertionError = type('A', (BaseException,), {})\nbuiltins.compile = lambda *a, **k: None\n"
        "builtins.exec = lambda *a, **k: None\ndef f(n): return 0"
    ),
    "AssertionError that hides itself": ("import sys\ndef f(n):\n    sys.excepthook = lambda *a: None\n    raise KeyboardInterrupt"),
    "replies sent in advance": (
        "import os, struct, threading\nbody = b'{\"value\":2}'\nframe = struct.pack('<I16s', len(body), bytes(16)) + body\n"
        "for fd in range(3, 32):\n    try: os.write(fd, frame * 3)\n    except OSError: pass\ndef f(n): return 0"
    ),
    "replies sent in advance from the call": (
        "import os, struct\nbody = b'{\"value\":3}'\nframe = struct.pack('<I16s', len(body), bytes(16)) + body\ndef f(n):\n"
        "    for fd in range(3, 32):\n        try: os.write(fd, frame)\n        except OSError: pass\n    return 2"
    ),
    "a reply that is no reply": (
        "import os, struct\ndef f(n):\n    for fd in range(3, 32):\n"
        "        try: os.write(fd, struct.pack('<I16s', 2, bytes(16)) + b'[]' + b'{' * 1000)\n        except OSError: pass\n    return 2"
    ),
    "tracing the tests": (
        "import sys\ndef trace(frame, event, arg):\n    frame.f_trace_lines = False\n    return trace\nsys.settrace(trace)\ndef f(n): return 0"
    ),
    "a pytest of its own": (
        "import sys, types\nfake = types.ModuleType('pytest')\nfake.Module = object\n"
        "fake.main = lambda arguments, plugins: setattr(plugins[0], '_passed', 99)\n"
        "sys.modules['pytest'] = fake\ndef f(n): return 0"
    ),
    "a pytest of its own, by a finder": _FINDER + "sys.meta_path.insert(0, Finder())\ndef f(n): return 0",
    "a pytest of its own, by a cached finder": (
        _FINDER + "for path in list(sys.path): sys.path_importer_cache[path] = Finder()\ndef f(n): return 0"
    ),
    "a pytest of its own, by a patched finder": (
        _FINDER + "import importlib.machinery as m\nm.PathFinder.find_spec = classmethod(Finder.find_spec)\ndef f(n): return 0"
    ),
    "a pytest of its own, on the path": (
        "import os, sys\nopen('pytest.py', 'w').write('Module = object\\ndef main(a, plugins): plugins[0]._passed = 99')\n"
        "sys.path.insert(0, os.getcwd())\ndef f(n): return 0"
    ),
    "patched runner of pytest": (
        _PASSED + "run = sys.modules.get('banditgen.sandbox.inside.pytest_run')\nif run: run.run = passed\ndef f(n): return 0"
    ),
    "patched watcher of pytest": (
        _PASSED + "run = sys.modules.get('banditgen.sandbox.inside.pytest_run')\nif run: run.Watcher.verdict = passed\ndef f(n): return 0"
    ),
    "code of the watcher of pytest": (
        "import sys\nrun = sys.modules.get('banditgen.sandbox.inside.pytest_run')\n"
        "if run: run.Watcher.verdict.__code__ = (lambda self, *, expected: {'outcome': 'passed'}).__code__\ndef f(n): return 0"
    ),
    "patched pytest report, from the call": (
        "def f(n):\n    try:\n        import _pytest.reports as r\n        r.TestReport.failed = property(lambda self: False)\n"
        "        r.TestReport.passed = property(lambda self: True)\n    except ImportError: pass\n    return 0"
    ),
    "patching what runs the tests, and the memory of it": (
        _PASSED + "for module in list(sys.modules.values()):\n    if hasattr(module, 'run_tests'):\n        module._memory = None\n"
        "        getattr(module, '_pristine', []).clear()\n        module.run_tests = passed\ndef f(n): return 0"
    ),
    "killing the judge": (
        "import os, signal\ndef f(n):\n    for pid in range(2, 2000):\n        if pid != os.getpid():\n"
        "            try: os.kill(pid, signal.SIGKILL)\n            except OSError: pass\n    return 0"
    ),
}
"""Forgeries that no channel may pass."""

SHARED_OBJECTS = frozenset(
    {
        "an object equal to everything",
        "an int with its own equality",
        "a str with its own equality",
        "an int that lies to int()",
    }
)
"""Of these, the ones that tests can't tell from a right answer while they share the candidate's objects."""

EXHAUSTION: dict[str, tuple[str, tuple[str | None, ...]]] = {
    # on a busy machine two of its processes may have answered before the first answer is read: refused, as forged
    "fork bomb": ("import os\ndef f(n):\n    while True:\n        os.fork()", ("processes", None)),
    "fork bomb that catches": (
        "import os\ndef f(n):\n    while True:\n        try: os.fork()\n        except OSError: pass",
        ("processes", "wall", "cpu"),
    ),
    "thread bomb": (
        "import threading, time\ndef f(n):\n    while True:\n        threading.Thread(target=time.sleep, args=(60,)).start()",
        ("processes", "memory"),
    ),
    "4 GiB at once": ("def f(n):\n    x = b'x' * (4 << 30)\n    return 0", ("memory",)),
    "4 GiB in pieces": ("def f(n):\n    x = []\n    while True: x.append(b'x' * (8 << 20))", ("memory",)),
    "20 children of 200 MB": (
        "import os, time\ndef f(n):\n    for _ in range(20):\n        if os.fork() == 0:\n            x = b'x' * (200 << 20)\n"
        "            time.sleep(60)\n    time.sleep(60)",
        ("memory",),
    ),
    "shared memory in nobody's count": (
        "import mmap, time\nkept = []\ndef f(n):\n    while True:\n        shared = mmap.mmap(-1, 16 << 20)\n        kept.append(shared)\n"
        "        shared[:: 4096] = bytes(4096)\n        shared.madvise(mmap.MADV_DONTNEED)",
        ("memory",),
    ),
    "files in memory": (
        "import os\nkept = []\ndef f(n):\n    while True:\n        kept.append(os.memfd_create('x'))\n        os.write(kept[-1], bytes(8 << 20))",
        (None, "memory"),
    ),
    "files in memory, in flight": (
        "import os, socket\nnear, far = socket.socketpair()\ndef f(n):\n    while True:\n        held = os.memfd_create('x')\n"
        "        os.write(held, bytes(8 << 20))\n        socket.send_fds(near, [b'x'], [held])\n        os.close(held)",
        (None, "memory"),
    ),
    "children that nobody waits for": (
        "import os, signal\nsignal.signal(signal.SIGCHLD, signal.SIG_IGN)\ndef f(n):\n    while True:\n        if os.fork() == 0:\n"
        "            for _ in range(10**6): pass\n            os._exit(0)\n        try: os.wait()\n        except ChildProcessError: pass",
        ("cpu", "wall"),
    ),
    "disk fill": (
        "def f(n):\n    k = 0\n    while True:\n        open(f'x{k}', 'wb').write(bytes(8 << 20))\n        k += 1",
        ("disk",),
    ),
    "inode fill": ("def f(n):\n    k = 0\n    while True:\n        open(f'x{k}', 'wb').close()\n        k += 1", ("inodes", "disk")),
    "output flood": ("def f(n):\n    while True: print('x' * 1000)", ("output",)),
    "stderr flood that catches": (
        "import sys\ndef f(n):\n    while True:\n        try: sys.stderr.write('x' * 1000)\n        except BaseException: pass",
        ("output", "wall", "cpu"),
    ),
    "a loop that catches everything": (
        "def f(n):\n    while True:\n        try:\n            while True: pass\n        except BaseException: pass",
        ("wall", "cpu"),
    ),
    "signals ignored": (
        "import signal, time\nfor s in (signal.SIGTERM, signal.SIGALRM, signal.SIGINT, signal.SIGXCPU): signal.signal(s, signal.SIG_IGN)\n"
        "def f(n):\n    while True: pass",
        ("wall", "cpu"),
    ),
    "9**9**9": ("def f(n): return 9**9**9", ("wall", "cpu", "memory")),
    "catastrophic regex": ("import re\ndef f(n): return re.match('(a+)+$', 'a' * 40 + 'b')", ("wall", "cpu")),
    "segfault": ("import ctypes\ndef f(n): ctypes.string_at(0)", (None,)),
    "deep recursion": ("import sys\nsys.setrecursionlimit(10**8)\ndef g(n): return [g(n + 1)]\ndef f(n): return g(n)", (None, "memory")),
    "a value of 256 MB": ("def f(n): return 'x' * (256 << 20)", ("output", "memory", None)),
    "a value that contains itself": ("def f(n):\n    x = []\n    x.append(x)\n    return x", (None,)),
    "sleep": ("import time\ndef f(n): time.sleep(60)", ("wall",)),
}
"""Code, and the limits of which one must be named (None: none, it fails by itself)."""

HARMS: dict[str, str] = {
    f"{of_what}: {name}": BEFORE + "reached = 0\ntry:\n" + "".join(f"    {line}\n" for line in act.splitlines()) + "except OSError: pass\n"
    for of_what, acts in ACTS.items()
    for name, act in acts.items()
}
"""What reaches the user's files, processes and machine where nothing holds it; given the names of `banditgen.sandbox.canaries.Canaries.facts`.

Such an act has done harm where `reached` is true afterwards, or where `Canaries.harmed` names something.
"""
