"""Names and values of one container, to read and scroll: why it is as it is, and how it was made."""

from collections.abc import Iterable
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.strip import Strip

from tui.sheets import Entry
from tui.widgets.paint import Painted, Stretch
from tui.wrapping import wrap

NAME = 14
"""Cells for the names."""


class Sheet(Painted, can_focus=True):
    """Draws entries, wrapped to the width."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "by(1)", "Down", show=False),
        Binding("k,up", "by(-1)", "Up", show=False),
        Binding("ctrl+d,pagedown", "pages(1)", "Page down", show=False),
        Binding("ctrl+u,pageup", "pages(-1)", "Page up", show=False),
        Binding("g,home", "by(-100000)", "First", show=False),
        Binding("G,end", "by(100000)", "Last", show=False),
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._entries: tuple[Entry, ...] = ()
        self._lines: list[Strip] = []
        self._top = 0

    def show(self, entries: Iterable[Entry]) -> None:
        """Other entries, or the same with newer values."""
        fresh = tuple(entries)
        if fresh != self._entries:
            self._entries = fresh
            self._lay_out()

    def on_resize(self) -> None:
        """Values wrap at another place."""
        self._lay_out()

    def retint(self) -> None:
        """Draw everything anew."""
        super().retint()
        self._lay_out()

    def action_by(self, lines: int) -> None:
        """Scroll so many lines."""
        self._top = max(0, min(len(self._lines) - self.size.height, self._top + lines))
        self.refresh()

    def action_pages(self, pages: int) -> None:
        """Scroll so many screens."""
        self.action_by(pages * max(1, self.size.height - 1))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Three lines on."""
        event.stop()
        self.action_by(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Three lines back."""
        event.stop()
        self.action_by(-3)

    def render_line(self, y: int) -> Strip:
        """One line for the compositor."""
        number = self._top + y
        strip = self._lines[number] if number < len(self._lines) else Strip([])
        return strip.adjust_cell_length(self.size.width, self.look())

    def _lay_out(self) -> None:
        width = self.size.width
        self._lines = [line for entry in self._entries for line in self._entry(entry, width)]
        self.action_by(0)

    def _entry(self, entry: Entry, width: int) -> list[Strip]:
        style = self.look(*([entry.look] if entry.look else []))
        indent = 2 if not entry.name else NAME
        texts = wrap(entry.value, width - indent - 1)
        lines = []
        for number, text in enumerate(texts):
            line = Stretch(self.look())
            if entry.name:
                line.add(entry.name if number == 0 else "", self.look("muted")).to(NAME)
            elif entry.value:
                line.add("▎ ", style)
            lines.append(line.add(text, style).strip())
        return lines
