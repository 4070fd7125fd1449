"""The public names."""

from __future__ import annotations

from pathlib import Path

import banditgen


def test_every_public_name_is_there_and_documented() -> None:
    page = (Path(__file__).parents[1] / "docs/reference/python.md").read_text()
    for name in banditgen.__all__:
        assert getattr(banditgen, name) is not None
        assert name == "__version__" or f"`{name}`" in page, name
