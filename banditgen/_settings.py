"""What a project or a user has set: the environment, then the project's file, then the user's.

A project's settings stand in `banditgen.toml`, or in `[tool.banditgen]` of `pyproject.toml`, in the working folder or the nearest one
above it that has them; a user's in `banditgen.toml` in the platform's configuration folder. Paths in a file are relative to it.
"""

from __future__ import annotations

import dataclasses
import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import platformdirs

from banditgen.errors import UsageError

Key = Literal["api_key_env", "backend", "base_url", "history", "hosts", "models", "sandbox", "sandbox_image", "strategy"]
KEYS: tuple[Key, ...] = ("api_key_env", "backend", "base_url", "history", "hosts", "models", "sandbox", "sandbox_image", "strategy")
HEADERS = "headers"
FILE = "banditgen.toml"
PREFIX = "BANDITGEN_"


@dataclasses.dataclass(frozen=True)
class Setting:
    """A setting, and where it stands: a variable's name or a file's path."""

    value: str
    source: str


def setting(key: Key) -> Setting | None:
    """What is set for a key; None where nothing is.

    Raises:
        UsageError: a settings file that cannot be read, has another key, or a value that is no text; names file and key.
    """
    variable = PREFIX + key.upper()
    if os.environ.get(variable):
        return Setting(os.environ[variable], variable)
    for path, table in _files():
        if key in table:
            return Setting(_value(path, key, table[key]), str(path))
    return None


def model_names() -> list[str]:
    """The models that are set, a list in a file or names with commas between; empty where none are."""
    found = setting("models")
    return [name.strip() for name in found.value.split(",") if name.strip()] if found else []


def request_headers() -> dict[str, str]:
    """The extra headers that are set for the server at `base_url`: a table in a file, the project's or else the user's.

    Raises:
        UsageError: as `setting`, or a header that is no text; names file and key, and no value.
    """
    for path, table in _files():
        if HEADERS in table:
            headers = table[HEADERS]
            if not isinstance(headers, Mapping) or not all(isinstance(value, str) for value in headers.values()):
                raise UsageError(f"{path}: {HEADERS} must be a table of texts")
            return dict(headers)
    return {}


def _files() -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """The project's settings and the user's, where there are any."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        found = _of_folder(folder)
        if found is not None:
            yield found
            break
    user = Path(platformdirs.user_config_dir("banditgen")) / FILE
    if user.is_file():
        yield user, _checked(user, _read(user))


def _of_folder(folder: Path) -> tuple[Path, Mapping[str, Any]] | None:
    own, shared = folder / FILE, folder / "pyproject.toml"
    if own.is_file():
        return own, _checked(own, _read(own))
    if shared.is_file():
        table = _read(shared).get("tool", {}).get("banditgen")
        if table is not None:
            return shared, _checked(shared, table)
    return None


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{path}: can't be read: {getattr(error, 'strerror', None) or error}") from None


def _checked(path: Path, table: Any) -> Mapping[str, Any]:
    if not isinstance(table, Mapping):
        raise UsageError(f"{path}: the settings must be a table with {', '.join((*KEYS, HEADERS))}")
    for key in table:
        if key == "api_key":
            raise UsageError(
                f"{path}: api_key: a key has no place in a file; put it in an environment variable, and name that: api_key_env"
            )
        if key not in (*KEYS, HEADERS):
            raise UsageError(f"{path}: {key}: unknown setting; use {', '.join((*KEYS, HEADERS))}")
    return table


def _value(path: Path, key: Key, value: Any) -> str:
    names = value if key == "models" and isinstance(value, list) else [value]
    if not names or not all(isinstance(name, str) and name.strip() for name in names):
        raise UsageError(f"{path}: {key} must be {'a list of names' if key == 'models' else 'a text'}, not {value!r}")
    if key == "models":
        return ",".join(names)
    text = str(value)
    is_path = text.endswith(".toml") if key == "strategy" else key == "history" and "://" not in text
    return str(path.parent / text) if is_path else text
