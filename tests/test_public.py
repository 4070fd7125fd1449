"""The public names."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import banditgen


def test_every_public_name_is_there_and_documented() -> None:
    page = (Path(__file__).parents[1] / "docs/reference/python.md").read_text()
    for name in banditgen.__all__:
        assert getattr(banditgen, name) is not None
        assert name == "__version__" or f"`{name}`" in page, name


@pytest.mark.slow
def test_starts_import_no_more_than_they_need() -> None:
    """The library loads its parts where they are asked for; a report does without what takes as long to import as the report itself."""
    heavy = ["scipy.stats", "scipy.optimize", "pandas", "plotly", "fastapi", "openai", "psycopg"]
    for module, absent in (("banditgen", ["numpy", "sqlalchemy", *heavy]), ("banditgen.cli.report", heavy)):
        code = f"import sys, {module}; print([name for name in {absent} if name in sys.modules])"
        assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n", module
