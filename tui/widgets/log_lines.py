"""Draws lines of a container's log."""

from textual.strip import Strip

from tui.ansi import spans
from tui.lines import Line
from tui.widgets.paint import Painted, Stretch, log_style


def draw_line(widget: Painted, line: Line, width: int) -> Strip:
    """One line as long as it is; a mark of ours is a rule across the width."""
    if line.mark:
        rule = "─" * max(2, width - len(line.text) - 4)
        return Stretch(widget.look("rule")).add("── ").add(line.text, widget.look("muted")).add(f" {rule}").strip()
    stretch = Stretch(widget.look())
    for text, look in spans(line.text):
        stretch.add(text, log_style(look, widget.look()))
    return stretch.strip()
