"""Folders that the user whom candidates run as can reach."""

from __future__ import annotations

from pathlib import Path


def open_to_others(folder: Path) -> None:
    """Let everyone read a folder, and get to it; nothing is taken from anybody."""
    for place in (folder, *folder.parents):
        mode = place.stat().st_mode
        if mode & 0o055 != 0o055:
            place.chmod(mode | 0o055)
