"""Colours, on light and on dark paper: an arm has one in every picture, and each is told from its neighbours by shape or name, too."""

from __future__ import annotations

from collections.abc import Sequence

from banditgen.report.chart import COLOURS, GREY

QUEUE, LOAD, PROMPT, TOKENS, TEST, PASSED, FAILED, MUTE = range(COLOURS, COLOURS + 8)
"""What a generation's time goes to, and what came of it: no arm's colours."""

# at least 3:1 against the paper, and apart for people who see red and green alike (after Okabe and Ito, 2008, darker and lighter)
_ARMS_LIGHT = ("#0067b0", "#c25e00", "#00805f", "#b03f8c", "#3b87ad", "#8c2d19", "#77700a", "#5b4bb5")
_ARMS_DARK = ("#58a6e8", "#f0a04b", "#3fc9a0", "#e58cc6", "#9ad4f5", "#e8806b", "#d8cc4a", "#a99cf5")
LIGHT = (*_ARMS_LIGHT, "#c3c9cf", "#857565", "#9cc3e0", "#2f6fa8", "#d59b2d", "#3f5b76", "#dbb08a", "#c3c9cf")
DARK = (*_ARMS_DARK, "#59616a", "#a8957f", "#40688a", "#7db4e0", "#e0b04a", "#93b3d1", "#8a6443", "#59616a")
GREYS = ("#767c83", "#8f969e")


def colours_of(names: Sequence[str]) -> dict[str, int]:
    """A colour for each of the first names; the others are grey."""
    return {name: place if place < COLOURS else GREY for place, name in enumerate(names)}


def hexadecimal(colour: int) -> str:
    """A colour on light paper."""
    return LIGHT[colour] if colour >= 0 else GREYS[0]


def variables() -> str:
    """The colours as CSS: variables for light and dark, and what gives them to marks."""
    light = "".join(f"--c{i}:{colour};" for i, colour in enumerate(LIGHT)) + f"--cg:{GREYS[0]};"
    dark = "".join(f"--c{i}:{colour};" for i, colour in enumerate(DARK)) + f"--cg:{GREYS[1]};"
    names = [*map(str, range(len(LIGHT))), "g"]
    marks = "".join(f".f{name}{{fill:var(--c{name})}}.s{name}{{stroke:var(--c{name})}}" for name in names)
    return f":root{{{light}}}@media (prefers-color-scheme:dark){{:root{{{dark}}}}}@media print{{:root{{{light}}}}}{marks}"
