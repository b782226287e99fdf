"""The list as a value that changes: which rows, in which order, where the cursor is, what is marked. Pure."""

from collections.abc import Callable
from typing import Final

from tui.rows import Moment, Row, in_trouble, matches, steady

SETTLE_SECONDS: Final = 3.0
"""At first the cursor is on the top row, whichever that is: the order is complete when the journal has been read."""
FROZEN_SECONDS: Final = 3.0
"""How long the order stays after the cursor moved: nobody wants to hit the row that has just come up."""


class Listing:
    """The cursor is on a container, not on a line: it stays on it when the order changes."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._frozen_until = 0.0
        self._settled_at: float | None = None
        self._moment: Moment | None = None
        self._cursor: str | None = None
        self._index = 0
        self.rows: list[Row] = []
        """What is shown."""
        self.marked: frozenset[str] = frozenset()
        """Ids; a mark stays while a filter hides its row, but is no target then."""
        self.words = ""
        """A row must match them to be shown; see `rows.matches`."""
        self.trouble_only = False

    @property
    def index(self) -> int:
        """Where the cursor is; 0 in an empty list."""
        return self._index

    @property
    def current(self) -> Row | None:
        """The row under the cursor."""
        return self.rows[self._index] if self.rows else None

    @property
    def targets(self) -> tuple[Row, ...]:
        """The marked rows, or the one under the cursor."""
        marked = tuple(row for row in self.rows if row.id in self.marked)
        current = self.current
        return marked or ((current,) if current else ())

    def show(self, moment: Moment) -> None:
        """Take in a moment, in its order or in the old one where the cursor moved a little while ago."""
        self._moment = moment
        if self._settled_at is None:
            self._settled_at = self._clock() + SETTLE_SECONDS
        if self._clock() < self._settled_at:
            self._cursor, self._index = None, 0
        rows = [row for row in moment.rows if self._wanted(row)]
        if self._clock() < self._frozen_until:
            by_id = {row.id: row for row in rows}
            rows = [by_id[container_id] for container_id in steady([row.id for row in self.rows], by_id)]
        self.rows = rows
        self.marked &= frozenset(row.id for row in moment.rows)
        self._settle()

    def filter(self, *, words: str | None = None, trouble_only: bool | None = None) -> None:
        """Show other rows of the same moment."""
        self.words = self.words if words is None else words
        self.trouble_only = self.trouble_only if trouble_only is None else trouble_only
        if self._moment is not None:
            self.show(self._moment)

    def move(self, by: int) -> None:
        """Move the cursor so many rows, as far as there are rows."""
        self.go(self._index + by)

    def go(self, index: int) -> None:
        """Put the cursor on a line."""
        self._settled_at = 0.0
        self._frozen_until = self._clock() + FROZEN_SECONDS
        self._index = max(0, min(len(self.rows) - 1, index))
        self._settle(stay=True)

    def find(self, container_id: str) -> None:
        """Put the cursor on a container, if it is shown."""
        self._settled_at = 0.0
        self._cursor = container_id
        self._settle()

    def mark(self) -> None:
        """Mark the row under the cursor, or take its mark away."""
        current = self.current
        if current:
            self.marked ^= {current.id}

    def clear_marks(self) -> None:
        """Take all marks away."""
        self.marked = frozenset()

    def _wanted(self, row: Row) -> bool:
        return (not self.trouble_only or in_trouble(row)) and matches(row, self.words)

    def _settle(self, *, stay: bool = False) -> None:
        """Make index and cursor agree: where the container is gone, on the one that took its place."""
        found = None if stay else next((i for i, row in enumerate(self.rows) if row.id == self._cursor), None)
        self._index = max(0, min(self._index, len(self.rows) - 1)) if found is None else found
        current = self.current
        self._cursor = current.id if current else None
