"""The code comes out of whatever a model wrote around it."""

import json
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banditgen.generators.extract import ended, extract, extract_code, is_only_thinking
from banditgen.task import Task
from tests.examples import examples
from tests.generators.answers import ANSWERS, FENCED, THINKING

PROGRAMS = [
    "def add(a, b):\n    return a + b",
    (
        '"""A module."""\n\nimport re\n\n\ndef slugify(text):\n    """Lower case.\n\n    >>> slugify("A b")\n    \'a-b\'\n    """\n'
        '    return re.sub(r"\\W+", "-", text.lower())'
    ),
    (
        "import re\n\nLIMIT = 3\n\n\nclass Box:\n    size: int = 0\n\n    def grow(self):\n        self.size = 1\n\n\n"
        "def make():\n    return Box()"
    ),
    'def fence(code):\n    return f"""\n```python\n{code}\n```\n"""',
    "import sys\n\nfor line in sys.stdin:\n    print(line.strip()[::-1])",
    "async def get(url):\n    async with open(url) as f:\n        return await f.read()\n\n\ndef all_(urls):\n    return map(get, urls)",
    "def strip(text):\n    return text.replace('<think>', '').replace('</think>', '')",
    (
        "@staticmethod\ndef f(x):\n    # a comment with `ticks`\n    if x:\n\n        return 'é ☃'\n    return None\n\n\n"
        "if __name__ == '__main__':\n    print(f(1))"
    ),
]
BEFORE = [
    "",
    "Sure! Here is the function you asked for:\n\n",
    "Here's the code.\n\nIt uses a loop:\n",
    "# Solution\n\n**Approach**: count them (carefully).\n\n",
]
AFTER = [
    "",
    "<|im_end|>",
    "\n</s>",
    "<|eot_id|>\n<|start_header_id|>user<|end_header_id|>\n\nThanks!",
    "\n\nOutput:\n```\n3\nhello-world\n```\n",
    "\n\n```bash\npython solution.py\n```",
    "\n\nTests:\n```python\nimport pytest\n\ndef test_it():\n    assert True\n```\n",
    "\n\nThis function takes two numbers and returns their sum.",
    "\n\nExplanation:\n- It's simple.\n- Don't call it twice!\n",
    "\n\nLet me know if you'd like anything else!",
]
_DRAFT = "Let's see: `def wrong(): pass`?\n```python\ndef wrong():\n    pass\n```\nNo."
THOUGHTS = [
    "",
    f"[THINK]{_DRAFT}[/THINK]\n",
    f"<seed:think>{_DRAFT}</seed:think>",
    f"\u25c1think\u25b7{_DRAFT}\u25c1/think\u25b7\n",
    f"<|channel|>analysis<|message|>{_DRAFT}<|end|><|start|>assistant<|channel|>final<|message|>",
    f"analysis{_DRAFT}assistantfinal",
    f"<|im_start|>assistant\n<think>\n{_DRAFT}\n</think>\n",
    "<think>\nLet's see: `def wrong(): pass`?\n```python\ndef wrong():\n    pass\n```\n</think>\n\n",
    "Okay, so I need a function.\nHmm.\n</think>\n",
]

WRAPPINGS = {
    "fence": lambda p: f"```python\n{p}\n```",
    "other tag": lambda p: f"```rust\n{p}\n```",
    "no tag": lambda p: f"```\n{p}\n```",
    "tildes": lambda p: f"~~~python\n{p}\n~~~",
    "long fence": lambda p: f"````python title=x.py\n{p}\n````",
    "tildes closed by backticks": lambda p: f"~~~python\n{p}\n```",
    "four closed by three": lambda p: f"````python\n{p}\n```",
    "three closed by four": lambda p: f"```python\n{p}\n````",
    "glued to prose": lambda p: f"The code:```python\n{p}\n```",
    "tag on its own line": lambda p: f"```\npython\n{p}\n```",
    "opened twice": lambda p: f"```python\n```python\n{p}\n```",
    "draft in front": lambda p: f"```python\ndraft = 1\nprint(draft)\n```\nRather:\n```python\n{p}\n```",
    "quoted": lambda p: "\n".join(f"> {line}".rstrip() for line in f"```python\n{p}\n```".split("\n")),
    "in JSON": lambda p: json.dumps({"explanation": "It works.", "code": p}),
    "in a JSON fence": lambda p: f"```json\n{json.dumps({'code': p}, indent=2)}\n```",
    "in a tool call": lambda p: f"<tool_call>\n{json.dumps({'name': 'write', 'arguments': {'path': 'a.py', 'code': p}})}\n</tool_call>",
    "in a parameter": lambda p: f"<function=write>\n<parameter=code>\n{p}\n</parameter>\n</function>",
    "a diff": lambda p: "```diff\n--- /dev/null\n+++ b/a.py\n@@ -0,0 +1,9 @@\n" + "\n".join(f"+{line}" for line in p.split("\n")) + "\n```",
    "unclosed": lambda p: f"```python\n{p}",
    "indented fence": lambda p: "1. Do this:\n\n" + textwrap.indent(f"```python\n{p}\n```", "   ", lambda line: True),
    "shell block first": lambda p: f"```bash\npip install things\n```\n\n```python\n{p}\n```",
    "closing on the last line": lambda p: f"```python\n{p}```",
    "blank lines": lambda p: f"```python\n\n\n{p}\n\n\n```",
}


