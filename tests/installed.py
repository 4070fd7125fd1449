"""Packages as pip leaves them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def leave_package(folder: Path, name: str, version: str, group: str, entries: Mapping[str, str]) -> None:
    """What is left of a package that registers these entry points, beside its modules."""
    about = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (about / "entry_points.txt").write_text(f"[{group}]\n" + "".join(f"{key} = {value}\n" for key, value in entries.items()))
