"""How many examples a property is tried on, where it is not as many as usual: fewer in the developers' quick loop."""

import hypothesis


def examples(number: int) -> hypothesis.settings:
    """A decorator: so many in a full run, and the same share of them as of the usual number in the quick loop; 5 at least."""
    return hypothesis.settings(max_examples=max(5, number * hypothesis.settings().max_examples // 100))
