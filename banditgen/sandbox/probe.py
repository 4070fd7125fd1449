"""Attempts each forbidden act inside the sandbox, and says per property what enforces it and whether that was seen to hold."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable

from banditgen.errors import SandboxError
from banditgen.sandbox import orders
from banditgen.sandbox.acts import ACTS, BEFORE, NOT_WAITED_FOR, SHARED_MEMORY
from banditgen.sandbox.canaries import Canaries
from banditgen.sandbox.orders import AnyWorker, Order
from banditgen.sandbox.report import Report
from banditgen.task import LEVELS, Level, Limits

NEEDED: dict[Level, tuple[str, ...]] = {
    "limits": (),
    "confined": ("filesystem", "network", "signals", "syscalls", "environment"),
    "isolated": ("filesystem", "network", "signals", "syscalls", "environment", "processes", "memory", "cpu", "disk", "inodes"),
}
SMALL = Limits(wall_seconds=5, cpu_seconds=0.05, memory_bytes=64 << 20, processes=8, disk_bytes=1 << 20, inodes=64)
AMPLE = dataclasses.replace(SMALL, cpu_seconds=5)
HOLDS, OPEN = "seen to hold", "seen open"

TRY = """
import json
import os
facts, acts = json.loads(input())
home = os.getcwd()
for number, act in enumerate(acts):
    names = dict(facts)
    try: exec(BEFORE + act, names)
    except Exception: pass
    if names.get("reached"): print(number)
    os.chdir(home)
print("done")
"""


def _of_memory(report: Report) -> bool:
    return report.limit == "memory" or "Error" in report.stderr


EXHAUST: list[tuple[str, str, Callable[[Report], bool]]] = [
    (
        "processes",
        "import os, time\nfor _ in range(40):\n    if os.fork() == 0:\n        time.sleep(9)\ntime.sleep(0.2)",
        lambda report: report.limit == "processes" or "BlockingIOError" in report.stderr,
    ),
    ("memory", "x = b'x' * (1 << 30)", _of_memory),
    ("memory", SHARED_MEMORY, _of_memory),
    ("cpu", "while True: pass", lambda report: report.limit == "cpu"),
    ("cpu", NOT_WAITED_FOR, lambda report: report.limit == "cpu"),
    ("inodes", "for n in range(99): open(str(n), 'wb').close()", lambda report: report.limit == "inodes"),
    ("disk", "for n in range(4):\n    open(f'f{n}', 'wb').write(bytes(1 << 20))", lambda report: report.limit == "disk"),
]


def probe(worker: AnyWorker, mechanisms: dict[str, str]) -> dict[str, str]:
    """Try what a candidate must not do.

    Args:
        worker: a fresh worker.
        mechanisms: property to what enforces it, as the worker reported; "none" where nothing does.

    Returns:
        Property to mechanism and what was seen; "level" is the highest of `LEVELS` of which everything was seen to hold.

    Raises:
        SandboxError: the probe itself did not run.
    """
    open_ = {
        name
        for name, code, denied in EXHAUST
        if not denied(worker.run(Order("program", orders.program(code)), SMALL if name == "cpu" else AMPLE))
    }
    acts = [(name, act) for name, of_name in ACTS.items() for act in of_name.values()]
    with Canaries(worker.held["uid"]) as canaries:
        stdin = json.dumps([canaries.facts, [act for _, act in acts]]) + "\n"
        report = worker.run(Order("program", orders.program(f"BEFORE = {BEFORE!r}\n{TRY}"), stdin=stdin), AMPLE)
        *reached, last = report.stdout.split() or [""]
        if report.status != 0 or last != "done":
            raise SandboxError(f"the sandbox could not be probed: {report.stderr.strip().splitlines()[-1:] or report.limit}")
        open_ |= {acts[int(number)][0] for number in reached} | canaries.harmed()
    tried = {name for name, _, _ in EXHAUST} | set(ACTS)
    found = {
        name: f"{mechanism}; {OPEN if name in open_ else HOLDS}" if name in tried else mechanism for name, mechanism in mechanisms.items()
    }
    level = max((level for level in LEVELS if not open_ & set(NEEDED[level])), key=LEVELS.index)
    return {"level": level, **found}
