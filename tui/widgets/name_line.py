"""The title of a container's screen: its sign, its name, its state in one sentence."""

from textual.geometry import Size
from textual.strip import Strip

from tui import glyphs, why
from tui.rows import Row
from tui.widgets.paint import Drawn, Stretch, fit


class NameLine(Drawn):
    """One line."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._row: Row | None = None
        self._now_ns = 0
        self._lost = ""

    def show_row(self, row: Row, now_ns: int) -> None:
        """The newest of the container."""
        self._row, self._now_ns, self._lost = row, now_ns, ""
        self.redraw()

    def show_lost(self, message: str) -> None:
        """The engine does not answer: say so instead of the state."""
        self._lost = message
        self.redraw()

    def draw(self, size: Size) -> list[Strip]:
        """Sign, name, sentence."""
        row = self._row
        if row is None:
            return []
        said = why.headline(row, self._now_ns)
        text, look = (self._lost, "bad") if self._lost else (said.text, said.tone)
        line = Stretch(self.look()).add(f"{glyphs.GLYPHS[row.trouble]} ", self.look(glyphs.LOOKS[row.trouble]))
        line.add(fit(row.name, size.width // 2), self.look("bright")).add("  ")
        return [line.cell(text, max(0, size.width - line.width), self.look(look)).strip(size.width)]
