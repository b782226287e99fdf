"""The bottom line: the keys that work here, made from the bindings."""

from typing import NamedTuple

from rich.cells import cell_len
from textual import events
from textual.geometry import Size
from textual.strip import Strip

from tui.widgets.paint import Drawn, Stretch


class Hint(NamedTuple):
    """One key."""

    key: str
    """As Textual names it."""
    display: str
    words: str
    enabled: bool

    @property
    def width(self) -> int:
        """Cells, with the gap behind it."""
        return cell_len(self.display) + cell_len(self.words) + 3


class KeysLine(Drawn):
    """Draws as many keys as fit, those of the whole application at the right edge; a click presses one."""

    _places: list[tuple[int, int, str]] = []
    """First column of each hint, the one behind it, and its key."""

    def on_mount(self) -> None:
        """Follow the focus and what it allows."""
        self.screen.bindings_updated_signal.subscribe(self, lambda _screen: self.redraw())

    def draw(self, size: Size) -> list[Strip]:
        """From the left, and from the right."""
        here, everywhere = self._hints()
        line = Stretch(self.look()).add(" ")
        right = size.width - sum(hint.width for hint in everywhere)
        self._places = []
        for hint in here:
            if line.width + hint.width > right:
                break
            self._add(line, hint)
        line.to(right)
        for hint in everywhere:
            self._add(line, hint)
        return [line.strip(size.width)]

    def on_click(self, event: events.Click) -> None:
        """Press the key that was clicked."""
        for start, end, key in self._places:
            if start <= event.x < end:
                self.app.simulate_key(key)

    def _add(self, line: Stretch, hint: Hint) -> None:
        start = line.width
        line.add(hint.display, self.look("key" if hint.enabled else "muted"))
        line.add(f" {hint.words}  ", self.look("muted"))
        self._places.append((start, line.width, hint.key))

    def _hints(self) -> tuple[list[Hint], list[Hint]]:
        """The keys of the screen and what has the focus, and those of the application; one key for each action."""
        found: dict[str, tuple[bool, Hint]] = {}
        for active in self.screen.active_bindings.values():
            binding = active.binding
            if binding.show and binding.action not in found:
                words = binding.description.lower()
                hint = Hint(binding.key, self.app.get_key_display(binding), words, active.enabled)
                found[binding.action] = (active.node is self.app, hint)
        here = [hint for everywhere, hint in found.values() if not everywhere]
        return here, [hint for everywhere, hint in found.values() if everywhere]
