"""Colours and styles of text: the one control sequence of a container's output that is kept.

Source: ECMA-48, 8.3.117, "SGR"; ITU-T T.416, 13.1.8, for colours by number and by red, green and blue.
"""

from collections import deque
from functools import lru_cache
from typing import Any, Final, NamedTuple

CODES_MAX: Final = 64
"""Numbers of one sequence that are looked at."""

Color = int | tuple[int, int, int] | None
"""A number of the 256 colours, red green blue, or None for the default."""


class Look(NamedTuple):
    """How a stretch of text is to be drawn."""

    color: Color = None
    background: Color = None
    bold: bool = False
    dim: bool = False
    italic: bool = False
    underline: bool = False
    reverse: bool = False
    strike: bool = False


PLAIN: Final = Look()

_Change = dict[str, Any]
"""Fields of a `Look` with their new values."""

_FIXED: Final[dict[int, _Change]] = {
    0: PLAIN._asdict(),
    1: {"bold": True},
    2: {"dim": True},
    3: {"italic": True},
    4: {"underline": True},
    7: {"reverse": True},
    9: {"strike": True},
    21: {"underline": True},
    22: {"bold": False, "dim": False},
    23: {"italic": False},
    24: {"underline": False},
    27: {"reverse": False},
    29: {"strike": False},
    39: {"color": None},
    49: {"background": None},
    **{30 + number: {"color": number} for number in range(8)},
    **{40 + number: {"background": number} for number in range(8)},
    **{90 + number: {"color": 8 + number} for number in range(8)},
    **{100 + number: {"background": 8 + number} for number in range(8)},
}
_EXTENDED: Final = {38: "color", 48: "background", 58: None}
"""Codes that are followed by a colour; that of an underline (58) is read and dropped."""


@lru_cache(maxsize=1024)
def apply(look: Look, parameters: str) -> Look:
    """The style after one sequence. What is not a style, such as blinking or hiding, is passed over."""
    codes = deque(_numbers(group) for group in parameters.split(";")[:CODES_MAX])
    while codes:
        look = look._replace(**_change(codes.popleft(), codes))
    return look


def _numbers(group: str) -> list[int]:
    """`38:5:9` -> [38, 5, 9]; an empty number is 0."""
    return [int(part) if part.isdecimal() and len(part) < 6 else 0 for part in group.split(":")]


def _change(group: list[int], following: deque[list[int]]) -> _Change:
    code, *rest = group
    if code in _EXTENDED:
        field, color = _EXTENDED[code], _color(rest or _take(following))
        return {} if field is None or color is None else {field: color}
    if code == 4 and rest[:1] == [0]:
        return {"underline": False}
    return _FIXED.get(code, {})


def _color(numbers: list[int]) -> Color:
    """5;n or 2;r;g;b (with colons an empty colour space may stand before r); None for anything else."""
    if any(number > 255 for number in numbers):
        return None
    match numbers:
        case [5, number]:
            return number
        case [2, *_, red, green, blue]:
            return red, green, blue
    return None


def _take(following: deque[list[int]]) -> list[int]:
    """The numbers of a colour that is written with semicolons."""
    taken: list[int] = []
    wanted = 1
    while following and len(taken) < wanted:
        taken.append(following.popleft()[0])
        wanted = {5: 2, 2: 4}.get(taken[0], 1)
    return taken
