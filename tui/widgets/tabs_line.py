"""The tabs of a screen in one line; a number or a click chooses one."""

from collections.abc import Sequence

from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from tui.widgets.paint import Drawn, Stretch


class TabsLine(Drawn):
    """Draws the names of tabs with their numbers."""

    class Chosen(Message):
        """A tab was clicked."""

        def __init__(self, tab: str) -> None:
            super().__init__()
            self.tab = tab

    def __init__(self, tabs: Sequence[str], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._tabs = tuple(tabs)
        self._chosen = self._tabs[0]

    def choose(self, tab: str) -> None:
        """Show another one as chosen."""
        self._chosen = tab
        self.redraw()

    def draw(self, size: Size) -> list[Strip]:
        """The tabs from the left."""
        line = Stretch(self.look())
        for number, tab in enumerate(self._tabs, 1):
            look = self.look("chosen") if tab == self._chosen else self.look("muted")
            line.add(f" {number} {tab.capitalize()} ", look).add(" ")
        return [line.strip(size.width)]

    def on_click(self, event: events.Click) -> None:
        """Choose the tab that was clicked."""
        end = 0
        for tab in self._tabs:
            end += len(tab) + 5
            if event.x < end:
                self.post_message(self.Chosen(tab))
                return
