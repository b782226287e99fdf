"""Sentences into lines."""

from hypothesis import given
from hypothesis import strategies as st

from tui.wrapping import LEAST, wrap


def test_a_number_stays_with_its_unit():
    assert wrap("ended a while after 15 min ago", 22) == ["ended a while after", "15 min ago"]
    assert wrap("the limit was 64 MiB", 16) == ["the limit was", "64 MiB"]


def test_nothing_is_one_empty_line():
    assert wrap("", 20) == [""]


@given(st.text(), st.integers(-5, 80))
def test_lines_are_printable_and_fit(text, width):
    for line in wrap(text, width):
        assert line.isprintable()
        assert len(line) <= max(LEAST, width)
