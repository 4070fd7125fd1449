"""What installed packages register of their own: entry points of our groups, read and not loaded."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points

from banditgen._text import one_line
from banditgen.errors import UsageError

POLICIES = "banditgen.policies"


def registered(group: str) -> list[str]:
    """The names in that group, by alphabet."""
    return sorted({entry.name for entry in entry_points(group=group)})


def registered_as(name: str, group: str, kind: str) -> EntryPoint | None:
    """What is registered under that name; None where nothing is.

    Args:
        name: as asked for.
        group: the group of entry points.
        kind: what the name is of, for people.

    Raises:
        UsageError: several packages register it; one line, with their names.
    """
    found = list(entry_points(group=group, name=name))
    if len(found) > 1:
        owners = ", ".join(sorted(one_line(entry.dist.name if entry.dist else "?", 60) for entry in found))
        raise UsageError(f"several packages register a {kind} {one_line(name)!r} ({owners}): uninstall all but one")
    return found[0] if found else None


def owner(entry: EntryPoint) -> str:
    """Words for whose it is, a space first; none where nobody knows."""
    return "" if entry.dist is None else f" of the package {one_line(entry.dist.name, 60)}"
