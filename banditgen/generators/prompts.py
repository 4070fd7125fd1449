"""How a task is put to a model: as a chat, or to a base model as the beginning of a file that it goes on writing."""

from __future__ import annotations

import ast
import dataclasses
import re

from banditgen._suite.signatures import METHODS
from banditgen.generators.base import Brief

VERSION = "2"
"""Of the words below: changed with them, so that what was learned under others counts less."""
PLAIN = "plain"
"""The version of no words at all."""
CHAT_INSTRUCTIONS = "You are a Python programmer.\n\nAnswer with one Python code block that holds the whole solution, and nothing else."
THINKING_INSTRUCTIONS = f"{CHAT_INSTRUCTIONS}\n\nThink no longer than the task needs."

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
_PROGRAM_EXAMPLE = """\
# Read two numbers from standard input and print the larger one.
import sys

numbers = [int(word) for word in sys.stdin.read().split()]
print(max(numbers))


"""
_PROGRAM_START = "import sys\n"  # else such a model goes on with the comment instead of the program
_AFTER_A_PROGRAM = ("\n\n\n# ", "\n\n\n\n", "\n```", "\n# Write ", "\n# Read ")
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


def version(brief: Brief | None) -> str:
    """Which words a request is put in."""
    return PLAIN if brief is None else VERSION


def instructions(system_prompt: str | None, brief: Brief | None, *, thinking: bool = False) -> str | None:
    """The system prompt: the arm's own, else ours for a model that chats, or thinks first; None where nothing is to be added."""
    if system_prompt or brief is None:
        return system_prompt or None
    return THINKING_INSTRUCTIONS if thinking else CHAT_INSTRUCTIONS


def told(prompt: str, brief: Brief | None) -> str:
    """The prompt, and behind it what is known of the task: the names and signatures that are called, or how a program is run."""
    words = _known(brief)
    return f"{prompt.rstrip()}\n\n{words}" if words else prompt


def chat_messages(prompt: str, system_prompt: str | None, brief: Brief | None = None, *, thinking: bool = False) -> list[dict[str, str]]:
    """The task as a chat."""
    system = instructions(system_prompt, brief, thinking=thinking)
    messages = [{"role": "system", "content": system}] if system else []
    return [*messages, {"role": "user", "content": told(prompt, brief)}]


def completion(prompt: str, system_prompt: str | None, entry_point: str | None, brief: Brief | None = None) -> Completion:
    """The task as the beginning of a file of small functions, stopped at the end of the function asked for, or of a program.

    A prompt that is code already and leaves `def entry_point(…):` open (as HumanEval's) is gone on from where it ends.
    """
    preface = _comment(system_prompt) if system_prompt else ""
    if entry_point and _is_open_definition(prompt, entry_point):
        text = prompt.rstrip() + "\n"
        return Completion(preface + text, text, _AFTER_A_FUNCTION)
    if entry_point:
        methods = brief is not None and any(one.startswith(f"{entry_point}(") and METHODS in one for one in brief.signatures)
        prefix = f"class {entry_point}" if methods else f"def {entry_point}("
        asked = told(prompt, brief) if methods else prompt  # a function's name is all that such a model needs
        return Completion(f"{preface}{_EXAMPLE}{_comment(asked)}{prefix}", prefix, _AFTER_A_FUNCTION)
    if brief is not None and brief.program:
        return Completion(f"{preface}{_PROGRAM_EXAMPLE}{_comment(prompt)}{_PROGRAM_START}", _PROGRAM_START, _AFTER_A_PROGRAM)
    return Completion(f"{preface}{_EXAMPLE}{_comment(told(prompt, brief))}", "", _AFTER_A_PROGRAM)


def added(arm_prompt: str | None, brief: Brief, prompt_version: str | None) -> list[str]:
    """For people, what a model that chats was told beside the task, a text a part: the system prompt, and what is known of the task."""
    if prompt_version in {None, PLAIN}:
        return [arm_prompt] if arm_prompt else []
    if prompt_version != VERSION:
        return [*([arm_prompt] if arm_prompt else []), "(in the words of another version of banditgen, which are not kept)"]
    return [text for text in (instructions(arm_prompt, brief), _known(brief)) if text]


def _known(brief: Brief | None) -> str:
    if brief is None:
        return ""
    if brief.program:
        return "Write a whole Python program: it reads standard input and prints the answer, and nothing else: no text that asks for input."
    if not brief.signatures:
        return ""
    if len(brief.signatures) == 1:
        return f"It is called as `{brief.signatures[0]}`: use that name."
    return "These are called: use their names.\n" + "\n".join(f"- `{signature}`" for signature in brief.signatures)


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
