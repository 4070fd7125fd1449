"""What evidence counts for once a model's weights have changed: the one rule, live and offline."""

from __future__ import annotations

from collections.abc import Collection

KEEP = 0.1  # what evidence from before a model's weights changed counts for


def worth(digest: str, running: Collection[str], keep: float) -> float:
    """What an outcome under a digest counts for, in [0, 1], where these digests of its model are the ones that run next.

    Whole where it is one of them, whenever it was seen; whole, too, where its own digest ("") or theirs (none) are not known; else `keep`.
    """
    return 1.0 if not digest or not running or digest in running else keep
