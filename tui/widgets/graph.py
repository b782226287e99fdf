"""Draws one graph: a line of words over an area of braille."""

from itertools import groupby

from textual.strip import Strip

from tui.graphs import Graph, Scaled, scale
from tui.widgets.paint import Painted, Stretch


def draw_graph(widget: Painted, graph: Graph, width: int, height: int) -> list[Strip]:
    """A graph in `height` lines, the words included."""
    area = scale(graph, width, max(0, height - 1))
    return [_words(widget, graph, width), *(_line(widget, graph.key, text, area) for text in area.lines)][:height]


def _words(widget: Painted, graph: Graph, width: int) -> Strip:
    line = Stretch(widget.look()).add(graph.title, widget.look(graph.key)).add(f" {graph.now}", widget.look("bright"))
    if graph.note and line.width + len(graph.note) + 2 <= width:
        warning = graph.note.startswith("throttled")
        line.to(width - len(graph.note)).add(graph.note, widget.look("warn" if warning else "muted"))
    return line.strip(width)


def _line(widget: Painted, key: str, text: str, area: Scaled) -> Strip:
    """One line of cells, warm where the container was held back."""
    line = Stretch(widget.look())
    for hot, cells in groupby(zip(text, area.hot, strict=True), key=lambda cell: cell[1]):
        line.add("".join(char for char, _ in cells), widget.look("warn" if hot else key))
    return line.strip()
