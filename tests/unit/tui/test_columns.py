"""Which columns the list has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.columns import GAP, GLYPH, layout


def keys(width: int) -> list[str]:
    return [column.key for column in layout(width, ["web"], ["base"])]


def test_a_wide_list_has_every_column():
    assert keys(120) == ["name", "image", "cores", "spark", "memory", "restarts", "status"]


def test_a_terminal_of_80_cells_has_every_column():
    assert keys(80) == keys(120)


@pytest.mark.parametrize(("width", "gone"), [(66, "spark"), (56, "image"), (50, "restarts"), (30, "memory")])
def test_columns_leave_one_after_the_other(width, gone):
    assert gone not in keys(width)
    assert {"name", "status"} <= set(keys(width))


def test_names_get_as_much_room_as_they_want_while_there_is_room():
    columns = {column.key: column.width for column in layout(120, ["a-name-of-some-length"], ["base"])}
    assert columns["name"] >= len("a-name-of-some-length")


@given(st.integers(0, 300), st.lists(st.text(max_size=80), max_size=5), st.lists(st.text(max_size=80), max_size=5))
def test_columns_fill_the_width_and_no_more(width, names, images):
    columns = layout(width, names, images)
    used = GLYPH - GAP + sum(column.width + GAP for column in columns)
    assert used <= max(width, GLYPH + 8)
    assert len({column.key for column in columns}) == len(columns)
