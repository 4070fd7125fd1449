"""A model that rewrites prompts: what it answers is data, bounded and cleaned, or dropped."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from banditgen.evolution.genome import Genome
from banditgen.evolution.rewrite import GIVE_UP, MAX_CHARS, MAX_TOKENS, REWRITTEN, Rewriter
from banditgen.generators.client import ClientGenerator
from banditgen.task import Task
from tests.clients import Client

PARENT = Genome("small:1b", role="You write Python.", method="Be quick.", constraints="Print nothing.")
FAILED = (Task("Write mean(numbers).", tests="assert mean([]) == 0"), "ZeroDivisionError: \x1b[31mdivision by zero" + "x" * 9000)


def rewriter(answer: str | Exception, failures: Mapping[str, tuple[Task, str]] | None = None) -> tuple[Rewriter, Client]:
    client = Client({"writer:1b": answer})
    known = {PARENT.arm_id: FAILED} if failures is None else failures
    return Rewriter(ClientGenerator(client), "writer:1b", known.get, np.random.default_rng(0)), client


def test_one_fragment_is_written_anew_with_the_failure_in_hand() -> None:
    rewrite, client = rewriter("<think>hm</think>Check for an empty list before you divide.")
    child, seconds = rewrite(PARENT, 30.0)
    assert child is not None
    assert seconds >= 0
    changed = [slot for slot, text in child.genome.texts.items() if text != PARENT.texts[slot]]
    assert len(changed) == 1
    assert changed[0] in REWRITTEN
    assert child.genome.texts[changed[0]] == "Check for an empty list before you divide."
    assert child.parents == (PARENT,)
    assert "writer:1b" in child.how
    prompt = client.calls[0]["prompt"]
    assert "ZeroDivisionError" in prompt
    assert "mean(numbers)" in prompt
    assert "\x1b" not in prompt
    assert len(prompt) < 2000
    assert client.calls[0]["max_tokens"] == MAX_TOKENS


@pytest.mark.parametrize(
    "answer", ["Check the \x1b[2Jinput, \x00then\u202e write it. " * 200, "Consider zero first.\n\n```python\nimport os; os.abort()\n```"]
)
def test_what_a_model_wrote_is_bounded_and_printable(answer: str) -> None:
    rewrite, _ = rewriter(answer)
    child, _ = rewrite(PARENT, 30.0)
    assert child is not None
    text = next(child.genome.texts[slot] for slot in REWRITTEN if child.genome.texts[slot] != PARENT.texts[slot])
    assert 0 < len(text) <= MAX_CHARS
    assert text.isprintable()
    assert "abort" not in text


@pytest.mark.parametrize("answer", ["no", "```python\nimport os\n```", "def f(): pass", "{}", "Be quick.", RuntimeError("gone")])
def test_unusable_answers_give_no_child_and_after_some_the_model_is_not_asked_again(answer: str | Exception) -> None:
    rewrite, client = rewriter(answer)
    for _ in range(GIVE_UP + 2):
        child, seconds = rewrite(PARENT, 30.0)
        assert child is None
        assert seconds >= 0
    assert len(client.calls) == GIVE_UP


def test_where_nobody_failed_nobody_is_asked() -> None:
    rewrite, client = rewriter("Check the input first.", {})
    assert rewrite(PARENT, 30.0) == (None, 0.0)
    assert client.calls == []
