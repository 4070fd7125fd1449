"""Models come out of wheels, whole and verified, or not at all."""

import dataclasses
import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from banditgen.errors import DownloadError, ModelNotFoundError
from banditgen.generators import models
from banditgen.generators._gguf import read_header

CONTENT = b"GGUF" + bytes(range(256)) * 100


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A local index with a small model in two wheels, registered as "tiny", and an empty cache."""
    folder = tmp_path / "index"
    folder.mkdir()
    for number, part in enumerate((CONTENT[:10_000], CONTENT[10_000:]), start=1):
        name = f"tiny_part{number}"
        with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as wheel:
            wheel.writestr(f"{name}/data", part)
            wheel.writestr(f"{name}-1.0.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
            wheel.writestr(f"{name}-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{name}-1.0.dist-info/RECORD", "")
    tiny = models.EmbeddedModel(
        name="tiny",
        filename="tiny.gguf",
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        size_bytes=len(CONTENT),
        wheels=("tiny-part1==1.0", "tiny-part2==1.0"),
        members=((0, "tiny_part1/data"), (1, "tiny_part2/data")),
        download_bytes=sum(path.stat().st_size for path in folder.iterdir()),
        note="test",
    )
    monkeypatch.setitem(models.REGISTRY, "tiny", tiny)
    monkeypatch.setenv("BANDITGEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.mark.slow
def test_a_model_is_put_together_from_its_wheels(index: Path) -> None:
    """The parts in order, progress up to the whole, nothing else left behind; a second pull does not download."""
    seen: list[tuple[int, int]] = []
    assert models.local_path("tiny") is None
    path = models.pull("tiny", lambda done, total: seen.append((done, total)))
    assert path.read_bytes() == CONTENT
    assert seen[-1][0] == seen[-1][1] == models.REGISTRY["tiny"].download_bytes
    assert [entry.name for entry in path.parent.iterdir()] == ["tiny.gguf"]
    for wheel in index.iterdir():
        wheel.unlink()
    assert models.pull("tiny") == path


@pytest.mark.slow
def test_a_wrong_checksum_leaves_nothing_behind(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(models.REGISTRY, "tiny", dataclasses.replace(models.REGISTRY["tiny"], sha256="0" * 64))
    with pytest.raises(DownloadError, match="wrong checksum"):
        models.pull("tiny")
    assert list(models.models_folder().iterdir()) == []


@pytest.mark.slow
def test_an_index_without_the_model_is_one_line_that_says_what_to_do(index: Path) -> None:
    for wheel in index.iterdir():
        wheel.unlink()
    with pytest.raises(DownloadError, match=r"banditgen models pull tiny.*PIP_INDEX_URL") as caught:
        models.pull("tiny")
    assert "\n" not in str(caught.value)
    assert list(models.models_folder().iterdir()) == []


@pytest.mark.slow
def test_a_wheel_with_more_inside_than_the_model_is_refused(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bomb ends when it passes the model's size."""
    monkeypatch.setitem(models.REGISTRY, "tiny", dataclasses.replace(models.REGISTRY["tiny"], size_bytes=5_000))
    with pytest.raises(DownloadError, match="not as expected"):
        models.pull("tiny")


def test_an_unwritable_cache_is_one_line(index: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("BANDITGEN_CACHE", str(tmp_path / "file"))
    with pytest.raises(DownloadError, match="set BANDITGEN_CACHE"):
        models.pull("tiny")


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ModelNotFoundError, match="gemma-3-270m"):
        models.pull("llama")


@pytest.mark.slow
def test_processes_that_pull_at_once_do_not_hurt_each_other(index: Path) -> None:
    """Each finishes with the whole file in place."""
    code = (
        "import sys\nfrom banditgen.generators import models\n"
        f"models.REGISTRY['tiny'] = models.{models.REGISTRY['tiny']!r}\n"
        "print(models.pull('tiny').stat().st_size)"
    )
    running = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) for _ in range(3)]
    assert [int(process.communicate()[0]) for process in running] == [len(CONTENT)] * 3
    assert [entry.name for entry in models.models_folder().iterdir()] == ["tiny.gguf"]


@pytest.mark.parametrize(
    "content",
    [b"", b"GGUF", b"GGUF\x03\0\0\0" + b"\xff" * 100, b"PK\x03\x04" * 100, b"GGUF\x03\0\0\0" + b"\x01\0\0\0\0\0\0\0" * 2 + b"\xff" * 8],
)
def test_a_file_that_is_no_model_is_refused_by_its_header(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.gguf"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"header|GGUF"):
        read_header(path)


@pytest.mark.models
def test_the_registrys_models_are_told_apart_by_their_headers() -> None:
    """One has a chat template, the other is a base model."""
    assert read_header(models.pull("smollm2-135m-instruct")).chats
    assert not read_header(models.pull("gemma-3-270m")).chats
