"""Where strategies are found: those shipped, a user's own, and those that `banditgen tune` wrote."""

from __future__ import annotations

import hashlib
from pathlib import Path

import platformdirs

from banditgen._settings import setting
from banditgen.errors import StrategyError

DEFAULT_STRATEGY = "balanced"
TUNED = "-tuned"  # in the names of strategies that `banditgen tune` wrote
TUNED_ON = "# Tuned on the history "  # begins a line of their files


def known_strategies() -> dict[str, Path]:
    """Every strategy that `Strategy.load` finds by name, and its file: those shipped, then the user's."""
    found: dict[str, Path] = {}
    for folder in _folders():
        for path in sorted(folder.glob("*.toml")):
            found.setdefault(path.stem, path)
    return found


def find(name_or_path: str | Path) -> Path:
    """The file that is meant: a path's own, or that of the strategy of a name.

    Raises:
        StrategyError: no strategy has that name.
    """
    text = str(name_or_path)
    if isinstance(name_or_path, Path) or text.endswith(".toml") or "/" in text or "\\" in text:
        return Path(name_or_path)
    known = known_strategies()
    if text not in known:
        raise StrategyError(f"no strategy {text!r}: known are {', '.join(known) or 'none'}; or give the path of a .toml file")
    return known[text]


def strategy_in_use(history_url: str | None = None) -> str:
    """The name or path of the strategy that is meant where none is named: the one that is set (`BANDITGEN_STRATEGY`, a project's or a
    user's settings), else balanced; as `banditgen tune --apply` has tuned it on this history, where it has (on any, for None).
    """
    found = setting("strategy")
    named = found.value if found else DEFAULT_STRATEGY
    tuned = tuned_path(Path(named).stem if named.endswith(".toml") else named, history_url)
    return tuned.stem if tuned.is_file() else named


def tuned_path(name: str, history_url: str | None) -> Path:
    """Where `banditgen tune --apply` keeps what a history made of a strategy; several histories have a file each.

    Args:
        name: the strategy's; a tuned one's leads to the same place.
        history_url: as the history names itself to people; None leads to the file of the history that was tuned on first.
    """
    plain = user_folder() / f"{name.partition(TUNED)[0]}{TUNED}.toml"
    try:
        with plain.open(encoding="utf-8", errors="replace") as file:
            owner = next((line.removeprefix(TUNED_ON).strip() for line in file if line.startswith(TUNED_ON)), history_url)
    except OSError:
        return plain
    return (
        plain
        if history_url in (None, owner)
        else plain.with_stem(f"{plain.stem}-{hashlib.sha256(str(history_url).encode()).hexdigest()[:8]}")
    )


def user_folder() -> Path:
    """Where a user's own strategies are found by name."""
    return Path(platformdirs.user_config_dir("banditgen")) / "strategies"


def is_shipped(path: Path) -> bool:
    """Whether a file lies where banditgen's own strategies are, which nothing writes to."""
    return path.resolve().parent in {folder.resolve() for folder in _shipped_folders()}


def _shipped_folders() -> tuple[Path, ...]:
    package = Path(__file__).parent.parent
    return (package / "strategies", package.parent / "strategies")  # in a wheel, in a checkout


def _folders() -> tuple[Path, ...]:
    return (*_shipped_folders(), user_folder())
