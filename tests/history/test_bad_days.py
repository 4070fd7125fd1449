"""A truncated file, a file that must not be written: one clear line, and nothing lost."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from banditgen.errors import HistoryCorruptError, HistoryError
from banditgen.history.store import History
from banditgen.testing._histories import a_race


def filled(path: Path) -> list[str]:
    store, rng = History(path), np.random.default_rng(1)
    races = [a_race(rng) for _ in range(40)]
    for race in races:
        store.add_race(race)
    store.close()
    return [race.id for race in races]


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_truncated_file_is_called_damaged_and_left_alone(tmp_path: Path, share: float) -> None:
    path = tmp_path / "h.db"
    filled(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    before = path.read_bytes()

    def use() -> None:
        store = History(path)
        try:
            store.races(1000)
            store.check_statistics()
        finally:
            store.close()

    with pytest.raises(HistoryCorruptError, match="damaged") as caught:
        use()
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == before


_WRITE = """
import os, sys
import numpy as np
from banditgen.errors import HistoryError
from banditgen.history.store import History
from banditgen.testing._histories import a_race
if os.geteuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
try:
    History(sys.argv[1]).add_race(a_race(np.random.default_rng(2)))
except HistoryError as error:
    print(error)
"""


@pytest.mark.slow
def test_a_read_only_file_is_one_line_and_keeps_what_it_has(tmp_path: Path) -> None:
    """As an ordinary user: root may write anything."""
    import shutil
    import tempfile

    folder = Path(tempfile.mkdtemp())
    try:
        path = folder / "h.db"
        ids = filled(path)
        path.chmod(0o444)
        folder.chmod(0o555)
        done = subprocess.run([sys.executable, "-c", _WRITE, str(path)], capture_output=True, text=True, check=False, env={**os.environ})
        assert "cannot be used" in done.stdout, done.stderr
        assert done.stdout.count("\n") == 1
        folder.chmod(0o755)
        path.chmod(0o644)
        store = History(path)
        assert {race.id for race in store.races(1000)} == set(ids)
        store.close()
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)


@pytest.mark.slow
def test_a_file_that_may_grow_no_more_keeps_what_it_has(tmp_path: Path) -> None:
    """A process at its file size limit, which is what a full disk or quota is like: one line, and the rest is whole."""
    path = tmp_path / "h.db"
    ids = filled(path)
    code = (
        "import resource, signal, sys, numpy as np\n"
        "from banditgen.errors import HistoryError\n"
        "from banditgen.history.store import History\n"
        "from banditgen.testing._histories import a_race\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "store, rng = History(sys.argv[1]), np.random.default_rng(2)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))\n"
        "try:\n"
        "    while True:\n"
        "        race = a_race(rng)\n"
        "        store.add_race(race)\n"
        "        print(race.id, flush=True)\n"
        "except HistoryError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False, timeout=120)
    *told, said = done.stdout.splitlines()
    assert "cannot be used" in said, done.stderr
    store = History(path)
    assert {*ids, *told} <= {race.id for race in store.races(100_000)}
    assert store.check_statistics() == []
    store.close()


def test_an_unreadable_folder_is_one_line() -> None:
    with pytest.raises(HistoryError, match="cannot be used"):
        History("/proc/self/nowhere/h.db")
