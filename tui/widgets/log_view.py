"""A container's log to read: scrolls both ways, follows its end until somebody scrolls up."""

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.strip import Strip

from tui.lines import Line, LogBuffer
from tui.widgets.log_lines import draw_line
from tui.widgets.paint import Painted, Stretch

MARGIN = 1
WIDTH = 512
"""How far lines can be scrolled to the right."""


class LogView(Painted, can_focus=True):
    """The first line says where one is; the log is below it. Only visible lines are looked at."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "by(1)", "Down", show=False),
        Binding("k,up", "by(-1)", "Up", show=False),
        Binding("ctrl+d,pagedown", "pages(1)", "Page down", show=False),
        Binding("ctrl+u,pageup", "pages(-1)", "Page up", show=False),
        Binding("g,home", "first", "Oldest", show=False),
        Binding("G,end,f", "follow", "Follow"),
        Binding("h,left", "aside(-16)", "Left", show=False),
        Binding("right", "aside(16)", "Right", show=False),
    ]

    def __init__(self, buffer: LogBuffer, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._buffer = buffer
        self._following = True
        self._top = 0
        """Where somebody has scrolled to: the number of a line, counted as `LogBuffer.first` is."""
        self._aside = 0
        self._seen = 0
        """Number of the last line that was there when following stopped."""

    def show_log(self) -> None:
        """The buffer changed."""
        self.refresh()

    def action_by(self, lines: int) -> None:
        """Scroll so many lines."""
        self._go(self._first_shown + lines)

    def action_pages(self, pages: int) -> None:
        """Scroll so many screens."""
        self._go(self._first_shown + pages * max(1, self._room - 1))

    def action_first(self) -> None:
        """The oldest line that is kept."""
        self._go(self._buffer.first)

    def action_follow(self) -> None:
        """The end, and on with it."""
        self._following = True
        self.refresh()

    def action_aside(self, cells: int) -> None:
        """Scroll to the side."""
        self._aside = max(0, min(WIDTH, self._aside + cells))
        self.refresh()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """As a page of three lines."""
        event.stop()
        self.action_by(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """As a page of three lines."""
        event.stop()
        self.action_by(-3)

    def render_line(self, y: int) -> Strip:
        """One line for the compositor."""
        if y == 0:
            return self._title().adjust_cell_length(self.size.width, self.look("title"))
        number = self._first_shown + y - 1
        if number >= self._last:
            return Strip.blank(self.size.width, self.look())
        width = self.size.width - MARGIN
        strip = draw_line(self, self._line(number), width).crop_extend(self._aside, self._aside + width, self.look())
        return Strip.join([Strip.blank(MARGIN, self.look()), strip])

    @property
    def _room(self) -> int:
        return max(1, self.size.height - 1)

    @property
    def _last(self) -> int:
        """The number behind the last line, the incomplete one included."""
        return self._buffer.end + bool(self._buffer.partial)

    @property
    def _lowest(self) -> int:
        """The first line shown when the end is in sight."""
        return max(self._buffer.first, self._last - self._room)

    @property
    def _first_shown(self) -> int:
        """Worked out anew for every line: the buffer grows, and forgets, without asking."""
        return self._lowest if self._following else max(self._buffer.first, min(self._top, self._lowest))

    def _line(self, number: int) -> Line:
        kept = number - self._buffer.first
        return self._buffer.lines[kept] if kept < len(self._buffer.lines) else Line(self._buffer.partial)

    def _go(self, top: int) -> None:
        """Put another line at the top; reaching the end follows it again."""
        if self._following:
            self._seen = self._last
        self._following = top >= self._lowest
        self._top = max(self._buffer.first, top)
        self.refresh()

    def _title(self) -> Strip:
        line = Stretch(self.look("title")).add(" ")
        if self._buffer.first:
            line.add(f"{self._buffer.first} earlier lines on disk  ", self.look("title", "muted"))
        if self._following:
            return line.add("following", self.look("title", "good")).strip()
        line.add(f"line {self._first_shown + 1} of {self._last}", self.look("title", "bright"))
        new = self._last - self._seen
        if new > 0:
            line.add(f"  +{new} new", self.look("title", "warn"))
        return line.add("  G follows", self.look("title", "muted")).strip()
