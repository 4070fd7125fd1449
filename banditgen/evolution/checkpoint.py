"""A run of evolution on disk: written whole after every race, so that `kill -9` costs at most the race that was under way."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from banditgen.errors import UsageError

VERSION = 1


def save(path: Path, about: dict[str, Any], state: dict[str, Any]) -> None:
    """Replace the checkpoint in one step; `about` is what a later run must agree with.

    Raises:
        UsageError: the file can't be written.
    """
    beside = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("w", encoding="utf-8") as file:
            json.dump({"banditgen_evolution": VERSION, "about": about, "state": state}, file)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise UsageError(f"the checkpoint {path} can't be written: {error.strerror or error}") from None


def load(path: Path) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """(about, state) of a checkpoint; None where there is none yet.

    Raises:
        UsageError: it is no checkpoint, or one of another version; it stays as it is.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the checkpoint {path} can't be read: {error}") from None
    try:
        data = json.loads(text)
        version = data["banditgen_evolution"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise UsageError(f"{path} is no checkpoint of banditgen evolve: give another file, or remove it to begin anew") from None
    if version != VERSION:
        raise UsageError(
            f"the checkpoint {path} is of version {version!r}, this banditgen reads {VERSION}: go on with the banditgen that wrote it, "
            "or give another file to begin anew"
        )
    if not isinstance(data.get("about"), dict) or not isinstance(data.get("state"), dict):
        raise UsageError(f"the checkpoint {path} is damaged: remove it to begin anew")
    return data["about"], data["state"]
