"""How Sphinx builds the documentation: `make docs`, then docs/_build/docs/index.html.

The source is the whole checkout, so that one relative link leads from a page to an experiment's results here as on a code host.
"""

import re

from sphinx.application import Sphinx

from banditgen import __version__

project = "banditgen"
author = "the banditgen authors"
release = version = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
root_doc = "docs/index"
include_patterns = ["README.md", "CHANGELOG.md", "docs/**.md", "experiments/README.md", "experiments/*/RESULTS.md"]
exclude_patterns = [".*", "docs/_build", "banditgen", "strategies", "tests"]  # not even looked through
html_theme = "furo"
html_title = f"banditgen {version}"
html_copy_source = html_show_sourcelink = False
myst_heading_anchors = 4
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True}
napoleon_use_ivar = True
python_display_short_literal_types = True
nitpicky = False  # types of other libraries have no page here


def _markdown(_app: Sphinx, _what: str, _name: str, _object: object, _options: object, lines: list[str]) -> None:
    """Docstrings write code as Markdown does, in single backticks."""
    lines[:] = [re.sub(r"(?<!`)`([^`]+)`(?!`)", r"``\1``\\ ", line) for line in lines]


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", _markdown)
