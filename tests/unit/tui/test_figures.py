"""Numbers as the dashboard writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui import figures

SECOND = 1_000_000_000


@pytest.mark.parametrize(
    ("count", "long", "short"),
    [
        (0, "0 B", "0"),
        (999, "999 B", "999"),
        (1000, "1 KiB", "1K"),
        (1536, "1.5 KiB", "1.5K"),
        (64 << 20, "64 MiB", "64M"),
        (1023 << 20, "1 GiB", "1G"),
        (5 << 40, "5 TiB", "5T"),
    ],
)
def test_a_size_has_three_figures_and_a_unit(count, long, short):
    assert figures.size(count) == long
    assert figures.short_size(count) == short


@given(st.integers(0, 1 << 55))
def test_a_short_size_never_needs_more_than_five_characters(count):
    assert len(figures.short_size(count)) <= 5


@given(st.floats(0, 9999))
def test_cores_never_need_more_than_four_characters(cores):
    assert len(figures.cores(cores)) <= 4


@pytest.mark.parametrize(
    ("seconds", "long", "short"),
    [
        (0, "0 s", "0s"),
        (59, "59 s", "59s"),
        (60, "1 min", "1m"),
        (3599, "59 min", "59m"),
        (3600, "1 h", "1h"),
        (48 * 3600 - 1, "47 h", "47h"),
        (48 * 3600, "2 d", "2d"),
        (-5, "0 s", "0s"),
    ],
)
def test_an_age_is_told_in_its_largest_unit(seconds, long, short):
    assert figures.age(seconds * SECOND) == long
    assert figures.short_age(seconds * SECOND) == short


def test_a_short_run_is_told_with_a_tenth_of_a_second():
    assert figures.duration(50_000_000) == "0.1 s"
    assert figures.duration(9_940_000_000) == "9.9 s"
    assert figures.duration(9_960_000_000) == "9 s"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, "exit 0"),
        (1, "exit 1"),
        (126, "exit 126 (cannot be executed)"),
        (127, "exit 127 (not found)"),
        (137, "exit 137 (SIGKILL)"),
        (255, "exit 255"),
        (None, "exit code unknown"),
    ],
)
def test_an_exit_code_is_told_with_what_it_stands_for(code, words):
    assert figures.exit_words(code) == words


def test_a_moment_is_told_in_utc():
    assert figures.moment(1_800_000_000 * SECOND) == "2027-01-15 08:00:00 UTC"
    assert figures.moment(0) == "never"
