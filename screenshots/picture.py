"""A screen as SVG: exact cells, so that graphs and columns stand as they do in a terminal.

Textual's own export leaves the width of characters to the font; a converter without the right font moves every
column. Here each run of text begins in its own cell, and braille is drawn as dots.
"""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

WIDTH: Final = 10.0
HEIGHT: Final = 20.0
"""One cell in user units."""
FONT: Final = "DejaVu Sans Mono, monospace"
FONT_SIZE: Final = WIDTH / 0.602
"""DejaVu Sans Mono is 0.602 em wide."""
BASELINE: Final = 0.74
_DOTS: Final = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))
"""Column and line of each bit of a braille pattern."""
MARGIN: Final = 12.0


def svg(lines: Sequence[Iterable[Segment]], columns: int, background: str) -> str:
    """The picture of a screen of so many columns."""
    width, height = columns * WIDTH + 2 * MARGIN, len(lines) * HEIGHT + 2 * MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" font-family="{FONT}" '
        f'font-size="{FONT_SIZE:.3f}">',
        f'<rect width="{width:g}" height="{height:g}" rx="8" fill="{background}"/>',
        f'<g transform="translate({MARGIN:g} {MARGIN:g})">',
    ]
    for row, line in enumerate(lines):
        column = 0
        for segment in line:
            style = segment.style or Style.null()
            parts += _segment(segment.text, style, column, row, background)
            column += cell_len(segment.text)
    return "\n".join([*parts, "</g>", "</svg>", ""])


def _segment(text: str, style: Style, column: int, row: int, background: str) -> list[str]:
    fore, back = _hex(style, "color") or "#888888", _hex(style, "bgcolor") or background
    if style.reverse:
        fore, back = back, fore
    x, y = column * WIDTH, row * HEIGHT
    parts = []
    if back != background:
        wide = cell_len(text) * WIDTH
        parts.append(f'<rect x="{x:g}" y="{y:g}" width="{wide:g}" height="{HEIGHT:g}" fill="{back}"/>')
    attributes = f'fill="{fore}"' + (' font-weight="bold"' if style.bold else "")
    for offset, piece in _pieces(text):
        parts.append(_piece(piece, x + offset * WIDTH, y, attributes, fore))
    return parts


def _pieces(text: str) -> list[tuple[int, str]]:
    """Words of ASCII, and every other character by itself, each with its cell; blanks are left out."""
    pieces: list[tuple[int, str]] = []
    column, open_word = 0, False
    for char in text:
        word = char.isascii() and char != " "
        if word and open_word:
            pieces[-1] = (pieces[-1][0], pieces[-1][1] + char)
        elif char not in " \u2800":
            pieces.append((column, char))
        open_word = word
        column += cell_len(char)
    return pieces


def _piece(text: str, x: float, y: float, attributes: str, fill: str) -> str:
    if len(text) == 1 and 0x2800 < ord(text) < 0x2900:
        return _braille(ord(text) - 0x2800, x, y, fill)
    if text == "─":
        return f'<rect x="{x:g}" y="{y + HEIGHT / 2:g}" width="{WIDTH:g}" height="1.2" fill="{fill}"/>'
    return f'<text x="{x:g}" y="{y + HEIGHT * BASELINE:g}" {attributes}>{escape(text)}</text>'


def _braille(bits: int, x: float, y: float, fill: str) -> str:
    dots = [_DOTS[bit] for bit in range(8) if bits >> bit & 1]
    path = "".join(
        f"M{x + WIDTH * (0.25 + 0.5 * column) - 1.7:g} {y + HEIGHT * (0.125 + 0.25 * line):g}h3.4"
        for column, line in dots
    )
    return f'<path d="{path}" stroke="{fill}" stroke-width="3.4"/>'


def _hex(style: Style, name: str) -> str:
    color = getattr(style, name)
    return "" if color is None else color.get_truecolor().hex
