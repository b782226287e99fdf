"""What `engine.cli.progress` shows: words for those who read a file of them, bars for a terminal."""

import os
import sys
import time
from typing import Any, Final

from engine.cli.render.bars import Part, Rate, line
from engine.cli.render.clean import printable

_CLEAR_BELOW: Final = "\x1b[J"
_SECONDS_BETWEEN: Final = 0.1


def part_of(event: dict[str, Any], bytes_per_second: float = 0.0) -> Part:
    """An event of the engine, which has its words from others: nothing in it may reach the terminal as it is."""
    key, step = printable(str(event.get("layer", ""))), printable(str(event.get("step", "")))
    done, total = event.get("done", 0), event.get("total", 0)
    numbers = isinstance(done, int) and isinstance(total, int)
    return Part(key, step, done if numbers else 0, total if numbers else 0, bytes_per_second)


class Telling:
    """A line for each new step of a layer; what has no layer is work of our own, of which nobody asked to read."""

    def __init__(self) -> None:
        self._steps: dict[str, str] = {}

    def show(self, event: dict[str, Any]) -> None:
        """Take in an event."""
        part = part_of(event)
        if part.key and self._steps.get(part.key) != part.step:
            self._steps[part.key] = part.step
            sys.stderr.write(f"{part.key}: {part.step}\n")
            sys.stderr.flush()

    def close(self) -> None:
        """All has been said."""


class Drawing:
    """The parts under each other, drawn at most ten times a second, and gone at the end."""

    def __init__(self) -> None:
        self._parts: dict[str, Part] = {}
        self._rates: dict[str, Rate] = {}
        self._drawn = 0
        """Lines."""
        self._drawn_at = 0.0

    def close(self) -> None:
        """Leave nothing of it on the terminal."""
        self._write("")

    def show(self, event: dict[str, Any]) -> None:
        """Take in an event."""
        now = time.monotonic()
        part = part_of(event)
        rate = self._rates.setdefault(f"{part.key} {part.step}", Rate()).note(now, part.done)
        self._parts[part.key] = part._replace(bytes_per_second=rate if part.key else 0.0)
        if now - self._drawn_at >= _SECONDS_BETWEEN:
            self._draw()
            self._drawn_at = now

    def _draw(self) -> None:
        columns, rows = os.get_terminal_size(2)
        parts = sorted(self._parts.values(), key=lambda part: not part.moving)[: max(rows - 2, 1)]
        shown = [part for part in self._parts.values() if part in parts]
        self._write("".join(f"{line(part, columns)}\n" for part in shown))
        self._drawn = len(shown)

    def _write(self, text: str) -> None:
        """Draw over what was drawn before."""
        up = f"\x1b[{self._drawn}A\r" if self._drawn else ""
        sys.stderr.write(up + _CLEAR_BELOW + text)
        sys.stderr.flush()
