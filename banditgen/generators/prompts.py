"""How a task is put to a model: as a chat, or to a base model as the beginning of a file that it goes on writing."""

from __future__ import annotations

import ast
import dataclasses
import re

CHAT_INSTRUCTIONS = "You are a Python programmer. Answer with one Python code block that holds the whole solution, and nothing else."

_EXAMPLE = """\
# Write a function count_vowels(text) that returns how many vowels the string has.
def count_vowels(text):
    return sum(1 for char in text.lower() if char in "aeiou")


# Write a function mean(numbers) that returns the average of a list, and 0 if the list is empty.
def mean(numbers):
    if not numbers:
        return 0
    return sum(numbers) / len(numbers)


"""
_AFTER_A_FUNCTION = ("\ndef ", "\nclass ", "\n# ", "\nif __name__", "\nprint(", "\nassert ", '\n"""', "\n```", "\n@")


@dataclasses.dataclass(frozen=True)
class Completion:
    """The beginning of a file for a base model.

    Args:
        prompt: what the model reads and goes on from.
        prefix: the end of the prompt that belongs to the answer (`def name(`), put before what the model writes.
        stop: texts that end the answer where the model writes one of them; they are no part of it.
    """

    prompt: str
    prefix: str
    stop: tuple[str, ...]


def chat_messages(prompt: str, system_prompt: str | None) -> list[dict[str, str]]:
    """The task as a chat; without a system prompt of the arm's own the model is asked for one code block."""
    return [{"role": "system", "content": system_prompt or CHAT_INSTRUCTIONS}, {"role": "user", "content": prompt}]


def completion(prompt: str, system_prompt: str | None, entry_point: str | None) -> Completion:
    """The task as the beginning of a file of small functions, stopped at the end of the function asked for.

    A prompt that is code already and leaves `def entry_point(…):` open (as HumanEval's) is gone on from where it ends.
    """
    preface = _comment(system_prompt) if system_prompt else ""
    if entry_point and _is_open_definition(prompt, entry_point):
        text = prompt.rstrip() + "\n"
        return Completion(preface + text, text, _AFTER_A_FUNCTION)
    if entry_point:
        prefix = f"def {entry_point}("
        return Completion(f"{preface}{_EXAMPLE}{_comment(prompt)}{prefix}", prefix, _AFTER_A_FUNCTION)
    return Completion(f"{preface}{_comment(prompt)}", "", ("\n\n\n\n", "\n```", "\n# Write "))


def _comment(text: str) -> str:
    return "".join(f"# {line}".rstrip() + "\n" for line in text.strip().splitlines())


def _is_open_definition(prompt: str, entry_point: str) -> bool:
    """Whether the prompt is a program that ends inside the function asked for, so that only a body is missing."""
    if re.search(rf"^def {re.escape(entry_point)}\(", prompt, re.MULTILINE) is None:
        return False
    try:
        tree = ast.parse(prompt.rstrip() + "\n    pass\n")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    last = tree.body[-1]
    return isinstance(last, ast.FunctionDef) and last.name == entry_point
