"""The list of containers: trouble first, drawn row by row, repainted only where a row changed."""

import time
from collections.abc import Callable
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui import cells, glyphs
from tui.columns import GAP, GLYPH, Column, layout
from tui.listing import Listing
from tui.messages import Opened, Selected
from tui.rows import Moment, Row
from tui.widgets.paint import Painted, Stretch

END = 1 << 30
"""Further than any list goes."""


class ContainerList(Painted, ScrollView, can_focus=True, inherit_bindings=False):
    """Rows under one line of titles, which does not scroll."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", "Down", show=False),
        Binding("k,up", "move(-1)", "Up", show=False),
        Binding("g,home", f"move(-{END})", "First", show=False),
        Binding("G,end", f"move({END})", "Last", show=False),
        Binding("ctrl+d,pagedown", "page(1)", "Page down", show=False),
        Binding("ctrl+u,pageup", "page(-1)", "Page up", show=False),
        Binding("enter", "open", "Open", key_display="⏎"),
        Binding("space", "mark", "Mark", show=False),
        Binding("ctrl+backslash", "clear_marks", "Clear marks", show=False),
    ]

    def __init__(self, *, clock: Callable[[], float] = time.monotonic, id: str | None = None) -> None:
        super().__init__(id=id)
        self.listing = Listing(clock)
        self._now_ns = 0
        self._columns: list[Column] = []
        self._painted: dict[int, tuple[object, Strip]] = {}

    def show_moment(self, moment: Moment) -> None:
        """Take in a moment; repaint the rows that it changed."""
        self._now_ns = moment.now_ns
        self.listing.show(moment)
        self._changed()

    def filter(self, *, words: str | None = None, trouble_only: bool | None = None) -> None:
        """Show other rows; see `Listing.filter`."""
        self.listing.filter(words=words, trouble_only=trouble_only)
        self._changed()

    def find(self, container_id: str) -> None:
        """Put the cursor on a container."""
        self.listing.find(container_id)
        self._changed()

    def action_move(self, by: int) -> None:
        """Move the cursor so many rows."""
        self.listing.move(by)
        self._changed()

    def action_page(self, by: int) -> None:
        """Move the cursor so many screens."""
        self.action_move(by * max(1, self.size.height - 2))

    def action_mark(self) -> None:
        """Mark this row, or take its mark away, and go to the next one."""
        self.listing.mark()
        self.action_move(1)

    def action_clear_marks(self) -> None:
        """Take all marks away."""
        self.listing.clear_marks()
        self._repaint()

    def action_open(self) -> None:
        """Show the container full screen."""
        current = self.listing.current
        if current:
            self.post_message(Opened(current, "why"))

    def on_click(self, event: events.Click) -> None:
        """Go to the row that was clicked; a double click opens it."""
        number = event.y - 1 + self.scroll_offset.y
        if 0 <= number < len(self.listing.rows) and event.y >= 1:
            self.listing.go(number)
            self._changed()
            if event.chain == 2:
                self.action_open()

    def on_resize(self) -> None:
        """Other columns may fit."""
        self._changed()

    def retint(self) -> None:
        """Draw everything anew."""
        self._painted.clear()
        super().retint()

    def render_line(self, y: int) -> Strip:
        """One line for the compositor."""
        key = self._key(y)
        known = self._painted.get(y)
        if known is None or known[0] != key:
            strip = self._draw(y).adjust_cell_length(self.size.width, self.look())
            known = self._painted[y] = (key, strip)
        return known[1]

    def _changed(self) -> None:
        """After any change: lay out, scroll as little as needed, repaint, say where the cursor is."""
        rows = self.listing.rows
        self._columns = layout(
            self.size.width, (row.name for row in rows), (cells.image(row.container.image) for row in rows)
        )
        wanted = Size(self.size.width, len(rows) + 1)
        if self.virtual_size != wanted:
            self.virtual_size = wanted
        self._keep_in_sight()
        self._repaint()
        self.post_message(Selected(self.listing.current))

    def _keep_in_sight(self) -> None:
        room = self.size.height - 1
        top, index = self.scroll_offset.y, self.listing.index
        wanted = min(max(top, index - room + 1), index)
        if room > 0 and wanted != top:
            self.scroll_to(y=wanted, animate=False, force=True)

    def _repaint(self) -> None:
        """Have those lines repainted that would be drawn differently now."""
        for y in range(self.size.height):
            known = self._painted.get(y)
            if known is None or known[0] != self._key(y):
                self.refresh_line(y + self.scroll_offset.y)

    def _key(self, y: int) -> object:
        """Everything that the look of a line depends on."""
        if y == 0:
            return (self.size.width, tuple(self._columns))
        row = self._row_at(y)
        if row is None:
            return (self.size.width, y == 1 and self._nothing())
        listing = self.listing
        chosen = row.id in listing.marked, row is listing.current
        return (self.size.width, tuple(self._columns), self._cells(row), row.trouble, chosen)

    def _draw(self, y: int) -> Strip:
        if y == 0:
            return self._titles()
        row = self._row_at(y)
        if row is not None:
            return self._line(row)
        return Stretch(self.look("muted")).to(GLYPH).add(self._nothing() if y == 1 else "").strip()

    def _titles(self) -> Strip:
        line = Stretch(self.look("title")).to(GLYPH - GAP)
        for column in self._columns:
            line.to(line.width + GAP).cell(column.title, column.width, right=column.right)
        return line.strip(self.size.width)

    def _nothing(self) -> str:
        """What stands in a list without rows."""
        if self.listing.rows:
            return ""
        if self.listing.words:
            return "nothing matches: Esc shows everything"
        return "no trouble: z shows everything" if self.listing.trouble_only else "no containers"

    def _line(self, row: Row) -> Strip:
        ground = ("cursor",) if row is self.listing.current else ()
        line = Stretch(self.look(*ground))
        line.add("▌" if row.id in self.listing.marked else " ", self.look(*ground, "accent"))
        line.add(glyphs.GLYPHS[row.trouble], self.look(*ground, glyphs.LOOKS[row.trouble]))
        for column, (text, look) in zip(self._columns, self._cells(row), strict=True):
            line.to(line.width + GAP)
            line.cell(text, column.width, self.look(*ground, *look), right=column.right)
        return line.strip(self.size.width)

    def _cells(self, row: Row) -> tuple[tuple[str, tuple[str, ...]], ...]:
        return tuple((cells.text(row, column, self._now_ns), cells.look(row, column.key)) for column in self._columns)

    def _row_at(self, y: int) -> Row | None:
        number = y - 1 + self.scroll_offset.y
        return self.listing.rows[number] if 0 <= number < len(self.listing.rows) else None