@pytest.mark.slow
@pytest.mark.parametrize("wrapping", WRAPPINGS)
@given(
    program=st.sampled_from(PROGRAMS),
    before=st.sampled_from(BEFORE),
    after=st.sampled_from(AFTER),
    thought=st.sampled_from(THOUGHTS),
    crlf=st.booleans(),
)
@examples(25)
def test_a_program_in_any_fence_comes_back_equal(wrapping: str, program: str, before: str, after: str, thought: str, crlf: bool) -> None:
    if wrapping == "unclosed":
        after = ""
    text = thought + before + WRAPPINGS[wrapping](program) + after
    if crlf:
        text = text.replace("\n", "\r\n")
    assert extract_code(text) == program


@pytest.mark.parametrize("program", [program for program in PROGRAMS if "```" not in program])
@pytest.mark.parametrize("after", AFTER)
def test_a_program_without_a_fence_comes_back_equal(program: str, after: str) -> None:
    assert [extract_code(before + program + after) for before in BEFORE[:3]] == [program] * 3


@pytest.mark.parametrize("name", ANSWERS)
def test_the_code_in_an_answer_does_what_was_answered(name: str) -> None:
    answer = ANSWERS[name]
    scope: dict[str, object] = {"__name__": "candidate"}
    exec(extract_code(answer.text, answer.entry_point), scope)  # the answers are ours
    assert eval(answer.call, scope) == answer.value


THINKING_ALONE = [
    "<think>\n```python\ndef f(x):\n    return x\n```\n</think>",
    "<think>\n```python\ndef f(x):\n    return x\n```\nbut wait",
    "```python\ndef f(x):\n    return x\n```\nSo that is it.</think>\n",
    "[THINK]def f(x): return x[/THINK]",
    "\u25c1think\u25b7def f(x): return x",
    "<seed:think>\ndef f(x):\n    return x",
    "<|channel|>analysis<|message|>```python\ndef f(x):\n    return x\n```<|end|>",
    "analysisWe need f. ```python\ndef f(x):\n    return x\n```",
]


@pytest.mark.parametrize(
    "text", [*THINKING_ALONE, *(answer.text.removesuffix(FENCED) for answer in THINKING.values() if answer.text.endswith(FENCED))]
)
def test_an_answer_that_is_only_thinking_has_no_code(text: str) -> None:
    assert extract_code(text, "f") == extract_code(text, "add") == extract_code(text) == ""
    assert is_only_thinking(text)


@pytest.mark.parametrize("text", ["", " \n", "Sorry, I can't.", "def f(x):\n    return '<think>'", "<think>Hm.</think>\nSorry."])
def test_an_answer_that_says_something_is_not_only_thinking(text: str) -> None:
    assert not is_only_thinking(text)


def test_a_program_that_reads_is_the_block_that_reads_with_what_it_calls() -> None:
    task = Task("Double the number on standard input.", examples=[("2\n", "4\n")])
    solve = "def double(n):\n    return 2 * n"
    main = "n = int(input())\nprint(double(n))"
    assert extract(f"```python\n{solve}\n```\nThen:\n```python\n{main}\n```\nPrints:\n```\n4\n```", task) == f"{solve}\n\n\n{main}"
    whole = f"{solve}\n\n\n{main}"
    assert extract(f"```python\n{whole}\n```\nThe heart of it:\n```python\ndef double(n):\n    return n + n\n```", task) == whole
    reading = "def main():\n    print(2 * int(input()))"
    assert extract(f"```python\n{reading}\n```\nand call it:\n```python\nmain()\n```", task) == f"{reading}\n\n\nmain()"


def test_a_package_that_the_task_names_binds_as_the_standard_library_does() -> None:
    text = "```python\ndef mean(x):\n    return 0\n```\nBetter:\n```python\nfrom numpy import mean\n```"
    tests = "assert mean([1]) == 1"
    assert extract(text, Task("mean", tests=tests, packages=["numpy"])) == "from numpy import mean"
    assert extract(text, Task("mean", tests=tests)).startswith("def mean")


def test_code_is_kept_with_a_line_end() -> None:
    assert ended("x = 1") == ended("x = 1\n") == "x = 1\n"
    assert ended("") == ""


