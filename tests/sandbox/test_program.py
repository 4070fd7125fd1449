"""What a program sees of itself, and how its output is compared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from banditgen.errors import TaskError
from banditgen.result import FailureKind
from banditgen.sandbox.base import Sandbox
from banditgen.sandbox.unsafe import UnsafeSandbox
from banditgen.task import Task

ROOT = str(Path(__file__).resolve().parents[2])

PROGRAMS = {
    "argparse": (
        "import argparse\np = argparse.ArgumentParser()\np.add_argument('--n', default=3)\nprint(p.parse_args().n * int(input()))",
        "2", "6",
    ),
    "its arguments": ("import sys\nprint(sys.argv, sys.orig_argv)", "", "['main.py'] ['python', 'main.py']"),
    "fileinput": ("import fileinput\nprint(sum(map(int, fileinput.input())))", "1\n2\n", "3"),
    "its file": ("import os\nprint(os.path.basename(__file__), open(__file__).read().count('os.path'))", "", "main.py 2"),
    "a module that it writes": ("open('helper.py', 'w').write('X = 3')\nimport helper\nprint(helper.X)", "", "3"),
    "stdin by name": ("print(open('/dev/stdin').read().upper(), end='')", "abc\n", "ABC"),
    "stdin by number": ("from pathlib import Path\nprint(Path('/dev/fd/0').read_text(), open(0).read())", "abc", "abc"),
    "stdin by os.open": ("import os\nprint(os.read(os.open('/dev/stdin', os.O_RDONLY), 9).decode())", "abc", "abc"),
    "stdout by name": (
        ("import sys\nfor mode in 'wa':\n    with open('/dev/stdout', mode) as out:\n        print(mode, file=out)\n"
         "sys.stdout = open('/dev/fd/1', 'w')\nprint('c')"), "", "w\na\nc",
    ),
    "names of streams": ("import os\nprint(all(map(os.path.exists, ('/dev/stdin', '/dev/stdout', '/dev/fd/0'))))", "", "True"),
    "no byte order mark": ("\ufeffprint(input())", "a", "a"),
    "its main module": ("import sys, __main__\nx = 1\nprint(__main__.x, __name__, __main__.__file__ == __file__)", "", "1 __main__ True"),
}  # fmt: skip


@pytest.mark.parametrize("what", PROGRAMS)
def test_a_program_sees_what_a_script_sees(sandbox: Sandbox, what: str) -> None:
    code, stdin, expected = PROGRAMS[what]
    run = sandbox.run(code, Task("p", examples=[(stdin, expected)]))
    assert run.passed, (run.error, run.stderr)


NOTHING_OF_OURS = f"""
import os, sys
seen = [repr(sys.argv), repr(sys.orig_argv), repr(dict(os.environ)), repr(__file__)]
frame = sys._getframe()
while frame:
    seen += [frame.f_code.co_filename, repr(frame.f_locals), repr(list(frame.f_globals.values()))]
    frame = frame.f_back
seen += [repr(vars(module).get('__file__')) for name, module in list(sys.modules.items()) if name.startswith('banditgen')]
parts = ('banditgen' + '-', {ROOT[:5]!r} + {ROOT[5:]!r}, 'wall' + '_seconds', 'Conf' + 'inement object', 'Pl' + 'an(', 'Wor' + 'ker object')
print([(part, text[:300]) for part in parts for text in seen if part in text and 'parts =' not in text])
"""


def test_nothing_of_ours_shows(sandbox: Sandbox) -> None:
    """No setting, path or object of the worker's, in arguments, environment or frames, whatever a candidate is run as."""
    assert sandbox.run(NOTHING_OF_OURS, Task("p")).stdout == "[]\n"
    as_function = sandbox.run(NOTHING_OF_OURS, Task("p", tests="assert f(1) == 2"))
    beside = sandbox.run(NOTHING_OF_OURS, Task("p", tests="import sys\nassert f(1) == 2"))
    assert (as_function.stdout, beside.stdout) == ("[]\n", "[]\n")


def test_nothing_of_ours_shows_without_isolation() -> None:
    """At least the frames and arguments: the folder that the program is in can't be hidden there."""
    code = "import sys\nprint(sys.argv, sys.orig_argv, [sorted(sys._getframe(n).f_globals) for n in range(9) if n < 4][3])"
    run = UnsafeSandbox().run(code, Task("p"))
    assert "root" not in run.stdout
    assert run.stdout.startswith("['main.py'] ['python', 'main.py']")


def test_the_user_has_a_name(sandbox: Sandbox) -> None:
    """Where the file tree is our own."""
    if sandbox.isolation()["level"] != "isolated":
        pytest.skip("only an own file tree has users of its own")
    run = sandbox.run(
        "import getpass, os, pwd\nprint(getpass.getuser(), pwd.getpwuid(os.getuid()).pw_dir, os.path.expanduser('~'))", Task("p")
    )
    assert run.stdout == "nobody /tmp /tmp\n", run.error


