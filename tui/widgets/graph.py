"""Draws one graph: a line of words over an area of braille."""

from itertools import groupby

from textual.strip import Strip

from tui.graphs import Graph, Scaled, scale
from tui.widgets.paint import Painted, Stretch


def draw_graph(widget: Painted, graph: Graph, width: int, height: int) -> list[Strip]:
    """A graph in `height` lines, the words included."""
    area = scale(graph, width, max(0, height - 1))
    lines = [_words(widget, graph, width)]
    for number, text in enumerate(area.lines):
        label = graph.top_words if number == 0 and height > 3 else ""
        lines.append(_line(widget, graph.key, text, area, label))
    return lines[:height]


def _words(widget: Painted, graph: Graph, width: int) -> Strip:
    line = Stretch(widget.look()).add(graph.title, widget.look(graph.key)).add(f" {graph.now}", widget.look("bright"))
    if graph.note and line.width + len(graph.note) + 2 <= width:
        warning = "throttled" in graph.note
        line.to(width - len(graph.note)).add(graph.note, widget.look("warn" if warning else "muted"))
    return line.strip(width)


def _line(widget: Painted, key: str, text: str, area: Scaled, label: str) -> Strip:
    """One line of cells, warm where the container was held back; the label of the top stands on empty cells only."""
    line = Stretch(widget.look())
    blank = text[: len(label) + 1].strip("⠀") == ""
    if label and blank:
        line.add(f"{label} ", widget.look("rule"))
    for hot, cells in groupby(zip(text[line.width :], area.hot[line.width :], strict=True), key=lambda cell: cell[1]):
        line.add("".join(char for char, _ in cells), widget.look("warn" if hot else key))
    return line.strip()
