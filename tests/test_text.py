"""Whatever a model, a server or a candidate wrote is fit to show."""

from __future__ import annotations

import sys

from hypothesis import given
from hypothesis import strategies as st

from banditgen._text import flat, last_line, one_line, printable, shown

hostile = st.text(st.characters(exclude_categories=[]), max_size=300)  # surrogates, too


@given(hostile, st.integers(1, 80))
def test_nothing_that_cannot_be_printed_is_shown(text: str, limit: int) -> None:
    line = one_line(text, limit)
    assert line.isprintable()
    assert len(line) <= limit
    assert flat(text).isprintable()
    assert len(flat(text)) == len(text)
    assert all(character.isprintable() or character in "\n\t" for character in printable(text))


def test_lines_keep_what_they_say() -> None:
    assert one_line("a\n  b\x1b[31mc\u202ed") == "a b[31mcd"
    assert one_line("x" * 300, 10) == "x" * 9 + "…"
    assert flat("'a  b'\n != 'a b'") == "'a  b'  != 'a b'"
    assert printable("a\x1b\n\tb") == "a\N{REPLACEMENT CHARACTER}\n\tb"
    assert last_line("one\ntwo\n \n") == "two"
    assert last_line("") == ""


def test_a_refused_value_is_shown_in_a_bounded_length() -> None:
    assert shown("x") == "'x'"
    assert shown("x" * 300) == "'" + "x" * 78 + "…"
    assert shown(10 ** (sys.get_int_max_str_digits() + 1)).endswith(" bits")
