"""The bottom line: the keys that work here, made from the bindings."""

from typing import NamedTuple

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


class KeysLine(Drawn):
    """Draws as many keys as fit; a click presses one."""

    _ends: list[tuple[int, str]] = []
    """Column behind each hint, and its key."""

    def on_mount(self) -> None:
        """Follow the focus and what it allows."""
        self.screen.bindings_updated_signal.subscribe(self, lambda _screen: self.redraw())

    def draw(self, size: Size) -> list[Strip]:
        """The keys from the left."""
        line = Stretch(self.look()).add(" ")
        self._ends = []
        for hint in self._hints():
            if line.width + len(hint.display) + len(hint.words) + 3 > size.width:
                break
            line.add(hint.display, self.look("key" if hint.enabled else "rule"))
            line.add(f" {hint.words.lower()}  ", self.look("muted" if hint.enabled else "rule"))
            self._ends.append((line.width, hint.key))
        return [line.strip(size.width)]

    def on_click(self, event: events.Click) -> None:
        """Press the key that was clicked."""
        for end, key in self._ends:
            if event.x < end:
                self.app.simulate_key(key)
                return

    def _hints(self) -> list[Hint]:
        found = {}
        for active in self.screen.active_bindings.values():
            binding = active.binding
            if binding.show and binding.action not in found:
                display = self.app.get_key_display(binding)
                found[binding.action] = Hint(binding.key, display, binding.description, active.enabled)
        return list(found.values())
