"""A PostgreSQL server of the tests' own: a temporary cluster, reached through a socket in its folder alone."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg

MISSING = "the tests start a PostgreSQL server and found no initdb: run `sh tests/system_packages.sh` (Debian: apt-get install postgresql)"
# the server must not outlive who started it: a closed pipe stops it as a line on it does
KEEPER = '"$@" & pid=$!; read -r signal || signal=QUIT; kill -"$signal" $pid; wait $pid'


class Cluster:
    """A server, running; `stop` and `start` it as often as you like, `close` removes it.

    Args:
        durable: flush to disk as real servers do; False is faster, and survives all that a test does to it.
    """

    def __init__(self, *, durable: bool = False) -> None:
        self._bin = _binaries()
        self._user = _user()
        self._durable = durable
        self.folder = _folder(self._user)
        self._server: subprocess.Popen[str] | None = None
        try:
            self._make()
            self.start()
        except BaseException:
            self.close()
            raise

    def _make(self) -> None:
        version = subprocess.run([self._bin / "initdb", "--version"], capture_output=True, text=True, check=True).stdout
        found = re.search(r"\d+", version)
        # people's databases sort by language, not by code points
        sorting = ["--locale-provider=icu", "--icu-locale=en-US"] if found and int(found[0]) >= 15 else []
        command = [self._bin / "initdb", "-D", self.folder / "data", "-U", "banditgen", "-A", "trust", "-E", "UTF8", "--no-sync"]
        done = self._as_user(subprocess.run, [*command, "--locale=C.UTF-8", *sorting], capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"initdb failed: {done.stdout}{done.stderr}")

    def start(self) -> None:
        """Start it, and wait until it answers."""
        settings = {"listen_addresses": "", "unix_socket_directories": str(self.folder), "max_connections": "60"}
        settings |= {"shared_buffers": "32MB", "fsync": "on" if self._durable else "off"}
        command = [self._bin / "postgres", "-D", self.folder / "data", *(f"--{key}={value}" for key, value in settings.items())]
        with (self.folder / "log").open("a") as log:
            self._server = self._as_user(
                subprocess.Popen, ["sh", "-c", KEEPER, "keeper", *command], stdin=subprocess.PIPE, stdout=log, stderr=log, text=True
            )
        deadline = time.monotonic() + 60
        while True:
            try:
                psycopg.connect(self._where("postgres")).close()
            except psycopg.OperationalError:
                if self._server.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"PostgreSQL did not start: {(self.folder / 'log').read_text()[-2000:]}") from None
                time.sleep(0.05)
            else:
                return

    def stop(self, signal: str = "INT") -> None:
        """Stop it: "INT" ends sessions orderly, "QUIT" is what a crash is like."""
        server, self._server = self._server, None
        if server is not None:
            server.communicate(f"{signal}\n")

    def database(self, name: str | None = None) -> str:
        """The URL of a new database."""
        name = name or f"t{os.urandom(6).hex()}"
        with psycopg.connect(self._where("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self._where(name)

    def close(self) -> None:
        """Stop the server and remove everything."""
        self.stop("QUIT")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _where(self, name: str) -> str:
        return f"postgresql://banditgen@/{name}?host={self.folder}"

    def _as_user(self, run: Any, command: list[Any], **options: Any) -> Any:
        if self._user is not None:
            options |= {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}
        return run([str(part) for part in command], cwd=self.folder, **options)


def _binaries() -> Path:
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    found = str(installed[-1]) if installed else shutil.which("initdb")
    if found is None:
        raise RuntimeError(MISSING)
    return Path(found).resolve().parent


def _user() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root: then it is the package's own user, or nobody."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    return known.get("postgres") or known["nobody"]


def _folder(user: pwd.struct_passwd | None) -> Path:
    """A short path (a socket's has at most 107 bytes) that the user may enter."""
    for parent in (tempfile.gettempdir(), "/tmp", "/var/tmp", "/dev/shm"):
        if not Path(parent).is_dir() or len(parent) > 60:
            continue
        folder = Path(tempfile.mkdtemp(prefix="pg", dir=parent))
        if user is None:
            return folder
        os.chown(folder, user.pw_uid, user.pw_gid)
        options: dict[str, Any] = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        if subprocess.run(["test", "-w", str(folder)], **options, check=False).returncode == 0:
            return folder
        folder.rmdir()
    raise RuntimeError("no folder that an ordinary user can write: set TMPDIR to one")
