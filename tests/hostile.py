"""Forty texts as an attacker would name an arm, write code, or fail: each would leave a mark on a page that showed it as more than text.

A mark is `window.hurt`, an element with the attribute `data-hurt`, a dialog, or a request. Used wherever others' text is shown.
"""

from __future__ import annotations

_DO = "window.hurt=1"

TEXTS: tuple[str, ...] = (
    # markup
    f"<script>{_DO}</script>",
    f"<ScRiPt >{_DO}</sCrIpT >",
    f"<img src=x data-hurt onerror={_DO}>",
    f"<svg data-hurt onload={_DO}>",
    f"<svg><script>{_DO}</script></svg>",
    f"<svg><style><img data-hurt src=x onerror={_DO}></style></svg>",
    f"<details data-hurt open ontoggle={_DO}>",
    f"<body data-hurt onpageshow={_DO}>",
    '<iframe data-hurt srcdoc="<script>parent.hurt=1</script>"></iframe>',
    f"<input data-hurt autofocus onfocus={_DO}>",
    "<meta data-hurt http-equiv=refresh content='0;url=//evil.example/'>",
    "<link data-hurt rel=stylesheet href=//evil.example/a.css>",
    "<base data-hurt href=//evil.example/>",
    "<form data-hurt action=//evil.example/><button>go</button></form>",
    "<style data-hurt>*{background:url(//evil.example/a.png)}</style>",
    f"<math data-hurt><mtext><table><mglyph><style><img src=x onerror={_DO}>",
    f"<template data-hurt><script>{_DO}</script></template>",
    "<plaintext data-hurt>",
    "<!-- <b data-hurt>",
    f"--><script>{_DO}</script>",
    f"]]><script>{_DO}</script>",
    # out of where a text stands
    f"</title><script>{_DO}</script>",
    f"</style><script>{_DO}</script>",
    f"</script><script>{_DO}</script>",
    f"</textarea><script>{_DO}</script>",
    f"</svg></figure><img data-hurt src=x onerror={_DO}>",
    f"</text></svg><script>{_DO}</script>",
    f"</pre></code></td></table><script>{_DO}</script>",
    f'" onmouseover="{_DO}" data-hurt="',
    f"' onfocus='{_DO}' autofocus data-hurt='",
    f'"><script>{_DO}</script>',
    "` onerror=`window.hurt=1` data-hurt=`",
    "x;}*{background:url(//evil.example/b.png)}",
    # as an address, a template, a command
    f"javascript:{_DO}",
    "//evil.example/x.js",
    "{{ ''.__class__ }}{% raw %}${window.hurt=1}#{7*7}",
    # what cannot be seen
    "\x1b[2J\x1b]8;;http://evil.example\x07link\x1b]8;;\x07\x00\x08",
    "\u202eexe.py\u202c \u2066rtl\u2069 \u200b\ufeff \ud800 \uffff",
    "&lt;script&gt;window.hurt=1&lt;/script&gt;&#x202e;&nbsp;",
    "many\nlines\r\nand\ttabs, " + "long" * 60,
)
