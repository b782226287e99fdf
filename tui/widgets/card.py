"""The card of one container: why it is as it is, its graphs, its limits."""

from textual.geometry import Size
from textual.strip import Strip

from engine.model import Series
from tui import figures, glyphs, why
from tui.cells import image
from tui.graphs import Graph, graphs, span_ns
from tui.rows import Row
from tui.sheets import ports
from tui.widgets.graph import draw_graph
from tui.widgets.paint import Drawn, Stretch, fit
from tui.wrapping import wrap

GRAPH_LEAST = 3
"""Lines below which a graph says nothing."""
GRAPH_MOST = 8


class Card(Drawn):
    """Draws the row under the cursor."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._row: Row | None = None
        self._now_ns = 0
        self._series: Series | None = None

    def show_row(self, row: Row | None, now_ns: int) -> None:
        """Another container, or another moment of the same one."""
        if row is None or self._row is None or row.id != self._row.id:
            self._series = None
        self._row, self._now_ns = row, now_ns
        self.redraw()

    def show_series(self, container_id: str, series: Series) -> None:
        """Its recent past."""
        if self._row is not None and self._row.id == container_id:
            self._series = series
            self.redraw()

    def draw(self, size: Size) -> list[Strip]:
        """Words first; the graphs share what is left, the limits stand at the bottom."""
        if self._row is None:
            return []
        head = [
            self._head(self._row, size.width),
            *self._why(self._row, size.width),
            *self._facts(self._row, size.width),
        ]
        foot = self._foot(self._row, size.width)
        room = size.height - len(head) - len(foot) - 1
        body = self._graphs(size.width, room)
        filling = [Strip.blank(size.width, self.look())] * max(0, size.height - len(head) - len(body) - len(foot))
        return [*head, *body, *filling, *foot]

    def _head(self, row: Row, width: int) -> Strip:
        state = glyphs.LOOKS[row.trouble]
        line = Stretch(self.look()).add(f"{glyphs.GLYPHS[row.trouble]} ", self.look(state))
        line.add(fit(row.name, width - 16), self.look("bright"))
        return line.to(width - 12).add(row.id[:12], self.look("muted")).strip(width)

    def _why(self, row: Row, width: int) -> list[Strip]:
        return [
            Stretch(self.look()).add("▎ ", self.look(sentence.tone)).add(text, self.look(sentence.tone)).strip()
            for sentence in why.explain(row, self._now_ns)
            for text in wrap(sentence.text, width - 2)
        ]

    def _facts(self, row: Row, width: int) -> list[Strip]:
        container = row.container
        addresses = [end.address or end.address6 for end in container.endpoints] if row.alive else []
        facts = [
            ("image", image(container.image)),
            ("runs", " ".join(container.command)),
            ("at", " · ".join([*filter(None, addresses), *(ports(container) if row.alive else [])])),
        ]
        blank = [Strip.blank(width, self.look())]
        return [*blank, *(self._fact(name, value, width) for name, value in facts if value), *blank]

    def _fact(self, name: str, value: str, width: int) -> Strip:
        line = Stretch(self.look()).cell(name, 7, self.look("muted"))
        return line.cell(value, width - 7).strip(width)

    def _graphs(self, width: int, room: int) -> list[Strip]:
        chosen = _worth_drawing(graphs(self._series, self._row))
        while chosen and room // len(chosen) < GRAPH_LEAST + 1:
            chosen.pop()
        lines: list[Strip] = []
        for graph in chosen:
            height = min(GRAPH_MOST, room // len(chosen) - 1)
            lines += [*draw_graph(self, graph, width, height), Strip.blank(width, self.look())]
        if lines:
            return [*lines[:-1], self._time(width)]
        missing = "no figures: they are taken once a second while it runs" if self._series and not chosen else ""
        return [Stretch(self.look("muted")).add(text).strip() for text in wrap(missing, width)]

    def _time(self, width: int) -> Strip:
        assert self._series is not None
        past = f"{figures.age(span_ns(self._series, width))} ago"
        rule = "─" * max(0, width - len(past) - 5)
        line = Stretch(self.look("muted")).add(past).add(f" {rule} ", self.look("rule")).add("now")
        return line.strip(width)

    def _foot(self, row: Row, width: int) -> list[Strip]:
        words = why.limits(row.container.options.limits)
        return [self._fact("limits", " · ".join(words) if words else "none", width)]


def _worth_drawing(found: list[Graph]) -> list[Graph]:
    """CPU and memory, and the disk and the network where they were used."""
    return [graph for graph in found if graph.key != "disk" or any(graph.values)]
