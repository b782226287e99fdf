"""Output of containers on the operator's terminal: styles stay, nothing else acts."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.cli.logs.clean import Cleaner

STYLE = re.compile(rb"\x1b\[[0-9;:]*m")


def cleaned(*pieces: bytes) -> bytes:
    cleaner = Cleaner()
    return b"".join(cleaner.feed(piece) for piece in pieces)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"\x1b[31mred\x1b[0m\n", b"\x1b[31mred\x1b[0m\n"),
        (b"\x1b[38;2;1;2;3mrgb\x1b[4:3m", b"\x1b[38;2;1;2;3mrgb\x1b[4:3m"),
        (b"tab\tand\r\nend", b"tab\tand\nend"),
        (b"\x1b]0;title\x07text", b"text"),
        (b"\x1b]52;c;ZXZpbA==\x1b\\text", b"text"),
        (b"\x1bPq#0\x1b\\text", b"text"),
        (b"\x1b[2J\x1b[H\x1b[?1049htext", b"text"),
        (b"\x1b[6n\x1b[ctext", b"text"),
        (b"\x1bctext\x1b(0", b"text"),
        (b"a\x07\x08\x00\x7fb", b"ab"),
        ("a\u009b31mb\u202ec".encode(), b"a31mbc"),
        (b"\x9b31m", "\ufffd31m".encode()),
        (b"\x1b[>4;2mx", b"x"),
        ("naïve ✓".encode(), "naïve ✓".encode()),
    ],
)
def test_what_is_shown_of(raw: bytes, shown: bytes) -> None:
    assert cleaned(raw) == shown


def test_an_open_sequence_does_not_swallow_the_rest() -> None:
    shown = cleaned(b"\x1b]0;" + b"x" * 10000 + b"\nnext line\n")
    assert shown.endswith(b"\nnext line\n")
    assert b"\x1b" not in shown


def test_a_sequence_and_a_character_may_be_cut_anywhere() -> None:
    raw = "é\x1b[31mred\x1b]0;t\x07✓".encode()
    assert cleaned(*(raw[i : i + 1] for i in range(len(raw)))) == "é\x1b[31mred✓".encode()


ALPHABET = [
    b"\x1b",
    b"[",
    b"]",
    b"0",
    b";",
    b"m",
    b"J",
    b"P",
    b"\\",
    b"\x07",
    b"a",
    b"\n",
    b"\xc2",
    b"\x9b",
    b"\xe2\x80\xae",
]


@given(st.lists(st.lists(st.sampled_from(ALPHABET), max_size=6).map(b"".join), max_size=8))
def test_however_it_is_cut_only_styles_escape(pieces: list[bytes]) -> None:
    shown = cleaned(*pieces)
    left = STYLE.sub(b"", shown).decode()
    assert all(character in "\n\t" or character.isprintable() for character in left)
    assert cleaned(b"".join(pieces)) == shown
