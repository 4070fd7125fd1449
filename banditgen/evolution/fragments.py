"""The named pieces that a system prompt is assembled from, several to choose from for each slot."""

from __future__ import annotations

from collections.abc import Mapping

SLOTS = ("role", "method", "constraints", "output", "example")
"""In the order in which they stand in a prompt."""
NONE = ""
"""A slot that is left out."""
SEPARATOR = "\n\n"

FRAGMENTS: dict[str, dict[str, str]] = {
    "role": {
        "none": NONE,
        "programmer": "You are a Python programmer.",
        "expert": "You are an expert Python programmer who writes short, correct functions.",
        "reviewer": "You are a careful Python reviewer: you only hand in code that you would approve yourself.",
        "tester": "You write Python code that passes hidden unit tests.",
    },
    "method": {
        "none": NONE,
        "direct": "Write the simplest code that works.",
        "steps": "Think about the steps first, then write the function in one go.",
        "edges": "Before you write, consider empty input, zero, negative numbers, and missing keys.",
        "library": "Prefer built-in functions and the standard library over loops of your own.",
    },
    "constraints": {
        "none": NONE,
        "signature": "Keep exactly the function name and the parameters that are asked for.",
        "returns": "Return the result; do not print it and do not ask for input.",
        "alone": "Use no third-party packages. Import everything that you use.",
        "strict": "Keep the function name and parameters that are asked for, return the result, and print nothing.",
    },
    "output": {
        "none": NONE,
        "block": "Answer with one Python code block that holds the whole solution, and nothing else.",
        "plain": "Answer with Python code only: no explanation, no examples, no tests.",
        "brief": "Answer with the function alone and stop after its last line.",
    },
    "example": {
        "none": NONE,
        "add": "Example. Task: a function add(a, b) that returns the sum. Answer:\n```python\ndef add(a, b):\n    return a + b\n```",
        "edge": (
            "Example. Task: a function mean(numbers) that returns the average, and 0 for an empty list. Answer:\n"
            "```python\ndef mean(numbers):\n    return sum(numbers) / len(numbers) if numbers else 0\n```"
        ),
    },
}


def assemble(texts: Mapping[str, str]) -> str | None:
    """The system prompt of these fragments' texts by slot; None, the backend's own prompt, where all are left out."""
    return SEPARATOR.join(texts[slot] for slot in SLOTS if texts.get(slot)) or None


def dissect(prompt: str | None) -> dict[str, str]:
    """Fragments, by slot, that assemble to this prompt.

    Known fragments go to their slots; what nobody knows goes to the first free slot where it stands. A prompt that
    cannot be cut so is one fragment of the first slot, whole.
    """
    texts = dict.fromkeys(SLOTS, NONE)
    if not prompt:
        return texts
    free = 0
    for part in prompt.split(SEPARATOR):
        slot = next((i for i in range(free, len(SLOTS)) if part in FRAGMENTS[SLOTS[i]].values()), free)
        if slot == len(SLOTS) or not part:
            break
        texts[SLOTS[slot]] = part
        free = slot + 1
    return texts if assemble(texts) == prompt else dict.fromkeys(SLOTS, NONE) | {SLOTS[0]: prompt}


def fragment_name(slot: str, text: str) -> str:
    """What people call a fragment: its name, or "own" for a text that is none of ours."""
    return next((name for name, known in FRAGMENTS[slot].items() if known == text), "own")
