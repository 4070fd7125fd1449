"""A mutation that only a language model can do: to write a fragment of a prompt anew, with a failure in hand.

What a model writes is data: it is looked at, bounded, and put into a prompt. It is never run.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable

import numpy as np

from banditgen._loop import run_sync
from banditgen._text import flat, one_line
from banditgen.arm import GeneratorConfig
from banditgen.evolution.genome import Genome
from banditgen.evolution.operators import Child
from banditgen.generators.base import Deadlines, Generation, GenerationError, Generator, Request
from banditgen.task import Task

logger = logging.getLogger("banditgen.evolution")

MAX_CHARS = 300  # of a fragment that a model wrote
MIN_CHARS = 12
MAX_TOKENS = 96
GIVE_UP = 3  # unusable answers one after the other, after which a model is not asked again
SHOWN_CHARS = 400  # of a task and of a failure, in the question
REWRITTEN = ("role", "method", "constraints")

QUESTION = """\
A language model writes Python functions. Its instruction ({slot}) is:
{text}

On this task it failed:
{task}

What went wrong:
{failure}

Write one better instruction of one or two sentences that would prevent such failures in general. \
Do not mention this task. Answer with the instruction only."""


class Rewriter:
    """Asks a model for a better fragment.

    Args:
        generator: the backend.
        model: the model to ask.
        failures: each arm's last failure by arm id: the task and what went wrong.
        rng: of the slot that is rewritten.
    """

    def __init__(
        self, generator: Generator, model: str, failures: Callable[[str], tuple[Task, str] | None], rng: np.random.Generator
    ) -> None:
        self._generator, self._failures, self._rng = generator, failures, rng
        self._arm = GeneratorConfig("rewriter", model, 0.7, MAX_TOKENS, "You improve instructions.")
        self._unusable = 0

    def __call__(self, genome: Genome, seconds: float) -> tuple[Child | None, float]:
        """A child with one fragment written anew, or None where nobody failed or nothing usable came; and the seconds it took."""
        failed = self._failures(genome.arm_id)
        if failed is None or self._unusable >= GIVE_UP:
            return None, 0.0
        task, failure = failed
        slot = REWRITTEN[int(self._rng.integers(len(REWRITTEN)))]
        old = getattr(genome, slot)
        question = QUESTION.format(
            slot=slot,
            text=one_line(old, SHOWN_CHARS) or "(none yet)",
            task=one_line(task.prompt, SHOWN_CHARS),
            failure=one_line(failure, SHOWN_CHARS) or "its tests failed",
        )
        deadlines = Deadlines(first_token=seconds, total=seconds)
        request = Request(question, self._arm, int(self._rng.integers(1 << 31)), deadlines=deadlines)
        try:
            generation: Generation = run_sync(self._generator.generate(request))
        except GenerationError as error:
            self._unusable += 1
            logger.info("the model %s could not rewrite a prompt: %s", self._arm.model, error.message)
            return None, min(seconds, error.timings.model_seconds) if error.timings else 0.0
        took = generation.timings.model_seconds
        text = usable(generation.text)
        if text is None or text == old:
            self._unusable += 1
            return None, took
        self._unusable = 0
        settings = {**genome.to_dict(), slot: text}
        return Child(Genome(**settings), (genome,), (1.0,), f"{slot} rewritten by {self._arm.model}"), took


def usable(answer: str) -> str | None:
    """What a model answered as a fragment: one paragraph of printable text, bounded; None where it is none.

    Code, lists of code and answers without a sentence are none: they would be examples of nothing.
    """
    answer = re.sub(r"<think>.*?(</think>|$)", "", answer[: 20 * MAX_CHARS], flags=re.DOTALL)
    paragraph = next((part for part in re.split(r"\n\s*\n", answer) if part.strip()), "")
    if "```" in paragraph:  # looked for before quotes are taken off
        return None
    text = re.sub(r"^\W*(new |better |improved )?instruction\W*:", "", " ".join(flat(paragraph).split()), flags=re.IGNORECASE).strip(
        "\"'`* "
    )
    if len(text) > MAX_CHARS:  # to its last whole sentence
        text = text[: max(text.rfind(stop, 0, MAX_CHARS) for stop in ".!?") + 1]
    words = re.findall(r"[A-Za-z]{2,}", text)
    if len(text) < MIN_CHARS or len(words) < 3 or re.search(r"\bdef \w+\(|[{}<>]", text):
        return None
    return text
