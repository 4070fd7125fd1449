"""How a task is put to a model, with words of ours around it and without."""

from banditgen import Task
from banditgen.generators.base import Brief
from banditgen.generators.prompts import (
    CHAT_INSTRUCTIONS,
    PLAIN,
    THINKING_INSTRUCTIONS,
    VERSION,
    added,
    chat_messages,
    completion,
    instructions,
    told,
    version,
)

BRIEF = Brief(("slugify(text: str)",))


def test_a_chat_is_told_what_the_tests_call() -> None:
    system, user = chat_messages("Lower case, spaces become hyphens.", None, BRIEF)
    assert system == {"role": "system", "content": CHAT_INSTRUCTIONS}
    assert user["content"].startswith("Lower case, spaces become hyphens.\n\n")
    assert "`slugify(text: str)`" in user["content"]
    several = told("Do it.", Brief(("f(x)", "Box() with the methods open()")))
    assert "`f(x)`" in several
    assert "`Box() with the methods open()`" in several


def test_without_a_brief_nothing_is_added() -> None:
    assert chat_messages("Do it.", None) == [{"role": "user", "content": "Do it."}]
    assert told("Do it.\n", None) == "Do it.\n"
    assert (instructions(None, None), version(None), version(BRIEF)) == (None, PLAIN, VERSION)


def test_an_arms_own_system_prompt_stands_in_place_of_ours() -> None:
    assert chat_messages("Do it.", "Be terse.", BRIEF)[0]["content"] == "Be terse."
    assert instructions("Be terse.", None) == "Be terse."


def test_a_model_that_thinks_is_asked_to_be_brief() -> None:
    assert instructions(None, BRIEF, thinking=True) == THINKING_INSTRUCTIONS


def test_a_program_is_told_what_it_reads_and_writes() -> None:
    text = told("Double the number.", Brief(program=True))
    assert "standard input" in text
    assert "no text that asks for input" in text


def test_a_base_model_begins_with_the_program_and_not_with_more_of_the_comment() -> None:
    made = completion("Double the number.", None, None, Brief(program=True))
    assert made.prompt.endswith("# Double the number.\nimport sys\n")
    assert made.prefix == "import sys\n"


def test_what_people_are_shown_of_the_words() -> None:
    assert added(None, BRIEF, VERSION) == [CHAT_INSTRUCTIONS, "It is called as `slugify(text: str)`: use that name."]
    assert added("Be terse.", Brief(), VERSION) == ["Be terse."]
    assert (added("Be terse.", BRIEF, PLAIN), added(None, BRIEF, None)) == (["Be terse."], [])
    assert "not kept" in added(None, BRIEF, "0")[-1]


def test_a_base_model_goes_on_from_the_name() -> None:
    task = Task("Lower case, spaces become hyphens.", tests="assert slugify('A b') == 'a-b'")
    made = completion(task.prompt, None, task.entry_point, Brief(task.signatures))
    assert made == completion(task.prompt, None, task.entry_point)
    assert made.prompt.endswith("# Lower case, spaces become hyphens.\ndef slugify(")


def test_a_base_model_is_told_that_a_class_is_wanted_and_with_which_methods() -> None:
    task = Task("A stack.", tests="s = Stack()\ns.push(1)\nassert s.pop() == 1")
    made = completion(task.prompt, None, task.entry_point, Brief(task.signatures))
    assert made.prefix == "class Stack"
    assert "push(number: int), pop()" in made.prompt
