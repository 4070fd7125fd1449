"""What honest programs do works inside: isolation is no reason to fail."""

from __future__ import annotations

import pytest

from banditgen.sandbox.base import Sandbox
from banditgen.task import Task

PROGRAMS = {
    "asyncio": "import asyncio\nasync def main(): await asyncio.sleep(0); return 'ok'\nprint(asyncio.run(main()))",
    "threads": "from concurrent.futures import ThreadPoolExecutor as T\nwith T(8) as t: list(t.map(abs, range(99)))\nprint('ok')",
    "processes": (
        "from concurrent.futures import ProcessPoolExecutor\nimport multiprocessing\n"
        "if __name__ == '__main__':\n    with multiprocessing.Pool(2) as pool: assert pool.map(abs, [-1]) == [1]\n    print('ok')"
    ),
    "subprocess": "import subprocess, sys\nprint(subprocess.check_output([sys.executable, '-c', 'print(\"ok\")'], text=True))",
    "shell": "import os\nos.system('echo ok')",
    "temporary files": "import tempfile\nwith tempfile.NamedTemporaryFile() as f: f.write(b'x' * 5000000)\nprint('ok')",
    "database": "import sqlite3\nsqlite3.connect('x.db').execute('create table t (a)')\nprint('ok')",
    "lazy imports": "import http.client, email, xml.dom.minidom, zoneinfo, csv, logging\nlogging.basicConfig()\nprint('ok')",
    "time zones": "import zoneinfo\ntry: zoneinfo.ZoneInfo('Europe/Berlin')\nexcept zoneinfo.ZoneInfoNotFoundError: pass\nprint('ok')",
    "signals": "import signal, os\nsignal.signal(signal.SIGUSR1, lambda *a: print('ok'))\nos.kill(os.getpid(), signal.SIGUSR1)",
    "alarms": "import signal\nsignal.signal(signal.SIGALRM, lambda *a: print('ok'))\nsignal.setitimer(0, 0.05)\nsignal.pause()",
    "home": "import pathlib\npathlib.Path.home().joinpath('x').write_text('ok')\nprint(pathlib.Path.home().joinpath('x').read_text())",
    "dataclasses": "from dataclasses import dataclass\n@dataclass\nclass A:\n    x: int = 1\nprint('ok' if A() == A() else '')",
    "source of itself": "import inspect\ndef f(): pass\nprint('ok' if 'def f' in inspect.getsource(f) else '')",
    "pickle": "import pickle\nclass A: pass\nprint('ok' if pickle.loads(pickle.dumps(A())) else '')",
    "exit handlers": "import atexit\natexit.register(print, 'ok')",
    "deep but fine recursion": "import sys\nsys.setrecursionlimit(20000)\ndef g(n): return n and g(n - 1)\ng(15000)\nprint('ok')",
    "500 MB": "x = bytes(500 << 20)\nprint('ok')",
    "a clean exit": "import sys\nprint('ok')\nsys.exit(0)",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_honest_programs_run(sandbox: Sandbox, name: str) -> None:
    run = sandbox.run(PROGRAMS[name], Task(name))
    assert run.passed, (run.error, run.stderr)
    assert run.stdout.strip() == "ok"


@pytest.mark.slow
def test_numpy_and_pandas_style_work_fits_the_default_memory(sandbox: Sandbox) -> None:
    code = "import numpy\nx = numpy.random.default_rng(0).random((2000, 2000))\nprint((x @ x).shape)"
    assert sandbox.run(code, Task("matrix", packages=["numpy"])).stdout == "(2000, 2000)\n"
