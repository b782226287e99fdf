"""Palettes: every text can be read on every background, and a bad file is a sentence."""

from pathlib import Path

import pytest

import themes

READABLE = 4.5
"""Contrast ratio for text. Source: WCAG 2.2, success criterion 1.4.3."""

PALETTES, COMPLAINTS = themes.load(Path(themes.__file__).parent)


def luminance(color: str) -> float:
    """Relative luminance, 0 to 1. Source: WCAG 2.2, "relative luminance"."""
    parts = [int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


def a_file(**changes: str) -> str:
    """The text of a valid theme with some colours changed."""
    colors = dict.fromkeys(themes.COLORS, "#101010") | changes
    lines = ["[colors]", *(f'{name} = "{value}"' for name, value in colors.items())]
    return "\n".join([*lines, "[terminal]", *(f'{name} = "#AAbbcc"' for name in themes.TERMINAL)])


def test_there_are_at_least_three_themes_and_all_load():
    assert COMPLAINTS == []
    assert len(PALETTES) >= 3
    assert themes.DEFAULT in PALETTES
    assert {palette.dark for palette in PALETTES.values()} == {True, False}


def test_contrast_of_black_on_white_is_21():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("name", sorted(PALETTES))
def test_every_text_can_be_read_on_every_background(name):
    colors = PALETTES[name].colors
    worst = min(
        (contrast(colors[text], colors[back]), text, back) for text in themes.TEXTS for back in themes.BACKGROUNDS
    )
    assert worst[0] >= READABLE, worst


@pytest.mark.parametrize("name", sorted(PALETTES))
def test_what_a_program_prints_in_a_colour_can_be_read(name):
    palette = PALETTES[name]
    pairs = zip(palette.terminal, themes.TERMINAL, strict=True)
    worst = min((contrast(color, palette.colors["background"]), label) for color, label in pairs)
    assert worst[0] >= READABLE, worst


def test_colours_are_kept_in_lower_case():
    assert themes.parse("own", a_file()).terminal == ("#aabbcc",) * 16


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("own", "[colors", "theme own: "),
        ("own", "", "the table [colors] is missing"),
        ("own", "colors = 3", "the table [colors] is missing"),
        ("own", a_file(muted="red"), "colors.muted must be a colour"),
        ("own", a_file(muted="#12345"), "colors.muted must be a colour"),
        ("../x", a_file(), "a name has lower case letters"),
    ],
)
def test_a_bad_file_is_refused_in_one_sentence(name, text, words):
    with pytest.raises(themes.BadPalette) as refused:
        themes.parse(name, text)
    assert words in str(refused.value)


def test_own_themes_are_added_and_may_replace_ours(tmp_path):
    (tmp_path / "mine.toml").write_text(a_file())
    (tmp_path / "signal.toml").write_text('title = "My signal"\n' + a_file())
    palettes, complaints = themes.load_all(tmp_path)
    assert complaints == []
    assert set(palettes) == {*PALETTES, "mine"}
    assert palettes["signal"].title == "My signal"


def test_a_bad_own_theme_is_a_complaint_and_the_others_load(tmp_path):
    (tmp_path / "bad.toml").write_bytes(b"\xff\xfe")
    (tmp_path / "huge.toml").write_text("#" * 70000)
    (tmp_path / "mine.toml").write_text(a_file())
    palettes, complaints = themes.load_all(tmp_path)
    assert "mine" in palettes
    assert len(complaints) == 2
    assert "64 KiB" in complaints[1]


def test_the_configuration_folder_follows_xdg(monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", "/some/where")
    assert themes.configuration_folder() == Path("/some/where/quarterdeck")
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
    assert themes.configuration_folder() == Path.home() / ".config/quarterdeck"
