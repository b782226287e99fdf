"""Palettes as data, one TOML file each, and their loader.

A palette names a colour for every part that the dashboard draws, and the sixteen colours that programs print in.
Those of an operator lie in `themes/` of the configuration folder and may replace one of ours by its name. Standard
library only: what draws them turns them into its own form.
"""

import os
import re
import tomllib
from pathlib import Path
from typing import Any, Final, NamedTuple

DEFAULT: Final = "midwatch"

BACKGROUNDS: Final = ("background", "surface", "panel", "cursor")
"""What text stands on: the page, a card, a strip or title, the row under the cursor."""
TEXTS: Final = (
    "foreground",
    "bright",
    "muted",
    "primary",
    "accent",
    "success",
    "warning",
    "error",
    "cpu",
    "memory",
    "disk",
)
COLORS: Final = (*BACKGROUNDS, *TEXTS, "rule")
"""Every colour a palette must have; `rule` draws lines and carries no text."""

_NAMES: Final = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
TERMINAL: Final = (*_NAMES, *(f"bright_{name}" for name in _NAMES))
"""The sixteen colours of a terminal, in the order of their numbers."""

_HEX: Final = re.compile(r"#[0-9a-f]{6}")
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_FILE_MAX: Final = 64 << 10


class Palette(NamedTuple):
    """One theme."""

    name: str
    title: str
    dark: bool
    colors: dict[str, str]
    """`COLORS` -> #rrggbb."""
    terminal: tuple[str, ...]
    """#rrggbb in the order of `TERMINAL`."""


class BadPalette(ValueError):
    """A file that is not a palette; the message says why in one sentence."""


def parse(name: str, text: str) -> Palette:
    """A palette from the text of its file. Raises `BadPalette`."""
    if not _NAME.fullmatch(name):
        raise BadPalette(f"theme {name[:40]!r}: a name has lower case letters, digits, - and _")
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as err:
        raise BadPalette(f"theme {name}: {err}") from err
    colors = _colors(name, data, "colors", COLORS)
    terminal = _colors(name, data, "terminal", TERMINAL)
    title = str(data.get("title", name))[:40]
    return Palette(name, title, data.get("dark") is not False, colors, tuple(terminal.values()))


def load(folder: Path) -> tuple[dict[str, Palette], list[str]]:
    """The palettes of a folder by name, and a sentence for each file that is none. No folder is no palettes."""
    palettes: dict[str, Palette] = {}
    complaints: list[str] = []
    for path in sorted(folder.glob("*.toml")):
        try:
            palettes[path.stem] = parse(path.stem, _read(path))
        except BadPalette as err:
            complaints.append(str(err))
        except (OSError, UnicodeDecodeError) as err:
            complaints.append(f"theme {path.stem[:40]!r} cannot be read: {getattr(err, 'strerror', '') or 'not UTF-8'}")
    return palettes, complaints


def load_all(own: Path | None = None) -> tuple[dict[str, Palette], list[str]]:
    """Our palettes, then the operator's own (by default from the configuration folder); complaints as in `load`."""
    ours, _ = load(Path(__file__).parent)
    theirs, complaints = load(configuration_folder() / "themes" if own is None else own)
    return ours | theirs, complaints


def configuration_folder() -> Path:
    """Where an operator keeps settings. Source: XDG Base Directory Specification, XDG_CONFIG_HOME."""
    base = os.environ.get("XDG_CONFIG_HOME", "")
    return (Path(base) if os.path.isabs(base) else Path.home() / ".config") / "quarterdeck"


def _read(path: Path) -> str:
    with path.open("rb") as file:
        data = file.read(_FILE_MAX + 1)
    if len(data) > _FILE_MAX:
        raise BadPalette(f"theme {path.stem}: the file is larger than {_FILE_MAX >> 10} KiB")
    return data.decode()


def _colors(name: str, data: dict[str, Any], table: str, wanted: tuple[str, ...]) -> dict[str, str]:
    given = data.get(table)
    if not isinstance(given, dict):
        raise BadPalette(f"theme {name}: the table [{table}] is missing")
    return {key: _color(name, table, key, given.get(key)) for key in wanted}


def _color(name: str, table: str, key: str, value: object) -> str:
    if not isinstance(value, str) or not _HEX.fullmatch(value.lower()):
        raise BadPalette(f"theme {name}: {table}.{key} must be a colour such as #1a2b3c")
    return value.lower()