def test_an_interpreter_session_gives_what_was_typed() -> None:
    assert extract_code(">>> def f(x):\n...     return x\n...\n>>> f(3)\n3\n>>> f('a')\n'a'") == "def f(x):\n    return x\n\nf(3)\nf('a')"
    assert extract_code("```pycon\n>>> x = 1\n>>> print(x)\n1\n```") == "x = 1\nprint(x)"


@given(names=st.lists(st.sampled_from(["alpha", "beta", "gamma"]), min_size=2, max_size=3, unique=True), wanted=st.integers(0, 1))
@examples(30)
def test_of_several_blocks_the_one_that_defines_the_entry_point_is_taken(names: list[str], wanted: int) -> None:
    blocks = [f"def {name}(x):\n    return {number}" for number, name in enumerate(names)]
    text = "\n\nor\n\n".join(f"```python\n{block}\n```" for block in blocks)
    assert extract_code(text, names[wanted]) == blocks[wanted]


def test_a_block_that_parses_is_preferred_to_one_that_does_not() -> None:
    assert (
        extract_code("```python\ndef f(x:\n    return\n```\nFixed:\n```python\ndef f(x):\n    return x\n```", "f")
        == "def f(x):\n    return x"
    )


def test_an_unfinished_last_statement_is_dropped_where_the_function_is_whole() -> None:
    assert extract_code("```python\ndef f(x):\n    return x\n\nprint(f(1", "f") == "def f(x):\n    return x"


def test_an_unfinished_function_stays_as_it_is() -> None:
    """Half a function is not made into a program that the model did not write."""
    text = "def f(x):\n    if x:\n        return 1\n    return ("
    assert extract_code(text, "f") == text
    assert extract_code(f"```python\n{text}", "f") == text


@pytest.mark.parametrize(
    "prose",
    [
        "",
        "   \n\n",
        "I'm sorry, but I can't help with that.",
        "Done",
        "Answer: yes",
        "Note: this is hard.\nPlease import the data first (see above).\nI can do that for you if you like.",
        "<think>\nI should write `def f(x): return x`.\n```python\ndef f(x):\n    return x\n```\nbut wait",
        "To do this, use a loop.",
        "# Heading\n\nText only, nothing else.",
        "```\n```",
    ],
)
def test_bare_prose_has_no_code(prose: str) -> None:
    assert extract_code(prose) == ""
    assert extract_code(prose, "f") == ""


def test_one_word_of_prose_around_bare_code_is_left_out() -> None:
    assert extract_code("Sure\n\ndef f():\n    return 1\n\nDone") == "def f():\n    return 1"


def test_an_invalid_escape_raises_no_warning() -> None:
    assert extract_code('```python\nimport re\nx = re.compile("\\d")\n```') == 'import re\nx = re.compile("\\d")'


HOSTILE = {
    "brackets": "(" * 100_000,
    "fenced brackets": "```python\nx = " + "[" * 50_000 + "]" * 50_000 + "\n```",
    "balanced below the limit": "x = " + "(" * 89 + ")" * 89,
    "open dicts": "{a:" * 80,
    "unary": "-" * 150_000 + "1",
    "attributes": "a" + ".b" * 90_000,
    "sum": "x = 1" + "+1" * 90_000,
    "not": "not " * 40_000 + "x",
    "lambda": "lambda: " * 20_000 + "1",
    "elif": "if a:\n pass\n" + "elif a:\n pass\n" * 10_000,
    "indentation": "\n".join(" " * n + "if 1:" for n in range(500)),
    "nul": "def f():\0\n    return 1\0",
    "surrogate": "x = '\ud800'",
    "fences": "```python\n" * 20_000,
    "closed fences": "```python\nx = (\n```\n" * 8_000,
    "prompts": ">>> x = (\n" * 15_000,
    "half statements": "def f(\n" * 20_000,
    "import lines": "import the next line\n" * 10_000,
    "thoughts": "<think>" * 20_000,
    "quotes": "'''" * 50_001,
    "megabytes": "word " * 1_000_000,
    "long line of equals": "a = " * 40_000,
    "spaces": " " * 150_000 + "x",
    "bracket words": "[a, " * 30_000,
    "tabs and backticks": "\t`" * 70_000,
    "indented lines": "    x = (\n\n" * 15_000,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_neither_raises_nor_hangs(name: str) -> None:
    """The test run's own time limit is the judge."""
    assert isinstance(extract_code(HOSTILE[name], "f"), str)


@pytest.mark.slow
@given(st.text(alphabet=st.sampled_from("`~\n \t()[]{}:='\"#.>abdefinrtu,\\\r\0"), max_size=120), st.sampled_from([None, "f"]))
@examples(300)
def test_any_text_gives_a_string_that_is_part_of_it(text: str, entry_point: str | None) -> None:
    code = extract_code(text, entry_point)
    assert isinstance(code, str)
    assert code == code.rstrip()
