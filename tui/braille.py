"""Numbers to braille cells: two points across and four dots up in each character.

Source: Unicode, "Braille Patterns", U+2800: bit 0 to 2 are the upper three dots of the left column, 3 to 5 of the
right one, 6 and 7 the lowest dot of each.
"""

from collections.abc import Sequence
from typing import Final

_FIRST: Final = 0x2800
DOTS: Final = 4
"""Dots up in one cell."""
POINTS: Final = 2
"""Points across in one cell."""
_LEFT: Final = (0x00, 0x40, 0x44, 0x46, 0x47)
"""The left column filled from below with 0 to 4 dots."""
_RIGHT: Final = (0x00, 0x80, 0xA0, 0xB0, 0xB8)

Value = float | None


def filled(values: Sequence[Value], width: int, height: int, top: float) -> list[str]:
    """An area graph of `width` x `height` cells, upper line first; the newest value is at the right edge.

    `top` is the value that fills the whole height; what is above it is cut. A known value has at least one dot, so
    that zero is a line at the bottom; None (not known) has none, so that a gap is seen.
    """
    points = width * POINTS
    heights = [_dots(value, height * DOTS, top) for value in values[-points:]] if points else []
    heights = [0] * (points - len(heights)) + heights
    return [_line(heights, row) for row in range(height - 1, -1, -1)]


def shrink(values: Sequence[Value], group: int, end: int) -> list[Value]:
    """The largest of each `group` values: a peak is never lost.

    `end` is the number of the last value, counted from any fixed beginning (a second of the clock); groups begin at
    its multiples, so that a graph moves on as a whole and its peaks do not flicker.
    """
    if group <= 1:
        return list(values)
    first = end - len(values) + 1
    cuts = range(-(first % group), len(values), group)
    return [_largest(values[max(0, cut) : cut + group]) for cut in cuts]


def _largest(values: Sequence[Value]) -> Value:
    return max((value for value in values if value is not None), default=None)


def _dots(value: Value, most: int, top: float) -> int:
    if value is None:
        return 0
    share = min(1.0, value / top) if top > 0 else 0.0
    return max(1, min(most, round(share * most)))


def _line(heights: list[int], row: int) -> str:
    """One line of cells; row 0 is the lowest."""
    below = row * DOTS
    cut = [min(DOTS, max(0, height - below)) for height in heights]
    return "".join(_cell(_LEFT[cut[i]] | _RIGHT[cut[i + 1]]) for i in range(0, len(cut), POINTS))


def _cell(dots: int) -> str:
    """A cell without dots is a blank: some fonts draw U+2800 as eight small rings."""
    return chr(_FIRST | dots) if dots else " "
