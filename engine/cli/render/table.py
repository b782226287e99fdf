"""Tables as Docker lays them out."""

from collections.abc import Iterable, Sequence

from engine.cli.render.clean import printable

_GAP = 3
_CELL_MIN = 10


def table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Left-aligned columns, three spaces apart, at least ten wide; the last one is not padded."""
    lines = [list(headers), *([printable(cell) for cell in row] for row in rows)]
    widths = [max(_CELL_MIN, max(len(line[column]) for line in lines) + _GAP) for column in range(len(headers))]
    return "".join(_line(line, widths) for line in lines)


def ellipsis(text: str, width: int) -> str:
    """The text cut to `width` characters, the last of them a mark that something is missing."""
    return text if len(text) <= width else text[: width - 1] + "…"


def short_id(identifier: str) -> str:
    """Twelve digits of an id, without the name of its digest."""
    return identifier.removeprefix("sha256:")[:12]


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [cell.ljust(width) for cell, width in zip(cells[:-1], widths, strict=False)]
    return "".join([*padded, cells[-1]]).rstrip(" ") + "\n"
