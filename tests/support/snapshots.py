"""Screens as text: every line, and below it a letter for the style of each cell, with a legend.

`QD_SNAPSHOTS=update` writes what is seen instead of comparing; look at the difference before committing it.
"""

import os
from collections.abc import Iterable, Sequence
from itertools import count
from pathlib import Path
from string import ascii_letters, digits

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

FOLDER = Path(__file__).parent.parent / "snapshot" / "screens"
LETTERS = ascii_letters + digits


def describe(lines: Sequence[Iterable[Segment]]) -> str:
    """A screen as text."""
    legend: dict[str, str] = {}
    letters = count()
    shown = []
    for line in lines:
        text, styles = "", ""
        for segment in line:
            words = _words(segment.style or Style.null())
            if words not in legend:
                legend[words] = LETTERS[next(letters)]
            text += segment.text
            styles += legend[words] * cell_len(segment.text)
        shown += [text.rstrip(), styles]
    return "\n".join([*shown, "", *(f"{letter}  {words}" for words, letter in legend.items()), ""])


def compare(name: str, lines: Sequence[Iterable[Segment]]) -> None:
    """Hold a screen to the one that was committed."""
    seen, path = describe(lines), FOLDER / f"{name}.txt"
    if os.environ.get("QD_SNAPSHOTS") == "update":
        path.parent.mkdir(exist_ok=True)
        path.write_text(seen)
    assert path.exists(), f"{name} has no picture yet: QD_SNAPSHOTS=update makes it"
    assert seen == path.read_text(), f"{name} looks different: QD_SNAPSHOTS=update takes it over"


def _words(style: Style) -> str:
    flags = [name for name in ("bold", "dim", "italic", "underline", "strike", "reverse") if getattr(style, name)]
    return " ".join([_color(style, "color"), "on", _color(style, "bgcolor"), *flags])


def _color(style: Style, name: str) -> str:
    color = getattr(style, name)
    return "default" if color is None else str(color.get_truecolor().hex)
