"""Which columns the list has at which width. Pure."""

from collections.abc import Iterable
from typing import Final, NamedTuple

GAP: Final = 2
GLYPH: Final = 4
"""A mark, the glyph of the state, and blanks round it."""


class Column(NamedTuple):
    """One column; `width` without the gap before it."""

    key: str
    title: str
    width: int
    right: bool = False


_STATUS: Final = Column("status", "STATE", 14)
_NAME_LEAST: Final = 8
_NAME_MOST: Final = 32
_IMAGE_LEAST: Final = 8
_IMAGE_MOST: Final = 32
_SPARK_MOST: Final = 15
_WANTED: Final = (
    _STATUS,
    Column("cores", "CORES", 5, right=True),
    Column("memory", "MEMORY", 11, right=True),
    Column("restarts", "RST", 3, right=True),
    Column("image", "IMAGE", _IMAGE_LEAST),
    Column("spark", "", 6),
)
"""In the order in which they are given room."""
_ORDER: Final = ("name", "image", "cores", "spark", "memory", "restarts", "status")
"""In the order in which they stand."""


def layout(width: int, names: Iterable[str], images: Iterable[str]) -> list[Column]:
    """The columns that fit, as wide as their content wants while there is room."""
    room = width - GLYPH - _NAME_LEAST - 1
    chosen = {"name": Column("name", "NAME", _NAME_LEAST)}
    for column in _WANTED:
        if room >= column.width + GAP:
            chosen[column.key] = column
            room -= column.width + GAP
    for key, most in (("name", _longest(names, _NAME_MOST)), ("image", _longest(images, _IMAGE_MOST))):
        room -= _grow(chosen, key, most, room)
    room -= _grow(chosen, "spark", _SPARK_MOST, room)
    _grow(chosen, "name", width, room)
    return [chosen[key] for key in _ORDER if key in chosen]


def _grow(chosen: dict[str, Column], key: str, most: int, room: int) -> int:
    """Give a column more room, up to `most` cells in all; how much it took."""
    if key not in chosen:
        return 0
    more = max(0, min(room, most - chosen[key].width))
    chosen[key] = chosen[key]._replace(width=chosen[key].width + more)
    return more


def _longest(texts: Iterable[str], most: int) -> int:
    return min(most, max(map(len, texts), default=0))
