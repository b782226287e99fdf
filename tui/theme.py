"""Palettes in Textual's own form."""

from pathlib import Path

from rich.terminal_theme import TerminalTheme
from textual.theme import Theme

import themes
from engine.state import files
from themes import Palette


def theme(palette: Palette) -> Theme:
    """The theme that a stylesheet sees: every colour of the palette as a variable."""
    colors = palette.colors
    return Theme(
        name=palette.name,
        primary=colors["primary"],
        secondary=colors["accent"],
        accent=colors["accent"],
        success=colors["success"],
        warning=colors["warning"],
        error=colors["error"],
        foreground=colors["foreground"],
        background=colors["background"],
        surface=colors["surface"],
        panel=colors["panel"],
        dark=palette.dark,
        variables=variables(palette),
    )


def variables(palette: Palette) -> dict[str, str]:
    """The colours as `app.tcss` names them."""
    return {f"qd-{name}": color for name, color in palette.colors.items()}


def terminal_theme(palette: Palette) -> TerminalTheme:
    """The sixteen colours in which containers print."""
    colors = [_rgb(color) for color in palette.terminal]
    return TerminalTheme(_rgb(palette.colors["background"]), _rgb(palette.colors["foreground"]), colors[:8], colors[8:])


def chosen(palettes: dict[str, Palette]) -> str:
    """The operator's choice of last time, or the default."""
    try:
        name = (files.read(str(_choice()), limit=64) or b"").decode("ascii", "replace").strip()
    except (OSError, ValueError):
        name = ""
    return name if name in palettes else themes.DEFAULT


def choose(name: str) -> None:
    """Remember a choice. Raises OSError where the configuration folder cannot be written."""
    _choice().parent.mkdir(parents=True, exist_ok=True)
    files.replace(str(_choice()), f"{name}\n".encode(), durable=False)


def _choice() -> Path:
    return themes.configuration_folder() / "theme"


def _rgb(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)
