"""What a candidate sees of itself and beside it: its names, its arguments, its file, the task's own modules."""

from __future__ import annotations

import functools
import importlib
import marshal
import os
import sys
import types
from _frozen_importlib import ModuleSpec
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from banditgen.sandbox.inside import program, streams

ARGUMENTS = ("main.py",)


class Candidate(NamedTuple):
    """What a job gets of a candidate.

    Args:
        code: its source.
        modules: the names by which it can be imported.
        files: (path, source) of the modules beside it.
        lay: whether its file has to be in its folder.
        later: whether it runs when it is first imported, rather than at once.

    """

    code: str
    modules: tuple[str, ...]
    files: tuple[tuple[str, str], ...]
    lay: bool
    later: bool


class Finder:
    """Finds modules whose source is in memory: the task's own, and the candidate for those that load it again."""

    def __init__(self) -> None:
        self.folder = ""
        self._sources: dict[str, tuple[str, str, bool]] = {}
        self.traps: dict[str, Callable[[], None]] = {}  # what is called instead, where there is no candidate

    def add(self, name: str, path: str, source: str, *, package: bool = False) -> None:
        """Know a module: its name, the file it seems to come from, and its source."""
        self._sources[name] = (path, source, package)

    def forget(self) -> None:
        """Know none any more."""
        self._sources.clear()
        _blank.cache_clear()
        _blank()

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:  # noqa: ARG002  # the import system's
        """The spec of a known module."""
        if name in self.traps:
            self.traps[name]()
        if name not in self._sources:
            return None
        place, _, package = self._sources[name]
        return self.spec(name, place, package=package)

    def spec(self, name: str, place: str, *, package: bool = False) -> ModuleSpec:
        """The spec of a module that is loaded by this."""
        spec = ModuleSpec(name, self, origin=place, is_package=package)  # type: ignore[arg-type]  # a loader by its methods
        spec.has_location = True
        return spec

    def create_module(self, spec: ModuleSpec) -> None:
        """Leave making the module to the import system."""

    def exec_module(self, module: types.ModuleType) -> None:
        """Run its source."""
        place, source, _ = self._sources[module.__name__]
        program.run_source(source, module, "<candidate>" if place == _place(program.MODULE) else place)

    def get_source(self, name: str) -> str:
        """The source of a known module."""
        return self._sources[name][1]

    def get_code(self, name: str) -> types.CodeType:
        """The same, compiled, for `runpy`."""
        place, source, _ = self._sources[name]
        return compile(source.removeprefix("\ufeff"), place, "exec", dont_inherit=True)


FINDER = Finder()


def install(folder: str) -> None:
    """Have the worker's import system ask for modules beside a candidate before it looks into folders; forget the worker's arguments.

    Args:
        folder: the one that jobs run in.

    """
    sys.argv[:] = ARGUMENTS
    sys.orig_argv[:] = ["python", *ARGUMENTS]
    FINDER.folder = folder
    sys.meta_path.insert(len(sys.meta_path) - 1, FINDER)


def receive(code_fd: int) -> Candidate:
    """The candidate of a job."""
    return Candidate(*marshal.loads(program.read_all(code_fd)))  # noqa: S302  # what the user's process wrote


def lay_files(files: Iterable[tuple[str, str]]) -> None:
    """Make the task's own modules importable."""
    for path, source in files:
        parts = path.removesuffix(".py").split("/")
        package = parts[-1] == "__init__"
        FINDER.add(".".join(parts[:-1] if package else parts), os.path.join(os.getcwd(), path), source, package=package)
        for depth in range(1, len(parts)):
            folder = "/".join(parts[:depth])
            if f"{folder}/__init__.py" not in dict(files):
                FINDER.add(".".join(parts[:depth]), os.path.join(os.getcwd(), folder), "", package=True)


def script(candidate: Candidate) -> types.ModuleType:
    """The module that a candidate becomes as a program."""
    module = sys.modules["__main__"] = types.ModuleType("__main__")
    module.__file__ = _place("main")
    sys.path.insert(0, os.getcwd())
    streams.install()
    lay_files(candidate.files)
    _lay(candidate, "main")
    return module


def solution(candidate: Candidate) -> types.ModuleType:
    """The module that a candidate becomes where tests import it, under all its names."""
    module = _blank()
    lay_files(candidate.files)
    place = _place(program.MODULE)
    for name in candidate.modules:
        FINDER.add(name, place, candidate.code)
    if not candidate.later:
        name_module(module, candidate.modules)
    _lay(candidate, *candidate.modules)
    return module


@functools.cache
def _blank() -> types.ModuleType:
    """The module that is to be a candidate, made before there is one: in a fork, it costs pages."""
    module = types.ModuleType(program.MODULE)
    module.__file__ = _place(program.MODULE)
    module.__spec__ = FINDER.spec(program.MODULE, module.__file__)
    return module


def name_module(module: types.ModuleType, names: Iterable[str]) -> None:
    """Have a module imported under these names; the packages of a dotted one are made where no file is one."""
    for name in names:
        sys.modules[name] = held = module
        while "." in name:
            name, _, last = name.rpartition(".")  # noqa: PLW2901
            if name not in sys.modules:
                package = importlib.import_module(name) if FINDER.find_spec(name) else types.ModuleType(name)
                package.__path__ = []
                sys.modules[name] = package
            setattr(sys.modules[name], last, held)
            held = sys.modules[name]


def _place(name: str) -> str:
    return f"{FINDER.folder}/{name.replace('.', '/')}.py"  # `os.path.join` is a dozen objects, on pages that a job then has to copy


def _lay(candidate: Candidate, *names: str) -> None:
    """Write the candidate's file where it, or its tests, may look for one: most don't, and a written file has its price."""
    if candidate.lay:
        sys.path.append(os.getcwd())  # where processes that multiprocessing starts anew find it
        for name in names:
            path = _place(name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8", errors="surrogatepass") as file:
                file.write(candidate.code)
