"""What strangers print: colours stay, nothing else reaches the terminal."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tui import ansi
from tui.sgr import PLAIN, Look, apply

PIECES = st.lists(
    st.sampled_from(
        [
            "\x1b",
            "\x1b[",
            "\x1b]0;title",
            "\x1b]52;c;aGk=\x07",
            "\x1bP1$r",
            "\x1b\\",
            "\x1b[2J",
            "\x1b[?1049h",
            "\x1b[6n",
            "\x1b[31;1m",
            "\x1b[38;5;",
            "\x1b(0",
            "\x9b31m",
            "\x9d0;x\x9c",
            "\x90",
            "\x07",
            "\x08",
            "\x00",
            "\x7f",
            "\r",
            "\t",
            "\u202e",
            "漢字",
            "e\u0301",
            "text",
        ]
    )
    | st.text(max_size=5),
    max_size=30,
).map("".join)


def shown(line: str) -> str:
    return "".join(text for text, _ in ansi.spans(line))


@given(PIECES)
@example("\x1b[31mred\x1b]0;title")
def test_only_printable_characters_are_ever_shown(line):
    assert shown(line).isprintable()


@given(PIECES)
def test_a_name_is_printable_and_keeps_its_length(text):
    assert ansi.plain(text).isprintable()
    assert len(ansi.plain(text)) == len(text)


@given(st.text(st.characters(categories=["L", "N", "P"]), max_size=50))
def test_text_without_controls_is_shown_as_it_is(text):
    assert shown(text) == text


@pytest.mark.parametrize(
    "line",
    [
        "a\x1b[2Jb",
        "a\x1b[1;1Hb",
        "a\x1b]0;evil title\x07b",
        "a\x1b]52;c;ZXZpbA==\x1b\\b",
        "a\x1bP0;1|17/ab\x1b\\b",
        "a\x1b_application\x1b\\b",
        "a\x1b^privacy\x9cb",
        "a\x9b2Jb",
        "a\x9d0;title\x9cb",
        "a\x1b(0b",
        "a\x1b7b",
        "a\x1bcb",
        "a\x07b",
        "a\x1b[?25lb",
    ],
)
def test_sequences_that_are_no_colour_vanish_whole(line):
    assert shown(line) == "ab"


def test_an_unfinished_sequence_hides_no_more_than_the_rest_of_its_line():
    assert shown("before\x1b]0;never ends") == "before"
    assert shown("before\x1b[") == "before"
    assert shown("before\x1b") == "before"


def test_colours_and_styles_are_kept():
    assert ansi.spans("\x1b[31mred\x1b[0m plain \x1b[1;4mbold") == [
        ("red", Look(color=1)),
        (" plain ", PLAIN),
        ("bold", Look(bold=True, underline=True)),
    ]


@pytest.mark.parametrize(
    ("parameters", "look"),
    [
        ("", PLAIN),
        ("0", PLAIN),
        ("97", Look(color=15)),
        ("44", Look(background=4)),
        ("38;5;208", Look(color=208)),
        ("48:5:17", Look(background=17)),
        ("38;2;1;2;3", Look(color=(1, 2, 3))),
        ("38:2::1:2:3", Look(color=(1, 2, 3))),
        ("38;5;208;1", Look(color=208, bold=True)),
        ("58;5;9;3", Look(italic=True)),
        ("4:0", PLAIN),
        ("4:3", Look(underline=True)),
        ("38;2;300;0;0", PLAIN),
        ("38", PLAIN),
        ("38;5", PLAIN),
        ("8", PLAIN),
        ("5", PLAIN),
        ("99999999999", PLAIN),
    ],
)
def test_one_sequence_changes_the_style_as_a_terminal_would(parameters, look):
    assert apply(PLAIN, parameters) == look


@given(st.text(st.sampled_from("0123456789;:<=>?"), max_size=60))
def test_no_parameters_are_an_error(parameters):
    look = apply(PLAIN, parameters)
    assert isinstance(look, Look)


def test_a_progress_bar_shows_its_last_state():
    assert shown("10 %\r50 %\r99 %\r\n") == "99 %"


def test_tabs_go_to_the_next_eighth_column_across_colours():
    assert shown("ab\x1b[31mcd\te") == "abcd    e"


def test_an_endless_line_is_cut_and_says_so():
    assert shown("x" * 10_000) == "x" * ansi.LINE_MAX + "…"
