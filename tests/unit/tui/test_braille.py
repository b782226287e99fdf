"""Numbers to braille."""

from hypothesis import given
from hypothesis import strategies as st

from tui import braille

VALUES = st.lists(st.none() | st.floats(0, 1e9), max_size=200)


def test_each_cell_holds_two_points_of_four_steps():
    assert braille.filled([1, 2, 3, 4], 2, 1, 4) == ["⣠⣾"]


def test_the_newest_value_is_at_the_right_edge_and_old_ones_fall_off():
    assert braille.filled([4, 4, 0, 0, 4, 4], 2, 1, 4) == ["⣀⣿"]
    assert braille.filled([4, 4], 3, 1, 4) == ["  ⣿"]


def test_the_upper_line_comes_first():
    assert braille.filled([8, 8, 4, 4], 2, 2, 8) == ["⣿ ", "⣿⣿"]


def test_zero_is_a_line_and_what_is_not_known_is_a_gap():
    assert braille.filled([0, 0, None, None, 0, 0], 3, 1, 4) == ["⣀ ⣀"]


def test_what_is_above_the_top_is_cut():
    assert braille.filled([100, 100], 1, 1, 4) == ["⣿"]


def test_a_top_of_zero_is_no_division():
    assert braille.filled([5, 5], 1, 1, 0) == ["⣀"]


@given(VALUES, st.integers(0, 60), st.integers(0, 12), st.floats(0, 1e9))
def test_a_graph_fills_its_place_exactly(values, width, height, top):
    lines = braille.filled(values, width, height, top)
    assert [len(line) for line in lines] == [width] * height
    assert all(char == " " or 0x2800 < ord(char) < 0x2900 for line in lines for char in line)


def test_shrinking_keeps_the_largest_of_each_group():
    assert braille.shrink([1, 9, 2, 3, 4, 5], 3, 5) == [9, 5]
    assert braille.shrink([1, None, None, None], 2, 3) == [1, None]


def test_groups_begin_at_multiples_so_that_old_points_do_not_change():
    values = list(range(100))
    before = braille.shrink(values[:60], 4, 59)
    after = braille.shrink(values[:61], 4, 60)
    assert after[: len(before)] == before


@given(VALUES, st.integers(1, 9), st.integers(0, 10_000))
def test_no_peak_is_lost_by_shrinking(values, group, more):
    known = [value for value in values if value is not None]
    shrunk = [value for value in braille.shrink(values, group, len(values) + more) if value is not None]
    assert max(shrunk, default=None) == max(known, default=None)
