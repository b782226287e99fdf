"""What stands in a cell of the list, and with which look. Pure."""

from typing import Final

from tui import braille, figures, glyphs
from tui.columns import Column
from tui.rows import Row, status_words

MEMORY_WARN: Final = 0.8
MEMORY_BAD: Final = 0.95
"""Shares of the limit from which on the figure is coloured."""


def text(row: Row, column: Column, now_ns: int) -> str:
    """The text of a cell, as long as it wants to be."""
    match column.key:
        case "name":
            return row.name
        case "image":
            return image(row.container.image)
        case "cores":
            return figures.cores(row.stats.cpu_cores) if row.stats else "-"
        case "spark":
            return _spark(row, column.width)
        case "memory":
            return _memory(row)
        case "restarts":
            return str(min(999, row.container.state.restarts))
    return status_words(row, now_ns)


def look(row: Row, key: str) -> tuple[str, ...]:
    """The look of a column's cell: names without `look--`; none for plain text."""
    match key:
        case "name":
            return ("bright",)
        case "image":
            return ("muted",)
        case "spark":
            return ("cpu",)
        case "memory":
            return _memory_look(row)
        case "cores":
            return () if row.alive else ("muted",)
        case "restarts":
            return ("warn",) if row.container.state.restarts else ("muted",)
    return (glyphs.LOOKS[row.trouble],)


def image(reference: str) -> str:
    """A reference without what every one has here."""
    return reference.removeprefix("localhost/").removesuffix(":latest")


def _spark(row: Row, width: int) -> str:
    """CPU against its limit, or against one core (or the highest value, where that is more)."""
    if not row.alive:
        return ""
    limit = row.stats.cpu_limit_cores if row.stats else None
    return braille.filled(row.cpu, width, 1, limit or max(1.0, *row.cpu, 0.0))[0]


def _memory(row: Row) -> str:
    if row.stats is None:
        return "-"
    limit = row.stats.memory_limit_bytes
    used = figures.short_size(row.stats.memory_bytes)
    return f"{used}/{figures.short_size(limit)}" if limit else used


def _memory_look(row: Row) -> tuple[str, ...]:
    if row.stats is None:
        return ("muted",)
    limit = row.stats.memory_limit_bytes
    share = row.stats.memory_bytes / limit if limit else 0.0
    return ("bad",) if share >= MEMORY_BAD else ("warn",) if share >= MEMORY_WARN else ()
