"""The last lines of the selected container's log, under a line that says why it is as it is."""

from textual.geometry import Size
from textual.strip import Strip

from tui import why
from tui.lines import LogBuffer
from tui.rows import Row
from tui.widgets.log_lines import draw_line
from tui.widgets.paint import Drawn, Stretch


class LogPane(Drawn):
    """Draws the end of a log."""

    def __init__(self, buffer: LogBuffer, *, title: str = "", id: str | None = None) -> None:
        super().__init__(id=id)
        self._words = title
        """Instead of the name and the sentence, where the screen says those elsewhere."""
        self._buffer = buffer
        self._row: Row | None = None
        self._now_ns = 0

    def show_row(self, row: Row | None, now_ns: int) -> None:
        """Another container, or another moment of the same one."""
        self._row, self._now_ns = row, now_ns
        self.redraw()

    def show_log(self) -> None:
        """The buffer changed."""
        self.redraw()

    def draw(self, size: Size) -> list[Strip]:
        """The title, then the last lines."""
        if self._row is None:
            return []
        margin = Strip.blank(1, self.look())
        lines = self._buffer.last(size.height - 1)
        if not lines:
            empty = "never started" if self._row.container.state.run == 0 else "no output yet"
            return [self._title(self._row, size.width), Stretch(self.look("muted")).add(f" {empty}").strip()]
        return [
            self._title(self._row, size.width),
            *(Strip.join([margin, draw_line(self, line, size.width - 1)]) for line in lines),
        ]

    def _title(self, row: Row, width: int) -> Strip:
        if self._words:
            return Stretch(self.look("title")).add(f" {self._words}").strip(width)
        said = why.headline(row, self._now_ns)
        line = Stretch(self.look("title")).add(f" {row.name}", self.look("title", "bright")).add("  ")
        line.cell(said.text, max(0, width - line.width), self.look("title", said.tone))
        return line.strip(width)