@pytest.mark.parametrize(
    ("printed", "expected", "tolerance", "passes"),
    [
        ("3.14159", "3.1416", 1e-3, True),
        ("3.14159", "3.1416", None, False),
        ("3.15", "3.1416", 1e-3, False),
        ("x = 1.0001, y = 2", "x = 1, y = 2.0", 1e-3, True),
        ("x = 1, z = 2", "x = 1, y = 2", 1e-3, False),
        ("1000001", "1000000", 1e-3, True),
        ("1 2", "1", 1e-3, False),
        ("nan inf -inf", "nan inf -inf", 1e-3, True),
        ("-1e-9", "0", 1e-6, True),
        ("1\\n2", "1\\n2\\n3", 1.0, False),
        ("1  2 ", "1 2", 0.0, True),
        ("1  2 ", "1 2", None, False),
    ],
)
def test_numbers_may_be_near(sandbox: Sandbox, printed: str, expected: str, tolerance: float | None, passes: bool) -> None:
    """By a stated tolerance, absolute, or relative beyond 1; everything else is equal or wrong."""
    task = Task("p", examples=[("", expected.replace("\\n", "\n"))], tolerance=tolerance)
    run = sandbox.run(f"print('{printed}')", task)
    assert (run.passed, run.failure) == (passes, None if passes else FailureKind.WRONG), run.error


SORTED = """
def check(stdin, stdout):
    numbers = list(map(int, stdout.split()))
    return numbers == sorted(numbers) and set(numbers) == set(map(int, stdin.split()))
"""


@pytest.mark.slow
def test_a_checker_of_the_tasks_own_judges(sandbox: Sandbox) -> None:
    """It gets input and output, and what was expected where it wants that; a candidate can't reach it, and its errors are the task's."""
    examples: Any = [{"stdin": "3 1 2"}, {"stdin": "2 1"}]
    right, wrong = "print(*sorted(map(int, input().split())))", "print(input())"
    asserting = SORTED.replace("    return", "    assert")
    for checker in (SORTED, asserting, asserting + "    return True\n"):
        task = Task("sort", examples=examples, checker=checker)
        assert sandbox.run(right, task).passed
        run = sandbox.run(wrong, task)
        assert (run.failure, run.verified) == (FailureKind.WRONG, True)
        assert "checker refuses" in str(run.error)
    expecting = Task(
        "p", examples=[("1", "2")], checker="def check(stdin, stdout, expected):\n    return abs(int(stdout) - int(expected)) <= 1\n"
    )
    assert sandbox.run("print(3)", expecting).passed
    unread = Task("sort", examples=examples, checker=SORTED)
    assert sandbox.run("print('no number')", unread).failure is FailureKind.WRONG  # the checker reads other outputs
    for other in ("4", "no number"):  # the checker passes what was expected, so that its ValueError is the output's fault
        assert sandbox.run(f"print({other!r})", expecting).failure is FailureKind.WRONG
    for broken in ("return 1 / 0", "import nowhere", "pass", "raise SystemExit", "while True: pass"):
        task = Task("p", examples=examples, checker=f"def check(stdin, stdout):\n    {broken}\n", limits={"wall_seconds": 1.5})
        run = sandbox.run(right, task)
        assert (run.passed, run.failure, run.verified) == (False, FailureKind.TASK, False), (broken, run.error)
        assert sandbox.run("1 / 0", task).failure is FailureKind.ERROR  # it did not come to that
    for broken in (
        "return stdout == {}[stdin]",
        "if not stdout: return False\n    return stdout == {}[stdin]",
        "return stdout.strip() == wanted",
    ):
        task = Task("p", examples=examples, checker=f"def check(stdin, stdout):\n    {broken}\n")
        assert sandbox.run(right, task).failure is FailureKind.TASK, broken
    hostile = "import sys\nprint(1)\nopen('check.py', 'w').write('check = all')\nsys.modules['__main__'].check = lambda *a: True"
    assert not sandbox.run(hostile, Task("sort", examples=examples, checker=SORTED)).passed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"examples": [("1", "1")], "checker": "x = 1"}, "must define check"),
        ({"examples": [("1", "1")], "checker": "def check(stdout): return True"}, "must define check"),
        ({"examples": [("1", "1")], "checker": "def check("}, "the checker does not parse"),
        ({"examples": [("1", "1")], "tolerance": -1}, "tolerance must be"),
        ({"examples": [("1", "1")], "tolerance": 1, "checker": SORTED}, "not both"),
        ({"tests": "assert f(1) == 2", "tolerance": 1}, "give examples"),
        ({"examples": ["stdin"], "checker": SORTED}, "example 1"),
        ({"files": {"data.txt": "x"}}, "Python modules"),
        ({"files": {"../x.py": ""}}, "Python modules"),
        ({"files": {"solution.py": ""}}, "imported as"),
        ({"files": {"x.py": "def"}}, "does not parse"),
        ({"files": ["x.py"]}, "must be a mapping"),
        ({"module": "a-b"}, "name to import"),
        ({"module": "json"}, "Python's own"),
        ({"files": {"json.py": "x = 1"}}, "Python's own"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(TaskError, match=message):
        Task("p", **arguments)
