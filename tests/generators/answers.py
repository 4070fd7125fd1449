"""Answers as models write them, each with what its code must do: `call` gives `value`."""

import dataclasses
import json
import textwrap
from typing import Any

F = "`" * 3
GOOD = "def add(a, b):\n    return a + b"
DRAFT = "def add(a, b):\n    # a draft that was thrown away later, and is longer than the answer\n    return a - b"
FENCED = f"{F}python\n{GOOD}\n{F}"
DRAFTED = f"{F}python\n{DRAFT}\n{F}"
STRIP = "import re\n\n\ndef strip(text):\n    {line}\n    return re.sub(r'<think>.*?</think>', '', text, flags=re.S)"
TESTED = "import unittest\n\n\nclass TestAdd(unittest.TestCase):\n    def test_it(self):\n        self.assertEqual(add(1, 2), 3)"


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a model wrote, the name that is wanted (None: unknown), and what a call of the code must give."""

    text: str
    entry_point: str | None = "add"
    call: str = "add(1, 2)"
    value: Any = 3


def of(text: str) -> Answer:
    """An answer whose `add(1, 2)` is 3."""
    return Answer(text)


def stripping(text: str) -> Answer:
    """An answer whose code speaks of marks of thinking."""
    return Answer(text, "strip", "strip('<think>a</think>b')", "b")


def thought(opening: str, closing: str) -> str:
    return f"{opening}\nTry this first:\n{DRAFTED}\nNo, plus.\n{closing}\n{FENCED}"


THINKING = {
    "draft in bare lines": of(f"<think>\n{DRAFT}\n</think>\n\n{GOOD}"),
    "draft's fence never closed": of(f"<think>\n{F}python\n{DRAFT}\n</think>\n{FENCED}"),
    "mark named within": of(f"<think>\nI must not use <think> here, nor `</think>`.\n{DRAFTED}\n</think>\n{FENCED}"),
    "capital letters": of(thought("<THINK>", "</THINK>")),
    "thinking": of(thought("<thinking>", "</thinking>")),
    "thought": of(thought("<thought>", "</thought>")),
    "reasoning": of(thought("<reasoning>", "</reasoning>")),
    "two thoughts": of(thought("<think>", "</think>").replace(FENCED, "") + thought("<think>", "</think>")),
    "closing behind a word": of(f"{DRAFTED}\nSo plus it is.</think>{FENCED}"),
    "closing, then bare code": of(f"Hm.\n{DRAFTED}\n</think>\n\n{GOOD}"),
    "begin_of_thought": of(thought("<|begin_of_thought|>", "<|end_of_thought|>\n<|begin_of_solution|>") + "\n<|end_of_solution|>"),
    "START_THINKING": of(thought("<|START_THINKING|>", "<|END_THINKING|><|START_RESPONSE|>") + "<|END_RESPONSE|>"),
    "unused tokens": of(thought("<unused94>thought", "<unused95>")),
    "details": of(thought('<details type="reasoning" done="true">\n<summary>Thought for 3 s</summary>', "</details>")),
    "THINK on one line": of(f"[THINK]Plus: {DRAFT!r}[/THINK]{FENCED}"),
    "analysis, then two finals": of(
        f"<|channel|>analysis<|message|>{DRAFTED}<|end|><|start|>assistant<|channel|>commentary<|message|>{DRAFTED}<|end|>"
        f"<|start|>assistant<|channel|>final<|message|>{FENCED}<|return|>"
    ),
    "heading cut off": of(f"analysis<|message|>{DRAFTED}<|end|><|start|>assistant<|channel|>final<|message|>{FENCED}"),
    "channels without tokens, glued": of(f"analysisWe need to add. Maybe {DRAFTED}\nNo.assistantfinal{GOOD}"),
    "channels without tokens, parsing": of(f"analysis\n{DRAFT}\nassistantfinal\n{GOOD}"),
    "assistant in front": of(f"<|im_start|>assistant\n{thought('<think>', '</think>')}<|im_end|>"),
    "tool call in a channel": of(
        "<|channel|>analysis<|message|>Let me write it.<|end|><|start|>assistant<|channel|>commentary to=functions.write <|constrain|>json"
        f"<|message|>{json.dumps({'path': 'add.py', 'content': GOOD})}<|call|>"
    ),
}
SPEAKING_OF_MARKS = {
    "single tag in a comment": stripping(f"{F}python\n{STRIP.format(line='# all up to </think>')}\n{F}"),
    "bare code": stripping(f"Here it is:\n\n{STRIP.format(line='# drops <think>')}\n\nIt works."),
    "docstring with a lone mark": stripping(
        f"{F}python\n{STRIP.format(line=chr(34) * 3 + 'Drops all before' + chr(10) + '</think>' + chr(34) * 3)}\n{F}"
    ),
    "thought about marks": stripping(
        f"<think>\nStrip <think>x</think> with re.\n{F}python\n{STRIP.format(line='raise ValueError')}\n{F}\n</think>\n"
        f"{F}python\n{STRIP.format(line='pass')}\n{F}"
    ),
    "named before the code": of(f"I never write <think> or `</think>`:\n\n{FENCED}\n"),
    "opening named before the code": of(f"This drops <think> tags:\n\n{FENCED}\n"),
    "opening named behind the code": of(f"{FENCED}\nIt leaves <think> tags alone."),
    "closing named behind the code": of(f"{FENCED}\nIt stops at </think> and goes on."),
    "end tokens in strings": Answer(
        f"{F}python\nTOKENS = ['<|im_end|>', '</s>', '<|channel|>final<|message|>']\n{F}", "TOKENS", "len(TOKENS)", 3
    ),
    "a strike tag": Answer(f"{F}python\ndef strike(t):\n    return f'<s>{{t}}</s>'\n{F}", "strike", "strike('a')", "<s>a</s>"),
    "channel in a bare program": Answer("def f():\n    return '<|channel|>analysis<|message|>'[2:9]", "f", "f()", "channel"),
    "THINK in a list": Answer(f"{F}\nTHINK = 1\nMARKS = [\nTHINK, 2]\n\ndef f():\n    return [THINK]\n{F}", "f", "f()", [1]),
}
FENCES = {
    "tildes closed by backticks": of(f"~~~python\n{GOOD}\n{F}\nBye"),
    "four closed by three": of(f"{F}`python\n{GOOD}\n{F}\nIt adds."),
    "three closed by four": of(f"{F}python\n{GOOD}\n{F}`\nIt adds."),
    "markdown around": of(f"{F}`markdown\n# Add\n\n{FENCED}\n{F}`"),
    "markdown around, alike": of(f"{F}markdown\n# Add\n\n{FENCED}\n{F}"),
    "glued to prose": of(f"Here you are:{F}python\n{GOOD}\n{F}Enjoy."),
    "glued at the end": of(f"{F}python\n{GOOD}{F}"),
    "glued both sides": of(f"Code: {F}\n{GOOD}{F} and done"),
    "first block never closed": of(f"{F}python\n{DRAFT}\n\nBetter:\n\n{FENCED}"),
    "never closed, then prose": of(f"{F}python\n{GOOD}\n\nThis function adds two numbers."),
    "opened twice": of(f"{F}python\n{F}python\n{GOOD}\n{F}"),
    "the prompt's fence and a bare one": of(f"{GOOD}\n{F}\n\n{F}\nprint(add(1, 2))\n{F}"),
    "the prompt's fence, glued prose": of(f"{GOOD}\n{F}This adds.\n"),
    "the prompt's fence, then shell": of(f"{GOOD}\n{F}\nRun it:\n{F}bash\npython add.py\n{F}"),
    "the tag on a line of its own": of(f"{F}\npython\n{GOOD}\n{F}"),
    "the tag without a fence": of(f"python\n{GOOD}"),
    "file name as tag": of(f"{F}add.py\n{GOOD}\n{F}"),
    "tag and file name": of(f"{F}python:src/add.py\n{GOOD}\n{F}"),
    "braces": of(f"{F}{{.python .numberLines}}\n{GOOD}\n{F}"),
    "import on the fence's line": of(f"{F}python import operator\nadd = operator.add\n{F}"),
    "assignment behind the tag": of(f"{F}python add = lambda a, b: a + b {F}"),
    "assignment on the fence's line": of(f"{F}add = lambda a, b: a + b{F}"),
    "in a list": of(f"1. First:\n   {F}python\n   def add(a, b):\n       return a + b\n   {F}\n2. Done"),
    "in a bullet": of(f"- {F}python\n  def add(a, b):\n      return a + b\n  {F}\n- Done"),
    "quoted": of("\n".join(f"> {line}" for line in FENCED.split("\n"))),
    "quotes for backticks": of(f"'''python\n{GOOD}\n'''"),
    "windows": of(f"Sure:\n{FENCED}\nDone".replace("\n", "\r\n")),
    "old mac": of(f"Sure:\n{FENCED}\nDone".replace("\n", "\r")),
    "fence in a docstring": of(
        f"{F}python\ndef add(a, b):\n    '''Add.\n\n{F}python\nadd(1, 2)\n{F}\n    '''\n    return a + b\n{F}\nDone"
    ),
    "fence in a comment": of(f"{F}python\n# {F}\n# add(1, 2)\n# {F}\n{GOOD}\n{F}"),
    "one line of code in prose": of("Use `add = lambda a, b: a + b` and be happy."),
    "code tag": of(f'<pre><code class="language-python">{GOOD}</code></pre>'),
    "answer tag": of(f"<answer>\n{FENCED}\n</answer>"),
    "PYTHON brackets": of(f"[PYTHON]\n{GOOD}\n[/PYTHON]"),
    "LaTeX": of(f"\\begin{{lstlisting}}[language=Python]\n{GOOD}\n\\end{{lstlisting}}"),
}
ENDS = {
    token: of(f"{FENCED}{token}")
    for token in (
        "<|im_end|>",
        "</s>",
        "<|eot_id|>",
        "<|endoftext|>",
        "<|end|>",
        "<eos>",
        "<end_of_turn>",
        "<\uff5cend\u2581of\u2581sentence\uff5c>",
    )
} | {
    "a sentence inside the fence": of(f"{F}\nHere is the code:\nimport operator\nThen the function:\n{GOOD}\nThat is all.\n{F}"),
    "a file that a shell writes": of(f"{F}bash\ncat > solution.py <<'EOF'\n{GOOD}\nEOF\npython solution.py\n{F}"),
    "all in one text": of(f'"""\n{GOOD}\n"""'),
    "bare code and a token": of(f"{GOOD}<|im_end|>"),
    "bare code and </s>": of(f"{GOOD}</s>"),
    "another turn": of(f"{FENCED}<|im_end|>\n<|im_start|>user\nNow subtract.\n<|im_start|>assistant\n{DRAFTED}"),
    "header": of(f"<|start_header_id|>assistant<|end_header_id|>\n\n{GOOD}<|eot_id|>"),
    "another file": of(f"{GOOD}\n<|file_separator|>\n{DRAFT}"),
}
BINDINGS = {
    "walrus": of(f"{F}python\nprint((add := lambda a, b: a + b)(1, 1))\n{F}"),
    "for": of(f"{F}python\nimport operator\nfor add in [operator.add]:\n    pass\n{F}"),
    "with": of(f"{F}python\nimport contextlib, operator\nwith contextlib.nullcontext(operator.add) as add:\n    pass\n{F}"),
    "tuple": of(f"{F}python\nadd, sub = (lambda a, b: a + b), (lambda a, b: a - b)\n{F}"),
    "star": of(f"{F}python\n_, *rest = 0, lambda a, b: a + b\n[add] = rest\n{F}"),
    "if": of(f"{F}python\nif True:\n    def add(a, b): return a + b\nelse:\n    add = None\n{F}"),
    "global": of(f"{F}python\ndef setup():\n    global add\n    add = lambda a, b: a + b\nsetup()\n{F}"),
    "globals": of(f"{F}python\nglobals()['add'] = lambda a, b: a + b\n{F}"),
    "match": of(f"{F}python\nmatch [lambda a, b: a + b]:\n    case [add]:\n        pass\n{F}"),
    "class": of(f"{F}python\nclass add(int):\n    def __new__(cls, a, b):\n        return int.__new__(cls, a + b)\n{F}"),
    "import as": of(f"{F}python\nfrom operator import __add__ as add\n{F}"),
    "while": of(f"{F}python\nwhile True:\n    add = lambda a, b: a + b\n    break\n{F}"),
    "finally": of(f"{F}python\ntry:\n    pass\nfinally:\n    add = lambda a, b: a + b\n{F}"),
}
_USE = f"\nUse it:\n{F}python\nfor i in range(3):\n    text = 'a long block of examples that binds nothing that is wanted'\n{F}"
BINDINGS = {name: of(answer.text + _USE) for name, answer in BINDINGS.items()}
SPLIT = {
    "imported from a made-up module behind": of(f"{FENCED}\nTest:\n{F}python\nfrom solution import add\nassert add(1, 2) == 4\n{F}"),
    "the last wins over a longer": of(f"{DRAFTED}\nRather:\n{FENCED}"),
    "a stub in front": of(f"You want:\n{F}python\ndef add(a, b):\n    ...\n{F}\n{FENCED}"),
    "a stub behind": of(f"{FENCED}\nIn short:\n{F}python\ndef add(a, b):\n    pass\n{F}"),
    "a broken last block": of(f"{FENCED}\nOr:\n{F}python\ndef add(a, b:\n    return (\n{F}"),
    "three blocks": of(
        f"{F}python\nimport math\n{F}\n{F}python\ndef _sum(values):\n    return math.fsum(values)\n{F}\n"
        f"{F}python\ndef add(a, b):\n    return int(_sum([a, b]))\n{F}"
    ),
    "helper behind": of(
        f"{F}python\ndef add(a, b):\n    return _plus(a, b)\n{F}\nwith\n{F}python\ndef _plus(a, b):\n    return a + b\n{F}"
    ),
    "helper out of a draft whose test fails": of(
        f"{F}python\ndef _plus(a, b):\n    return a + b\n\ndef add(a, b):\n    return _plus(a, -b)\n\nassert add(1, 2) == 3\n{F}\nFixed:\n"
        f"{F}python\ndef add(a, b):\n    return _plus(a, b)\n{F}"
    ),
    "decorated later": of(f"{FENCED}\nCached:\n{F}python\nimport functools\nadd = functools.cache(add)\n{F}"),
    "a class below its base": of(
        f"{F}python\nclass Base:\n    def plus(self, a, b):\n        return a + b\n{F}\n"
        f"{F}python\nclass Sub(Base): ...\ndef add(a, b): return Sub().plus(a, b)\n{F}"
    ),
    "star import": of(f"{F}python\nfrom math import *\n{F}\n{F}python\ndef add(a, b):\n    return int(fsum((a, b)))\n{F}"),
    "annotations need an import": of(
        f"{F}python\nfrom typing import List\n{F}\n{F}python\ndef add(a: List, b: List) -> List:\n    return a + b\n{F}"
    ),
    "imports from the future": of(
        f"{F}python\nimport math\n{F}\n"
        f"{F}python\nfrom __future__ import annotations\n\ndef add(a: Any, b: int):\n    return int(math.fsum([a, b]))\n{F}"
    ),
    "two files": of(
        f"helpers.py:\n{F}python\ndef plus(a, b):\n    return a + b\n{F}\n"
        f"main.py:\n{F}python\nfrom helpers import plus\n\ndef add(a, b):\n    return plus(a, b)\n{F}"
    ),
    "fenced use, bare code": of(f"{GOOD}\n\nUsage:\n\n{F}python\nprint(add(1, 2))\n{F}"),
}
NO_NAME = {
    name: Answer(text, None)
    for name, text in {
        "usage with variables": f"{FENCED}\nUsage:\n{F}python\nfirst = 1\nresult = add(first, 2)\nprint(result)\n{F}",
        "pytest behind": f"{FENCED}\n{F}python\nimport pytest\n\ndef test_add():\n    assert add(1, 2) == 3\n{F}",
        "asserts behind": f"{FENCED}\n{F}python\nassert add(1, 2) == 3\nassert add(0, 0) == 0, 'nothing at all and some more words'\n{F}",
        "unit tests in front": f"{F}python\n{TESTED}\n{F}\nmakes me write\n{FENCED}",
        "toml in front": f'{F}toml\n[project]\nname = "a-name-that-is-longer-than-the-function-by-far"\n{F}\n{FENCED}',
        "helper in front": f"{F}python\ndef _plus(a, b):\n    return a + b\n{F}\n{F}python\ndef add(a, b):\n    return _plus(a, b)\n{F}",
        "helper behind": f"{F}python\ndef add(a, b):\n    return _plus(a, b)\n{F}\n{F}python\ndef _plus(a, b):\n    return a + b\n{F}",
        "improved": f"{DRAFTED}\nBetter:\n{FENCED}",
        "JSON": json.dumps({"code": GOOD, "explanation": "adds"}),
    }.items()
}
NAMED = {
    "JSON": of(json.dumps({"explanation": "It adds.", "code": GOOD, "tests": "assert add(1, 2) == 3"})),
    "JSON in a fence": of(f"{F}json\n{json.dumps({'code': GOOD}, indent=2)}\n{F}"),
    "JSON with a fence in it": of(json.dumps({"answer": f"Here:\n{FENCED}"})),
    "JSON of lines": of(json.dumps({"code": GOOD.split("\n")})),
    "JSON in prose": of(f"The result:\n\n{json.dumps({'solution': GOOD})}\n\nDone."),
    "JSON with raw line ends": of('{"code": "' + GOOD + '"}'),
    "JSON with false escapes": of(r"""{"code": "import re\ndef add(a, b):\n    return len(re.sub(r'\d', '', 'a1bc'))"}"""),
    "JSON without its end": of(json.dumps({"code": GOOD})[:-1]),
    "a JSON string": of(json.dumps(GOOD)),
    "a dict of Python's": of(repr({"code": GOOD})),
    "draft in front of the call": of(
        f"{DRAFTED}\nRather:\n<tool_call>\n{json.dumps({'name': 'write', 'arguments': {'path': 'a.py', 'content': GOOD}})}\n</tool_call>"
    ),
    "arguments as text": of(
        json.dumps({"tool_calls": [{"type": "function", "function": {"name": "run", "arguments": json.dumps({"code": GOOD})}}]})
    ),
    "TOOL_CALLS": of("[TOOL_CALLS]" + json.dumps([{"name": "run", "arguments": {"code": GOOD}}])),
    "python_tag": of(f"<|python_tag|>{GOOD}<|eom_id|>"),
    "python_tag with JSON": of("<|python_tag|>" + json.dumps({"name": "run", "parameters": {"code": GOOD}})),
    "function and parameter": of(
        f"<tool_call>\n<function=write>\n<parameter=path>\na.py\n</parameter>\n<parameter=content>\n{GOOD}\n</parameter>\n</function>\n</tool_call>"
    ),
    "parameter by name": of(
        f'<invoke name="write"><parameter name="path">a.py</parameter><parameter name="content">{GOOD}</parameter></invoke>'
    ),
    "a call with keywords": of(f"[write_file(path='a.py', content={GOOD!r})]"),
    "a call that only runs a test": of(
        f"{FENCED}\n<tool_call>{json.dumps({'name': 'python', 'arguments': {'code': 'print(add(1, 2))'}})}</tool_call>"
    ),
    "JSON that shows a request behind": of(f"{FENCED}\nRequest:\n{F}json\n{json.dumps({'code': DRAFT})}\n{F}"),
    "JSON as an example behind": of(f"{FENCED}\nOutput:\n{F}json\n{json.dumps({'code': 'def other(): pass', 'value': 3})}\n{F}"),
}
_DIFF = "--- a/add.py\n+++ b/add.py\n@@ -1,2 +1,2 @@\n def add(a, b):\n-    return a - b\n+    return a + b\n"
MENDED = {
    "indented as Markdown's code": of("*Answer:*\n\n" + textwrap.indent(GOOD, "    ") + "\n\nIt adds.\n"),
    "diff": of(f"{F}diff\n{_DIFF}{F}"),
    "bare diff": of(f"Here is the patch:\n\n{_DIFF}"),
    "new file": of("--- /dev/null\n+++ b/add.py\n@@ -0,0 +1,2 @@\n+def add(a, b):\n+    return a + b\n\\ No newline at end of file\n"),
    "diff without headings": of(f"{F}diff\n-def add(a, b): return 0\n+def add(a, b):\n+    return a + b\n{F}"),
    "diff of a block above": of(
        f"{F}python\nimport math\n\n{DRAFT}\n{F}\nFix:\n{F}diff\n@@ -6 +6 @@\n-    return a - b\n+    return a + b\n{F}"
    ),
    "search and replace": of(f"add.py\n{F}python\n<<<<<<< SEARCH\n{DRAFT}\n=======\n{GOOD}\n>>>>>>> REPLACE\n{F}"),
    "session": of(f"{F}\n>>> def add(a, b):\n...     return a + b\n...\n>>> add(1, 2)\n3\n{F}"),
    "notebook": of("In [1]: def add(a, b):\n   ...:     return a + b\n   ...:\n\nIn [2]: add(1, 2)\nOut[2]: 3"),
    "entities": Answer(
        f"{F}python\ndef add(a, b):\n    return a + b if a &lt; b &amp;&amp; 1 else 0\n{F}".replace("&amp;&amp; 1", "and b &gt; 0")
    ),
    "hard spaces": of(FENCED.replace("    ", "\u00a0\u00a0\u00a0\u00a0")),
    "no-width spaces": of(FENCED.replace("return", "\u200breturn")),
    "magics": of(f"{F}python\n%matplotlib inline\n!pip install numpy\n{GOOD}\n{F}"),
    "install line": of(f"{F}python\npip install numpy\n\n{GOOD}\n{F}"),
    "line numbers": of(f"{F}python\n1 | def add(a, b):\n2 |     return a + b\n{F}"),
    "line numbers alone": of(f"{F}\n 9  def add(a, b):\n\n10      return a + b\n{F}"),
    "line numbers with arrows": of(f"{F}python\n1\u2192def add(a, b):\n2\u2192    return a + b\n{F}"),
    "line numbers without a fence": of("Here it is:\n\n[1] def add(a, b):\n[2]     return a + b\n\nIt adds two numbers."),
    "all on one line": of(GOOD.replace("\n", "\\n")),
    "indented all over": of(f"{F}python\n    def add(a, b):\n        return a + b\n{F}"),
    "curly quotes": of(f"{F}python\ndef add(a, b):\n    x = \u201ca\u201d\n    return a + b\n{F}"),
    "last call breaks off": of(f"{F}python\n{GOOD}\n\nprint(add(1,"),
}
ANSWERS = {
    f"{group}: {name}": answer
    for group, table in (
        ("thinking", THINKING),
        ("marks", SPEAKING_OF_MARKS),
        ("fence", FENCES),
        ("end", ENDS),
        ("binding", BINDINGS),
        ("split", SPLIT),
        ("no name", NO_NAME),
        ("named", NAMED),
        ("mended", MENDED),
    )
    for name, answer in table.items()
}
