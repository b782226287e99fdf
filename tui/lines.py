"""Lines of a container's log: cut from bytes as they come, kept in a bounded buffer."""

from collections import deque
from typing import Final, NamedTuple

KEEP: Final = 5000
"""Lines kept for reading back; disk keeps all."""
BYTES_MAX: Final = 16 << 10
"""A longer line is cut there: a program may print gigabytes without an end of line."""


class Line(NamedTuple):
    """One line of a log."""

    text: str
    """As it came, escape sequences included: `ansi.spans` makes it safe."""
    mark: bool = False
    """Ours, not the container's: where a run began, or where something is left out."""


class Batch(NamedTuple):
    """What came since the last one."""

    source: tuple[str, int]
    """Container id and run."""
    lines: tuple[Line, ...]
    partial: str
    """The last line as far as it goes, when its end has not come yet, such as a shell's prompt."""
    missed: int = 0
    """Lines that came before `lines` and were not kept."""
    fresh: bool = False
    """The log is read from its beginning: forget what was there."""


NO_SOURCE: Final = ("", 0)


class Cutter:
    """Cuts bytes into lines."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes, most: int = KEEP) -> tuple[list[Line], int]:
        """The last `most` lines that are complete now, and how many came before those."""
        whole, newline, rest = data.rpartition(b"\n")
        if not newline:
            self._rest = (self._rest + rest)[:BYTES_MAX]
            return [], 0
        whole = self._rest + whole
        self._rest = rest[:BYTES_MAX]
        total = whole.count(b"\n") + 1
        pieces = whole.rsplit(b"\n", most)[-most:]
        return [Line(_decode(piece)) for piece in pieces], total - len(pieces)

    @property
    def partial(self) -> str:
        """The beginning of a line whose end has not come yet."""
        return _decode(self._rest)


class LogBuffer:
    """The last lines of one log."""

    def __init__(self, most: int = KEEP) -> None:
        self.source = NO_SOURCE
        self.lines: deque[Line] = deque(maxlen=most)
        self.partial = ""
        self.first = 0
        """How many lines came before the oldest one kept."""

    def add(self, batch: Batch) -> None:
        """Take in a batch; one of another source, or a fresh one, empties the buffer first."""
        if batch.fresh or batch.source != self.source:
            self.clear(batch.source)
        overflow = len(self.lines) + len(batch.lines) - (self.lines.maxlen or 0)
        self.first += batch.missed + max(0, overflow)
        self.lines.extend(batch.lines)
        self.partial = batch.partial

    def clear(self, source: tuple[str, int] = NO_SOURCE) -> None:
        """Forget everything: another container is looked at."""
        self.source, self.partial, self.first = source, "", 0
        self.lines.clear()

    @property
    def end(self) -> int:
        """The number that the next complete line will have, counted from the first line seen."""
        return self.first + len(self.lines)

    def last(self, count: int) -> list[Line]:
        """The last `count` lines, the incomplete one included."""
        kept = self._with_partial()
        return kept[-count:] if count > 0 else []

    def _with_partial(self) -> list[Line]:
        return [*self.lines, Line(self.partial)] if self.partial else list(self.lines)


def join(first: Batch | None, second: Batch, most: int = KEEP) -> Batch:
    """Two batches as one, so that a reader who was slow gets no more than it will keep."""
    if first is None or second.fresh or first.source != second.source:
        return second
    lines = first.lines + second.lines
    kept = lines[-most:]
    missed = first.missed + second.missed + len(lines) - len(kept)
    return Batch(second.source, kept, second.partial, missed, first.fresh)


def _decode(data: bytes) -> str:
    return data[:BYTES_MAX].decode("utf-8", "replace")
