"""Palettes in Textual's form, and the choice that is kept."""

import pytest

import themes
from tui import theme

PALETTES, _ = themes.load_all()


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


def test_every_colour_of_a_palette_is_a_variable():
    made = theme.theme(PALETTES["signal"])
    assert made.variables == {f"qd-{name}": color for name, color in PALETTES["signal"].colors.items()}
    assert made.background == "#000000"


def test_the_sixteen_colours_are_in_their_order():
    terminal = theme.terminal_theme(PALETTES["midwatch"])
    red, bright_red = (PALETTES["midwatch"].terminal[number] for number in (1, 9))
    assert "#{:02x}{:02x}{:02x}".format(*terminal.ansi_colors[1]) == red
    assert "#{:02x}{:02x}{:02x}".format(*terminal.ansi_colors[9]) == bright_red


def test_without_a_choice_the_default_is_worn():
    assert theme.chosen(PALETTES) == themes.DEFAULT


def test_a_choice_is_kept():
    theme.choose("signal")
    assert theme.chosen(PALETTES) == "signal"


@pytest.mark.parametrize("content", [b"no-such-theme", b"\xff\xff", b"", b"x" * 100])
def test_a_choice_that_is_none_is_the_default(content):
    theme.choose("signal")
    (themes.configuration_folder() / "theme").write_bytes(content)
    assert theme.chosen(PALETTES) == themes.DEFAULT
