"""All graphs of one container, as large as the screen allows."""

from textual.geometry import Size
from textual.strip import Strip

from engine.model import Series
from tui import figures
from tui.graphs import Graph, fitting, graphs, span_ns
from tui.rows import Row
from tui.widgets.graph import draw_graph
from tui.widgets.paint import Drawn, Stretch

WIDE = 100
"""Cells from which on graphs stand side by side."""
LEAST = 3
GAP = 3


class GraphPanel(Drawn):
    """CPU and memory above, reading and writing below, then the network."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._row: Row | None = None
        self._series: Series | None = None

    def show_row(self, row: Row) -> None:
        """The newest figures."""
        self._row = row
        self.redraw()

    def show_series(self, series: Series) -> None:
        """The recent past."""
        self._series = series
        self.redraw()

    def draw(self, size: Size) -> list[Strip]:
        """Rows of one or two graphs each, then the time."""
        found = graphs(self._series, self._row)
        if not found or self._series is None:
            return [Stretch(self.look("muted")).add("no figures: they are taken once a second while it runs").strip()]
        across = 2 if size.width >= WIDE else 1
        down = max(1, min(-(-len(found) // across), (size.height - 1) // (LEAST + 1)))
        found = fitting(found, across * down)
        down = max(1, -(-len(found) // across))
        height = (size.height - 1) // down - 1
        lines: list[Strip] = []
        for row in range(down):
            lines += self._side_by_side(found[row * across : (row + 1) * across], size.width, height)
            lines.append(Strip.blank(size.width, self.look()))
        past = figures.age(span_ns(self._series, (size.width - GAP * (across - 1)) // across))
        words = f"the last {past}, newest on the right; every point is the peak of its time"
        return [*lines[:-1], Stretch(self.look("muted")).add(words).strip()]

    def _side_by_side(self, found: list[Graph], width: int, height: int) -> list[Strip]:
        each = (width - GAP * (len(found) - 1)) // len(found)
        drawn = [draw_graph(self, graph, each, height) for graph in found]
        gap = Strip.blank(GAP, self.look())
        lines = []
        for parts in zip(*drawn, strict=True):
            cut = [part.adjust_cell_length(each, self.look()) for part in parts]
            lines.append(Strip.join([cut[0], *(piece for part in cut[1:] for piece in (gap, part))]))
        return lines
