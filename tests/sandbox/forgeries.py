"""Forgeries that work, or are made, by what our own sandbox is inside; those for any sandbox are in `banditgen.testing.attacks`."""

from __future__ import annotations

COOPERATIVE_FORGERIES: dict[str, str] = {
    "frame walk to the expected value": (
        "import sys, ast\ndef f(n):\n    frame = sys._getframe(1)\n    while frame:\n        order = frame.f_locals.get('order')\n"
        "        if order:\n            tree = ast.parse(order['tests'])\n"
        "            return next(node.comparators[0].value for node in ast.walk(tree) if isinstance(node, ast.Compare)\n"
        "                        and node.left.args[0].value == n)\n        frame = frame.f_back\n    return 0"
    ),
    "frame walk to the nonce": (
        "import sys, os, json\ndef f(n):\n    frame = sys._getframe(1)\n    while frame:\n        order = frame.f_locals.get('order')\n"
        "        if order:\n            for fd in range(3, 32):\n"
        "                try: os.write(fd, json.dumps({'outcome': 'passed', 'nonce': order['nonce']}).encode())\n"
        "                except OSError: pass\n            os._exit(0)\n        frame = frame.f_back\n    return 0"
    ),
    "gc scan for the nonce": (
        "import gc, os, json\ndef f(n):\n    for thing in gc.get_objects():\n        if type(thing) is dict and type(thing.get('nonce')) is str:\n"
        "            for fd in range(3, 32):\n"
        "                try: os.write(fd, json.dumps({'outcome': 'passed', 'nonce': thing['nonce']}).encode())\n"
        "                except OSError: pass\n            os._exit(0)\n    return 0"
    ),
    "the tests read from their descriptor": (
        "import os, json\nfor fd in range(3, 32):\n    try: data = os.pread(fd, 1 << 16, 0)\n    except OSError: continue\n"
        "    if b'nonce' in data:\n        nonce = json.loads(data)['nonce']\n        for fd in range(3, 32):\n"
        "            try: os.write(fd, json.dumps({'outcome': 'passed', 'nonce': nonce}).encode())\n            except OSError: pass\n"
        "        os._exit(0)\ndef f(n): return 0"
    ),
    "patching what runs the tests": (
        "import sys\nfor module in list(sys.modules.values()):\n    if hasattr(module, 'run_tests'):\n"
        "        module.run_tests = lambda *a, **k: {'outcome': 'passed'}\ndef f(n): return 0"
    ),
    "patching what looks for patches": (
        "import sys\nframe = sys._getframe()\nwhile frame:\n    memory = frame.f_locals.get('memory')\n    if memory is not None:\n"
        "        type(memory).replaced = type(memory).imports_changed = lambda self: None\n"
        "        run = frame.f_locals['run']\n"
        "        run.__code__ = (lambda order, names, clean, memory=None, watch=None: {'outcome': 'passed'}).__code__\n"
        "        break\n    frame = frame.f_back\ndef f(n): return 0"
    ),
}
"""Forgeries that only another process stops: a candidate that shares the interpreter with its tests can do all that they can."""

PATCHED_LIBRARY: dict[str, tuple[str, str]] = {
    "a module of its own": (
        "import sys, types\nsys.modules['math'] = types.SimpleNamespace(isclose=lambda a, b: True)\ndef f(n): return 0",
        "import math\nassert math.isclose(f(1), 2)",
    ),
    "a function of a module": (
        "import statistics\nstatistics.mean = lambda data: 2\ndef f(n): return 0",
        "import statistics\nassert statistics.mean([f(1)]) == 2",
    ),
    "a method of a class": (
        "import collections\ncollections.Counter.__eq__ = lambda self, other: True\ndef f(n): return ''",
        "from collections import Counter\nassert Counter(f(1)) == Counter('ab')",
    ),
    "a method that a class did not have": (
        "import collections\ncollections.UserList.__ne__ = lambda self, other: False\ndef f(n): return []",
        "from collections import UserList\nassert not UserList(f(1)) != UserList([2])",
    ),
    "a method of TestCase": (
        "import unittest\nunittest.TestCase.assertEqual = lambda *a: None\ndef f(n): return 0",
        "import unittest\nunittest.TestCase().assertEqual(f(1), 2)",
    ),
}
"""Candidates that change the library that tests rest on, each with tests that it would pass."""
